"""Mistakes that would give a plausible number are refused."""

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.evaluation.sanity import check_plausible
from pose3d.predictions import Predictions
from pose3d.skeleton import H36M_17, MPI_INF_3DHP_17, remap
from tests.evaluation.people import make_predictions

INTO_H36M = remap(MPI_INF_3DHP_17, H36M_17)


def test_good_predictions_pass() -> None:
    check_plausible(make_predictions(noise=150.0))
    alone = make_predictions()
    alone.target_3d = None
    check_plausible(alone)


@pytest.mark.parametrize("factor", [1 / 1000, 1000.0])
@pytest.mark.parametrize("with_target", [True, False])
def test_another_unit_in_the_predictions(factor: float, with_target: bool) -> None:
    predictions = make_predictions()
    predictions.joints_3d = predictions.joints_3d * np.float32(factor)
    if not with_target:
        predictions.target_3d = None
    with pytest.raises(PoseError, match=r"joints_3d.*(millimetres|mm)"):
        check_plausible(predictions)


@pytest.mark.parametrize("factor", [1 / 1000, 1000.0])
def test_another_unit_in_the_target(factor: float) -> None:
    predictions = make_predictions()
    predictions.target_3d = predictions.target_3d * np.float32(factor)
    with pytest.raises(PoseError, match="'target_3d' spans"):
        check_plausible(predictions)


def test_an_untrained_networks_tiny_poses_are_no_unit_mistake() -> None:
    predictions = make_predictions()
    predictions.joints_3d = np.random.default_rng(0).normal(0, 1, predictions.joints_3d.shape).astype(np.float32)
    check_plausible(predictions)


@pytest.mark.parametrize("which", ["joints_3d", "target_3d"])
def test_human36m_order(which: str) -> None:
    predictions = make_predictions()
    setattr(predictions, which, getattr(predictions, which)[:, INTO_H36M])
    with pytest.raises(PoseError, match="order"):
        check_plausible(predictions)


def test_a_target_that_is_not_root_relative() -> None:
    predictions = make_predictions()
    predictions.target_3d = predictions.target_3d + np.float32(4000.0)
    with pytest.raises(PoseError, match="not relative to the root"):
        check_plausible(predictions)


def test_2d_predictions_have_nothing_to_check() -> None:
    check_plausible(Predictions(joints_2d=np.zeros((3, 17, 2))))
