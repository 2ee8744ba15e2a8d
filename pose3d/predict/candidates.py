"""Every person in a picture, the most prominent first.

2DPoseNet has one map per joint; with several people in view a map has several peaks. Each peak of the pelvis and of
the neck in the whole picture is a candidate, whose other joints are the nearest peaks of their maps. People who are
small in the picture are found in windows, parts of the picture, the best of which give one candidate each. The network
then processes the crop around each candidate, which gives the joints, scores and box of a person. Candidates that lead
to the same person are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from pose3d.geometry.crop import tight_box, transform_points
from pose3d.heatmaps import crop_from_cells
from pose3d.predict.images import Image
from pose3d.predict.networks import Deployed2D
from pose3d.predict.person import (
    MIN_JOINT_SCORE,
    People,
    coarse_crops,
    crop_of_box,
    cut,
    detect_in_crops,
    letterbox,
    read_joints,
    search_windows,
)
from pose3d.skeleton import POSE2D_15

MOST = 6
"""Largest number of candidates from peaks of pelvis and neck, and from windows."""

SAME = 0.5
"""Boxes that overlap by more than this share (intersection over union) are one person."""

MIXED = 0.8
"""A candidate with at least this share of its joints on two other people is a mixture of both."""

_ANCHORS = tuple(POSE2D_15.index(name) for name in ("pelvis", "neck"))


@dataclass(frozen=True)
class Candidate:
    """A person in view."""

    bbox: np.ndarray
    """(4,) x, y, w, h px, tight around the detected joints."""
    prominence: float
    """Mean peak of the heatmaps times a low power of the box's longer side: of two people with equal peaks the larger
    one comes first."""
    joints_2d: np.ndarray
    """(15, 2) px in the full image."""
    scores: np.ndarray
    """(15,) peaks of the heatmaps."""

    @property
    def centre(self) -> np.ndarray:
        """(2,) px."""
        return self.bbox[:2] + self.bbox[2:] / 2


def find_candidates(
    net: Deployed2D, image: Image, size: int, sure: float = MIN_JOINT_SCORE, windows: bool = True
) -> list[Candidate]:
    """Find the people in an image (H, W, 3) uint8 RGB, sorted by prominence; empty if there are none.

    Args:
        net: 2DPoseNet.
        image: the whole picture.
        size: side of the network's input, px.
        sure: smallest heatmap peak of a detected joint.
        windows: search parts of the picture as well, with some 20 passes of the network in place of one.
    """
    crops = _of_peaks(net, image, size)
    if windows:
        crops += _of_windows(net, image, size)
    return _distinct(detect_in_crops(net, [image] * len(crops), crops, size, sure)) if crops else []


def find_most_prominent(net: Deployed2D, images: Sequence[Image], size: int, sure: float = MIN_JOINT_SCORE) -> People:
    """Find the most prominent person of each image, as `person.find_people`, but in windows as well."""
    found = [find_candidates(net, image, size, sure) for image in images]
    blank = Candidate(np.full(4, np.nan, np.float32), 0.0, np.zeros((15, 2), np.float32), np.zeros(15, np.float32))
    best = [candidates[0] if candidates else blank for candidates in found]
    scores = np.stack([candidate.scores for candidate in best])
    joints_2d = np.stack([candidate.joints_2d for candidate in best])
    return People(np.stack([candidate.bbox for candidate in best]), joints_2d, scores >= sure, scores)


def _of_peaks(net: Deployed2D, image: Image, size: int) -> list[np.ndarray]:
    """Crops around the candidates from the peaks of the whole picture."""
    crop = letterbox(image, size)
    heatmaps = net(cut([image], [crop], size).to(next(net.parameters()).device))["heatmaps"][0].float().cpu()
    cells, scores, joints = local_maxima(heatmaps)
    if not len(cells):
        return []
    pixels = crop_from_cells(cells, size // heatmaps.shape[-1]).double()
    points = transform_points(torch.linalg.inv(torch.from_numpy(crop)), pixels).numpy()
    boxes = _coarse_boxes(points, scores.numpy(), joints.numpy(), half_cell=8 / crop[0, 0])
    return [crop_of_box(box, net.settings.box_margin, size) for box in boxes]


def _of_windows(net: Deployed2D, image: Image, size: int) -> list[np.ndarray]:
    """Crops around the people in the windows with the best joints, refined by one pass of the network."""
    crops = search_windows(image.shape, size)
    joints_2d, scores = read_joints(net, [image] * len(crops), crops, size)
    best = np.argsort(-scores.mean(axis=1), kind="stable")[:MOST]
    closer = coarse_crops(net, [crops[window] for window in best], joints_2d[best], scores[best], size)
    again = read_joints(net, [image] * len(closer), closer, size)
    return coarse_crops(net, closer, *again, size)


def local_maxima(heatmaps: Tensor, least: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    """Peaks of maps (J, h, w): cells (P, 2) x, y, values (P,) and joints (P,).

    A peak is the largest of its 3 x 3 neighbours and reaches `least` times the largest value of all maps.
    """
    around = torch.nn.functional.max_pool2d(heatmaps[None], 3, stride=1, padding=1)[0]
    is_peak = (heatmaps == around) & (heatmaps >= least * heatmaps.max()) & (heatmaps > 0)
    joints, y, x = is_peak.nonzero(as_tuple=True)
    return torch.stack([x, y], dim=-1).float(), heatmaps[is_peak], joints


def _coarse_boxes(points: np.ndarray, scores: np.ndarray, joints: np.ndarray, half_cell: float) -> list[np.ndarray]:
    """A box around each anchor's nearest peaks, the strongest anchors first."""
    anchors = np.flatnonzero(np.isin(joints, _ANCHORS))
    if not len(anchors):  # neither pelvis nor neck: one person at the strongest peak
        anchors = np.array([int(scores.argmax())])
    anchors = anchors[np.argsort(-scores[anchors], kind="stable")][:MOST]
    boxes = []
    for anchor in anchors.tolist():
        distance = np.linalg.norm(points - points[anchor], axis=1)
        nearest = [min(np.flatnonzero(joints == j), key=lambda p: distance[p]) for j in np.unique(joints)]
        # A peak that is nearer to another anchor of the same joint belongs to that person.
        rivals = anchors[joints[anchors] == joints[anchor]]
        own = [p for p in nearest if distance[p] <= np.linalg.norm(points[rivals] - points[p], axis=1).min() + 1e-9]
        boxes.append(tight_box(points[own]) + half_cell * np.array([-1, -1, 2, 2]))
    return boxes


def _distinct(people: People) -> list[Candidate]:
    found = [
        Candidate(
            people.bbox[i],
            float(people.scores[i].mean() * people.bbox[i, 2:].max() ** 0.1),
            people.joints_2d[i],
            people.scores[i],
        )
        for i in np.flatnonzero(people.found)
    ]
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.prominence):
        if not _is_mixture(candidate, found) and all(overlap(candidate.bbox, other.bbox) <= SAME for other in kept):
            kept.append(candidate)
    return kept


def _is_mixture(candidate: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether the joints of a candidate, the strongest peaks of its maps, belong to two different people."""
    shared = [_in_the_same_place(candidate, other) for other in found]
    partly = [(share, other) for share, other in zip(shared, found, strict=True) if 0.1 < share.mean() < MIXED]
    return any(
        (a | b).mean() >= MIXED and _in_the_same_place(first, second).mean() <= 0.1
        for (a, first), (b, second) in combinations(partly, 2)
    )


def _in_the_same_place(one: Candidate, other: Candidate) -> np.ndarray:
    """Which joints (15,) bool are at the same place in both candidates."""
    apart = np.linalg.norm(one.joints_2d - other.joints_2d, axis=1)
    return np.asarray(apart < 0.1 * other.bbox[2:].max())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x, y, w, h; 0 if one of them has no area."""
    size = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(size, 0)))
    union = float(np.prod(a[2:]) + np.prod(b[2:])) - both
    return both / union if union > 0 else 0.0


def choose(candidates: Sequence[Candidate], person: str | None) -> Candidate:
    """The person that `--person` selects: a number from 1, by prominence, or the person nearest to the pixel "x,y"."""
    if person is None:
        return candidates[0]
    if "," in person:
        point = np.array([float(part) for part in person.split(",")])
        return min(candidates, key=lambda c: float(np.linalg.norm(c.centre - point)))
    return candidates[min(int(person), len(candidates)) - 1]
