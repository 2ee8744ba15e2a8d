"""ASPset-510's protocol against a plain reimplementation, pose by pose."""

from dataclasses import replace

import numpy as np
import pytest

from pose3d.errors import PoseError
from pose3d.evaluation import evaluate
from pose3d.evaluation.aspset510 import aligned
from pose3d.predictions import Predictions
from pose3d.skeleton import MPI_INF_3DHP_17

FRAMES = 40


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 300, (FRAMES, 17, 3))
    true -= true[:, MPI_INF_3DHP_17.root, None]
    preds = true * 0.9 + rng.normal(0, 90, true.shape)
    place = rng.normal((0, 0, 6000), 500, (FRAMES, 3))
    return Predictions(
        joints_3d=preds,
        translation=place + rng.normal(0, 60, place.shape),
        target_3d=true,
        target_3d_true=true,
        target_translation=place,
        frame=np.arange(FRAMES) * 5,
        sequence=np.repeat([0, 1], FRAMES // 2),
        sequence_names=np.array(["1e28-0001", "1e28-0002"]),
    )


def similarity(source, goal):
    """Least squares over rotation (no mirror), with the scale as the evaluator counts it."""
    a, b = source - source.mean(0), goal - goal.mean(0)
    u, s, vt = np.linalg.svd((b / np.linalg.norm(b)).T @ (a / np.linalg.norm(a)))
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return (u @ flip @ vt @ a.T).T * s.sum() * np.linalg.norm(b) / np.linalg.norm(a) + goal.mean(0)


def reference(preds, target):
    """Mean of each pose, then the mean of the poses: MPJPE mm, PCK %."""
    per_pose, per_pck = [], []
    for one, true in zip(preds.astype(np.float32), target.astype(np.float32), strict=True):
        distances = [
            float(np.sqrt(sum((p - t) ** 2 for p, t in zip(a, b, strict=True)))) for a, b in zip(one, true, strict=True)
        ]
        per_pose.append(sum(distances) / 17)
        per_pck.append(sum(d <= 150 for d in distances) / 17)
    return np.mean(per_pose), 100 * np.mean(per_pck)


def rows(table):
    return {row[0]: row[1:] for row in table.rows}


def test_scores_are_those_of_the_plain_loop(predictions):
    (table,) = evaluate([predictions], "aspset510").tables
    found = rows(table)
    preds, true = predictions.joints_3d, predictions.target_3d_true
    root = MPI_INF_3DHP_17.root
    expected = {
        "absolute": (preds + predictions.translation[:, None], true + predictions.target_translation[:, None]),
        "root-relative": (preds - preds[:, root, None], true - true[:, root, None]),
        "Procrustes-aligned": (np.array([similarity(p, t) for p, t in zip(preds, true, strict=True)]), true),
    }
    for name, pair in expected.items():
        assert found[name][0] == FRAMES
        np.testing.assert_allclose(found[name][1:], reference(*pair), rtol=1e-5)
    assert found["root-relative, 1e28-0002"][0] == FRAMES // 2


def test_150_mm_are_correct(predictions):
    shifted = replace(predictions, joints_3d=predictions.target_3d_true.astype(np.float32).copy(), translation=None)
    shifted.joints_3d[:, 0, 0] = 0
    shifted.target_3d_true = shifted.joints_3d.copy()
    shifted.joints_3d[:, 0, 0] = 150
    (table,) = evaluate([shifted], "aspset510").tables
    assert rows(table)["root-relative"][2] == 100.0
    shifted.joints_3d[:, 0, 0] = np.nextafter(np.float32(150), np.float32(200))
    (table,) = evaluate([shifted], "aspset510").tables
    assert rows(table)["root-relative"][2] == pytest.approx(100 * 16 / 17)


def test_a_mirrored_pose_is_not_mirrored_back():
    rng = np.random.default_rng(1)
    true = rng.normal(0, 300, (5, 17, 3))
    mirrored = true * (-1, 1, 1)
    expected = np.array([similarity(p, t) for p, t in zip(mirrored, true, strict=True)])
    np.testing.assert_allclose(aligned(mirrored, true), expected, atol=1e-6)
    assert np.linalg.norm(aligned(mirrored, true) - true, axis=-1).mean() > 50
    turned = true @ np.linalg.qr(rng.normal(size=(3, 3)))[0] * 1.3 + 100
    if np.linalg.det(np.linalg.lstsq(true[0] - true[0].mean(0), turned[0] - turned[0].mean(0), rcond=None)[0]) > 0:
        np.testing.assert_allclose(aligned(turned, true), true, atol=1e-6)


def test_universal_scale_and_frame_rate(predictions):
    j = {name: predictions.target_3d_true[:, MPI_INF_3DHP_17.index(name)] for name in MPI_INF_3DHP_17.names}
    length = sum(
        np.linalg.norm(j[a] - j[b], axis=-1) for a, b in (("l_knee", "l_hip"), ("pelvis", "spine"), ("spine", "neck"))
    )
    perfect = replace(predictions, joints_3d=predictions.target_3d_true * (910 / length)[:, None, None])
    (table,) = evaluate([perfect], "aspset510-univ").tables
    assert rows(table)["root-relative"][1] < 1e-3
    assert "absolute" not in rows(table)
    assert any("world's origin" in note for note in table.notes)
    every_frame = replace(predictions, frame=np.arange(FRAMES))
    (table,) = evaluate([every_frame], "aspset510").tables
    assert rows(table)["root-relative"][0] == FRAMES // 5
    (table,) = evaluate([every_frame], "aspset510", every=1).tables
    assert rows(table)["root-relative"][0] == FRAMES


def test_missing_keys_are_named(predictions):
    with pytest.raises(PoseError, match="target_3d_true"):
        evaluate([replace(predictions, target_3d_true=None)], "aspset510")
    (table,) = evaluate([replace(predictions, translation=None)], "aspset510").tables
    assert any("no absolute row" in note for note in table.notes)
