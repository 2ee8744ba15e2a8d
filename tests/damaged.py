"""Seeded damage to small text files: what reads them gives a result or a PoseError, nothing else."""

from pathlib import Path

import numpy as np

from pose3d.errors import PoseError
from scripts.torture.damage import STRUCTURED, damage_bytes, damage_value


def read_damaged(path: Path, read, count: int = 80) -> int:
    """Read `count` damaged copies of a sound file in its own place; how many were refused."""
    sound, refused = path.read_bytes(), 0
    read(path)
    try:
        for seed in range(count):
            rng = np.random.default_rng([7, seed])
            path.write_bytes(sound)
            by_value = path.suffix in STRUCTURED and seed % 4
            content, what = damage_value(path, rng) if by_value else damage_bytes(sound, rng)
            path.write_bytes(content)
            try:
                read(path)
            except PoseError:
                refused += 1
            except Exception as error:
                raise AssertionError(f"{path.name}, {what}: {error!r}") from error
    finally:
        path.write_bytes(sound)
    return refused
