"""The fusion network: P, O1 and O2 through three fully connected layers to Pfused (paper 3.2.2, supplement 4.2)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.geometry.kinematics import FROM_MODALITY
from pose3d.models.batchnorm import hold_statistics
from pose3d.models.initialise import hidden_linear, last_linear, set_bias
from pose3d.models.pose3d import JOINTS, POSE, Pose3DNet, as_pose
from pose3d.models.switches import MODALITIES, check_choice, check_modalities


class FusionNet(nn.Module):
    """A deployed 3DPoseNet, and 2048, 1024, 51 units with ReLU between on top of its predictions (decision N13).

    Args:
        pose3d: trained in stage 2; deployed here if it is not yet (with its heatmaps, as K may come from them).
        modalities: what is fused: P, P and O1, or P, O1 and O2 (supplement 1).
        hidden: widths of the two hidden layers.
        freeze_batchnorm: batch norm keeps its running statistics, for every layer that has one was transferred.
        mean_pose: (17, 3) in the loss unit from which the last layer starts; ours, as in `Pose3DNet`.
        average_start: begin as the average of the predictions, each converted to P. Ours, for short trainings: the new
            layers then improve on what stage 2 gives instead of finding it again. The paper starts from random layers.
    """

    def __init__(
        self,
        pose3d: Pose3DNet,
        modalities: Sequence[str] = MODALITIES,
        hidden: tuple[int, int] = (2048, 1024),
        freeze_batchnorm: bool = True,
        mean_pose: Tensor | None = None,
        average_start: bool = False,
    ) -> None:
        super().__init__()
        self.modalities = check_modalities(modalities)
        for modality in self.modalities:
            check_choice("a fused modality", modality, pose3d.modalities)
        self.freeze_batchnorm = freeze_batchnorm
        self.pose3d = pose3d if pose3d.deployed else pose3d.deploy(keep_heatmaps=True)
        self._rest_what_no_loss_reaches()
        first, second = hidden
        last = last_linear(second, POSE)
        self.fusion = nn.Sequential(
            hidden_linear(POSE * len(self.modalities), first), nn.ReLU(), hidden_linear(first, second), nn.ReLU(), last
        )
        if mean_pose is not None:
            set_bias(last, [mean_pose])
        if average_start:
            self._start_from_average()
        self.train()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Image (B, 3, S, S) to Pfused (B, 17, 3) in the loss unit, beside all that the 3DPoseNet gives."""
        outputs = self.pose3d(image)
        poses = [outputs[self.pose3d.prediction_key(x)].flatten(1) for x in self.modalities]
        with torch.autocast(image.device.type, enabled=False):
            outputs["Pfused"] = as_pose(self.fusion(torch.cat(poses, dim=1)))
        return outputs

    def train(self, mode: bool = True) -> "FusionNet":
        """Switch to training; frozen batch norm stays as it is."""
        super().train(mode)
        if self.freeze_batchnorm:
            hold_statistics(self)
        return self

    def lr_groups(self) -> dict[str, list[str]]:
        """Prefixes of the parameter names: what was trained before (at 1/10000) and the three new layers."""
        return {"trained": ["pose3d."], "new": ["fusion."]}

    @torch.no_grad()
    def _start_from_average(self) -> None:
        """Write the average of P, P(O1) and P(O2) into the three layers: x = relu(x) - relu(-x), twice over.

        P, O1 and O2 are linear in each other, so the average is a matrix. The other hidden units keep their random
        inputs and begin with nothing to say.
        """
        first, second, last = (cast(nn.Linear, self.fusion[i]) for i in (0, 2, 4))
        if min(first.out_features, second.out_features) < 2 * POSE:
            raise PoseError(f"average_start needs hidden layers of at least {2 * POSE} units; widen model.hidden")
        unit = torch.eye(POSE).unflatten(1, (JOINTS, 3))
        average = torch.cat([FROM_MODALITY[x](unit).flatten(1).T for x in self.modalities], dim=1) / len(
            self.modalities
        )
        first.weight[: 2 * POSE] = torch.cat([average, -average])
        second.weight[: 2 * POSE] = torch.eye(2 * POSE, second.in_features)
        last.weight.zero_()
        last.weight[:, : 2 * POSE] = torch.cat([torch.eye(POSE), -torch.eye(POSE)], dim=1)
        last.bias.zero_()

    def _rest_what_no_loss_reaches(self) -> None:
        """Heatmaps and stubs that are not fused have no loss here: DDP must not wait for their gradients."""
        resting: list[nn.Module] = [self.pose3d.heatmaps] if self.pose3d.heatmaps is not None else []
        for parts in (self.pose3d.stubs, self.pose3d.skips):
            resting += [part for x, part in parts.items() if x in MODALITIES and x not in self.modalities]
        for module in resting:
            module.requires_grad_(False)
