"""Clean trees: the doctor says nothing about a tree of any layout, whatever its seed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose3d.data.sources import h36m_tree, mpi_inf_3dhp_tree
from pose3d.synth.cameras import Camera
from pose3d.synth.layouts import LAYOUTS, aspset510, h36m, humaneva, mpi_inf_3dhp, mpi_inf_3dhp_test
from scripts.torture.cases import Outcome, command, run, warm

FRAMES = {
    "mpi_inf_3dhp": 10, "mpi_inf_3dhp_test": 6, "h36m": 7, "mpii": 30, "lsp": 10, "lspet": 10, "coco": 30,
    "humaneva": 9, "aspset510": 8,
}  # fmt: skip
"""As many as the trees of `tests/data/doctor` have, on which every check finds what it is for. With fewer, some see too
little movement to say anything."""
SIDE = 200
"""px: width of the pictures of the layouts with whole cameras, officially 640 to 3840. The doctor compares pictures
160 px wide."""
RIGS = (mpi_inf_3dhp, mpi_inf_3dhp_test, aspset510, humaneva)


class Clean:
    """One tree a case, rendered by `pose3d synth` and examined by `pose3d check`; the layouts take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        smaller_pictures()
        first = warm(lambda: write(folder / "tree", "lsp", 0), folder)
        checked = warm(command(["check", str(folder / "tree")]), folder)
        if first.code or checked.code:
            raise SystemExit(f"no tree to check: {(first.output + checked.output)[-500:]}")

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        turn, index = divmod(number, len(LAYOUTS))
        layout, seed = list(LAYOUTS)[index], int(rng.integers(2**31))
        root, log = self.folder / "tree", self.folder / "log.txt"
        shutil.rmtree(root, ignore_errors=True)
        part_of(turn)
        written = run(lambda: write(root, layout, seed), log)
        if written.code != 0:
            return f"{layout}, seed {seed}", f"it was not written: exit code {written.code}, {written.output[-300:]}"
        return f"{layout}, seed {seed}", verdict(root, run(command(["check", str(root)]), log))


def verdict(root: Path, found: Outcome) -> str:
    """The fault of an examination that says anything else than that the tree is whole."""
    if found.code == 0 and found.output.strip() == f"{root}: whole":
        return ""
    return f"exit code {found.code}, {found.output.strip()[-1000:]}"


def write(root: Path, layout: str, seed: int) -> int:
    """`pose3d synth --layout`, in this process."""
    words = ["synth", "--layout", layout, "--frames", str(FRAMES[layout]), "--resolution", str(SIDE), "--workers", "1"]
    return command([*words, "--seed", str(seed), "--out", str(root)])()


def part_of(turn: int) -> None:
    """Trees of the two largest layouts hold a part of the data set, another one in every turn.

    That is a subject of MPI-INF-3DHP (two sequences, 14 cameras), and of Human3.6M a subject to train and one to test
    (three activities twice, four cameras). Ten turns take in every subject and every activity.
    """
    train, test = h36m_tree.SPLITS["train"], h36m_tree.SPLITS["test"]
    h36m.SUBJECTS = (train[turn % len(train)], test[turn % len(test)])
    activities = tuple(h36m.ACTIVITIES[(turn + step) % len(h36m.ACTIVITIES)] for step in (0, 5, 10))
    h36m_tree.ACTIVITIES = activities  # type: ignore[misc, assignment]
    h36m.keys = lambda settings: [(s, a, take) for s in h36m.SUBJECTS for a in activities for take in (1, 2)]
    subject = 1 + turn % 8
    sequences = [n for n, one in enumerate(mpi_inf_3dhp.WORLD.sequences) if one.name.startswith(f"S{subject}/")]
    mpi_inf_3dhp.keys = lambda settings: sequences
    mpi_inf_3dhp_tree.SUBJECTS = (subject,)  # type: ignore[misc, assignment]


def smaller_pictures() -> None:
    """The same cameras with pictures SIDE px wide: drawing and coding the official sizes takes fifty times as long."""
    for module in RIGS:
        world = module.WORLD
        outdoor = _smaller(world.outdoor_rig) if world.outdoor_rig else None
        module.WORLD = replace(world, rig=_smaller(world.rig), outdoor_rig=outdoor)
    whole = h36m.whole_camera

    def small_camera(index: int) -> Camera:
        camera = whole(index)
        return replace(_window(camera, (SIDE, SIDE)), size=(SIDE, SIDE + camera.size[1] - 1000))

    h36m.whole_camera = small_camera


def _smaller(rig: Callable[[], tuple[Camera, ...]]) -> Callable[[], tuple[Camera, ...]]:
    return lambda: tuple(_window(c, (SIDE, round(SIDE * c.size[1] / c.size[0]))) for c in rig())


def _window(camera: Camera, size: tuple[int, int]) -> Camera:
    """All that a camera sees, in a smaller picture."""
    return camera.window((np.array(camera.size) - 1) / 2, float(camera.size[0]), size)
