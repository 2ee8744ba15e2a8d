"""Pictures of samples: the crop, the predicted skeleton on it, and the ground truth beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from torch import Tensor

from pose3d.contracts import offered
from pose3d.crop_settings import ASSUMED, CropSettings
from pose3d.data.normalise import denormalise
from pose3d.geometry.crop import transform_points
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.types import Batch
from pose3d.viz import predictions_2d_figure, predictions_figure


def joints_17(joints_2d: Tensor) -> Tensor:
    """(B, 17, 2) px; NaN for the spine and the head, which 2DPoseNet's (B, 15, 2) lack (decision N11)."""
    missing = len(MPI_INF_3DHP_17) - joints_2d.shape[1]
    return torch.nn.functional.pad(joints_2d, (0, 0, 0, missing), value=torch.nan)


def normalisation_of(trainer: Trainer) -> str:
    """Normalisation of the images of a trainer's data; ImageNet's where the data do not name one."""
    crops: CropSettings | None = offered(trainer.datamodule, "crops")  # type: ignore[attr-defined]
    return (crops or ASSUMED).normalisation


def sample(predictions: Mapping[str, Tensor], batch: Batch, normalisation: str) -> dict[str, Any]:
    """The first sample of a batch as arguments of its figure: of the 3D one where the stage predicts 3D poses."""
    joints_2d = torch.full((1, len(MPI_INF_3DHP_17), 2), torch.nan)
    if "joints_2d" in predictions:
        joints_2d = joints_17(transform_points(batch["crop_from_img"][:1], predictions["joints_2d"][:1]))
    title = f"frame {int(batch['frame'][0])}" if "frame" in batch else "sample"
    shown = {
        "images": denormalise(batch["image"][:1], normalisation)[0].cpu().numpy(),
        "joints_2d": _array(joints_2d[0]),
    }
    if "joints_3d" not in predictions:
        labelled = torch.full_like(joints_2d[0], torch.nan)
        if "joints_2d_crop" in batch:
            labelled = torch.where(batch["visible"][0].bool().unsqueeze(-1), batch["joints_2d_crop"][0], torch.nan)
        return shown | {"target_2d": _array(labelled), "titles": title}
    pose = predictions["joints_3d"][0]
    target = batch["joints_3d"][0] if "joints_3d" in batch else torch.full_like(pose, torch.nan)
    if bool(batch["has_3d"][0]):
        title += f": {float((pose - target).norm(dim=-1).mean()):.0f} mm"
    return shown | {"joints_3d": _array(pose), "target_3d": _array(target), "titles": title}


def samples_figure(samples: Sequence[Mapping[str, Any]]) -> Figure:
    """One row per sample, all from the same stage."""
    columns: dict[str, Any] = {key: [one[key] for one in samples] for key in samples[0]}
    stacked = {key: np.stack(value) for key, value in columns.items() if key not in ("images", "titles")}
    draw = predictions_figure if "joints_3d" in stacked else predictions_2d_figure
    return draw(images=columns["images"], titles=columns["titles"], **stacked)


def _array(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().numpy()
