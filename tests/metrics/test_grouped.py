"""Tables by group equal the plain metrics on each group's frames, bit for bit."""

import math

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.metrics import AUC3D, MPJPE, PCK3D, GroupedPose3D, functional
from pose3d.metrics.grouped import JOINT_GROUPS
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.metrics import reference

GROUPS = ("sit", "walk", "never")


def _poses() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(40, 17, 3, generator=generator) * 300
    preds = target + torch.randn(40, 17, 3, generator=generator) * 80
    return preds, target, torch.randint(0, 2, (40,), generator=generator)


def _filled(**options) -> GroupedPose3D:
    preds, target, group = _poses()
    metric = GroupedPose3D(GROUPS, **options)
    for rows in torch.arange(40).split(7):
        metric.update(preds[rows], target[rows], group[rows])
    return metric


@pytest.mark.parametrize("alignment", functional.ALIGNMENTS)
@pytest.mark.parametrize("joints", [{}, {"joints": 14, "pck_joints": 17}])
def test_each_group_equals_the_plain_metrics_on_its_frames(alignment, joints) -> None:
    preds, target, group = _poses()
    scores = _filled(alignment=alignment, **joints).compute()
    for number, name in enumerate(GROUPS[:2]):
        rows = group == number
        for key, metric in (
            ("mpjpe_mm", MPJPE(alignment, joints.get("joints", 17))),
            ("pck3d_150mm", PCK3D(alignment=alignment, joints=joints.get("pck_joints", 14))),
            ("auc3d", AUC3D(alignment=alignment, joints=joints.get("pck_joints", 14))),
        ):
            metric.update(preds[rows], target[rows])
            assert float(scores[f"{name}/{key}"]) == float(metric.compute())


def test_a_group_that_does_not_occur_is_nan() -> None:
    assert all(math.isnan(v) for k, v in _filled().compute().items() if k.startswith("never/"))


def test_pooled_groups_equal_the_plain_metrics() -> None:
    preds, target, _ = _poses()
    tally = _filled(pck_joints=17).share().pooled()
    metrics = MPJPE(), PCK3D(joints=17), AUC3D(joints=17)
    for metric in metrics:
        metric.update(preds, target)
    assert float(tally.mpjpe()) == float(metrics[0].compute())
    assert float(tally.pck(150.0)) == float(metrics[1].compute())
    assert float(tally.auc(tuple(float(t) for t in range(0, 151, 5)))) == float(metrics[2].compute())


def test_joint_groups_pool_both_sides_and_cover_the_fourteen() -> None:
    assert sorted(j for joints in JOINT_GROUPS.values() for j in joints) == list(range(14))
    for joints in JOINT_GROUPS.values():
        names = {MPI_INF_3DHP_17.names[j].removeprefix("l_").removeprefix("r_") for j in joints}
        assert len(names) == 1
    preds, target, _ = _poses()
    tally = _filled().share().pooled()
    for joints in JOINT_GROUPS.values():
        part = tally.of_joints(list(joints))
        assert float(part.mpjpe()) == pytest.approx(reference.mpjpe(preds.numpy(), target.numpy(), list(joints)))
        assert float(part.pck(150.0)) == pytest.approx(reference.pck(preds.numpy(), target.numpy(), list(joints), 150))


def test_the_continuous_curves_area_equals_its_closed_form() -> None:
    preds, target, _ = _poses()
    values = reference.distances(preds.numpy(), target.numpy(), list(range(14)))
    expected = 100 * sum(max(0.0, 1 - d / 150) for d in values) / len(values)
    assert float(_filled().share().pooled().continuous_auc()) == pytest.approx(expected, abs=1e-6)


def test_bad_labels_are_refused() -> None:
    preds, target, group = _poses()
    with pytest.raises(PoseError, match=r"labels \[2, 3\] must be among 0, 1, 2"):
        GroupedPose3D(GROUPS).update(preds, target, group + 2)
    with pytest.raises(PoseError, match="39 group labels meet 40 predictions"):
        GroupedPose3D(GROUPS).update(preds, target, group[:39])
    with pytest.raises(PoseError, match=r"must be among 10 to 14"):
        GroupedPose3D(dict(enumerate("abcde", 10))).update(preds, target, group)
    with pytest.raises(PoseError, match="at least one group"):
        GroupedPose3D({})


def test_labels_and_keys_may_be_chosen_and_labels_of_invalid_frames_do_not_matter() -> None:
    preds, target, group = _poses()
    named = GroupedPose3D({7: "sit", 4: "walk"}, threshold=120, key="test/{group}/P/{score}")
    labels = torch.where(group == 0, 7, 4)
    labels[5] = -1
    valid = torch.ones(40, dtype=torch.bool)
    valid[5] = False
    named.update(preds, target, labels, valid)
    scores = named.compute()
    assert set(scores) == {f"test/{g}/P/{s}" for g in ("sit", "walk") for s in ("mpjpe_mm", "pck3d_120mm", "auc3d")}
    alone = PCK3D(120)
    alone.update(preds[valid & (group == 1)], target[valid & (group == 1)])
    assert float(scores["test/walk/P/pck3d_120mm"]) == float(alone.compute())
