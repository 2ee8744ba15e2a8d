"""The jobs to kill: stages, `prepare`, `synth` and `sweep`, each on tiny data."""

from __future__ import annotations

import hashlib
import shutil
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import torch
import yaml

from scripts.torture.cases import command
from tests.data.sources.mpi_inf_3dhp_trees import write_train
from tests.stages.conftest import Workshop
from tests.sweep.conftest import FAKE


class Job(ABC):
    """A job that is started twice in a folder and killed the first time."""

    name: str
    waits = False
    """Whether it spends its time waiting for other processes."""

    def fill(self, work: Path) -> None:  # noqa: B027  # not every job has inputs
        """Put the inputs into an empty folder."""

    @abstractmethod
    def start(self, work: Path) -> int:
        """Run it in this process; after a kill it is resumed."""

    @abstractmethod
    def result(self, work: Path) -> str:
        """Digest of its results."""

    def keep(self, work: Path) -> None:  # noqa: B027
        """Keep the files of the undisturbed run that later jobs need."""


class Stage(Job):
    """One stage: checkpoints at every step, two validations, resumed from the last whole checkpoint.

    The stages below come from their undisturbed runs, in the folder `before`.
    """

    def __init__(self, number: int, before: Path) -> None:
        self.number, self.before, self.name = number, before, f"stage {number}"

    def fill(self, work: Path) -> None:
        Workshop(work)
        for number in range(1, self.number):
            shutil.copytree(self.before / f"stage{number}", work / f"stage{number}")

    def start(self, work: Path) -> int:
        workshop = object.__new__(Workshop)
        workshop.root = work
        words = ["fit", "--config", str(workshop.config(self.number)), "--test_after_fit=false"]
        last = work / f"stage{self.number}" / "last.ckpt"
        words += ["--checkpoint.every_n_steps=1", *([f"--ckpt_path={last}"] if last.is_file() else [])]
        return command(words)()

    def result(self, work: Path) -> str:
        digest = hashlib.sha256()
        for name in ("last.ckpt", "best.ckpt"):
            content = torch.load(work / f"stage{self.number}" / name, weights_only=True)
            for key, value in sorted(content["state_dict"].items()):
                digest.update(key.encode() + value.numpy().tobytes())
        return digest.hexdigest()

    def keep(self, work: Path) -> None:
        shutil.copytree(work / f"stage{self.number}", self.before / f"stage{self.number}")


class Prepare(Job):
    """An official tree of one subject, two sequences and ten cameras' worth of parts, to a store."""

    name = "prepare"

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        write_train(tree, 4)

    def start(self, work: Path) -> int:
        words = ["prepare", "mpi_inf_3dhp", "--root", str(self.tree), "--out", str(work / "out.h5"), "--workers", "1"]
        return command(words)()

    def result(self, work: Path) -> str:
        return digest_of(work, "out.h5", "out.h5.json")


class Synth(Job):
    """Twelve pictures of one world, in shards of three."""

    name = "synth"

    def start(self, work: Path) -> int:
        from pose3d.synth import generate

        generate.SHARD = 3
        words = ["synth", "--out", str(work), "--worlds", "wild2d", "--num", "wild2d=12", "--resolution", "64"]
        return command([*words, "--workers", "1"])()

    def result(self, work: Path) -> str:
        return digest_of(work, "wild2d.h5")


class Sweep(Job):
    """A grid of three short trials, each a program that saves its state after every step."""

    name = "sweep"
    waits = True

    def fill(self, work: Path) -> None:
        (work / "trial.py").write_text(FAKE)
        stage = [sys.executable, "-I", str(work / "trial.py"), "lightning", "fit", "--steps=4", "--pause=0.01"]
        content = {
            "method": "grid",
            "metric": {"name": "val/error", "goal": "minimize"},
            "parameters": {"x": {"values": [0, 1, 2]}},
            "command": [*stage, "${args}"],
        }
        (work / "sweep.yaml").write_text(yaml.safe_dump(content))

    def start(self, work: Path) -> int:
        from pose3d.sweep.file import load_sweep
        from pose3d.sweep.runner import Runner
        from pose3d.sweep.summary import results, write_csv

        sweep = load_sweep(work / "sweep.yaml")
        found = results(Runner(sweep, work / "out", [None], poll_s=0.01).run(), sweep)
        write_csv(found, sweep, work / "out" / "results.csv")
        return 0

    def result(self, work: Path) -> str:
        lines = (work / "out" / "results.csv").read_text().splitlines()
        return repr(sorted(_without_names(line) for line in lines))


def digest_of(work: Path, *names: str) -> str:
    """Digest of files; one that is absent counts as such."""
    files = [work / name for name in names]
    return " ".join(hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "absent" for file in files)


def _without_names(line: str) -> str:
    """A line of the results without the trial's number and folder, which a restarted trial may change."""
    return ",".join(line.split(",")[1:-1])
