"""Refining motions of the embedded data set with noise, outliers, gaps and cuts."""

from dataclasses import replace

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.predict.refine import RefineOptions, refine
from pose3d.predict.refine.bones import PARENTS, bone_lengths, hold_bones
from pose3d.predict.refine.filters import OneEuro, butterworth
from pose3d.predict.refine.gaps import fill_gaps
from pose3d.predict.refine.groups import CUTOFFS, parse_cutoffs
from pose3d.predict.refine.outliers import outliers
from pose3d.predict.refine.segments import segments
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.predict.motions import acceleration_error, camera_at, film, mpjpe, world_motion

ROOT = MPI_INF_3DHP_17.root


def relative(joints: np.ndarray) -> np.ndarray:
    return joints - joints[:, ROOT][:, None]


@pytest.mark.parametrize("activity", [1, 2, 6])
def test_jitter_falls_and_poses_do_not_get_worse(activity):
    filmed = film(world_motion(activity), camera_at(), noise_mm=15, noise_px=3)
    raw, steady = filmed.predictions, refine(filmed.predictions)
    truth = relative(filmed.joints_cam)
    assert acceleration_error(steady.joints_3d, truth) < 0.3 * acceleration_error(raw.joints_3d, truth)
    assert mpjpe(steady.joints_3d, truth) < mpjpe(raw.joints_3d, truth) + 1
    before = acceleration_error(raw.joints_3d + raw.translation[:, None], filmed.joints_cam)
    after = acceleration_error(steady.joints_3d + steady.translation[:, None], filmed.joints_cam)
    assert after < 0.3 * before


def test_one_euro_uses_the_past_only():
    filmed = film(world_motion(1), camera_at(), noise_mm=15, noise_px=3)
    options = RefineOptions(method="one-euro", hold_bones=False)
    whole = refine(filmed.predictions, options)
    part = refine(filmed.predictions.select(np.arange(60)), options)
    # Outliers are judged within the file; the filter itself is causal.
    assert mpjpe(whole.joints_3d[:50], part.joints_3d[:50]) < 1.0
    truth = relative(filmed.joints_cam)
    assert acceleration_error(whole.joints_3d, truth) < 0.5 * acceleration_error(filmed.predictions.joints_3d, truth)


def test_short_gaps_are_filled_and_long_ones_stay():
    filmed = film(world_motion(2), camera_at(), noise_mm=2)
    predictions = filmed.predictions
    gone = np.zeros(150, bool)
    gone[20:26] = gone[60:90] = True
    predictions.valid = ~gone
    for key in ("joints_3d", "joints_2d", "translation"):
        getattr(predictions, key)[gone] = np.nan
    steady = refine(predictions)
    assert steady.valid[20:26].all()
    assert (steady.confidence[20:26] == 0).all()
    assert mpjpe(steady.joints_3d[20:26], relative(filmed.joints_cam)[20:26]) < 60
    assert not steady.valid[60:90].any()
    assert np.isnan(steady.joints_3d[60:90]).all()
    steady.check()


def test_an_outlier_does_not_pull():
    filmed = film(world_motion(2), camera_at(), noise_mm=3)
    clean = refine(filmed.predictions)
    wild = filmed.predictions.joints_3d.copy()
    wrist = MPI_INF_3DHP_17.index("r_wrist")
    wild[70, wrist] += 600
    steady = refine(replace(filmed.predictions, joints_3d=wild))
    assert np.abs(steady.joints_3d - clean.joints_3d).max() < 30
    assert steady.confidence[70, wrist] == 0


def test_nothing_is_smoothed_across_a_cut():
    first, second = world_motion(2, 60, seed=1), world_motion(7, 60, seed=2)
    a, b = film(first, camera_at()).predictions, film(second + np.array([1500, 0, 0]), camera_at()).predictions
    both = {
        k: np.concatenate([getattr(a, k), getattr(b, k)]) for k in ("joints_3d", "joints_2d", "translation", "valid")
    }
    joined = replace(a, **both, frame=np.arange(120), time=np.arange(120) / 25, sequence=None, confidence=None)
    joined = replace(joined, bbox=None, intrinsics=None)
    steady = refine(joined, RefineOptions(hold_bones=False))
    apart = [refine(p, RefineOptions(hold_bones=False)).joints_3d for p in (a, b)]
    np.testing.assert_allclose(steady.joints_3d, np.concatenate(apart), atol=1e-3)


def test_variable_frame_rates():
    filmed = film(world_motion(2), camera_at(), noise_mm=10)
    keep = np.sort(np.random.default_rng(0).choice(150, 110, replace=False))
    steady = refine(filmed.predictions.select(keep))
    truth = relative(filmed.joints_cam)[keep]
    assert mpjpe(steady.joints_3d, truth) < mpjpe(filmed.predictions.joints_3d[keep], truth)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_very_short_videos(frames):
    predictions = film(world_motion(2)[:frames], camera_at(), noise_mm=5).predictions
    steady = refine(predictions)
    assert steady.valid.all()
    assert mpjpe(steady.joints_3d, predictions.joints_3d) < 60


def test_a_video_without_anybody():
    predictions = film(world_motion(2)[:5], camera_at()).predictions
    predictions.valid[:] = False
    predictions.joints_3d[:] = np.nan
    assert not refine(predictions).valid.any()


def test_bones_keep_their_length():
    filmed = film(world_motion(2), camera_at(), noise_mm=20)
    steady = refine(filmed.predictions)
    parents = PARENTS
    lengths = np.linalg.norm(steady.joints_3d - steady.joints_3d[:, parents], axis=-1)
    np.testing.assert_allclose(lengths - lengths[:1], 0, atol=1e-2)
    np.testing.assert_allclose(lengths[0], lengths[0][list(MPI_INF_3DHP_17.flip)], atol=1e-2)
    # Directions are kept.
    pose = relative(world_motion(2))
    np.testing.assert_allclose(
        hold_bones(pose, np.linalg.norm(pose[0] - pose[0][parents], axis=-1))[0], pose[0], atol=1e-6
    )
    assert bone_lengths(pose)[MPI_INF_3DHP_17.index("r_knee")] == pytest.approx(418.6, abs=0.1)


def test_butterworth_halves_the_power_at_its_cutoff():
    time = np.arange(2000) / 100
    for hertz, low, high in ((1.0, 0.97, 1.01), (5.0, 0.66, 0.75), (20.0, 0.0, 0.02)):
        wave = np.sin(2 * np.pi * hertz * time)[:, None]
        gain = butterworth(wave, 100.0, 5.0)[500:1500].std() / wave[500:1500].std()
        assert low <= gain <= high
    ramp = np.arange(50.0)[:, None]
    np.testing.assert_allclose(butterworth(ramp, 25.0, 3.0), ramp, atol=0.5)  # no delay
    np.testing.assert_array_equal(butterworth(ramp, 5.0, 3.0), ramp)  # above half the frame rate


def test_one_euro_follows_fast_movements_sooner():
    slow, fast = OneEuro(1.0, 0.0), OneEuro(1.0, 0.05)
    steps = np.concatenate([np.zeros(10), np.full(10, 1000.0)])
    a, b = (np.array([f(np.array([s]), 0.04)[0] for s in steps]) for f in (slow, fast))
    assert b[12] > a[12] + 100
    assert np.abs(a[:10]).max() == 0


def test_parts_on_their_own():
    track = np.array([[0.0], [np.nan], [np.nan], [3.0], [np.nan]])
    np.testing.assert_allclose(fill_gaps(track, np.arange(5.0)), [[0], [1], [2], [3], [3]], atol=0.4)
    assert np.isnan(fill_gaps(track * np.nan, np.arange(5.0))).all()
    wave = np.sin(np.arange(100) / 8)[:, None] * 100
    wave[50] += 300
    assert np.flatnonzero(outliers(wave, 25.0, 1000.0)).tolist() == [50]
    valid = np.array([False, True, True, False, True, True])
    still = np.zeros((6, 17, 3))
    assert segments(np.arange(6) * 0.2, valid, still) == [slice(1, 6)]
    assert segments(np.arange(6) * 0.4, valid, still) == [slice(1, 3), slice(4, 6)]


def test_cutoffs_from_text():
    assert parse_cutoffs(None) == CUTOFFS
    assert set(parse_cutoffs("3").values()) == {3.0}
    assert parse_cutoffs("trunk=2,depth=0.5") == CUTOFFS | {"trunk": 2.0, "depth": 0.5}
    for text in ("x", "arms=3", "trunk=-1", "0", "trunk="):
        with pytest.raises(PoseError, match="--cutoff"):
            parse_cutoffs(text)
