"""Places of shots and their light: rooms, panoramas, green screens, photos."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from pose3d.data.images import read_image
from pose3d.synth import panoramas
from pose3d.synth.backgrounds import Flat, Place, Room, Surroundings
from pose3d.synth.render import Light
from pose3d.synth.textures import SIZE, cloth, surface
from pose3d.synth.worlds import Look, Range

_FLAT_SIZE = 256


def choose(look: Look, photos: tuple[Path, ...], rng: np.random.Generator) -> tuple[Place, Light]:
    """Draw a place and its light from a world's look. A user's photos replace everything but green screens."""
    names = [name for name, _ in look.kinds]
    shares = np.array([share for _, share in look.kinds])
    kind = str(rng.choice(names, p=shares / shares.sum()))
    lamps = rng if look.lamp is None else np.random.default_rng([1121, look.lamp])
    if photos and rng.random() < 0.8:
        return Flat(_photo(photos[rng.integers(len(photos))], rng)), _lamp(rng)
    if kind == "green":
        return _green_studio(look.textures[0]), _lamp(lamps, even=True)
    if kind == "room":
        return room(_number(look.drawn_places, rng) if look.drawn_places[1] else 0, look.textures), _lamp(lamps)
    if kind == "flat":
        return Flat(_flat(look.textures, rng)), _lamp(rng)
    if kind == "photographed":
        panorama = panoramas.photographed(look.panoramas[rng.integers(len(look.panoramas))])
    else:
        panorama = panoramas.drawn(_number(look.drawn_places, rng))
    turn = rng.uniform(0, 2 * np.pi)
    place = Surroundings(panorama.image, turn, eye_height=rng.uniform(1.3, 1.8), radius=rng.uniform(7, 14))
    return place, _daylight(panorama, turn, rng)


def _number(numbers: Range, rng: np.random.Generator) -> int:
    return int(rng.integers(*numbers))


def _lamp(rng: np.random.Generator, even: bool = False) -> Light:
    """Artificial light from above with random direction and colour; `even` as in a studio with many lamps."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(35, 80))
    flat = np.cos(elevation)
    direction = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])
    warmth = rng.uniform(-0.12, 0.12) * (0.4 if even else 1.0)
    tint = np.array([1 + warmth, 1, 1 - warmth])
    key = rng.uniform(0.4, 0.55) if even else rng.uniform(0.35, 0.95)
    ambient = rng.uniform(0.5, 0.65) if even else rng.uniform(0.3, 0.6)
    return Light(direction, key * tint, ambient * np.ones(3), rng.uniform(0.4, 0.8) * ambient * np.ones(3))


def _daylight(panorama: panoramas.Panorama, turn: float, rng: np.random.Generator) -> Light:
    """The light of a panorama, rotated with it; a low sun is raised so that it lights the person."""
    c, s = np.cos(turn), np.sin(turn)
    x, y, z = panorama.direction
    direction = np.array([c * x - s * y, s * x + c * y, max(z, 0.3)])
    pale = 0.65  # white balance removes most of the colour of the light
    key = (pale + (1 - pale) * panorama.key) * rng.uniform(0.45, 1.0)
    sky = (pale + (1 - pale) * panorama.ambient) * rng.uniform(0.35, 0.6)
    ground = np.array(cv2.mean(panorama.image[-64:])[:3]) / 255
    return Light(direction / np.linalg.norm(direction), key, sky, (0.3 + 0.5 * ground) * sky)


@lru_cache(maxsize=32)
def room(number: int, textures: Range) -> Room:
    """Room `number`: its size, its surfaces out of `textures`, and furniture along the walls."""
    rng = np.random.default_rng([1119, number])
    half = rng.uniform(3.0, 6.5, 2)
    shown = [surface(int(rng.integers(*textures))) for _ in range(3)]
    calm = np.full((SIZE, SIZE, 3), rng.uniform(190, 235), np.uint8)
    walls = [shown[1]] * 4 if rng.random() < 0.6 else [shown[1], shown[1], shown[2], shown[2]]
    boxes, colours = [], []
    for _ in range(int(rng.integers(2, 10))):
        size = rng.uniform((0.25, 0.25, 0.3), (0.9, 0.45, 2.1))
        along = int(rng.integers(2))
        centre = rng.uniform(-half, half)
        centre[along] = half[along] * rng.choice([-1, 1])
        boxes.append((*(centre - size[:2]), 0.0, *(centre + size[:2]), size[2]))
        colours.append(np.clip(rng.uniform(0.1, 0.85) * (1 + rng.normal(0, 0.18, 3)), 0, 1))
    for _ in range(int(rng.integers(0, 5))):  # pictures, boards and windows on the walls
        along = int(rng.integers(2))
        size = rng.uniform((0.3, 0.3, 0.25), (1.2, 1.2, 0.7))
        size[along] = 0.03
        centre = np.append(rng.uniform(-half, half), rng.uniform(1.2, 1.9))
        centre[along] = half[along] * rng.choice([-1, 1])
        boxes.append((*(centre - size), *(centre + size)))
        colours.append(rng.uniform(0.1, 1, 3))
    return Room(
        low=np.array([-half[0], -half[1], 0.0]),
        high=np.array([half[0], half[1], rng.uniform(2.6, 4.0)]),
        textures=np.stack([shown[0], calm, *walls]),
        repeat=np.array([rng.uniform(1, 3), 2.0, *[rng.uniform(1, 3.5)] * 4]),
        furniture=np.array(boxes),
        colours=np.array(colours),
        light=np.array([*rng.uniform(-1.5, 1.5, 2), 2.5]),
    )


@lru_cache(maxsize=4)
def _green_studio(number: int) -> Room:
    """A green screen on floor and walls, slightly uneven like cloth."""
    rng = np.random.default_rng([1120, number])
    green = np.array([0.16, 0.52, 0.22]) * rng.uniform(0.85, 1.15, 3)
    wrapped = np.pad(rng.normal(0, 1, (SIZE, SIZE)), 32, mode="wrap")
    folds = cv2.GaussianBlur(wrapped, (0, 0), 7)[32:-32, 32:-32]
    texture = (255 * np.clip(green * (1 + 0.5 * folds[..., None]), 0, 1)).astype(np.uint8)
    return Room(
        low=np.array([-4.5, -4.5, 0.0]),
        high=np.array([4.5, 4.5, 5.5]),
        textures=np.stack([texture] * 6),
        repeat=np.full(6, 4.0),
        light=np.array([0.0, 0.0, 4.5]),
    )


def _flat(textures: Range, rng: np.random.Generator) -> np.ndarray:
    """A flat image: overlapping patches of textures, blurred as if out of focus."""
    number = _number(textures, rng)
    texture = surface(number) if rng.random() < 0.5 else cloth(number)
    picture = np.tile(texture, (2, 2, 1)).copy()
    for _ in range(int(rng.integers(0, 14))):
        low = rng.integers(-40, _FLAT_SIZE - 10, 2)
        high = low + rng.integers(15, 160, 2)
        colour = cloth(_number(textures, rng))[rng.integers(SIZE), rng.integers(SIZE)].tolist()
        if rng.random() < 0.5:
            cv2.rectangle(picture, low.tolist(), high.tolist(), colour, -1)
        else:
            axes = ((high - low) // 2).tolist()
            cv2.ellipse(picture, low.tolist(), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 4.0))


def _photo(path: Path, rng: np.random.Generator) -> np.ndarray:
    """A random square part of a user's photo."""
    picture, _ = read_image(path, upright=True)
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.5, 1))
    y, x = (int(rng.integers(n - side + 1)) for n in (height, width))
    return np.ascontiguousarray(picture[y : y + side, x : x + side, ::-1])
