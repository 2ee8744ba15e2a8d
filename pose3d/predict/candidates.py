"""Every person that one look at the whole picture shows, the most prominent first.

2DPoseNet has one map a joint; with several people in view a map has several peaks. Each peak of the pelvis and of the
neck is taken for a person, whose other joints are the nearest peaks of their maps. A second look, at the crop around
these joints, gives the joints, scores and box of the person; looks that end at the same person are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pose3d.geometry.crop import tight_box, transform_points
from pose3d.heatmaps import crop_from_cells
from pose3d.predict.images import Image
from pose3d.predict.networks import Deployed2D
from pose3d.predict.person import MIN_JOINT_SCORE, People, crop_of_box, cut, detect_in_crops, letterbox
from pose3d.skeleton import POSE2D_15

MOST = 6
"""So many peaks of pelvis and neck are looked at."""

SAME = 0.5
"""Boxes that overlap by more than this share (intersection over union) are one person."""

_ANCHORS = tuple(POSE2D_15.index(name) for name in ("pelvis", "neck"))


@dataclass(frozen=True)
class Candidate:
    """A person in view."""

    bbox: np.ndarray
    """(4,) x, y, w, h px, tight around the joints seen."""
    prominence: float
    """Joints seen times the root of the box's longer side: a person near the camera comes first."""

    @property
    def centre(self) -> np.ndarray:
        """(2,) px."""
        return self.bbox[:2] + self.bbox[2:] / 2


def find_candidates(net: Deployed2D, image: Image, size: int, sure: float = MIN_JOINT_SCORE) -> list[Candidate]:
    """The people in an image (H, W, 3) uint8 RGB, by prominence; empty where nobody is seen.

    `size` px is the side of the network's input, `sure` the heatmap peak from which a joint counts as seen.
    """
    crop = letterbox(image, size)
    heatmaps = net(cut([image], [crop], size).to(next(net.parameters()).device))["heatmaps"][0].float().cpu()
    cells, scores, joints = local_maxima(heatmaps)
    if not len(cells):
        return []
    pixels = crop_from_cells(cells, size // heatmaps.shape[-1]).double()
    points = transform_points(torch.linalg.inv(torch.from_numpy(crop)), pixels).numpy()
    boxes = _coarse_boxes(points, scores.numpy(), joints.numpy(), half_cell=8 / crop[0, 0])
    crops = [crop_of_box(box, net.settings.box_margin, size) for box in boxes]
    return _distinct(detect_in_crops(net, [image] * len(crops), crops, size, sure))


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
    seen = people.sure.sum(axis=1)
    found = [
        Candidate(people.bbox[i], float(seen[i] * np.sqrt(people.bbox[i, 2:].max())))
        for i in np.flatnonzero(people.found)
    ]
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.prominence):
        if all(overlap(candidate.bbox, other.bbox) <= SAME for other in kept):
            kept.append(candidate)
    return kept


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x, y, w, h; 0 where either has no area."""
    size = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(size, 0)))
    union = float(np.prod(a[2:]) + np.prod(b[2:])) - both
    return both / union if union > 0 else 0.0


def choose(candidates: Sequence[Candidate], person: str | None) -> Candidate:
    """The person that `--person` names: a number from 1 by prominence, or the pixel "x,y" nearest to somebody."""
    if person is None:
        return candidates[0]
    if "," in person:
        point = np.array([float(part) for part in person.split(",")])
        return min(candidates, key=lambda c: float(np.linalg.norm(c.centre - point)))
    return candidates[min(int(person), len(candidates)) - 1]
