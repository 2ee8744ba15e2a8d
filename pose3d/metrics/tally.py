"""Sums and counts per group and joint, and the formula of every 3D score: MPJPE, PCK, AUC."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pose3d.metrics.functional import percent


@dataclass(frozen=True)
class Tally:
    """What was counted, per group G, joint J and threshold T."""

    error_sum: Tensor
    """(G, J) mm float64."""
    below: Tensor
    """(G, J, T): joints whose error lies below the threshold."""
    clipped_sum: Tensor
    """(G, J) mm float64: sum of min(error, largest threshold)."""
    frames: Tensor
    """(G,)."""
    thresholds: tuple[float, ...]

    def mpjpe(self) -> Tensor:
        """(G,) mm; NaN for a group without frames."""
        return self.error_sum.sum(dim=1) / (self.frames * self.error_sum.shape[1])

    def pck(self, threshold: float) -> Tensor:
        """(G,) percent below one of the tally's thresholds."""
        return self.auc((threshold,))

    def auc(self, thresholds: tuple[float, ...]) -> Tensor:
        """(G,) percent, averaged over these of the tally's thresholds."""
        counted = self.below[:, :, [self.thresholds.index(t) for t in thresholds]].sum(dim=(1, 2))
        return percent(counted, self.frames * self.below.shape[1] * len(thresholds))

    def continuous_auc(self) -> Tensor:
        """(G,) percent: the area under the continuous curve from 0 to the largest threshold, not the official AUC."""
        largest = self.thresholds[-1]
        return 100.0 - 100.0 * self.clipped_sum.sum(dim=1) / (largest * self.frames * self.below.shape[1])

    def pooled(self) -> "Tally":
        """All groups as one."""
        return self.weighted(torch.ones(1, len(self.frames), dtype=torch.float64))

    def of_joints(self, positions: list[int]) -> "Tally":
        """The same groups, restricted to some of the joints (positions among the J)."""
        return replace(
            self,
            error_sum=self.error_sum[:, positions],
            below=self.below[:, positions],
            clipped_sum=self.clipped_sum[:, positions],
        )

    def weighted(self, weights: Tensor) -> "Tally":
        """New groups as weighted sums of the old ones, `weights` (G_new, G) whole numbers: pooling, or a resample."""
        weights = weights.to(self.error_sum)
        return replace(
            self,
            error_sum=weights @ self.error_sum,
            below=(weights @ self.below.flatten(1).double()).unflatten(1, self.below.shape[1:]),
            clipped_sum=weights @ self.clipped_sum,
            frames=weights @ self.frames.double(),
        )
