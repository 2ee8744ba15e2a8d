"""Surroundings as equirectangular pictures: eighteen photographed places (CC0) and any number of procedural ones.

Column 0 is towards +x, columns run clockwise seen from above (decreasing azimuth), row 0 is straight up.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np

from pose3d.synth.textures import SIZE, surface

_ASSET = Path(__file__).parent / "assets" / "panoramas.npz"
NAMES = (
    "apartment", "bridge", "city", "dawn", "esplanade", "forest", "hall", "lab", "lobby",
    "night", "park", "sky", "studio", "sunrise", "sunset", "venice", "warehouse", "workshop",
)  # fmt: skip


@dataclass(frozen=True)
class Panorama:
    """`image` (256, 512, 3) uint8 RGB; the light there: unit `direction` to its source, `key` and `ambient` colours."""

    image: np.ndarray
    direction: np.ndarray
    key: np.ndarray
    ambient: np.ndarray


@cache
def photographed(name: str) -> Panorama:
    """Load a photographed place by name."""
    with np.load(_ASSET) as asset:
        index = NAMES.index(name)
        begin, end = asset["offset"][index : index + 2]
        image = np.asarray(cv2.imdecode(asset["data"][begin:end], cv2.IMREAD_COLOR))[..., ::-1].copy()
        light = asset["light"][index]
    return Panorama(image, light[:3], light[3:6], light[6:])


@lru_cache(maxsize=64)
def drawn(number: int) -> Panorama:
    """Procedural outdoor place `number`: sky, skyline of buildings and trees, ground."""
    rng = np.random.default_rng([1118, number])
    height, width = 256, 512
    horizon = height // 2
    top, low = _sky(rng)
    ramp = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None] ** rng.uniform(0.8, 2.5)
    image = np.empty((height, width, 3), np.float32)
    image[:horizon] = top + (low - top) * ramp
    for _ in range(int(rng.integers(0, 9))):  # clouds
        cloud = np.zeros((horizon, width), np.float32)
        centre = (int(rng.integers(width)), int(rng.integers(20, horizon - 15)))
        axes = (int(rng.integers(15, 60)), int(rng.integers(4, 12)))
        cv2.ellipse(cloud, centre, axes, 0, 0, 360, 1.0, -1)
        cloud = cv2.GaussianBlur(cloud, (0, 0), 6)[..., None] * rng.uniform(0.3, 0.9)
        image[:horizon] = image[:horizon] * (1 - cloud) + cloud * min(1.0, float(low.mean()) * 1.15)
    image[horizon:] = _ground(surface(int(rng.integers(1 << 30))), rng.uniform(0.8, 2.5), height - horizon, width)
    town = rng.random() < 0.6
    for _ in range(int(rng.integers(8, 36))):
        x = int(rng.integers(-20, width))
        if rng.random() < (0.8 if town else 0.1):
            _building(image, rng, x, horizon)
        else:
            _tree(image, rng, x, horizon)
    direction = np.array([*rng.normal(size=2), rng.uniform(0.4, 2.0)])
    key = np.array([1.0, rng.uniform(0.82, 1), rng.uniform(0.65, 1)], np.float32)
    out = (255 * np.clip(image, 0, 1)).astype(np.uint8)
    return Panorama(out, direction / np.linalg.norm(direction), key, top / top.max())


def _sky(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colours of the sky overhead and at the horizon: blue, overcast or evening."""
    kind = rng.random()
    if kind < 0.5:
        top, low = (0.25, 0.45, 0.8), (0.75, 0.85, 0.95)
    elif kind < 0.8:
        top, low = (0.62, 0.65, 0.7), (0.85, 0.86, 0.88)
    else:
        top, low = (0.3, 0.32, 0.5), (0.95, 0.7, 0.5)
    scale = rng.uniform(0.75, 1.1, 3).astype(np.float32)
    return np.array(top, np.float32) * scale, np.array(low, np.float32) * scale


def _ground(texture: np.ndarray, repeat: float, rows: int, columns: int) -> np.ndarray:
    """A texture laid on the floor around an eye 1.6 m above it, fading to its mean colour with distance."""
    down = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows * (np.pi / 2)
    azimuth = -2 * np.pi * (np.arange(columns, dtype=np.float32) + 0.5) / columns
    distance = 1.6 / np.tan(down)
    texels = SIZE / repeat * distance
    x, y = ((texels * f(azimuth)).astype(np.int64) % SIZE for f in (np.cos, np.sin))
    blurred = cv2.blur(np.pad(texture, ((4, 4), (4, 4), (0, 0)), mode="wrap"), (5, 5))[4:-4, 4:-4]
    mean = texture.reshape(-1, 3).mean(0)
    fade = np.clip(distance / 12, 0, 1)[..., None]
    return ((blurred[y, x] * (1 - fade) + mean * fade) / 255).astype(np.float32)


def _building(image: np.ndarray, rng: np.random.Generator, x: int, horizon: int) -> None:
    """A facade with rows of windows, standing a little below the horizon."""
    w, h = int(rng.integers(14, 70)), int(rng.integers(12, 70))
    wall = rng.uniform(0.25, 0.85) * (1 + rng.uniform(-0.18, 0.18, 3))
    cv2.rectangle(image, (x, horizon - h), (x + w, horizon + int(rng.integers(4, 14))), wall.tolist(), -1)
    glass = (wall * rng.uniform(0.3, 0.7)).tolist()
    step_x, step_y = int(rng.integers(4, 9)), int(rng.integers(5, 10))
    for wy in range(horizon - h + 3, horizon - 3, step_y):
        for wx in range(x + 2, x + w - 3, step_x):
            cv2.rectangle(image, (wx, wy), (wx + step_x // 2, wy + step_y // 2), glass, -1)


def _tree(image: np.ndarray, rng: np.random.Generator, x: int, horizon: int) -> None:
    """A trunk and a crown of overlapping blobs."""
    h = int(rng.integers(10, 50))
    green = np.array([0.22, 0.36, 0.14]) * rng.uniform(0.5, 1.5) * rng.uniform(0.8, 1.2, 3)
    cv2.line(image, (x, horizon + 6), (x, horizon - h), (0.25, 0.2, 0.15), max(1, h // 12))
    for _ in range(14):
        centre = (x + int(rng.normal(0, h * 0.3)), horizon - h + int(rng.normal(0, h * 0.22)))
        cv2.circle(image, centre, max(2, int(h * rng.uniform(0.1, 0.28))), (green * rng.uniform(0.6, 1.3)).tolist(), -1)
