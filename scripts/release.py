#!/usr/bin/env python3
"""Make the released weights from nothing: render, train the three stages, test, score, export.

    python scripts/release.py                                      # or: make release
    python scripts/release.py --videos DIR --reference dev.npz     # score on the calibrated videos as well

Each stage renders its missing worlds, trains and tests. Every step can be resumed: complete worlds are kept, a stage
resumes from its last.ckpt, and a tested stage is skipped. Scoring needs the videos and the reference that
`score_photographs.py` describes, and is skipped without them.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from pose3d.command_parser import CommandParser

SCRIPTS = Path(__file__).parent
PROFILE = "configs/profiles/release"
STAGES = ("stage1", "stage2", "stage3")
EXPORTED = ("stage1", "stage3")


def run(*command: str | Path) -> None:
    """Print and run a command of this Python; a failure ends the script with its exit status."""
    words = [str(word) for word in command]
    print("$", "python", *words, flush=True)
    status = subprocess.run([sys.executable, *words], check=False).returncode
    if status:
        sys.exit(status)


def machine_flags(gpu: bool) -> list[str]:
    """Settings for this machine; the number of loader processes and the precision are chosen automatically.

    A GPU processes four times the batch in less time than two cores process one, at the same number of steps.
    """
    return ["--data.batch_size", "64"] if gpu else []


def train(stage: str, data: Path | None, runs: Path, extra: Sequence[str]) -> None:
    """Render the data of the stage, start or resume its training, and test it."""
    folder, parents = runs / stage, {"stage2": "stage1", "stage3": "stage2"}
    if (folder / "metrics.json").is_file():
        print(f"{stage}: done, see {folder / 'metrics.json'}")
        return
    flags: list[str | Path] = ["--config", f"{PROFILE}/{stage}.yaml", "--run_dir", folder]
    flags += ["--data.root", data] if data is not None else []
    if stage in parents:
        flags += ["--model.init_from", runs / parents[stage] / "best.ckpt"]
    if (folder / "last.ckpt").is_file():
        flags += ["--ckpt_path", folder / "last.ckpt"]
    run("-m", "stages", "fit", *flags, *machine_flags(torch.cuda.is_available()), *extra)


def main() -> None:
    """Run the steps that are not completed."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the worlds (default: that of the embedded data set)")
    parser.add_argument("--runs", type=Path, default=Path("runs/release"), help="folder of the runs (%(default)s)")
    parser.add_argument("--out", type=Path, help="folder of the weights (default: weights, in the folder of the runs)")
    parser.add_argument("--videos", type=Path, help="folder of the calibrated videos")
    parser.add_argument("--reference", type=Path, help="their reference, an .npz")
    parser.add_argument("extra", nargs="*", help="further flags of `lightning fit`, after --")
    options = parser.parse_args()
    if (options.videos is None) != (options.reference is None):
        parser.error("--videos and --reference go together")
    for stage in STAGES:
        train(stage, options.data, options.runs, options.extra)
    if options.videos is not None:
        where = ("--videos", options.videos, "--reference", options.reference)
        best = options.runs / "stage3" / "best.ckpt"
        run(SCRIPTS / "score_photographs.py", best, *where)
        run(SCRIPTS / "score_photographs.py", best, "--boxes-from", options.runs / "stage1" / "best.ckpt", *where)
    out = options.out or options.runs / "weights"
    for stage in EXPORTED:
        best = options.runs / stage / "best.ckpt"
        run("-m", "pose3d", "export", best, "--format", "safetensors", "--out", out / f"{stage}.safetensors")


if __name__ == "__main__":
    main()
