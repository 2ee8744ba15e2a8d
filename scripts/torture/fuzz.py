"""Fuzz: damaged inputs of every kind end in a result or one sentence, never in a traceback, a crash or a hang."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from scripts.torture.cases import run, warm
from scripts.torture.damage import damage
from scripts.torture.inputs import make_inputs


class Fuzz:
    """Cases of damaged inputs, one kind after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs = make_inputs(folder / "inputs")
        self._check_sound()

    def _check_sound(self) -> None:
        """Check that every undamaged input is accepted, which also imports the modules of the commands."""
        for name, given in self.inputs.items():
            work = self._fresh()
            shutil.copyfile(given.path, work / name)
            outcome = warm(given.start(work / name, work / "out"), work)
            if outcome.code != 0:
                raise SystemExit(f"the sound {name} is refused: {outcome.output[-500:]}")

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        name = list(self.inputs)[number % len(self.inputs)]
        given, work = self.inputs[name], self._fresh()
        content, what = damage(given.path, rng)
        (work / name).write_bytes(content)
        outcome = run(given.start(work / name, work / "out"), work / "log.txt")
        fault = ""
        if not outcome.in_order:
            last = outcome.output.strip().splitlines()[-1:] or [""]
            fault = f"exit code {outcome.code}, {last[0][:200]}"
        elif outcome.code == 2 and not outcome.output.strip():
            fault = "exit code 2 without a sentence"
        elif leftovers := [path.name for path in work.rglob("*.partial*")]:
            fault = f"left {leftovers}"
        if fault:
            kept = self.folder / "faults" / f"{number}-{name}"
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(content)
            kept.with_name(kept.name + ".log").write_text(outcome.output)
        return f"{name}, {what}", fault

    def _fresh(self) -> Path:
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        return work
