"""Networks with known outputs, images for them, and small checkpoints."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pose3d.crop_settings import CROPS, CropSettings
from pose3d.geometry.decode import DecodeConfig
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.models import FusionConfig, Pose3DConfig
from pose3d.predict.networks import Deployed2D, Deployed3D
from pose3d.skeleton import MPI_INF_3DHP_17
from stages import Stage1, Stage2, Stage3
from tests.data.drawn import STANDING
from tests.models.nets import SIDE

CROPS_HERE = CropSettings(SIDE, 1.25, "imagenet")
COMMON: dict[str, Any] = {"schedule": "unread.yaml", "weights": None}


def standing_17() -> np.ndarray:
    """(17, 3) mm, root-relative, camera axes."""
    rows = []
    for name in MPI_INF_3DHP_17.names:
        side = {"l": 1, "r": -1}.get(name[0]) if name[1] == "_" else None
        x, y, z = STANDING[name[2:] if side else name]
        rows.append((x * (side or 1), y, z))
    pose = np.array(rows, np.float64)
    return pose - pose[MPI_INF_3DHP_17.root]


def marked_image(joints_2d: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image (h, w, 3), black but for a coloured disc at each joint: red tells which one."""
    height, width = size[1], size[0]
    ys, xs = np.mgrid[:height, :width]
    image = np.zeros((height, width, 3), np.uint8)
    radius = 0.02 * float(np.ptp(joints_2d, axis=0).max())
    for j, (x, y) in enumerate(joints_2d):
        image[(xs - x) ** 2 + (ys - y) ** 2 <= max(radius, 0.8) ** 2] = (10 * (j + 1), 255, 0)
    return image


def read_marks(crops: Tensor, joints: int) -> Tensor:
    """Heatmaps (B, joints, S / 16, S / 16) at the marks in crops (B, S, S, 3); zero where a mark is missing."""
    batch, side = len(crops), crops.shape[1]
    red, green = crops[..., 0].double(), crops[..., 1].double()
    # Resampling mixes a mark with black in the same share in both channels: their ratio tells the joint.
    which = torch.where(green > 120, (red / green.clamp(min=1) * 255 / 10).round(), torch.zeros_like(red))
    joints_crop, seen = torch.zeros(batch, joints, 2), torch.zeros(batch, joints, dtype=torch.bool)
    ys, xs = torch.meshgrid(torch.arange(side).double(), torch.arange(side).double(), indexing="ij")
    for j in range(joints):
        weight = (which == j + 1) * green
        total = weight.sum(dim=(1, 2))
        seen[:, j] = total > 0
        for axis, grid in enumerate((xs, ys)):
            joints_crop[:, j, axis] = (weight * grid).sum(dim=(1, 2)) / total.clamp(min=1e-9)
    return render_heatmaps(cells_from_crop(joints_crop), seen, (side // 16, side // 16))


class Reader2D(Deployed2D):
    """A 2DPoseNet that reads marks."""

    def __init__(self, size: int) -> None:
        nn.Module.__init__(self)
        self.parameter, self.settings = nn.Parameter(torch.zeros(1)), CropSettings(size, 1.25, "imagenet")

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        return {"heatmaps": read_marks(crops, 15)}


class Reader3D(Deployed3D):
    """A 3DPoseNet that always returns the same pose, optionally with heatmaps from marks."""

    def __init__(self, pose: np.ndarray, size: int, has_heatmaps: bool = True) -> None:
        nn.Module.__init__(self)
        self.pose, self.image_size = torch.from_numpy(pose).float(), size
        self.heatmap_key = "H" if has_heatmaps else None
        self.settings, self.decoding = CropSettings(size, 1.25, "imagenet"), DecodeConfig()

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        answer = {"joints_3d": self.pose.expand(len(crops), 17, 3)}
        return answer | ({"heatmaps": read_marks(crops, 17)} if self.has_heatmaps else {})


def make_stage(number: int, net: dict[str, Any] | None = None, **hyperparameters: Any) -> Stage1 | Stage2 | Stage3:
    """A stage of the smallest network; `net` are switches of its network, those of 3DPoseNet for stage 3."""
    kind = {1: Stage1, 2: Stage2, 3: Stage3}[number]
    switches = {"backbone": "resnet10t", **({} if number == 1 else {"image_size": SIDE}), **(net or {})}
    config = FusionConfig(Pose3DConfig(**switches)) if number == 3 else kind.net_config(**switches)
    return kind(net=config, **COMMON, **hyperparameters)


def save_stage(path: Path, number: int, crops: CropSettings | None = CROPS_HERE, **arguments: Any) -> Path:
    """A checkpoint as a stage writes it, with random weights and batch-norm statistics.

    `crops` None: it does not record how its crops were cut. `arguments` are those of `make_stage`.
    """
    torch.manual_seed(number)
    module = make_stage(number, **arguments)
    for name, buffer in module.net.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
    provenance = {"stage": module.stage, **module.identity} | ({CROPS: asdict(crops)} if crops is not None else {})
    content = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        "provenance": provenance,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path
