"""`python -m scripts.torture PART`: a campaign against the package. `docs/reliability.md` has its figures.

Run from the root of the repository. A part stops after `--seconds`, and the same command resumes it; the exit code is 1
if any case found a fault.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import torch

from pose3d.command_parser import CommandParser
from scripts.torture.cases import campaign

PARTS = {"kill": 200, "kill-prepare": 50, "kill-synth": 50, "kill-sweep": 50, "disk": 400, "clean": 90, "fuzz": 10_000}
"""The cases of each part."""


def main() -> int:
    """Run one part."""
    parser = CommandParser(prog="torture", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--count", type=int, help="cases (default: those of docs/reliability.md)")
    parser.add_argument("--seconds", type=float, default=540.0, help="stop after that long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/torture"), help="records and kept inputs")
    args = parser.parse_args()
    torch.set_num_threads(1)  # a forked process has no threads of its parent and would wait for them
    cv2.setNumThreads(0)
    folder = Path(tempfile.mkdtemp(prefix="pose3d-torture-"))
    try:
        case = _case(args.part, folder)
        gc.freeze()  # what was imported stays shared with the forked processes
        faults = campaign(args.part, args.count or PARTS[args.part], args.seconds, args.seed, args.out, case)
        if (folder / "faults").is_dir():
            shutil.copytree(folder / "faults", args.out / f"{args.part}-faults", dirs_exist_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(faults > 0)


def _case(part: str, folder: Path) -> Any:
    """The cases of a part. Everything that they need is imported here, before a process is forked."""
    if part.startswith("kill"):
        import stages.cli  # noqa: F401
        from scripts.torture import jobs
        from scripts.torture.kill import Kill

        if part == "kill":
            return Kill(folder, [jobs.Stage(number, folder / "before") for number in (1, 2, 3)])
        if part == "kill-prepare":
            return Kill(folder, [jobs.Prepare(folder / "tree")])
        if part == "kill-synth":
            return Kill(folder, [jobs.Synth()])

        return Kill(folder, [jobs.Sweep()])
    if part == "disk":
        from scripts.torture.disk import Disk

        return Disk(folder)
    if part == "clean":
        from scripts.torture.clean import Clean

        return Clean(folder)
    from scripts.torture.fuzz import Fuzz

    return Fuzz(folder)


if __name__ == "__main__":
    sys.exit(main())
