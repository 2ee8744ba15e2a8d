"""Procedural tileable textures: cloth for garments and chairs, surfaces for floors and walls.

A texture is identified by a number: a number always gives the same texture, whatever the seed of the data set. Worlds
are kept apart by disjoint ranges of numbers (`pose3d.synth.worlds`).
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

SIZE = 128
"""Side of a texture in texels."""


def _noise(rng: np.random.Generator, cells: int, octaves: int = 1) -> np.ndarray:
    """Tileable value noise (SIZE, SIZE) in 0..1, from `cells` random values across."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(octaves):
        n = min(cells * 2**octave, SIZE)
        grid = np.pad(rng.random((n, n), dtype=np.float32), 2, mode="wrap")
        pad = 2 * SIZE // n
        fine = cv2.resize(grid, None, fx=SIZE / n, fy=SIZE / n, interpolation=cv2.INTER_CUBIC)
        total += fine[pad : pad + SIZE, pad : pad + SIZE] / 2**octave
    return np.clip(total / (2 - 0.5 ** (octaves - 1)), 0, 1)


def _colour(rng: np.random.Generator, saturation: float = 1.0) -> np.ndarray:
    """A garment colour (3,): greys, denim and earth are common, every hue occurs."""
    hue, value = rng.random(), rng.uniform(0.12, 0.95)
    chroma = saturation * rng.choice([0.05, 0.35, 0.75], p=[0.35, 0.35, 0.3]) * rng.uniform(0.6, 1.3)
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return (value * (1 - min(chroma, 1) * (1 - wheel))).astype(np.float32)


def _mix(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Blend colours a and b by a mask (SIZE, SIZE), the share of b."""
    return (a * (1 - mask[..., None]) + b * mask[..., None]).astype(np.float32)


def _ramp(periods: int, vertical: bool) -> np.ndarray:
    """Coordinate (SIZE, SIZE) that runs from 0 to 1 `periods` times across or down."""
    row = (np.arange(SIZE, dtype=np.float32) * periods / SIZE) % 1
    return np.broadcast_to(row[:, None] if vertical else row[None], (SIZE, SIZE))


def _plain(rng: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(_colour(rng), (SIZE, SIZE, 3)).copy()


def _stripes(rng: np.random.Generator) -> np.ndarray:
    ramp = _ramp(int(rng.integers(4, 16)), bool(rng.integers(2)))
    texture = _mix(_colour(rng), _colour(rng), (ramp < rng.uniform(0.15, 0.6)).astype(np.float32))
    return (
        _mix(texture, _colour(rng), (np.abs(ramp - 0.8) < 0.05).astype(np.float32)) if rng.random() < 0.4 else texture
    )


def _checks(rng: np.random.Generator) -> np.ndarray:
    periods, width = int(rng.integers(4, 14)), rng.uniform(0.25, 0.6)
    across, down = (_ramp(periods, v) < width for v in (False, True))
    both = across.astype(np.float32) * 0.5 + down.astype(np.float32) * 0.5
    if rng.random() < 0.3:
        both = np.logical_xor(across, down).astype(np.float32)
    return _mix(_colour(rng), _colour(rng), both)


def _dots(rng: np.random.Generator) -> np.ndarray:
    periods = int(rng.integers(4, 12))
    x, y = _ramp(periods, False) - 0.5, _ramp(periods, True) - 0.5
    return _mix(_colour(rng), _colour(rng), (np.hypot(x, y) < rng.uniform(0.15, 0.4)).astype(np.float32))


def _camouflage(rng: np.random.Generator) -> np.ndarray:
    texture = _plain(rng)
    for _ in range(int(rng.integers(1, 4))):
        texture = _mix(texture, _colour(rng), (_noise(rng, int(rng.integers(3, 10)), 2) > 0.55).astype(np.float32))
    return texture


def _print(rng: np.random.Generator) -> np.ndarray:
    texture = np.ascontiguousarray(_plain(rng))
    for _ in range(int(rng.integers(3, 12))):
        x, y, r = (int(v) for v in (*rng.integers(12, SIZE - 12, 2), rng.integers(3, 12)))
        colour = tuple(float(c) for c in _colour(rng))
        if rng.random() < 0.5:
            cv2.circle(texture, (x, y), r, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(texture, (x - r, y - r // 2), (x + r, y + r // 2), colour, -1)
    return texture


def _melange(rng: np.random.Generator) -> np.ndarray:
    return _mix(_colour(rng), _colour(rng, 0.5), _noise(rng, 64, 2))


def _concrete(rng: np.random.Generator) -> np.ndarray:
    return _mix(_colour(rng, 0.35), _colour(rng, 0.35), 0.6 * _noise(rng, int(rng.integers(3, 10)), 5))


def _planks(rng: np.random.Generator) -> np.ndarray:
    rows = int(rng.integers(6, 12))
    shade = np.repeat(rng.uniform(0.75, 1.1, rows), -(-SIZE // rows))[:SIZE].astype(np.float32)
    grain = cv2.resize(rng.random((SIZE, 8), dtype=np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    wood = np.array([0.62, 0.43, 0.27], np.float32) * rng.uniform(0.5, 1.4) * rng.uniform(0.9, 1.1, 3)
    gap = (_ramp(rows, True) > 0.06).astype(np.float32)
    return (wood * (shade[:, None] * (0.85 + 0.2 * grain) * (0.6 + 0.4 * gap))[..., None]).astype(np.float32)


def _tiles(rng: np.random.Generator) -> np.ndarray:
    periods = int(rng.integers(3, 9))
    x, y = _ramp(periods, False), _ramp(periods, True)
    cells = np.repeat(np.repeat(rng.random((periods, periods)), -(-SIZE // periods), 0), -(-SIZE // periods), 1)
    texture = _mix(_colour(rng, 0.6), _colour(rng, 0.6), rng.uniform(0, 0.5) * cells[:SIZE, :SIZE].astype(np.float32))
    return texture * (1 - 0.35 * ((x < 0.05) | (y < 0.05)))[..., None].astype(np.float32)


def _bricks(rng: np.random.Generator) -> np.ndarray:
    rows = 2 * int(rng.integers(4, 8))
    y = np.arange(SIZE) * rows // SIZE
    x = (np.arange(SIZE)[None] * rows / 2 / SIZE + 0.5 * (y % 2)[:, None]) % 1
    mortar = (x < 0.06) | (_ramp(rows, True) < 0.12)
    brick = _mix(_colour(rng), _colour(rng), 0.5 * _noise(rng, 16, 2))
    return _mix(brick, _colour(rng, 0.2), mortar.astype(np.float32))


def _foliage(rng: np.random.Generator) -> np.ndarray:
    green = np.array([0.3, 0.42, 0.16], np.float32) * rng.uniform(0.7, 1.3, 3).astype(np.float32)
    return (green * (0.5 + 0.9 * _noise(rng, int(rng.integers(12, 32)), 3))[..., None]).astype(np.float32)


_Kinds = tuple[tuple[Callable[[np.random.Generator], np.ndarray], float], ...]
_CLOTH: _Kinds = (
    (_plain, 0.34),
    (_stripes, 0.16),
    (_checks, 0.14),
    (_dots, 0.06),
    (_camouflage, 0.07),
    (_print, 0.09),
    (_melange, 0.14),
)
_SURFACE: _Kinds = (
    (_concrete, 0.34),
    (_planks, 0.18),
    (_tiles, 0.16),
    (_bricks, 0.1),
    (_stripes, 0.1),
    (_foliage, 0.06),
    (_plain, 0.06),
)


@lru_cache(maxsize=512)
def cloth(number: int) -> np.ndarray:
    """Cloth texture `number`: (SIZE, SIZE, 3) uint8 RGB, tileable, read-only."""
    return _make(_CLOTH, 0, number)


@lru_cache(maxsize=512)
def plain_cloth(number: int) -> np.ndarray:
    """Cloth of one colour with its weave, as worn where garments are recoloured later."""
    return _make(((_plain, 1.0),), 0, number)


@lru_cache(maxsize=256)
def surface(number: int) -> np.ndarray:
    """Floor or wall texture `number`: (SIZE, SIZE, 3) uint8 RGB, tileable, read-only."""
    return _make(_SURFACE, 1, number)


def _make(kinds: _Kinds, family: int, number: int) -> np.ndarray:
    """Draw a kind and its parameters from the number alone, and add a fine weave."""
    rng = np.random.default_rng([1117, family, number])
    weights = np.array([w for _, w in kinds])
    texture = kinds[rng.choice(len(kinds), p=weights / weights.sum())][0](rng)
    weave = 1 + rng.uniform(0.02, 0.1) * (rng.random((SIZE, SIZE, 1), dtype=np.float32) - 0.5)
    out = (255 * np.clip(texture * weave, 0, 1)).astype(np.uint8)
    out.flags.writeable = False
    return out
