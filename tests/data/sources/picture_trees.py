"""Parts of fabricated trees of MPII and LSP: pictures, MATLAB structs, annotation points."""

import cv2
import numpy as np

from pose3d.data.sources.framing import Framing
from pose3d.skeleton import MPI_INF_3DHP_17

WHOLE = Framing(0, 0)
PELVIS = MPI_INF_3DHP_17.index("pelvis")


def picture(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((120, 200, 3), level, np.uint8))


def struct(**fields):
    """A MATLAB struct: one record whose fields are objects."""
    record = np.empty((1, 1), [(name, object) for name in fields])
    for name, value in fields.items():
        record[name][0, 0] = value
    return record


def row(values):
    array = np.empty((1, len(values)), object)
    array[0] = values
    return array


def structs(records):
    return np.concatenate(records, axis=1)


def points(joints, skip=(), visible=1):
    return struct(
        point=structs(
            [
                struct(x=float(x), y=float(y), id=index, is_visible=np.zeros((0, 0)) if index in (8, 9) else visible)
                for index, (x, y) in enumerate(joints)
                if index not in skip
            ]
        )
    )
