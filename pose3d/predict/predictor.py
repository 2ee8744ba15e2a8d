"""The three steps together: box, pose in the crop, pose in the camera (paper section 3)."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pose3d.errors import PoseError
from pose3d.geometry import intrinsics_from_fov
from pose3d.geometry.decode import DecodeConfig, joints_2d_from_heatmaps
from pose3d.predict.candidates import find_most_prominent
from pose3d.predict.confidence import joint_confidence
from pose3d.predict.decode import place
from pose3d.predict.images import Image
from pose3d.predict.mirror import mirrored_average
from pose3d.predict.networks import Deployed2D, Deployed3D, device_of, load_deployed_2d, load_deployed_3d
from pose3d.predict.person import MIN_JOINT_SCORE, People, crop_of_box, cut, detect_in_crops, find_people, whole_image
from pose3d.predictions import SHAPES, Predictions
from pose3d.pretrained import RELEASED, find_weights, required_stage_file, stage_file

FOV_DEGREES = 55.0
"""Assumed horizontal field of view of an unknown camera (decision G5)."""

BOX_FROM_HEATMAPS, BOX_GIVEN, BOX_TRUE = "2DPoseNet", "given", "ground truth"
BOX_FOLLOWED = "2DPoseNet, then followed"

PREDICTED = ("joints_3d", "joints_2d", "translation", "perspective_rotation", "confidence")


class PosePredictor:
    """Predict root-relative 3D poses, 2D joints and the position of the root in camera coordinates from images.

    Args:
        pose3d: network of stage 2 or 3.
        pose2d: network of stage 1, which finds the person and the 2D joints K. Without it, boxes must be given and K
            comes from the auxiliary heatmaps of the 3DPoseNet (paper section 3.1).
        device: device of the networks.
        sure: smallest heatmap peak of a detected joint.
        mirror: average the 3D network's outputs for each crop and its mirror image, in twice the time.
    """

    def __init__(
        self,
        pose3d: Deployed3D,
        pose2d: Deployed2D | None = None,
        device: str = "cpu",
        sure: float = MIN_JOINT_SCORE,
        mirror: bool = False,
    ) -> None:
        self.device, self.sure, self.mirror = device_of(device), sure, mirror
        self.pose3d = pose3d.to(self.device)
        self.pose2d = None if pose2d is None else pose2d.to(self.device)
        if self.pose2d is None and not pose3d.has_heatmaps:
            raise PoseError("this 3D network has no heatmaps, so the 2D joints need 2DPoseNet; give its checkpoint")

    @classmethod
    def from_checkpoints(
        cls,
        checkpoint: str | Path,
        box_checkpoint: str | Path | None = None,
        device: str = "auto",
        sure: float = MIN_JOINT_SCORE,
        decoding: DecodeConfig | None = None,
        mirror: bool = False,
    ) -> "PosePredictor":
        """Build both networks from the hyperparameters of their checkpoints, and load the weights strictly.

        `checkpoint` is of stage 2 or 3, `box_checkpoint` of stage 1. `decoding` replaces the test-time settings of the
        checkpoint (perspective correction, depth).
        """
        pose2d = None if box_checkpoint is None else load_deployed_2d(box_checkpoint)
        pose3d = load_deployed_3d(checkpoint)
        pose3d.decoding = decoding or pose3d.decoding
        return cls(pose3d, pose2d, device, sure, mirror)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = RELEASED,
        device: str = "auto",
        sure: float = MIN_JOINT_SCORE,
        decoding: DecodeConfig | None = None,
        mirror: bool = False,
    ) -> "PosePredictor":
        """Build both networks from weights by name: those of this package, a folder, a file or a hub repository.

        With a single file, or a folder or repository without a stage 1, the predictor needs boxes. Only repositories
        are downloaded.
        """
        place = find_weights(name)
        checkpoint = required_stage_file(place, "stage3", "stage2")
        boxes = stage_file(place, "stage1") if place.is_dir() else None
        return cls.from_checkpoints(checkpoint, boxes, device, sure, decoding, mirror)

    @torch.inference_mode()
    def predict(
        self,
        images: Sequence[Image],
        intrinsics: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
        everywhere: bool = False,
        windows: bool = True,
    ) -> Predictions:
        """Predict the one person in each image; each row depends on its own image only.

        Args:
            images: (H, W, 3) uint8 RGB each, of any sizes.
            intrinsics: (3, 3) or (B, 3, 3); None: a horizontal field of view of `FOV_DEGREES` (decision G5).
            boxes: (B, 4) x, y, w, h px, tight around the person; a row of NaN: no person. None: found by 2DPoseNet.
            everywhere: predict images without a person as well, with the whole image as the box.
            windows: let 2DPoseNet search parts of each image as well, to find people who are small in it, in about ten
                times as many passes. False: two passes, for people who fill the image.

        Rows without a person are NaN, and False in `valid`.
        """
        if boxes is None and self.pose2d is None:
            raise PoseError("without boxes the person is found by 2DPoseNet; give boxes or a checkpoint of stage1")
        cameras = _cameras(images, intrinsics)
        people = None
        if boxes is None:
            assert self.pose2d is not None
            find = find_most_prominent if windows else find_people
            people = find(self.pose2d, images, self.size_2d, self.sure)
            boxes = people.bbox
        boxes = _checked_boxes(boxes, len(images))
        if everywhere:
            nobody = ~np.isfinite(boxes).all(axis=1)
            boxes[nobody] = np.array([whole_image(image.shape) for image in images])[nobody]
        rows = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        answer = {key: np.full((len(images), *SHAPES[key]), np.nan, np.float32) for key in PREDICTED}
        if len(rows):
            seen = None if people is None else self._trusted(people.select(rows))
            poses = self._poses([images[row] for row in rows.tolist()], boxes[rows], cameras[rows], seen)
            for key, pose in poses.items():
                answer[key][rows] = pose.cpu().numpy()
        answer["bbox"] = boxes
        finite = [np.isfinite(value).reshape(len(images), -1).all(axis=1) for value in answer.values()]
        valid = np.logical_and.reduce(finite)
        for value in answer.values():
            value[~valid] = np.nan
        box = BOX_GIVEN if people is None else BOX_FROM_HEATMAPS
        return Predictions(**answer, valid=valid, box=box)  # type: ignore[arg-type]

    @property
    def size_2d(self) -> int:
        """Size of 2DPoseNet's input in px: that of its training, if known; the network is fully convolutional."""
        assert self.pose2d is not None
        return self.pose2d.settings.image_size or self.pose3d.image_size

    def _poses(
        self, images: Sequence[Image], boxes: np.ndarray, cameras: Tensor, people: People | None
    ) -> dict[str, Tensor]:
        """Steps 2 and 3 for images with one person each; `people` is None if the boxes were given."""
        size = self.pose3d.image_size
        crops = [crop_of_box(box, self.pose3d.settings.box_margin, size) for box in boxes]
        pixels = cut(images, crops, size).to(self.device)
        outputs = mirrored_average(self.pose3d, pixels) if self.mirror else self.pose3d(pixels)
        crop_from_img = torch.from_numpy(np.stack(crops)).float().to(self.device)
        intrinsics = cameras.to(self.device)
        if people is None and not self.pose3d.has_heatmaps:
            people = self._people_in_boxes(images, boxes)
        joints_2d, scores, known = self._joints_2d(outputs.get("heatmaps"), crop_from_img, people)
        answer, decoding = {"answer": outputs["joints_3d"]}, self.pose3d.decoding
        placed = place(answer, "answer", joints_2d, crop_from_img, size, intrinsics, decoding, known)
        joints_3d, translation = placed["joints_3d"], placed["translation"]
        placed["confidence"] = joint_confidence(scores, known, joints_2d, joints_3d, translation, intrinsics)
        return {key: placed[key] for key in PREDICTED}

    def _trusted(self, people: People) -> People:
        """Without a person, K comes from the 3DPoseNet or, if it has no heatmaps, from all joints of 2DPoseNet."""
        nobody = ~people.found[:, None]
        sure = people.sure & ~nobody if self.pose3d.has_heatmaps else people.sure | nobody
        return People(people.bbox, people.joints_2d, sure, people.scores)

    def _people_in_boxes(self, images: Sequence[Image], boxes: np.ndarray) -> People:
        """2DPoseNet's joints in given boxes, in which a person is taken for granted."""
        assert self.pose2d is not None
        crops = [crop_of_box(box, self.pose2d.settings.box_margin, self.size_2d) for box in boxes]
        return self._trusted(detect_in_crops(self.pose2d, images, crops, self.size_2d, self.sure))

    def _joints_2d(
        self, heatmaps: Tensor | None, crop_from_img: Tensor, people: People | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """K (B, 17, 2) px in the full image, the peaks of its maps (B, 17), and which joints are known (B, 17).

        K has the detected joints of 2DPoseNet. The others, and all joints in given boxes, come from the 3DPoseNet.
        """
        batch, device = len(crop_from_img), self.device
        joints_2d = torch.zeros(batch, 17, 2, device=device)
        scores = torch.zeros(batch, 17, device=device)
        known = torch.zeros(batch, 17, dtype=torch.bool, device=device)
        if heatmaps is not None:
            refine = self.pose3d.decoding.heatmap_maximum == "refined"
            joints_2d = joints_2d_from_heatmaps(heatmaps, crop_from_img, self.pose3d.image_size, refine)
            scores = heatmaps.amax(dim=(-2, -1)).float()
            known = torch.ones_like(known)
        if people is None:
            return joints_2d, scores, known
        sure = torch.from_numpy(people.sure).to(device)
        count = sure.shape[1]
        found = torch.from_numpy(people.joints_2d).to(device)
        joints_2d[:, :count] = torch.where(sure.unsqueeze(-1), found, joints_2d[:, :count])
        scores[:, :count] = torch.where(sure, torch.from_numpy(people.scores).to(device), scores[:, :count])
        known[:, :count] |= sure
        return joints_2d, scores, known


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate the rows of parts with the same keys."""
    merged: dict[str, Any] = {}
    for field in fields(Predictions):
        values = [getattr(part, field.name) for part in parts]
        merged[field.name] = np.concatenate(values) if isinstance(values[0], np.ndarray) else values[0]
    return Predictions(**merged)


def _cameras(images: Sequence[Image], intrinsics: np.ndarray | None) -> Tensor:
    """(B, 3, 3) float32."""
    if intrinsics is None:
        return torch.stack([intrinsics_from_fov((image.shape[1], image.shape[0]), FOV_DEGREES) for image in images])
    cameras = torch.as_tensor(intrinsics, dtype=torch.float32)
    if cameras.shape not in ((3, 3), (len(images), 3, 3)):
        raise PoseError(f"intrinsics have the shape {tuple(cameras.shape)}; give (3, 3), or one such matrix an image")
    return cameras.expand(len(images), 3, 3)


def _checked_boxes(boxes: np.ndarray, count: int) -> np.ndarray:
    boxes = np.array(boxes, np.float32)
    if boxes.shape != (count, 4):
        raise PoseError(f"boxes have the shape {boxes.shape} for {count} images; give x, y, w, h for each")
    flat = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:].max(axis=1) <= 0)
    if flat.any():
        raise PoseError(f"the box {boxes[flat][0].tolist()} has no area; give x, y, width, height in pixels")
    return boxes
