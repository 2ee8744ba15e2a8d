"""Findings from labels and cameras alone."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from pose3d.data.doctor.view import View
from pose3d.data.finding import Finding
from pose3d.data.sources.labels import fit_intrinsics, project

THIGH_MM = (200.0, 700.0)
EXACT_PX, DISTORTED_PX = 0.5, 15.0
WORLD_MM = 30.0
BACKWARDS = -0.35
"""Cosine below which a body whose left is left cannot face its toes and knees."""


def rows_text(bad: np.ndarray) -> str:
    """ "rows 3, 8 and 12 more"."""
    rows = np.flatnonzero(bad)
    more = f" and {len(rows) - 4} more" if len(rows) > 4 else ""
    return f"row{'s' * (len(rows) > 1)} {', '.join(map(str, rows[:4]))}{more}"


def finite(view: View) -> Iterator[Finding]:
    """NaN and infinity."""
    for name in ("joints_2d", "joints_3d", "joints_3d_univ"):
        values = getattr(view, name)
        if values is None:
            continue
        ok = np.isfinite(values).all(axis=-1)
        ok = ok if view.labelled is None else ok | ~view.labelled
        if not ok.all():
            where = f"{view.name}, {rows_text(~ok.all(axis=1))}"
            yield Finding("error", where, f"{name} holds NaN or infinity", "unpack the labels again")


def units(view: View) -> Iterator[Finding]:
    """Millimetres, and people in front of the camera."""
    for name in ("joints_3d", "joints_3d_univ"):
        joints = getattr(view, name)
        if joints is None:
            continue
        thighs = [view.joint(f"{s}_hip", joints) - view.joint(f"{s}_knee", joints) for s in "lr"]
        thigh = float(np.nanmedian(np.linalg.norm(thighs, axis=-1)))
        if not THIGH_MM[0] < thigh < THIGH_MM[1]:
            scales = {"metres": 1000, "centimetres": 10}
            unit = next((u for u, s in scales.items() if THIGH_MM[0] < thigh * s < THIGH_MM[1]), "")
            what = f"{name} seems to be in {unit}" if unit else f"thighs of {name} measure {thigh:.3g} mm"
            yield Finding("error", view.name, what, "labels are expected in millimetres")
        elif name == "joints_3d" and np.nanmedian(joints[..., 2]) <= 0:
            yield Finding("error", view.name, "people stand behind the camera", "axes are x right, y down, z forward")


def projection(view: View) -> Iterator[Finding]:
    """joints_3d through the camera onto joints_2d; the universal skeleton must not fit better."""
    if view.joints_3d is None or view.joints_3d_univ is None or not np.isfinite(view.joints_3d).any():
        return
    camera = fit_intrinsics(view.joints_2d, view.joints_3d) if view.intrinsics is None else view.intrinsics
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.linalg.norm(project(view.joints_3d, camera) - view.joints_2d, axis=-1)
    middle = float(np.nanmedian(error))
    # The limits are for official pictures; those of the embedded data set may be smaller.
    limit = EXACT_PX * min(1.0, max(view.size[0], 192) / 2048) if view.exact_projection else DISTORTED_PX
    if middle > limit:
        if _fits(view.joints_2d, view.joints_3d_univ) < 0.5 * _fits(view.joints_2d, view.joints_3d):
            what, advice = "the universal joints fit the 2D joints better than the true ones", "the two are mixed up"
        else:
            what = f"joints_3d projects {middle:.1f} px from the 2D joints (median)"
            advice = "the calibration is of another camera or damaged, or 2D and 3D are of different frames"
        yield Finding("error", view.name, what, advice)
    elif (bad := np.nan_to_num(error).max(axis=1) > max(10 * limit, 10 * middle)).any():
        where = f"{view.name}, {rows_text(bad)}"
        yield Finding("error", where, "2D and 3D labels do not belong together", "unpack the labels again")


def _fits(joints_2d: np.ndarray, joints_3d: np.ndarray) -> float:
    """px: median distance under the pinhole camera that fits best."""
    fitted = fit_intrinsics(joints_2d, joints_3d)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmedian(np.linalg.norm(project(joints_3d, fitted) - joints_2d, axis=-1)))


def handedness(view: View) -> Iterator[Finding]:
    """Left and right: seen from above, a body faces where its toes point and its knees bend."""
    joints = view.joints_3d if view.joints_3d_univ is None else view.joints_3d_univ
    if joints is None:
        return
    left = sum(view.joint(f"l_{part}", joints) - view.joint(f"r_{part}", joints) for part in ("hip", "shoulder"))
    up = view.joint("neck", joints) - view.joint("pelvis", joints)
    front = np.zeros_like(up)
    for side in "lr":
        hip, knee, ankle = (view.joint(f"{side}_{part}", joints) for part in ("hip", "knee", "ankle"))
        front += knee - (hip + ankle) / 2
        if f"{side}_toe" in view.names.names:
            front += view.joint(f"{side}_toe", joints) - ankle
    facing = np.cross(np.asarray(left), up)
    length = np.linalg.norm(facing, axis=-1) * np.linalg.norm(front, axis=-1)
    # Straight legs say nothing: such frames count as undecided.
    decided = np.linalg.norm(front, axis=-1) > 60.0
    cosine = np.where(decided, (facing * front).sum(axis=-1) / np.maximum(length, 1e-9), 0.0)
    swapped = cosine < BACKWARDS
    # Toes tell more than knees, which some poses turn far outwards.
    fewest, share = (2, 0.15) if "l_toe" in view.names.names else (3, 0.5)
    if swapped.sum() >= fewest and swapped.sum() > share * decided.sum():
        what = "left and right are swapped (bodies face away from their toes and knees)"
        yield Finding("error", f"{view.name}, {rows_text(swapped)}", what, "leave these frames out, or swap them back")


def outside(view: View) -> Iterator[Finding]:
    """Boxes of which nothing lies in the picture."""
    if view.size == (0, 0):
        return
    known = np.ones(view.joints_2d.shape[:2], bool) if view.labelled is None else view.labelled
    low = np.where(known[..., None], view.joints_2d, np.inf).min(axis=1)
    high = np.where(known[..., None], view.joints_2d, -np.inf).max(axis=1)
    bad = ((high < 0) | (low > np.asarray(view.size))).any(axis=1) & known.any(axis=1)
    if bad.any():
        where = f"{view.name}, {rows_text(bad)}"
        yield Finding("error", where, "the person's box lies outside the picture", "x and y, or cameras, are mixed up")


def world(views: list[View]) -> Iterator[Finding]:
    """Cameras of one recording place the joints at the same spots of the world, within some mm."""
    groups = defaultdict(list)
    for view in views:
        if view.cam_from_world is not None and view.joints_3d is not None:
            groups[view.sequence].append(view)
    for group in groups.values():
        if len(group) < 3:
            continue
        length = min(len(view.joints_3d) for view in group if view.joints_3d is not None)
        places = []
        for view in group:
            assert view.joints_3d is not None
            assert view.cam_from_world is not None
            rotation, translation = view.cam_from_world[:3, :3], view.cam_from_world[:3, 3]
            places.append((view.joints_3d[:length] - translation) @ rotation)
        middle = np.median(places, axis=0)
        for view, place in zip(group, places, strict=True):
            off = float(np.nanmedian(np.linalg.norm(place - middle, axis=-1)))
            if off > WORLD_MM:
                what = f"its extrinsics place the person {off:.0f} mm from where the other cameras see it"
                yield Finding("error", view.name, what, "extrinsics are permuted or of another recording")


def repeats(views: list[View]) -> Iterator[Finding]:
    """The same labels twice: one recording under two names, or a subject in both splits."""
    seen: dict[bytes, View] = {}
    for view in views:
        joints = view.joints_2d if view.joints_3d is None else view.joints_3d
        if len(joints) < 2:
            continue
        first = seen.setdefault(hashlib.sha256(np.ascontiguousarray(joints).tobytes()).digest(), view)
        if first is view:
            continue
        what = f"its labels are those of {first.name}"
        if first.split != view.split:
            what += f": a {first.split} subject appears in the {view.split} split"
        yield Finding("error", view.name, what, "one of the two was copied to the wrong place; unpack it again")
