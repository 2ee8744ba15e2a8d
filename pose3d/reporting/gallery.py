"""Best, median and worst predictions: which frames, their thumbnails, the skeletons over them and in 3D."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.evaluation.scores import label_groups
from pose3d.predictions import Predictions
from pose3d.reporting.figures import LINE, go, new_figure
from pose3d.viz import BONES, LEFT, RIGHT, TARGET, bone_colour

PER_CLASS = 3
THUMBNAIL_PX = 300
MARGIN = 1.3
JPEG_QUALITY = 84
MIDDLE = "var(--ink)"


@dataclass(frozen=True)
class Bone:
    """A line over a thumbnail, in the thumbnail's pixels; `side` is right, left, middle or target."""

    x1: float
    y1: float
    x2: float
    y2: float
    side: str


@dataclass(frozen=True)
class Sample:
    """One picture of the gallery."""

    row: int
    error_mm: float
    caption: str
    jpeg: str | None
    """base64; None where there is no image."""
    bones: tuple[Bone, ...]
    figure: go.Figure


def choose(errors_mm: np.ndarray, sequences: np.ndarray | None, count: int = PER_CLASS) -> dict[str, list[int]]:
    """Rows with the lowest, the median and the highest mean error (N,); rows with NaN are left out.

    Neighbouring frames look alike, so each class takes one frame per sequence while there are enough sequences.
    """
    usable = np.flatnonzero(np.isfinite(errors_mm))
    values = errors_mm[usable]
    orders = {"best": values, "median": np.abs(values - np.median(values)), "worst": -values}
    chosen = {}
    for name, key in orders.items():
        ranked = usable[np.argsort(key, kind="stable")].tolist()
        seen: set[object] = set()
        first: list[int] = []
        rest: list[int] = []
        for row in ranked:
            label = None if sequences is None else sequences[row]
            (rest if label in seen else first).append(row)
            seen.add(label)
        picked = (first + rest)[:count]
        chosen[name] = sorted(picked, key=lambda row: ranked.index(row))
    return chosen


def open_images(test_file: str | None, predictions: Predictions) -> PoseStore:
    """The tested store; PoseError where it is missing or holds other frames."""
    if test_file is None or not Path(test_file).is_file():
        raise PoseError(f"the tested images are missing: {test_file or 'config.yaml names no test file'}")
    store = PoseStore(test_file)
    same = len(store) == len(predictions)
    for name in ("sequence", "frame"):
        column = getattr(predictions, name)
        same = same and (column is None or column.dtype.kind in "US" or bool((store.labels(name) == column).all()))
    if not same:
        raise PoseError(f"{test_file} is not the file that was tested, its frames differ; test the stage again")
    return store


def samples(
    predictions: Predictions, errors_mm: np.ndarray, rows: Sequence[int], store: PoseStore | None
) -> list[Sample]:
    """Pictures of some rows; without a store only the 3D skeletons."""
    found = []
    for row in rows:
        jpeg: str | None = None
        bones: tuple[Bone, ...] = ()
        if store is not None:
            jpeg, scale, origin = thumbnail(store, row, predictions)
            bones = _overlay(predictions, row, scale, origin)
        preds, target = (predictions.require(key, "the report")[row] for key in ("joints_3d", "target_3d"))
        caption = _caption(predictions, row)
        found.append(Sample(row, float(errors_mm[row]), caption, jpeg, bones, pose_figure(preds, target)))
    return found


def thumbnail(store: PoseStore, row: int, predictions: Predictions) -> tuple[str, float, np.ndarray]:
    """The square around the person as JPEG (base64), its scale, and its left and top edge in full-image px."""
    image = store.image(row)
    box = (predictions.bbox if predictions.bbox is not None else store.labels("bbox"))[row].astype(np.float64)
    side = max(8, round(float(max(box[2], box[3])) * MARGIN))
    left, top = np.round(box[:2] + box[2:] / 2 - side / 2).astype(int).tolist()
    # Outside the image, repeat its border, as the network's crops do.
    ys = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    xs = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    small = cv2.resize(image[np.ix_(ys, xs)], (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    # Pixel (0, 0) covers [-0.5, 0.5] (decision G4); a drawing's origin is the corner of the picture.
    return base64.b64encode(encoded.tobytes()).decode(), THUMBNAIL_PX / side, np.array([left - 0.5, top - 0.5])


def pose_figure(preds: np.ndarray, target: np.ndarray) -> go.Figure:
    """Prediction in colour, truth in grey, (17, 3) mm each, on a floor; up is up, depth points away from the viewer."""
    figure = new_figure(300, showlegend=False, uirevision="turned", margin={"l": 0, "r": 0, "t": 0, "b": 0})
    points = np.concatenate([_upright(preds), _upright(target)])
    centre = (points.min(0) + points.max(0)) / 2
    radius = float((points.max(0) - points.min(0)).max()) / 2 * 1.08 + 1.0
    figure.add_trace(_floor(centre, radius, float(_upright(target)[:, 2].min())))
    everything = [joint for joint, _ in BONES]
    figure.add_trace(_bones_3d(_upright(target), everything, TARGET, 5, "truth"))
    for name, hue, shown in (("right", RIGHT, RIGHT), ("left", LEFT, LEFT), ("middle", None, MIDDLE)):
        joints = [joint for joint in everything if (bone_colour(joint) == hue if hue else _is_middle(joint))]
        figure.add_trace(_bones_3d(_upright(preds), joints, shown, 8, f"prediction, {name}"))
    axes = {
        axis: {"visible": False, "range": [float(c - radius), float(c + radius)]}
        for axis, c in zip(("xaxis", "yaxis", "zaxis"), centre, strict=True)
    }
    camera = {"eye": {"x": 0.55, "y": -1.45, "z": 0.35}, "up": {"x": 0, "y": 0, "z": 1}}
    figure.update_layout(scene={**axes, "aspectmode": "cube", "camera": camera, "dragmode": "orbit"})
    return figure


def _upright(pose: np.ndarray) -> np.ndarray:
    """Camera axes (x right, y down, z forward) to the drawing's: x right, y away, z up."""
    return pose[:, [0, 2, 1]].astype(np.float64) * [1, 1, -1]


def _is_middle(joint: int) -> bool:
    return bone_colour(joint) not in (RIGHT, LEFT)


def _floor(centre: np.ndarray, radius: float, height: float, cells: int = 4) -> go.Scatter3d:
    """A square of grid lines under the feet."""
    ticks = np.linspace(-radius, radius, cells + 1)
    lines: list[tuple[float | None, ...]] = []
    for t in ticks:
        for a, b in (((t, -radius), (t, radius)), ((-radius, t), (radius, t))):
            lines += [(centre[0] + a[0], centre[1] + a[1], height), (centre[0] + b[0], centre[1] + b[1], height)]
            lines.append((None, None, None))
    return _line_3d(lines, LINE, 1, "floor")


def _bones_3d(points: np.ndarray, joints: Sequence[int], colour: str, width: int, name: str) -> go.Scatter3d:
    lines: list[tuple[float | None, ...]] = []
    parents = dict(BONES)
    for joint in joints:
        lines += [tuple(points[joint].tolist()), tuple(points[parents[joint]].tolist()), (None, None, None)]
    return _line_3d(lines, colour, width, name)


def _line_3d(lines: Sequence[tuple[float | None, ...]], colour: str, width: int, name: str) -> go.Scatter3d:
    x, y, z = ([None if v is None else round(v, 1) for v in column] for column in zip(*lines, strict=True))
    line = {"color": colour, "width": width}
    return go.Scatter3d(x=x, y=y, z=z, mode="lines", line=line, name=name, hoverinfo="skip")


def _overlay(predictions: Predictions, row: int, scale: float, origin: np.ndarray) -> tuple[Bone, ...]:
    """Truth below, prediction above."""
    bones = []
    for key in ("target_2d", "joints_2d"):
        joints = getattr(predictions, key)
        if joints is None or not np.isfinite(joints[row]).all():
            continue
        places = (joints[row] - origin) * scale
        labelled = np.ones(17, bool)
        if key == "target_2d" and predictions.visible is not None:
            labelled = predictions.visible[row].astype(bool)
        for joint, parent in BONES:
            if labelled[joint] and labelled[parent]:
                side = {RIGHT: "right", LEFT: "left"}.get(bone_colour(joint), "middle")
                (x1, y1), (x2, y2) = np.round(places[[joint, parent]], 1).tolist()
                bones.append(Bone(x1, y1, x2, y2, "target" if key == "target_2d" else side))
    return tuple(bones)


def _caption(predictions: Predictions, row: int) -> str:
    """Origin of the frame: scene, activity, sequence, frame number."""
    parts = []
    for label in ("scene", "activity", "sequence"):
        if getattr(predictions, label) is not None:
            codes, names = label_groups(predictions, label)
            parts.append(names[codes[row]])
    if predictions.frame is not None:
        parts.append(f"frame {int(predictions.frame[row])}")
    return " · ".join(parts)
