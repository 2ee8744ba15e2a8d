"""CSV: one line per frame, columns `JOINT_x`, `JOINT_y`, `JOINT_z` and `JOINT_confidence`; empty without a person."""

import csv
from pathlib import Path

import numpy as np

from pose3d.animation.motion import Motion, Unit
from pose3d.skeleton import MPI_INF_3DHP_17


def write_csv(path: Path, motion: Motion, unit: Unit = "mm") -> None:
    """Write joints and, where it is known, their confidence."""
    scale = 1.0 if unit == "mm" else 0.001
    names = MPI_INF_3DHP_17.names
    header = ["frame", "time_s", *(f"{name}_{axis}_{unit}" for name in names for axis in "xyz")]
    header += [f"{name}_confidence" for name in names] if motion.confidence is not None else []
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row, joints in enumerate(motion.joints.reshape(len(motion), -1) * scale):
            cells = [f"{v:.6g}" if abs(v) < 1 else f"{v:.3f}" if unit == "mm" else f"{v:.6f}" for v in joints]
            cells = [cell if np.isfinite(v) else "" for cell, v in zip(cells, joints, strict=True)]
            trust = [] if motion.confidence is None else [f"{v:.3f}" for v in motion.confidence[row]]
            writer.writerow([motion.first + row, f"{row / motion.fps:.6f}", *cells, *trust])
