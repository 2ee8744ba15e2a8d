"""Contact sheet of generated stores: images of every world, and the same with the skeleton on top."""

from pathlib import Path

import cv2
import numpy as np

from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, joint_set, remap

COLUMNS, TILE = 8, 224
ROWS_PER_WORLD = 2
_LEFT, _RIGHT, _MIDDLE = (255, 150, 40), (60, 130, 255), (240, 240, 240)


def contact_sheet(stores: dict[str, Path], path: Path) -> None:
    """Write a PNG: for each world, rows of images evenly drawn from its store, each above its copy with 17 joints.

    Orange is the person's left, blue the right. Joints that are not labelled are left out.
    """
    rows = []
    for name, store_path in stores.items():
        store = PoseStore(store_path)
        picked = np.linspace(0, len(store) - 1, min(len(store), COLUMNS * ROWS_PER_WORLD)).astype(int)
        tiles = [_tiles(store, int(i)) for i in picked]
        tiles += [(np.zeros((TILE, TILE, 3), np.uint8),) * 2] * (-len(tiles) % COLUMNS)
        for start in range(0, len(tiles), COLUMNS):
            part = tiles[start : start + COLUMNS]
            rows += [np.hstack([plain for plain, _ in part]), np.hstack([drawn for _, drawn in part])]
        cv2.putText(rows[-2 * (len(tiles) // COLUMNS)], name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 40, 40), 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".png", np.vstack(rows)[..., ::-1])[1]
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise PoseError(f"cannot write {path}: {error.strerror}; choose another --preview") from error


def _tiles(store: PoseStore, index: int) -> tuple[np.ndarray, np.ndarray]:
    """One image, centred on the person in a square tile, without and with its skeleton."""
    image = store.image(index)
    columns = remap(joint_set(store.attrs["joint_set"]), MPI_INF_3DHP_17)
    joints = store.labels("joints_2d")[index][columns]
    visible = store.labels("visible")[index][columns].astype(bool)
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
