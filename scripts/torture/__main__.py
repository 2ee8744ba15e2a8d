"""`python -m scripts.torture PART`: a campaign against the package. `docs/reliability.md` has its figures.

Run from the root of the repository. A part stops after `--seconds` and goes on where it was when it is called again;
the exit code is 1 where any case found a fault.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import torch

from scripts.torture.cases import campaign

PARTS = {"kill": 200, "disk": 120, "fuzz": 10_000}
"""Part -> cases."""


def main() -> int:
    """Run one part."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--count", type=int, help="cases (default: those of docs/reliability.md)")
    parser.add_argument("--seconds", type=float, default=540.0, help="stop after that long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/torture"), help="records and kept inputs")
    args = parser.parse_args()
    torch.set_num_threads(1)  # forked processes share no thread
    folder = Path(tempfile.mkdtemp(prefix="pose3d-torture-"))
    try:
        case = _case(args.part, folder)
        faults = campaign(args.part, args.count or PARTS[args.part], args.seconds, args.seed, args.out, case)
        if (folder / "faults").is_dir():
            shutil.copytree(folder / "faults", args.out / f"{args.part}-faults", dirs_exist_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(faults > 0)


def _case(part: str, folder: Path):  # type: ignore[no-untyped-def]
    if part == "kill":
        import stages.cli  # noqa: F401  # loaded once, before the processes are forked
        from scripts.torture.kill import Kill

        return Kill(folder)
    import pose3d.commands.evaluate
    import pose3d.commands.predict  # noqa: F401

    if part == "disk":
        from scripts.torture.full_disk import FullDisk

        return FullDisk(folder)
    from scripts.torture.fuzz import Fuzz

    return Fuzz(folder)


if __name__ == "__main__":
    sys.exit(main())
