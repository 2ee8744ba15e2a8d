"""The predictions file: what a stage writes for its test set and `pose3d evaluate` reads (`.npz` or `.h5`, same keys).

One row a frame. Joints in the 3DHP order of 17; 3D in mm, root-relative, camera axes (x right, y down, z forward),
universal skeleton; 2D in px of the full image. A 2D joint that is NaN in every frame is one that the network does not
have: 2DPoseNet gives no spine and no head (decision N11).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pose3d.errors import PoseError
from pose3d.files import whole_file
from pose3d.plain_arrays import flags, labels, numbers, read_arrays, texts, whole_numbers

SHAPES: dict[str, tuple[int, ...]] = {
    "joints_3d": (17, 3),
    "joints_2d": (17, 2),
    "translation": (3,),
    "translation_std": (3,),
    "confidence": (17,),
    "contact": (2,),
    "bbox": (4,),
    "frame": (),
    "time": (),
    "intrinsics": (3, 3),
    "target_3d": (17, 3),
    "target_3d_true": (17, 3),
    "target_translation": (3,),
    "target_2d": (17, 2),
    "visible": (17,),
    "head_size": (),
    "perspective_rotation": (3, 3),
    "valid": (),
    "sequence": (),
    "activity": (),
    "scene": (),
    "subject": (),
    "camera": (),
}
"""Shape of one row of each key."""

AXES = "camera: x right, y down, z forward; mm; joints_3d relative to the pelvis, translation of the pelvis"

SUFFIXES = (".npz", ".h5", ".hdf5")
OF_ALL_ROWS = {"world_from_camera": (4, 4), "background_lines": (None, 4)}
"""Shape of each key that holds for all rows; None is any number."""
LABELS = ("sequence", "activity", "scene", "subject", "camera")
TEXTS = ("box", "source", "axes")
NAMES = ("sequence_names", "activity_names", "scene_names")
CONVERSIONS: dict[str, Callable[[Any, str], np.ndarray]] = (
    dict.fromkeys(("contact", "visible", "valid"), flags)
    | {"frame": whole_numbers}
    | dict.fromkeys(LABELS, labels)
    | dict.fromkeys(NAMES, texts)
)
"""What each column holds, where that is not numbers."""


@dataclass
class Predictions:
    """Predictions and, for data sets, the ground truth. Keys that are None are not in the file."""

    joints_3d: np.ndarray | None = None
    joints_2d: np.ndarray | None = None
    translation: np.ndarray | None = None
    """Root in camera axes, where a camera is known or assumed."""
    translation_std: np.ndarray | None = None
    """Standard error of `translation`, mm."""
    confidence: np.ndarray | None = None
    """Of each joint, 0..1, from the heatmaps and from reprojection."""
    contact: np.ndarray | None = None
    """Right and left foot stand on the ground, bool."""
    bbox: np.ndarray | None = None
    """x, y, w, h px."""
    frame: np.ndarray | None = None
    time: np.ndarray | None = None
    """Seconds since the first frame of a video; NaN where unknown."""
    intrinsics: np.ndarray | None = None
    """Camera that was used, known or assumed."""
    target_3d: np.ndarray | None = None
    """Universal skeleton."""
    target_3d_true: np.ndarray | None = None
    """The subject's own size: needed by the protocols that scale to the subject ("S" in Table 4)."""
    target_translation: np.ndarray | None = None
    """Root of the true skeleton."""
    target_2d: np.ndarray | None = None
    visible: np.ndarray | None = None
    """Joint has a 2D label."""
    head_size: np.ndarray | None = None
    """px, the unit of PCKh."""
    perspective_rotation: np.ndarray | None = None
    """R with joints_3d = R P_crop, where perspective correction was applied."""
    valid: np.ndarray | None = None
    """Frames to evaluate; all of them where absent. Rows of other frames may be NaN."""
    sequence: np.ndarray | None = None
    """Labels: integers (positions in `sequence_names` where those exist) or strings."""
    activity: np.ndarray | None = None
    scene: np.ndarray | None = None
    subject: np.ndarray | None = None
    camera: np.ndarray | None = None
    sequence_names: np.ndarray | None = None
    activity_names: np.ndarray | None = None
    scene_names: np.ndarray | None = None
    world_from_camera: np.ndarray | None = None
    """(4, 4) mm, from camera axes to a world with y up and the floor at y = 0, where these are known or estimated."""
    background_lines: np.ndarray | None = None
    """(L, 4) px: x1, y1, x2, y2 of straight lines behind the person, where the camera stands still."""
    box: str = "not stated"
    """Where the box came from: "ground truth" or "2DPoseNet"."""
    source: str = ""
    """The file, folder or stream that was predicted."""
    axes: str = AXES
    """Axes and unit of the 3D keys."""
    path: str = "predictions"
    """Named in messages; not stored."""

    def __len__(self) -> int:
        return len(self.require("joints_3d" if self.joints_3d is not None else "joints_2d", "a predictions file"))

    def require(self, key: str, reader: str) -> np.ndarray:
        """The array of `key`; a PoseError that says who needs it where it is missing."""
        value = getattr(self, key)
        if value is None:
            raise PoseError(f"{self.path} has no {key!r}, which {reader} needs; write the predictions with it")
        return value

    def select(self, rows: np.ndarray) -> "Predictions":
        """Some of the frames, by index or mask."""
        picked = {k: None if getattr(self, k) is None else getattr(self, k)[rows] for k in SHAPES}
        return Predictions(**{f.name: getattr(self, f.name) for f in fields(self)} | picked)

    def evaluated(self) -> "Predictions":
        """Only the valid frames."""
        return self if self.valid is None else self.select(self.valid.astype(bool))

    def plain(self) -> "Predictions":
        """The same values as float32 or float64, bool, int64 and str; PoseError where a column holds something else."""
        changed: dict[str, np.ndarray] = {}
        for key in (*SHAPES, *NAMES, *OF_ALL_ROWS):
            if (value := getattr(self, key)) is not None:
                convert = CONVERSIONS.get(key, numbers)
                changed[key] = convert(value, f"{self.path}: {key!r}")
        return replace(self, **changed)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise PoseError unless every array has its shape, one row a frame, and finite numbers in valid frames."""
        joints = self.joints_2d if self.joints_3d is None else self.joints_3d
        if joints is None:
            raise PoseError(f"{self.path} has neither 'joints_3d' nor 'joints_2d'; it is not a predictions file")
        count = len(np.atleast_1d(joints))
        for key, shape in SHAPES.items():
            value = getattr(self, key)
            if value is None:
                continue
            if value.ndim != 1 + len(shape) or value.shape[1:] != shape:
                expected = ", ".join(["N", *map(str, shape)])
                raise PoseError(
                    f"{self.path}: {key!r} has shape {value.shape}, but must be ({expected}) with the 17 joints of "
                    "3DHP in order; select or remap the joints before writing"
                )
            if len(value) != count:
                raise PoseError(f"{self.path}: {key!r} has {len(value)} rows, but there are {count} predictions")
        for key, wanted in OF_ALL_ROWS.items():
            value = getattr(self, key)
            if value is not None and (
                value.ndim != 2 or any(w not in (None, got) for w, got in zip(wanted, value.shape, strict=True))
            ):
                expected = " x ".join("any" if w is None else str(w) for w in wanted)
                raise PoseError(f"{self.path}: {key!r} has shape {value.shape}, but must be {expected}; leave it out")
        for key in NAMES:
            if (value := getattr(self, key)) is not None and value.ndim != 1:
                raise PoseError(
                    f"{self.path}: {key!r} has shape {value.shape}, but must be a list of names; correct it"
                )
        if count == 0:
            raise PoseError(f"{self.path} holds no frame; run the prediction on at least one image")
        self._check_finite()

    def _check_finite(self) -> None:
        valid = np.ones(len(self), bool) if self.valid is None else self.valid.astype(bool)
        for key in ("joints_3d", "joints_2d", "translation", "target_3d", "target_3d_true", "target_translation"):
            value = getattr(self, key)
            if value is None:
                continue
            finite = np.isfinite(value)
            if key == "joints_2d":
                unknown = np.isnan(value).all(axis=(0, 2))
                finite[:, unknown] = not unknown.all()
            bad = valid & ~finite.reshape(len(value), -1).all(axis=1)
            if bad.any():
                raise PoseError(
                    f"{self.path}: {key!r} holds NaN or infinity in {bad.sum()} of {len(bad)} frames, the first in row "
                    f"{int(np.flatnonzero(bad)[0])}; correct them, or mark the frames in 'valid'"
                )


def read_predictions(path: str | Path) -> Predictions:
    """Read and check a predictions file; unknown keys are ignored."""
    path = Path(path)
    if not path.is_file():
        raise PoseError(f"no predictions file {path}; `lightning test` of a stage writes one")
    arrays = read_arrays(path)
    known = {f.name for f in fields(Predictions)} - {"path"}
    loaded: dict[str, Any] = {key: value for key, value in arrays.items() if key in known}
    for key in TEXTS:
        if key in loaded:
            loaded[key] = " ".join(texts(loaded[key], f"{path}: {key!r}").ravel().tolist())
    predictions = Predictions(**loaded, path=str(path)).plain()
    predictions.check()
    return predictions


def write_predictions(path: str | Path, predictions: Predictions) -> None:
    """Check and write; the suffix decides between `.npz` and `.h5`."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise PoseError(f"predictions are written as .npz or .h5, not {path.suffix!r}: {path}")
    predictions = predictions.plain()
    predictions.check()
    arrays = {f.name: getattr(predictions, f.name) for f in fields(predictions) if f.name != "path"}
    arrays = {k: np.asarray(v) for k, v in arrays.items() if v is not None}
    with whole_file(path) as partial:
        if path.suffix == ".npz":
            np.savez_compressed(partial, **arrays)
        else:
            with h5py.File(partial, "w") as file:
                for key, value in arrays.items():
                    file[key] = value.astype(h5py.string_dtype()) if value.dtype.kind == "U" else value
