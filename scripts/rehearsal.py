#!/usr/bin/env python3
"""Rehearse the paper: write the embedded data set as official trees, then make every table from them with one command.

    python scripts/rehearsal.py                         # or: make rehearsal
    python scripts/rehearsal.py --rows supp-table2      # one table or row, with the trees that it needs

All files are in one folder: `raw` with the trees, `roots.yaml`, `data` with the prepared stores, `runs` with the
trainings. Each network is trained for a few steps of the profile `mini`, so the figures have no meaning: the rehearsal
tests the way from raw folders to filled tables. The same command resumes it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import yaml

from pose3d.command_parser import CommandParser
from pose3d.paper.ledger import TABLES, find
from pose3d.paper.official import ORIGIN, official_store
from pose3d.paper.reproduce import Reproduction

FRAMES = {
    "h36m": 1,
    "mpi_inf_3dhp": 1,
    "mpi_inf_3dhp_test": 4,
    "mpii": 24,
    "lsp": 1010,  # the test pictures begin at 1001
    "lspet": 24,
    "humaneva": 4,
}
"""Frames of each recording, pictures of mpii, lsp and lspet."""
RESOLUTION = {"lsp": 64}
LIMIT, SCALE = 240, 0.005
"""Samples per store (enough for all recordings of Human3.6M's test people), and the factor on iterations."""


def main() -> None:
    """Write the missing trees, then run the rows."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/rehearsal"), help="folder of everything (%(default)s)")
    parser.add_argument("--rows", nargs="+", default=[*TABLES], metavar="NAME", help="tables or rows (default: all)")
    parser.add_argument("--resolution", type=int, default=128, metavar="PX", help="of the trees (%(default)s)")
    parser.add_argument("extra", nargs="*", help="further flags of `pose3d paper run`, after --")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    os.chdir(options.out)
    wanted = trees(options.rows)
    for name in wanted:
        if not Path("raw", name).is_dir():
            resolution = RESOLUTION.get(name, options.resolution)
            size = [f"--frames={FRAMES[name]}", f"--resolution={resolution}"]
            pose3d("synth", f"--layout={name}", f"--out=raw/{name}", *size)
    Path("roots.yaml").write_text(yaml.safe_dump({name: f"raw/{name}" for name in wanted}))
    words = ["--profile=mini", "--roots=roots.yaml", f"--limit={LIMIT}", f"--iterations-scale={SCALE}", "--fork"]
    pose3d("paper", "run", *options.rows, *words, *options.extra)


def trees(names: list[str]) -> list[str]:
    """The data sets that rows are trained or tested on."""
    mini = Reproduction("mini", Path("runs"), roots={name: Path() for name in ORIGIN})
    rows = [row for name in names for row in find(name) if row.ours]
    stores = [official_store(path, {}) for path in mini.needed_stores(rows)]
    return sorted({store.source for store in stores if store is not None})


def pose3d(*words: str) -> None:
    """Print and run a command; a failure ends the script with its exit status."""
    print("$ pose3d", *words, flush=True)
    status = subprocess.run([sys.executable, "-m", "pose3d", *words], check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
