"""C3D: marker positions in binary, as motion capture programs read them; written by ezc3d."""

from pathlib import Path

import numpy as np

from pose3d.animation.motion import Motion, Unit
from pose3d.skeleton import MPI_INF_3DHP_17


def write_c3d(path: Path, motion: Motion, unit: Unit = "mm") -> None:
    """Write the 17 joints as points; points of frames without a person are marked invalid."""
    import ezc3d

    scale = 1.0 if unit == "mm" else 0.001
    count = len(motion)
    points = np.ones((4, 17, count))
    points[:3] = (motion.joints * scale).transpose(2, 1, 0)
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    file["parameters"]["POINT"]["RATE"]["value"] = [motion.fps]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(MPI_INF_3DHP_17.names)
    file.add_parameter("POINT", "X_SCREEN", "+X")
    file.add_parameter("POINT", "Y_SCREEN", "+Y" if motion.up == "y" else "+Z")
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = np.where(motion.known, 0.0, -1.0)[None, None].repeat(17, axis=1)
    file.write(str(path))
