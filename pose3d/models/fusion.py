"""The fusion network: P, O1 and O2 through three fully connected layers to Pfused (paper 3.2.2, supplement 4.2)."""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.geometry.kinematics import FROM_MODALITY
from pose3d.models.backbone import TrunkLike
from pose3d.models.batchnorm import hold_statistics
from pose3d.models.config import MODALITIES, FusionConfig
from pose3d.models.initialise import hidden_linear, last_linear, set_bias
from pose3d.models.outputs import Output, pose_candidates
from pose3d.models.pose3d import JOINTS, POSE, Pose3DNet, as_pose
from pose3d.models.targets import PoseTarget


class FusionNet(nn.Module):
    """A deployed 3DPoseNet, and 2048, 1024, 51 units with ReLU between on top of its predictions (decision N13).

    Args:
        config: its switches. `config.pose3d` is the 3DPoseNet's, unless `pose3d` is given.
        trunk: a network of your own below the 3DPoseNet; see `TrunkLike`.
        weights: where the trunk starts, as in `Pose3DNet`.
        pose3d: a 3DPoseNet in place of a new one, deployed here with its heatmaps, as K may come from them.
    """

    answer = "fused"

    def __init__(
        self,
        config: FusionConfig | None = None,
        trunk: TrunkLike | None = None,
        weights: str | None = None,
        pose3d: Pose3DNet | None = None,
    ) -> None:
        super().__init__()
        config = config or FusionConfig()
        if pose3d is not None:
            config = replace(config, pose3d=pose3d.config)
            self.pose3d = pose3d.deploy(keep_heatmaps=True)
        else:
            self.pose3d = Pose3DNet(config.below, trunk, weights)
        self.config = config
        self._require_gradients_of_the_loss_only()
        first, second = config.hidden
        last = last_linear(second, POSE)
        self.fusion = nn.Sequential(
            hidden_linear(POSE * len(config.fused), first), nn.ReLU(), hidden_linear(first, second), nn.ReLU(), last
        )
        if config.average_start:
            self._start_from_average()
        self.train()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Pfused (B, 17, 3) in the loss unit, which alone carries a loss, and what the 3DPoseNet gives."""
        below = tuple(replace(output, loss=None, columns=()) for output in self.pose3d.outputs)
        target = PoseTarget("P", self.config.below.target_unit_mm, self.config.below.target_view)
        return (*below, Output("Pfused", target, columns=("Pfused",), candidate="fused"))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, S, S) to answers by the keys of `outputs`."""
        answers = self.pose3d(image)
        keys = pose_candidates(self.pose3d.outputs)
        poses = [answers[keys[x][0]].flatten(1) for x in self.config.fused]
        with torch.autocast(image.device.type, enabled=False):
            answers["Pfused"] = as_pose(self.fusion(torch.cat(poses, dim=1)))
        return answers

    def deploy(self, keep_heatmaps: bool = False) -> "FusionNet":
        """The network itself: nothing of it is for training only."""
        return self

    def train(self, mode: bool = True) -> "FusionNet":
        """Switch to training; frozen batch norm stays as it is."""
        super().train(mode)
        if self.config.freeze_batchnorm:
            hold_statistics(self)
        return self

    def start_from(self, mean_pose: Tensor) -> None:
        """Set the bias of the last layer to a pose (17, 3), root-relative, in the loss unit; not in the paper."""
        set_bias(cast(nn.Linear, self.fusion[-1]), [mean_pose])

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names: what was trained before (at 1/10000) and the three new layers."""
        return {"trained": ["pose3d."], "new": ["fusion."]}

    @torch.no_grad()
    def _start_from_average(self) -> None:
        """Write the average of P, P(O1) and P(O2) into the three layers: x = relu(x) - relu(-x), twice over.

        P, O1 and O2 are linear in each other, so the average is a matrix. The other hidden units keep their random
        inputs and have zero weight in the next layer.
        """
        first, second, last = (cast(nn.Linear, self.fusion[i]) for i in (0, 2, 4))
        if min(first.out_features, second.out_features) < 2 * POSE:
            raise PoseError(f"average_start needs hidden layers of at least {2 * POSE} units; widen model.net.hidden")
        unit, fused = torch.eye(POSE).unflatten(1, (JOINTS, 3)), self.config.fused
        average = torch.cat([FROM_MODALITY[x](unit).flatten(1).T for x in fused], dim=1) / len(fused)
        first.weight[: 2 * POSE] = torch.cat([average, -average])
        second.weight[: 2 * POSE] = torch.eye(2 * POSE, second.in_features)
        last.weight.zero_()
        last.weight[:, : 2 * POSE] = torch.cat([torch.eye(POSE), -torch.eye(POSE)], dim=1)
        last.bias.zero_()

    def _require_gradients_of_the_loss_only(self) -> None:
        """Heatmaps and stubs that are not fused have no loss here: DDP must not wait for their gradients."""
        unused: list[nn.Module] = [self.pose3d.heatmaps] if self.pose3d.heatmaps is not None else []
        for parts in (self.pose3d.stubs, self.pose3d.skips):
            unused += [part for x, part in parts.items() if x in MODALITIES and x not in self.config.fused]
        for module in unused:
            module.requires_grad_(False)
