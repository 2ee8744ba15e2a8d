"""`pose3d sweep`: run a W&B sweep file on this machine, without an account."""

from __future__ import annotations

import argparse
from pathlib import Path

from pose3d.errors import PoseError

HELP = """Run a W&B sweep file on this machine, without an account or a network.

Grid and random searches, and Bayesian ones (optuna's TPE), with Hyperband stopping. One trial at a time on each GPU,
or --parallel trials on the CPU. If it is killed, the same command continues. At the end it prints the trials, best
first, and writes results.csv, results.json and surface.png. The same file serves `wandb sweep FILE` and
`wandb agent ID`."""
EXAMPLE = "pose3d sweep configs/sweeps/table1.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("file", type=Path, help="a W&B sweep file")
    parser.add_argument("--out", type=Path, help="folder of the sweep (default: runs/sweeps/NAME)")
    parser.add_argument("--parallel", type=int, help="trials at once (default: one a GPU, or one)")
    parser.add_argument("--seed", type=int, default=0, help="of the search (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Run the sweep; 0 when every trial ended well."""
    from rich.console import Console

    from pose3d.sweep.file import load_sweep
    from pose3d.sweep.flags import check_flags
    from pose3d.sweep.plot import plot_surface
    from pose3d.sweep.runner import Runner, find_devices
    from pose3d.sweep.search import import_optuna
    from pose3d.sweep.summary import results, table, write_csv, write_json

    if args.parallel is not None and args.parallel < 1:
        raise PoseError(f"--parallel is {args.parallel}; it must be at least 1")
    sweep = load_sweep(args.file)
    import_optuna()
    check_flags(sweep)
    folder = args.out or Path("runs/sweeps") / sweep.path.stem
    runner = Runner(
        sweep, folder, find_devices(args.parallel), seed=args.seed, say=lambda line: print(line, flush=True)
    )
    found = results(runner.run(), sweep)
    write_csv(found, sweep, folder / "results.csv")
    write_json(found, sweep, folder / "results.json")
    Console().print(table(found, sweep))
    drawn = plot_surface(found, sweep, folder / "surface.png")
    print(f"results: {folder / 'results.csv'}" + (f", response surface: {folder / 'surface.png'}" if drawn else ""))
    if runner.failures:
        raise PoseError(
            f"{len(runner.failures)} trials failed ({', '.join(runner.failures)}); run the command again to retry them"
        )
    return 0
