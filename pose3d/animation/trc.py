"""TRC: marker positions as text with tabs, as OpenSim reads them. Frames without a person have empty cells."""

from pathlib import Path

import numpy as np

from pose3d.animation.motion import Motion, Unit
from pose3d.skeleton import MPI_INF_3DHP_17


def write_trc(path: Path, motion: Motion, unit: Unit = "mm", name: str = "") -> None:
    """Write the 17 joints as markers; `name` is the file's name in its header."""
    scale = 1.0 if unit == "mm" else 0.001
    names, count = MPI_INF_3DHP_17.names, len(motion)
    rate = f"{motion.fps:.6f}"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{name or path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{count}\t{len(names)}\t{unit}\t{rate}\t1\t{count}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(names)) for axis in "XYZ"),
        "",
    ]
    for row, joints in enumerate(motion.joints.reshape(count, -1) * scale):
        cells = "\t".join(f"{v:.6f}" if np.isfinite(v) else "" for v in joints)
        lines.append(f"{row + 1}\t{row / motion.fps:.6f}\t{cells}")
    path.write_text("\n".join(lines) + "\n")
