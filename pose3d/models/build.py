"""A stage's hyperparameters in, its network out: the one place where the two meet.

A stage builds its network here before training, and whoever uses its checkpoint builds it again from the
hyperparameters in the file. `weights` says where the trunk starts (see `pose3d.models.weights`); None where a
checkpoint follows.
"""

from collections.abc import Mapping
from typing import Any

from pose3d.models.fusion import FusionNet
from pose3d.models.pose2d import Pose2DNet
from pose3d.models.pose3d import Pose3DNet


def build_pose2d(hp: Mapping[str, Any], weights: str | None) -> Pose2DNet:
    """2DPoseNet of stage 1."""
    return Pose2DNet(hp["backbone"], weights, hp["freeze_batchnorm"], hp["skips"], hp["intermediate"])


def build_pose3d(hp: Mapping[str, Any], weights: str | None) -> Pose3DNet:
    """3DPoseNet of stage 2."""
    return Pose3DNet(
        hp["backbone"],
        weights,
        hp["freeze_batchnorm"],
        hp["skips"],
        hp["stubs"],
        hp["modalities"],
        hp["intermediate_taps"],
        hp["intermediate_predicts"],
        hp["heatmaps"],
        hp["part_labels"],
        hp["domain"],
        image_size=hp["image_size"],
    )


def build_fusion(hp: Mapping[str, Any], weights: str | None) -> FusionNet:
    """A deployed 3DPoseNet and the fusion of stage 3 on top.

    What stage 2 had for training only is not there: of the skips, the regular ones stay.
    """
    pose3d = Pose3DNet(
        hp["backbone"],
        weights,
        hp["freeze_batchnorm"],
        "regular" if hp["skips"] == "regular" else "none",
        hp["stubs"],
        hp["modalities"],
        intermediate_taps=(),
        heatmaps=hp["heatmaps"],
        image_size=hp["image_size"],
    )
    hidden, average_start = tuple(hp["hidden"]), hp["average_start"]
    return FusionNet(pose3d, hp["modalities"], hidden, hp["freeze_batchnorm"], average_start=average_start)
