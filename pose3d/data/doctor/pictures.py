"""Findings from videos, masks and images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

from pose3d.data.doctor.view import View
from pose3d.data.finding import Finding
from pose3d.data.images import read_image
from pose3d.data.sources.mpi_inf_3dhp_tree import FEW_FRAMES
from pose3d.data.videos import ImageFolder
from pose3d.errors import PoseError

SMALL_PX = 160
MOVED = 0.05
"""Share of the person's size that a joint box must move before two equal pictures are suspicious."""
OFFSETS = (0, -1, 1, -2, 2)
LAGS = (1, 2, 4, 8, 16, 32)
MIN_PAIRS = 3
UNTOLD = -1.0
CLEAR, BETTER, GOOD = 0.3, 0.15, 0.6
"""Correlations: the lowest that counts as evidence, the margin of a better match, and a good one."""


def video(view: View) -> Iterator[Finding]:
    """Length, frame rate and size by the header."""
    if view.frames is None:
        return
    try:
        count, size = view.frames.length_and_size()
        fps = 0.0 if isinstance(view.frames, ImageFolder) else view.frames.fps()
    except PoseError as error:
        yield Finding("error", view.name, str(error), "copy the file again")
        return
    expected = len(view.joints_2d)
    if count < expected - FEW_FRAMES:
        kind = "warning" if view.known_short else "error"
        what = f"the video has {count} frames, its labels {expected}"
        yield Finding(kind, view.name, what, "a known defect" if view.known_short else "copy the video again")  # type: ignore[arg-type]
    if view.fps and fps and abs(fps - view.fps) > 1:
        what = f"the video runs at {fps:g} frames/s, this recording was filmed at {view.fps:g}"
        yield Finding("error", view.name, what, "it was converted; its frames may not be those of the labels")
    if view.size != (0, 0) and size != view.size:
        what = f"the video is {size[0]} x {size[1]} px, its camera {view.size[0]} x {view.size[1]}"
        yield Finding("error", view.name, what, "use the original video or the calibration that belongs to it")
    for mask in view.masks or ():
        try:
            mask_count, _ = mask.length_and_size()
        except PoseError as error:
            yield Finding("error", view.name, str(error), "copy the file again")
            continue
        if mask_count < min(count, expected) - FEW_FRAMES:
            what = f"{mask.path.parent.name} has {mask_count} frames, its video {count}"
            yield Finding("error", view.name, what, "copy the mask video again")


def frames(view: View, siblings: list[View], sample: int) -> Iterator[Finding]:
    """Decode the first `sample` frames: undecodable or repeated ones, labels of other frames or cameras, masks.

    `siblings` are the views of the same recording.
    """
    if view.frames is None:
        return
    small: list[np.ndarray] = []
    lost: list[int] = []
    width = 0
    try:
        count = min(view.frames.length_and_size()[0], len(view.joints_2d), sample)
        for row, picture in enumerate(view.frames.frames(range(count))):
            if picture is None:
                lost.append(row)
                continue
            if lost:
                continue  # the checks below compare neighbours: they end at the first gap
            width = picture.shape[1]
            small.append(_small(picture))
    except PoseError:
        return  # `video` has said so
    if lost:
        where = f"{view.name}, frame {lost[0]}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else "")
        yield Finding("error", where, "the frame is missing or does not decode", "copy the video again")
    if len(small) < 2:
        return
    yield from _repeated(view, small)
    yield from _aligned(view, siblings, small, width)
    if view.masks is not None:
        yield from _masks(view, len(small))


def _small(picture: np.ndarray) -> np.ndarray:
    """(h, SMALL_PX, 3) float32."""
    height = round(picture.shape[0] * SMALL_PX / picture.shape[1])
    return np.asarray(cv2.resize(picture, (SMALL_PX, height), interpolation=cv2.INTER_AREA), np.float32)


def _repeated(view: View, small: list[np.ndarray]) -> Iterator[Finding]:
    """Equal pictures of a person who moves."""
    sides = np.ptp(view.joints_2d[: len(small)], axis=1).max(axis=-1)
    moved = np.linalg.norm(np.diff(view.joints_2d[: len(small)], axis=0), axis=-1).max(axis=1) > MOVED * sides[1:]
    same = np.array([np.abs(a - b).mean() < 0.1 for a, b in pairwise(small)])
    if (bad := same & moved).any():
        where = f"{view.name}, frame {int(np.flatnonzero(bad)[0]) + 1}"
        yield Finding("error", where, "the picture is repeated while the labels move on", "copy the video again")


def _figure(view: View, row: int, shape: tuple[int, ...], scale: float) -> np.ndarray:
    """(h, w) bool: a stick figure as thick as limbs, drawn from the 2D joints of one row."""
    figure = np.zeros(shape[:2], np.uint8)
    joints = (view.joints_2d[row] + 0.5) * scale - 0.5
    if not np.isfinite(joints).all() or np.abs(joints).max() > 1e4:
        return figure > 0
    thickness = max(2, round(0.07 * float(np.ptp(joints, axis=0).max())))
    for joint, parent in enumerate(view.names.parents_o1):
        ends = [tuple(int(v) for v in np.round(joints[index])) for index in (joint, parent)]
        cv2.line(figure, ends[0], ends[1], 1, thickness)
    return figure > 0


def _aligned(view: View, siblings: list[View], small: list[np.ndarray], width: int) -> Iterator[Finding]:
    """Between two frames the picture changes where the labels say that the person was or is.

    The change of the picture is correlated with the change of a stick figure, for the labels of these frames, of frames
    nearby, and (if they fit badly) of the other cameras; the right ones correlate best.
    """
    figures = [_figure(view, row, small[0].shape, SMALL_PX / width) for row in range(len(small))]
    size = float(np.median([figure.sum() for figure in figures]))
    lag = next((lag for lag in LAGS if lag < len(small) and _change(figures, lag) > 0.4 * size), 0)
    if not lag or size < 10:
        return
    starts = np.arange(0, len(small) - lag, max(1, len(small) // 100))
    scores = {offset: _match(small, figures, lag, starts, offset) for offset in OFFSETS}
    best = max(scores, key=scores.__getitem__)
    if scores[0] == UNTOLD:  # where one's own labels hardly move, another's fit by chance
        return
    if best != 0 and scores[best] > max(CLEAR, scores[0] + BETTER):
        what = f"pictures lie {abs(best)} frame(s) {'behind' if best > 0 else 'before'} their labels"
        yield Finding("error", view.name, what, "the video was cut or converted; use the original")
    elif scores[0] < GOOD:
        for other in siblings:
            if other is view or len(other.joints_2d) < len(small):
                continue
            theirs = [_figure(other, row, small[0].shape, SMALL_PX / width) for row in range(len(small))]
            if _match(small, theirs, lag, starts, 0) > max(CLEAR, scores[0] + BETTER):
                what = f"the pictures fit the labels of {other.name}, not their own"
                yield Finding("error", view.name, what, "this is the video of another camera")
                return


def _match(small: list[np.ndarray], figures: list[np.ndarray], lag: int, starts: np.ndarray, offset: int) -> float:
    """Mean correlation of what changes in the pictures and in the figures; UNTOLD where too few frames tell."""
    size = float(np.median([figure.sum() for figure in figures]))
    matches = []
    for start in starts:
        first = int(start) + offset
        if first < 0 or first + lag >= len(small):
            continue
        changed = np.abs(small[first + lag] - small[first]).max(axis=-1)
        expected = figures[start] ^ figures[start + lag]
        if expected.sum() > 0.2 * size and changed.std() > 0:
            matches.append(float(np.corrcoef(changed.ravel(), expected.ravel())[0, 1]))
    return float(np.mean(matches)) if len(matches) >= MIN_PAIRS else UNTOLD


def _change(figures: list[np.ndarray], lag: int) -> float:
    """Median number of pixels by which figures `lag` frames apart differ."""
    return float(np.median([(a ^ b).sum() for a, b in zip(figures, figures[lag:], strict=False)]))


def _masks(view: View, count: int) -> Iterator[Finding]:
    """Polarity: red bright on the person, green and blue dark on garments, the chair dark (docs/datasets.md)."""
    assert view.masks is not None
    on, off, dark = [], [], []
    try:
        for row, (foreground, chair) in enumerate(
            zip(*(mask.frames(range(count)) for mask in view.masks), strict=True)
        ):
            if foreground is None or chair is None:
                yield Finding("error", view.name, "a mask video ends or does not decode", "copy the mask videos again")
                break
            height, width = foreground.shape[:2]
            points = np.round(view.joints_2d[row]).astype(int)
            points = points[(points >= 0).all(axis=1) & (points < (width, height)).all(axis=1)]
            on.append(float((foreground[points[:, 1], points[:, 0], 2] > 127).mean()) if len(points) else np.nan)
            off.append(float((foreground[::4, ::4, 2] > 127).mean()))
            dark.append(
                [
                    float((frame[::4, ::4, c] < 128).mean())
                    for frame, c in ((foreground, 1), (foreground, 0), (chair, 2))
                ]
            )
    except PoseError:
        return  # `video` has said so
    if not on:
        return
    person, everywhere = float(np.nanmean(on)), float(np.mean(off))
    if everywhere > 0.6 and person < 0.5 and "background" in view.parts:
        yield Finding("error", view.name, "red of FGmasks is bright on the background", "its polarity is inverted")
    elif person < 0.5 and "background" in view.parts:
        what = f"only {100 * person:.0f} % of the joints lie on the foreground of FGmasks"
        yield Finding("error", view.name, what, "the mask video is of another camera or time")
    upper, lower, seat = (float(np.mean(shares)) for shares in zip(*dark, strict=True))
    for part, colour, share in (("upper", "green", upper), ("lower", "blue", lower)):
        if part in view.parts and share > 0.6:
            what = f"{colour} of FGmasks is dark nearly everywhere, not only on the {part} garment"
            yield Finding("error", view.name, what, "its polarity is inverted")
    if seat > 0.6:
        yield Finding("error", view.name, "red of ChairMasks is dark nearly everywhere", "its polarity is inverted")


def images(view: View, sample: int) -> Iterator[Finding]:
    """Single images decode and are complete, and none repeats another under a new name."""
    seen: dict[bytes, int] = {}
    chosen = np.unique(np.linspace(0, len(view.images) - 1, min(sample, len(view.images))).astype(int))
    for row in chosen if len(view.images) else ():
        path = view.images[row]
        try:
            picture, encoded = read_image(path)
        except PoseError as error:
            yield Finding("error", f"{view.name}, row {row}", str(error).split(";")[0], "copy the image again")
            continue
        if encoded[:2] == b"\xff\xd8" and b"\xff\xd9" not in encoded[-64:]:
            yield Finding("error", f"{view.name}, row {row}", f"{path.name} is cut short", "copy the image again")
        first = seen.setdefault(encoded, int(row))
        differs = np.abs(view.joints_2d[first] - view.joints_2d[row]).max() > 1.0
        if first != row and view.joints_3d is not None and differs:
            what = f"{path.name} is the picture of row {first} once more"
            yield Finding("error", f"{view.name}, row {row}", what, "copy the images again")
        height, width = picture.shape[:2]
        known = np.ones(view.joints_2d.shape[1], bool) if view.labelled is None else view.labelled[row]
        joints = view.joints_2d[row][known]
        if len(joints) and ((joints.max(axis=0) < 0) | (joints.min(axis=0) > (width, height))).any():
            what = f"the person's box lies outside {path.name} ({width} x {height} px)"
            yield Finding("error", f"{view.name}, row {row}", what, "labels and images do not belong together")
