"""Full disk: a limit on the size of files stands for it. The old file stays, one sentence says why, no part is left."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import numpy as np

from scripts.torture.cases import run
from scripts.torture.fuzz import make_inputs


class FullDisk:
    """Every command that writes a file, at limits drawn between a few kilobytes and the file's size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inputs = make_inputs(folder / "inputs")
        self.commands = {
            "out.json": inputs["predictions.npz"],
            "out.npz": inputs["picture.png"],
            "out.h5": (inputs["picture.png"][0], [w.replace(".npz", ".h5") for w in inputs["picture.png"][1]]),
            "out.pt2": inputs["stage2.ckpt"],
            "classes.png": (
                inputs["predictions.npz"][0],
                ["evaluate", "INPUT", "--bootstrap", "0", "--draw-classes", str(folder / "work" / "classes.png")],
            ),
            "wild2d.h5": ("", ["synth", "--worlds", "wild2d", "--num", "wild2d=3", "--out", str(folder / "work")]),
        }

    def __call__(self, number: int, rng: np.random.Generator) -> tuple[str, str]:
        name = list(self.commands)[number % len(self.commands)]
        source, words = self.commands[name]
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        target = work / name
        target.write_text("old")
        words = [word.replace("INPUT", source).replace("OUT", str(work / "out")) for word in words]
        limit = int(np.exp(rng.uniform(np.log(4096), np.log(300_000))))
        log = self.folder / "log.txt"
        outcome = run(words, log, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        kept = target.read_bytes() == b"old" if target.is_file() else False
        leftovers = [path.name for path in work.rglob("*.partial*")]
        fault = ""
        if not outcome.in_order:
            fault = f"exit code {outcome.code}, {outcome.output.strip().splitlines()[-1:]}"
        elif outcome.code != 0 and not kept:
            fault = "the old file is gone"
        elif outcome.code != 0 and "cannot write" not in outcome.output:
            fault = f"does not say that it cannot write: {outcome.output.strip()[-200:]}"
        elif outcome.code == 0 and kept:
            fault = "exit code 0, but nothing was written"
        elif leftovers:
            fault = f"left {leftovers}"
        return f"{name}, {limit} bytes, exit code {outcome.code}", fault
