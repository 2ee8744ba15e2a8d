"""How the crops of a network were cut and normalised, as its checkpoint records it.

A network answers well only on crops of the kind that it was trained on, and its weights are of use to another stage
only on images that are normalised alike. So a stage writes the settings of its data into the provenance of every
checkpoint, and whoever uses the checkpoint reads them from there. The size may differ from one stage to the next, for
the trunk is fully convolutional, and so may the margin.
"""

import logging
from dataclasses import dataclass

from pose3d.checkpoint import Provenance
from pose3d.errors import PoseError

log = logging.getLogger("pose3d")

CROPS = "crops"
"""Key of the settings in the provenance."""


@dataclass(frozen=True)
class CropSettings:
    """Side of the crop in px (None: not known), margin of the box (decision G3), name of the normalisation."""

    image_size: int | None
    box_margin: float
    normalisation: str


ASSUMED = CropSettings(None, 1.25, "imagenet")
"""For checkpoints from before the settings were recorded: what every recipe of that time said."""


def recorded_crops(provenance: Provenance) -> CropSettings | None:
    """The settings in a provenance; None in one from before they were recorded."""
    crops = provenance.get(CROPS)
    return None if crops is None else CropSettings(**crops)


def check_parent(parent: Provenance, here: CropSettings) -> None:
    """Refuse a hand-off between images that are normalised differently: the weights would be silently invalid.

    This is not among the entries that `hand_off` compares, for a stage is built before its data are known.
    """
    recorded = recorded_crops(parent)
    if recorded is None:
        message = "%s does not say how its images were normalised; it has to be as here, %s"
        log.warning(message, parent["path"], here.normalisation)
    else:
        require_same_normalisation(parent["path"], recorded, here)


def require_same_normalisation(path: str, recorded: CropSettings, here: CropSettings) -> None:
    """A PoseError unless this run's images are normalised as those that the weights in `path` were trained on."""
    if recorded.normalisation != here.normalisation:
        raise PoseError(
            f"{path} was trained on images normalised as {recorded.normalisation!r}, and this run's data has "
            f"{here.normalisation!r}; set data.normalisation to {recorded.normalisation}"
        )
