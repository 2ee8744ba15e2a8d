"""Distances computed anew from refined poses."""

from dataclasses import replace

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.predict.place.distance import with_distance
from pose3d.predict.refine import RefineOptions, refine
from pose3d.predict.refine.filters import weighted_low_pass
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.predict.motions import camera_at, film, world_motion

ROOT = MPI_INF_3DHP_17.root


def errors(predictions, truth: np.ndarray) -> np.ndarray:
    return np.abs(np.linalg.norm(predictions.translation, axis=1) / np.linalg.norm(truth[:, ROOT], axis=1) - 1)


def test_noise_of_poses_does_not_make_people_distant():
    filmed = film(world_motion(2), camera_at(distance_m=4), noise_mm=30, noise_px=3)
    truth = filmed.joints_cam
    formula = np.quantile(errors(filmed.predictions, truth), 0.9)
    placed = with_distance(refine(filmed.predictions), options=RefineOptions())
    assert np.quantile(errors(placed, truth), 0.9) < min(0.02, 0.5 * formula)
    unsmoothed = with_distance(refine(filmed.predictions))
    assert errors(placed, truth).mean() < errors(unsmoothed, truth).mean()


def test_poses_that_do_not_fit_the_picture_count_less():
    filmed = film(world_motion(2), camera_at(distance_m=6), noise_mm=10, noise_px=1)
    truth, bad = filmed.joints_cam, slice(60, 75)
    joints_2d = filmed.predictions.joints_2d.copy()
    noise = np.random.default_rng(0).normal(0, 25, joints_2d[bad].shape)
    middle = joints_2d[bad].mean(axis=1, keepdims=True)
    joints_2d[bad] = middle + 0.7 * (joints_2d[bad] - middle) + noise  # a smaller person, and a poor one
    damaged = replace(filmed.predictions, joints_2d=joints_2d.astype(np.float32))
    with_weights = with_distance(damaged, options=RefineOptions())
    without = with_distance(damaged)
    assert errors(without, truth)[bad].mean() > 0.1
    assert errors(with_weights, truth)[bad].mean() < 0.5 * errors(without, truth)[bad].mean()


def test_files_without_2d_joints_keep_their_translation():
    filmed = film(world_motion(2, 20), camera_at())
    bare = replace(filmed.predictions, joints_2d=None)
    assert with_distance(bare) is bare
    with pytest.raises(PoseError, match="'joints_2d'"):
        with_distance(bare, "exact")


def test_the_weighted_filter_keeps_straight_motion_and_halves_the_cut_off():
    time, fps = np.arange(500) / 25, 25.0
    even = np.ones(500)
    line = (3 + 0.7 * time)[:, None]
    np.testing.assert_allclose(weighted_low_pass(line, even, fps, 1.0), line, atol=1e-9)
    for hertz, least, most in ((0.2, 0.95, 1.0), (1.0, 0.48, 0.52), (4.0, 0.0, 0.02)):
        wave = np.sin(2 * np.pi * hertz * time)[:, None]
        left = np.abs(weighted_low_pass(wave, even, fps, 1.0)[100:400]).max()
        assert least <= left <= most
    gap = even.copy()
    gap[200:220] = 1e-6
    wrong = line + np.where(gap < 1, 5.0, 0.0)[:, None]
    np.testing.assert_allclose(weighted_low_pass(wrong, gap, fps, 1.0), line, atol=0.02)
