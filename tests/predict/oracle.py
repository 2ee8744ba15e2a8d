"""A video of known motion, and networks that read it: marks for the 2D joints, the frame's number for the pose."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from pose3d.geometry.decode import DecodeConfig
from pose3d.predict import PosePredictor
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.synth.cameras import Camera
from tests.predict.people import Reader2D, Reader3D, marked_image

STEP = 2
"""Blue of the marks grows by so much from frame to frame."""


def write_marked_video(path: Path, world: np.ndarray, camera: Camera, fps: float = 25.0) -> np.ndarray:
    """A lossless video of a motion (T, 17, 3) mm, at most 120 frames; returns the joints (T, 17, 3) in camera axes."""
    pixels, joints = camera.project(world)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), fps, camera.size)
    for number, joints_2d in enumerate(pixels):
        image = marked_image(joints_2d, camera.size)
        image[image[..., 1] > 0, 2] = STEP * number
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return joints


class Oracle3D(Reader3D):
    """A 3DPoseNet that returns the true pose of each frame, plus white noise that depends on the frame only."""

    def __init__(self, joints_cam: np.ndarray, size: int, noise_mm: float) -> None:
        relative = joints_cam - joints_cam[:, MPI_INF_3DHP_17.root][:, None]
        noise = np.random.default_rng(0).normal(0, noise_mm, relative.shape)
        noise -= noise[:, MPI_INF_3DHP_17.root][:, None]
        super().__init__(relative[0], size)
        self.poses = torch.from_numpy(relative + noise).float()
        self.decoding = DecodeConfig(perspective_correction="off")

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        blue, green = crops[..., 2].double(), crops[..., 1].double()
        inside = green > 120
        ratio = torch.where(inside, blue / green.clamp(min=1), torch.nan).flatten(1)
        number = (ratio.nanmedian(dim=1).values.nan_to_num(0.0) * 255 / STEP).round().long()
        answer = super().forward(crops)
        return answer | {"joints_3d": self.poses[number.clamp(max=len(self.poses) - 1)]}


def oracle(joints_cam: np.ndarray, noise_mm: float = 15.0, size: int = 128) -> PosePredictor:
    """A predictor of both."""
    return PosePredictor(Oracle3D(joints_cam, size, noise_mm), Reader2D(size))
