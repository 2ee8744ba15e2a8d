"""Full and read-only targets: the old file is kept, one sentence gives the reason, and no partial file is left."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.torture.cases import Command, command, run, warm
from scripts.torture.inputs import evaluate, make_inputs, predict_words
from scripts.torture.no_room import WAYS
from tests.data.sources.mpi_inf_3dhp_trees import write_train
from tests.stages.conftest import Workshop


@dataclass(frozen=True)
class Writer:
    """A command that writes: its main output, relative to the working folder, and how it is started there."""

    target: str
    start: Callable[[Path], Command]
    also: tuple[str, ...] = ()
    """Outputs that may be new even if the main one could not be written."""


class Disk:
    """Every command that writes a file, with every kind of unwritable target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writers = make_writers(folder)
        for writer in self.writers:
            work = self._fresh()
            outcome = warm(writer.start(work), folder)
            if outcome.code != 0 or not (work / writer.target).is_file():
                raise SystemExit(f"{writer.target} is not written although there is room: {outcome.output[-500:]}")

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        writer = self.writers[number % len(self.writers)]
        way = WAYS[number // len(self.writers) % len(WAYS)]
        work, log = self._fresh(), self.folder / "log.txt"
        target = work / writer.target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("old")
        refuse, how = way(rng, target.parent, target)
        start = writer.start(work)

        def refused() -> int:
            refuse()
            return start()

        outcome = run(refused, log)
        target.parent.chmod(0o755)
        # A new run moves the files of the previous one to another folder.
        places = (target, target.parent / "previous" / target.name)
        kept = any(place.is_file() and place.read_bytes() == b"old" for place in places)
        leftovers = [path.name for path in work.rglob("*.partial*")]
        fault = ""
        if not outcome.in_order:
            fault = f"exit code {outcome.code}, {outcome.output.strip().splitlines()[-1:]}"
        elif outcome.code != 0 and not kept:
            fault = "the old file is gone"
        elif outcome.code != 0 and "cannot write" not in outcome.output and "exists and is no" not in outcome.output:
            fault = f"does not say that it cannot write: {outcome.output.strip()[-200:]}"
        elif outcome.code == 0 and target.read_bytes() == b"old":
            fault = "exit code 0, but nothing was written"
        elif leftovers:
            fault = f"left {leftovers}"
        return f"{writer.target}, {how}, exit code {outcome.code}", fault

    def _fresh(self) -> Path:
        work = self.folder / "work"
        if work.exists():
            for path in [work, *work.rglob("*")]:
                if path.is_dir():
                    path.chmod(0o755)
            shutil.rmtree(work)
        work.mkdir()
        return work


def make_writers(folder: Path) -> list[Writer]:
    """The commands, on tiny inputs."""
    inputs = make_inputs(folder / "inputs")
    predictions, picture = inputs["predictions.npz"].path, inputs["picture.png"].path
    stage2 = inputs["stage2.ckpt"].path
    tree = folder / "tree"
    write_train(tree, 2)
    workshop = Workshop(_made(folder / "stages"))
    recipe = workshop.config(1)

    def words(*given: str) -> Callable[[Path], Command]:
        return lambda work: command([word.replace("WORK", str(work)) for word in given])

    def fit(work: Path) -> Command:
        steps = ["--trainer.max_steps=1", "--test_after_fit=false"]
        return command(["fit", "--config", str(recipe), "--run_dir", str(work / "run"), *steps])

    tree_words = ("prepare", "mpi_inf_3dhp", "--root", str(tree), "--limit", "8", "--workers", "1")
    synth = ("synth", "--worlds", "wild2d", "--num", "wild2d=2", "--resolution", "64", "--workers", "1")
    draw = ("evaluate", str(predictions), "--bootstrap", "0", "--draw-classes", "WORK/classes.png")
    return [
        Writer("out.json", lambda work: evaluate(predictions, work / "out")),
        Writer("out.npz", lambda work: command(predict_words(picture, stage2, work / "out.npz"))),
        Writer("out.h5", lambda work: command(predict_words(picture, stage2, work / "out.h5"))),
        Writer("out.pt2", words("export", str(stage2), "--out", "WORK/out.pt2")),
        Writer("classes.png", words(*draw)),
        Writer("wild2d.h5", words(*synth, "--out", "WORK")),
        Writer("prepared/out.h5", words(*tree_words, "--out", "WORK/prepared/out.h5")),
        Writer("run/last.ckpt", fit),
    ]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
