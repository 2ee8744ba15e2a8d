"""Track one person through a video (paper section 3.1): the box of a frame comes from the joints of the previous one.

2DPoseNet searches the whole picture only at the start, when the person is lost, and every `look_every` frames to
correct drift of the box. The other frames take one pass of the 3DPoseNet, whose heatmaps give K.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pose3d.errors import PoseError
from pose3d.geometry.crop import tight_box
from pose3d.predict.candidates import Candidate, choose, find_candidates, overlap
from pose3d.predict.images import Image
from pose3d.predict.person import FEWEST_SURE
from pose3d.predict.predictor import BOX_FOLLOWED, PosePredictor
from pose3d.predictions import Predictions

LOOK_EVERY = 30
SAME_PERSON = 0.2
"""Smallest overlap (intersection over union) of the boxes of the same person in two frames."""

ALIKE = 0.6
"""Overlap of a box with the one found by a look, below which both are tried."""

MOST_DOUBTS = 2
"""The person is lost after this number of consecutive searches without a person near the box."""


class Follower:
    """Predict the frames of one video in order.

    Args:
        predictor: a predictor with 2DPoseNet.
        look_every: frames between two searches of the whole picture.
        person: the person to follow, in the format of `pose3d.predict.candidates.choose`.
        say: called with a sentence whenever the person is found, lost or found again.

    Raises:
        PoseError: `predictor` has no 2DPoseNet.
    """

    def __init__(
        self,
        predictor: PosePredictor,
        look_every: int = LOOK_EVERY,
        person: str | None = None,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        if predictor.pose2d is None:
            raise PoseError("2DPoseNet is needed to find the person to follow; give its checkpoint, or boxes")
        self.predictor, self.look_every, self.person, self.say = predictor, look_every, person, say
        self.box: np.ndarray | None = None
        self.last_box: np.ndarray | None = None
        self.looks = self.losses = 0
        self._since_look = self._doubts = 0

    def predict(self, image: Image, intrinsics: np.ndarray, number: int) -> Predictions:
        """Predict one row for the next frame; NaN and not valid if the person is not found."""
        looked, before = self.box is None or self._since_look >= self.look_every, self.box
        if looked:
            self._look(image, number)
        self._since_look += 1
        row = self._pose(image, intrinsics)
        if looked and before is not None and self.box is not None and overlap(before, self.box) < ALIKE:
            row = self._better(image, intrinsics, row, before)
        if not self._held(row):
            self._lose(number)
            if not looked:  # after a cut or a fast movement, search this frame before giving up
                self._look(image, number)
                row = self._pose(image, intrinsics)
            if looked or not self._held(row):
                self.box = None
                return self._pose(image, intrinsics)
        self.box = self.last_box = self._seen_box(row)
        return row

    def _better(self, image: Image, intrinsics: np.ndarray, row: Predictions, before: np.ndarray) -> Predictions:
        """The row of the new box, or that of the box `before`, which is kept where its pose is the more certain one.

        In the whole picture people are small, and what stands behind them may be taken for a part of them.
        """
        found = self.box
        self.box = before
        kept = self._pose(image, intrinsics)
        assert row.confidence is not None
        assert kept.confidence is not None
        if self._held(kept) and kept.confidence.mean() > np.nan_to_num(row.confidence).mean():
            return kept
        self.box = found
        return row

    def _look(self, image: Image, number: int) -> None:
        """Find the person in the whole picture and set, correct or keep the box."""
        assert self.predictor.pose2d is not None
        self.looks, self._since_look = self.looks + 1, 0
        size, sure = self.predictor.size_2d, self.predictor.sure
        # Windows are for finding people; the whole picture suffices to check that the box is still right.
        candidates = find_candidates(self.predictor.pose2d, image, size, sure, windows=self.box is None)
        if self.box is not None:
            nearest = max(candidates, key=lambda c: overlap(c.bbox, self.box), default=None)  # type: ignore[arg-type]
            if nearest is not None and overlap(nearest.bbox, self.box) >= SAME_PERSON:
                self.box, self._doubts = nearest.bbox, 0
                return
            self._doubts += 1
            if self._doubts < MOST_DOUBTS:
                return
            self._lose(number)
        if candidates:
            self.box = self._chosen(candidates, number).bbox
            self._doubts = 0

    def _chosen(self, candidates: list[Candidate], number: int) -> Candidate:
        if self.last_box is not None:  # found again: nearest to where the person was, else the most prominent
            near = max(candidates, key=lambda c: overlap(c.bbox, self.last_box))  # type: ignore[arg-type]
            picked = near if overlap(near.bbox, self.last_box) > 0 else candidates[0]
            self.say(f"frame {number}: found again at {_place(picked)}")
            return picked
        picked = choose(candidates, self.person)
        if len(candidates) > 1:
            others = "; ".join(f"--person {i + 1} at {_place(c)}" for i, c in enumerate(candidates) if c is not picked)
            self.say(
                f"frame {number}: {len(candidates)} people in view, following the one at {_place(picked)} ({others})"
            )
        return picked

    def _lose(self, number: int) -> None:
        if self.box is not None:
            self.losses += 1
            self.say(f"frame {number}: the person is lost")
        self.box, self._doubts = None, 0

    def _pose(self, image: Image, intrinsics: np.ndarray) -> Predictions:
        box = np.full(4, np.nan) if self.box is None else self.box
        return replace(self.predictor.predict([image], intrinsics, box[None]), box=BOX_FOLLOWED)

    def _held(self, row: Predictions) -> bool:
        """Whether the pose in the box is that of a person: enough joints are detected, near the box."""
        if self.box is None or not self._seen(row).sum() >= FEWEST_SURE:
            return False
        return overlap(self._seen_box(row), self.box) >= SAME_PERSON

    def _seen(self, row: Predictions) -> np.ndarray:
        # Confidence is at most the heatmap's peak, and half of it where 2D and 3D disagree.
        assert row.confidence is not None
        return np.asarray(row.confidence[0] >= self.predictor.sure / 2)

    def _seen_box(self, row: Predictions) -> np.ndarray:
        assert row.joints_2d is not None
        return tight_box(row.joints_2d[0], self._seen(row))


def _place(candidate: Candidate) -> str:
    x, y = candidate.centre.round().astype(int).tolist()
    return f"{x},{y}"
