"""Learning-rate multipliers as config keys: `--model.lr_multipliers.trunk 0.001` (paper Table 1, decision L5)."""

from dataclasses import dataclass

from pose3d.data.arguments import NonNegativeFloat


@dataclass
class TransferMultipliers:
    """Factors of the base rate in stages 1 and 2.

    Args:
        trunk: the layers up to res4b22; the paper takes 0.1 from ImageNet, 0.001 from 2DPoseNet.
        res5a: the block after them.
        new: stubs, skips and maps.
    """

    trunk: NonNegativeFloat = 0.1
    res5a: NonNegativeFloat = 1.0
    new: NonNegativeFloat = 1.0


@dataclass
class FusionMultipliers:
    """Factors of the base rate in stage 3.

    Args:
        trained: everything that stage 2 trained; the paper takes 1/10000.
        new: the three fully connected layers.
    """

    trained: NonNegativeFloat = 0.0001
    new: NonNegativeFloat = 1.0
