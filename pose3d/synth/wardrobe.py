"""Random people and outfits, from the textures that belong to a world."""

from dataclasses import dataclass, replace

import numpy as np

from pose3d.synth.outfit import Colour, Outfit
from pose3d.synth.textures import cloth
from pose3d.synth.worlds import Range

# Display colours that skin and hair are interpolated from.
_SKIN = np.array([(0.93, 0.77, 0.68), (0.85, 0.66, 0.54), (0.74, 0.54, 0.41), (0.55, 0.37, 0.27), (0.33, 0.22, 0.17)])
_HAIR = np.array([(0.05, 0.04, 0.04), (0.14, 0.09, 0.06), (0.3, 0.19, 0.11), (0.62, 0.48, 0.28), (0.6, 0.58, 0.56)])


@dataclass(frozen=True)
class Person:
    """The appearance of a person that does not change with the outfit."""

    skin: Colour
    hair_color: Colour
    hair: str
    beard: float


def draw_person(woman: bool, rng: np.random.Generator) -> Person:
    """Skin, hair and beard."""
    styles = ("none", "cropped", "short", "bob", "long")
    shares = (0.02, 0.06, 0.14, 0.36, 0.42) if woman else (0.14, 0.46, 0.3, 0.07, 0.03)
    tone = rng.uniform(0, len(_SKIN) - 1)
    skin = _between(_SKIN, tone) * rng.uniform(0.95, 1.05, 3)
    light_hair = rng.choice(len(_HAIR), p=(0.36, 0.28, 0.18, 0.1, 0.08)) if tone < 2 else rng.choice(2, p=(0.75, 0.25))
    beard = 0.0 if woman or rng.random() < 0.6 else rng.uniform(0.2, 0.9)
    hair = np.clip(_HAIR[light_hair] * rng.uniform(0.7, 1.3), 0.02, 0.9)
    return Person(_colour(skin), _colour(hair), str(rng.choice(styles, p=shares)), beard)


def draw_outfit(
    person: Person, woman: bool, textures: Range, rng: np.random.Generator, plain: bool = False, tight: bool = False
) -> Outfit:
    """Clothes for one sequence, or one picture.

    `textures`: numbers of the cloth textures to choose from. `plain` clothes have one colour each, so that they can be
    recoloured later (paper section 4); `tight` ones are those of marker-based labs.
    """
    top, bottom = (None if plain or tight else cloth(int(rng.integers(*textures))) for _ in range(2))
    if rng.random() < 0.55:
        bottom = None  # trousers are mostly of one colour, even below a patterned shirt
    skirted = woman and not tight and rng.random() < 0.3
    loose = rng.uniform(0.0, 0.08, 2) if tight else rng.uniform(0.05, 1.0, 2)
    legs = ("shorts", "three_quarter", "long") if not tight else ("shorts", "long", "long")
    return Outfit(
        skin=person.skin,
        hair_color=person.hair_color,
        hair=person.hair,
        beard=person.beard,
        top=tight or woman or rng.random() > 0.04,
        sleeves=str(rng.choice(("none", "short", "long"), p=(0.14, 0.5, 0.36))),
        hem=float(rng.uniform(-0.1, 0.16)),
        collar=float(rng.choice((0.0, 0.012, 0.03), p=(0.4, 0.4, 0.2))),
        tucked=bool(rng.random() < 0.25),
        legs=str(rng.choice(legs, p=(0.24, 0.12, 0.64))),
        skirt=str(rng.choice(("short", "knee", "long"), p=(0.4, 0.4, 0.2))) if skirted else "none",
        looseness=(float(loose[0]), float(loose[1])),
        top_color=_cloth_colour(rng),
        bottom_color=_cloth_colour(rng, dark=True),
        top_texture=top,
        bottom_texture=bottom,
        tile_m=(float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.2, 0.6))),
        shoes=None if rng.random() < 0.1 else _cloth_colour(rng, dark=bool(rng.random() < 0.5)),
        folds=int(rng.integers(1 << 30)),
    )


def _in_one_cloth(outfit: Outfit) -> Outfit:
    """The same outfit with its lower half made of the upper one's cloth."""
    return replace(
        outfit,
        bottom_color=outfit.top_color,
        bottom_texture=outfit.top_texture,
        tile_m=(outfit.tile_m[0], outfit.tile_m[0]),
        skirt="none",
    )


def _cloth_colour(rng: np.random.Generator, dark: bool = False) -> Colour:
    """A plain colour; trousers and shoes tend to be dark."""
    grey = rng.uniform(0.06, 0.95) ** (1.6 if dark else 1.0)
    hue = rng.uniform(-1, 1, 3) * rng.choice((0.05, 0.25, 0.5))
    return _colour(np.clip(grey * (1 + hue), 0.03, 0.97))


def _between(colours: np.ndarray, position: float) -> np.ndarray:
    low = min(int(position), len(colours) - 2)
    return colours[low] + (position - low) * (colours[low + 1] - colours[low])


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(v) for v in np.clip(values, 0, 1))
    return red, green, blue


def draw_casual(person: Person, woman: bool, textures: Range, rng: np.random.Generator, hatted: bool) -> Outfit:
    """Clothes for `wild3d`: those of `draw_outfit`, a bare torso, swimwear, sportswear, or one cloth all over."""
    outfit = draw_outfit(person, woman, textures, rng)
    shoes = None if rng.random() < 0.22 else _cloth_colour(rng, dark=bool(rng.random() < 0.4))
    if shoes and rng.random() < 0.25:
        shoes = _colour(rng.uniform(0.75, 0.95) * np.ones(3))  # white sneakers
    outfit = replace(
        outfit,
        shoes=shoes,
        shoe_top=float(rng.choice((-1.97, -1.92, -1.78, -1.5), p=(0.5, 0.3, 0.14, 0.06))),
        bare_detail=float(rng.uniform(0.3, 1.0)),
        hair="cropped" if hatted and outfit.hair == "short" else outfit.hair,
    )
    kind = str(
        rng.choice(
            ("dressed", "bare", "swim", "sport", "overall"),
            p=(0.48, 0.12, 0.12, 0.18, 0.1) if woman else (0.44, 0.28, 0.08, 0.12, 0.08),
        )
    )
    if kind == "dressed":
        return outfit
    if kind == "overall":  # a tracksuit, a dress, a wetsuit
        loose = float(rng.uniform(0, 0.6))
        return replace(_in_one_cloth(outfit), looseness=(loose, loose), top=True)
    if kind == "sport":
        return replace(
            outfit,
            sleeves=str(rng.choice(("none", "short"), p=(0.6, 0.4))),
            legs=str(rng.choice(("shorts", "three_quarter", "long"), p=(0.6, 0.2, 0.2))),
            skirt="none",
            looseness=(float(rng.uniform(0, 0.9)), float(rng.uniform(0, 0.9))),
            top=True,
        )
    legs = str(rng.choice(("briefs", "shorts", "three_quarter", "long"), p=(0.35, 0.4, 0.1, 0.15)))
    waist = float(rng.uniform(0.1, 0.3))
    shoes = None if rng.random() < 0.6 else outfit.shoes
    if not woman:
        legs = "briefs" if kind == "swim" and legs == "long" else legs
        return replace(outfit, top=False, waist=waist, legs=legs, hem=0.0, shoes=shoes)
    if kind == "swim":
        legs, shoes = "briefs", None
    if rng.random() < 0.4:  # in one piece
        outfit = _in_one_cloth(outfit)
        return replace(outfit, sleeves="none", hem=-0.1, legs="briefs", looseness=(0.0, 0.0), shoes=shoes)
    return replace(
        outfit, sleeves="none", hem=float(rng.uniform(0.5, 0.62)), collar=0.03, tucked=False, waist=waist, legs=legs,
        skirt="none", looseness=(0.0, float(rng.uniform(0, 0.5))), shoes=shoes,
    )  # fmt: skip
