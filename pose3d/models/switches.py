"""Checks of the networks' switches: an unknown value is one clear sentence."""

from collections.abc import Sequence

from pose3d.errors import PoseError

SKIPS = ("none", "regular", "corrective")
MODALITIES = ("P", "O1", "O2")
HEATMAP_STRIDE = 16


def check_choice(what: str, value: str, known: Sequence[str]) -> str:
    """`value` if it is one of `known`."""
    if value not in known:
        raise PoseError(f"{what} is {value!r}; it must be one of {', '.join(known)}")
    return value


def check_modalities(modalities: Sequence[str]) -> tuple[str, ...]:
    """The modalities in the order P, O1, O2; P must be among them, for every stage reports it."""
    for modality in modalities:
        check_choice("a modality", modality, MODALITIES)
    if "P" not in modalities or len(set(modalities)) != len(modalities):
        raise PoseError(f"modalities are {list(modalities)}; name P and, if wanted, O1 and O2, each once")
    return tuple(m for m in MODALITIES if m in modalities)


def check_image_size(size: int) -> int:
    """Crops are square and a whole number of cells wide (368 = 23 x 16 in the paper)."""
    if size < 4 * HEATMAP_STRIDE or size % HEATMAP_STRIDE:
        raise PoseError(
            f"image_size is {size}; it must be a multiple of {HEATMAP_STRIDE}, at least {4 * HEATMAP_STRIDE}"
        )
    return size
