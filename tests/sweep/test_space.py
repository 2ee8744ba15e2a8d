"""Distributions against W&B's definitions, by their empirical quantiles."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from pose3d.sweep.space import distribution, grid_points, suggest

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def draw(spec, count=400):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return np.array([suggest(study.ask(), "x", spec) for _ in range(count)])


NORMAL = NormalDist(1.0, 0.5).inv_cdf


@pytest.mark.parametrize(
    ("spec", "quantile"),
    [
        ({"min": 2.0, "max": 4.0}, lambda q: 2 + 2 * q),
        ({"distribution": "log_uniform", "min": -3, "max": 2}, lambda q: math.exp(-3 + 5 * q)),
        ({"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0}, lambda q: 10 ** (-4 + 4 * q)),
        ({"distribution": "normal", "mu": 1.0, "sigma": 0.5}, NORMAL),
        ({"distribution": "log_normal", "mu": 1.0, "sigma": 0.5}, lambda q: math.exp(NORMAL(q))),
    ],
)
def test_quantiles(spec, quantile):
    drawn = draw(spec)
    for q in (0.1, 0.5, 0.9):
        # The share of draws below the exact quantile: binomial, three standard deviations.
        assert abs((drawn < quantile(q)).mean() - q) < 3 * math.sqrt(q * (1 - q) / len(drawn))


def test_quantised_and_whole_values():
    stepped = draw({"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25}, 60)
    assert set(np.unique(stepped)) == {0, 0.25, 0.5, 0.75, 1}
    assert set(draw({"min": 1, "max": 3}, 60)) == {1, 2, 3}
    assert suggest(None, "x", {"value": "adam"}) == "adam"


def test_default_distributions():
    assert distribution({"values": [1]}) == "categorical"
    assert distribution({"value": 1}) == "constant"
    assert distribution({"min": 0, "max": 3}) == "int_uniform"
    assert distribution({"min": 0, "max": 3.0}) == "uniform"


def test_grid_is_the_full_product_in_order():
    points = grid_points({"a": {"values": [1, 2]}, "c": {"value": 7}, "b": {"values": ["u", "v"]}})
    assert points == [{"a": 1, "b": "u"}, {"a": 1, "b": "v"}, {"a": 2, "b": "u"}, {"a": 2, "b": "v"}]
