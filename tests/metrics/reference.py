"""Independent references for the metrics: plain loops over numpy arrays, written from the text of the protocol."""

import math

import numpy as np


def distances(preds: np.ndarray, target: np.ndarray, joints: list[int]) -> list[float]:
    """Every joint's error, frame after frame."""
    out = []
    for p, t in zip(preds, target, strict=True):
        for j in joints:
            out.append(math.sqrt(sum((float(p[j][c]) - float(t[j][c])) ** 2 for c in range(len(p[j])))))
    return out


def mpjpe(preds: np.ndarray, target: np.ndarray, joints: list[int]) -> float:
    values = distances(preds, target, joints)
    return math.fsum(values) / len(values)


def pck(preds: np.ndarray, target: np.ndarray, joints: list[int], threshold: float, inclusive: bool = False) -> float:
    values = distances(preds, target, joints)
    hits = [v <= threshold if inclusive else v < threshold for v in values]
    return 100.0 * sum(hits) / len(hits)


def auc(preds: np.ndarray, target: np.ndarray, joints: list[int], thresholds: list[float], **kw: bool) -> float:
    return sum(pck(preds, target, joints, t, **kw) for t in thresholds) / len(thresholds)


def procrustes(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Similarity without reflection, by Horn's quaternion (1987): no singular value decomposition involved."""
    p, t = pred - pred.mean(0), target - target.mean(0)
    s = p.T @ t
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = s
    n = np.array(
        [
            [xx + yy + zz, yz - zy, zx - xz, xy - yx],
            [yz - zy, xx - yy - zz, xy + yx, zx + xz],
            [zx - xz, xy + yx, yy - xx - zz, yz + zy],
            [xy - yx, zx + xz, yz + zy, zz - xx - yy],
        ]
    )
    w, x, y, z = np.linalg.eigh(n)[1][:, -1]
    rotation = np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
    turned = p @ rotation.T
    return turned * (np.sum(turned * t) / np.sum(turned * turned)) + target.mean(0)
