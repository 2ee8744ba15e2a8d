"""Contact sheet of the embedded data set: images of every world, without and with the skeleton."""

from pathlib import Path

import cv2
import numpy as np

from pose3d.files import write_whole
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.generate import Job
from pose3d.synth.scenes import Sample, draw
from pose3d.synth.worlds import plan, world

COLUMNS, TILE = 8, 224
ROWS_PER_WORLD = 2
_LEFT, _RIGHT, _MIDDLE = (255, 150, 40), (60, 130, 255), (240, 240, 240)


def contact_sheet(jobs: list[Job], path: Path) -> None:
    """Write a contact sheet: for each world, rows of evenly spaced images, each above a copy with its 17 joints.

    The images are rendered again and equal those in the stores. The person's left side is orange, the right side blue.
    Joints without a label are left out. The suffix of `path` chooses the format (.png or .jpg).
    """
    rows = []
    for job in jobs:
        shots = list(plan(world(job.world), job.num))
        picked = np.linspace(0, len(shots) - 1, min(len(shots), COLUMNS * ROWS_PER_WORLD)).astype(int)
        tiles = [_tiles(draw(job, shots[i])) for i in picked]
        tiles += [(np.zeros((TILE, TILE, 3), np.uint8),) * 2] * (-len(tiles) % COLUMNS)
        cv2.putText(tiles[0][0], job.world, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 40, 40), 2)
        for start in range(0, len(tiles), COLUMNS):
            part = tiles[start : start + COLUMNS]
            rows += [np.hstack([plain for plain, _ in part]), np.hstack([drawn for _, drawn in part])]
    options = [cv2.IMWRITE_JPEG_QUALITY, 82] if path.suffix.lower() == ".jpg" else []
    encoded = cv2.imencode(path.suffix.lower(), np.vstack(rows)[..., ::-1], options)[1]
    write_whole(path, encoded.tobytes())


def _tiles(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """One image, centred on the person in a square tile, without and with its skeleton."""
    image = np.asarray(cv2.imdecode(np.frombuffer(sample.image, np.uint8), cv2.IMREAD_COLOR))[..., ::-1]
    joints, visible = sample.labels["joints_2d"], sample.labels["visible"].astype(bool)
    if len(joints) == len(MPI_INF_3DHP_28):
        relevant = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)
        joints, visible = joints[relevant], visible[relevant]
    height, width = image.shape[:2]
    side = min(height, width)
    left = int(np.clip(joints[visible, 0].mean() - side / 2, 0, width - side))
    top = int(np.clip(joints[visible, 1].mean() - side / 2, 0, height - side))
    scale = TILE / side
    plain = cv2.resize(image[top : top + side, left : left + side], (TILE, TILE), interpolation=cv2.INTER_AREA)
    placed = ((joints - (left, top) + 0.5) * scale - 0.5) * 16
    drawn = plain.copy()
    for joint, parent in enumerate(MPI_INF_3DHP_17.parents_o1):
        name = MPI_INF_3DHP_17.names[joint]
        colour = _LEFT if name.startswith("l_") else _RIGHT if name.startswith("r_") else _MIDDLE
        if not visible[joint]:
            continue
        a, b = (tuple(int(v) for v in placed[k]) for k in (joint, parent))
        if visible[parent]:
            cv2.line(drawn, a, b, colour, 2, cv2.LINE_AA, shift=4)
        cv2.circle(drawn, a, 3 * 16, colour, -1, cv2.LINE_AA, shift=4)
    return plain, drawn
