"""Outfits: the appearance of a person apart from shape and pose, as plain values."""

from dataclasses import dataclass

import numpy as np

from pose3d.errors import PoseError

SLEEVES = {"none": 0.16, "short": 0.62, "long": 1.93}
"""Where sleeves end along the arm: 0 shoulder, 1 elbow, 2 wrist."""
LEGS = {"briefs": -0.2, "shorts": -0.62, "three_quarter": -1.35, "long": -1.96}
"""Where trouser legs end: 0 hip, -1 knee, -2 ankle."""
SKIRTS = {"none": 0.0, "short": -0.7, "knee": -1.05, "long": -1.7}
HAIR = {"none": 2.0, "cropped": 2.0, "short": 2.0, "bob": 1.12, "long": 0.0}
"""How far down the body (1 base of the neck) hair hangs; short hair is a cap, cropped hair only a colour."""

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Outfit:
    """The appearance of a person apart from shape and pose. Colours are display values in 0..1.

    `top` is False for a bare chest; `sleeves`, `legs`, `skirt`, `hair` are keys of the tables above. `hem`: where the
    top ends (0 hip, 0.25 waist), outside the trousers unless `tucked`. `looseness` of top and bottom 0 (tight) .. 1.
    `collar` metres below the base of the neck. Textures (S, S, 3) uint8 repeat every `tile_m` metres and replace the
    colours. `shoes` None: barefoot. `beard` 0..1. `folds`: seed of the cloth's folds. `waist`: where trousers end, None
    for what suits the top. `shoe_top`: where shoes or boots end (-2 ankle, -1 knee). `bare_detail` 0..1: strength of
    nipples, navel and the lines of chest and spine on bare skin.
    """

    skin: Colour = (0.80, 0.60, 0.49)
    hair_color: Colour = (0.16, 0.11, 0.08)
    hair: str = "short"
    beard: float = 0.0
    top: bool = True
    sleeves: str = "short"
    hem: float = 0.0
    collar: float = 0.02
    tucked: bool = False
    legs: str = "long"
    skirt: str = "none"
    looseness: tuple[float, float] = (0.3, 0.3)
    top_color: Colour = (0.6, 0.6, 0.65)
    bottom_color: Colour = (0.18, 0.2, 0.3)
    top_texture: np.ndarray | None = None
    bottom_texture: np.ndarray | None = None
    tile_m: tuple[float, float] = (0.3, 0.3)
    shoes: Colour | None = (0.2, 0.2, 0.2)
    folds: int = 0
    waist: float | None = None
    shoe_top: float = -1.97
    bare_detail: float = 0.0

    def __post_init__(self) -> None:
        tables = {"sleeves": SLEEVES, "legs": LEGS, "skirt": SKIRTS, "hair": HAIR}
        for name, table in tables.items():
            if getattr(self, name) not in table:
                raise PoseError(f"outfit {name} is {getattr(self, name)!r}; it must be one of {', '.join(table)}")
