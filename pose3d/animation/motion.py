"""A motion to export: joints of one person in a world that does not move, at even times."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pose3d.errors import PoseError

Up = Literal["y", "z"]
Unit = Literal["m", "mm"]

Z_FROM_Y = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
"""Axes with z up, x right, y away from the camera, from axes with y up, x right, z towards the camera."""


@dataclass(frozen=True)
class Motion:
    """T frames.

    Attributes:
        joints: (T, 17, 3) mm, MPI-INF-3DHP order; y up, x to the camera's right, z towards the camera, unless `up` says
            otherwise. NaN where nobody is.
        fps: frames a second.
        confidence: (T, 17) 0..1.
        up: which axis points upwards.
        first: number of the first frame.
    """

    joints: np.ndarray
    fps: float
    confidence: np.ndarray | None = None
    up: Up = "y"
    first: int = 0

    def __post_init__(self) -> None:
        if self.joints.ndim != 3 or self.joints.shape[1:] != (17, 3) or not len(self.joints):
            raise PoseError(f"a motion has joints of shape (T, 17, 3), not {self.joints.shape}")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise PoseError(f"a motion needs a frame rate above zero, not {self.fps}")
        if not self.known.any():
            raise PoseError("no person is found in any frame, so there is no motion to export")

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def known(self) -> np.ndarray:
        """(T,) bool: somebody is there."""
        return np.isfinite(self.joints).all(axis=(1, 2))

    def turned(self, up: Up) -> "Motion":
        """The same motion with a different up axis."""
        if up == self.up:
            return self
        turn = Z_FROM_Y if up == "z" else Z_FROM_Y.T
        return replace(self, joints=self.joints @ turn.T, up=up)

    def held(self) -> "Motion":
        """Without gaps: the last known pose stands until somebody is seen again, as skeletons cannot be absent."""
        rows = np.where(self.known, np.arange(len(self)), -1)
        last = np.maximum.accumulate(rows)
        last[last < 0] = np.flatnonzero(self.known)[0]
        return replace(self, joints=self.joints[last])


def even_motion(
    joints: np.ndarray, time: np.ndarray, fps: float, confidence: np.ndarray | None = None, first: int = 0
) -> Motion:
    """A motion at even times from joints (N, 17, 3) at times (N,) s, by linear interpolation where needed.

    Times that lie farther than one and a half intervals from known frames stay NaN.
    """
    even = np.arange(time[0], time[-1] + 0.5 / fps, 1 / fps)
    if len(even) == len(time) and np.abs(even - time).max() < 0.1 / fps:
        return Motion(joints, fps, confidence, first=first)
    known = np.isfinite(joints).all(axis=(1, 2))
    if not known.any():
        raise PoseError("no person is found in any frame, so there is no motion to export")
    trust = np.ones((len(joints), 17)) if confidence is None else confidence
    columns = np.concatenate([joints[known].reshape(known.sum(), -1), trust[known]], axis=1)
    at = np.stack([np.interp(even, time[known], column) for column in columns.T], axis=-1)
    after = np.clip(np.searchsorted(time[known], even), 0, known.sum() - 1)
    before = np.maximum(after - 1, 0)
    near = np.minimum(np.abs(time[known][after] - even), np.abs(time[known][before] - even)) <= 1.5 / fps
    at[~near] = np.nan
    poses = at[:, :51].reshape(-1, 17, 3)
    return Motion(poses, fps, None if confidence is None else np.nan_to_num(at[:, 51:]), first=first)
