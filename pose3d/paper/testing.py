"""How rows are tested: the trainings that a test needs, and the command that writes predictions.npz.

Most tests are a `lightning test` of the row's network in crops around the true box, with the row's switches as
overlays. The box from 2DPoseNet (paper section 6.4) cannot be such a switch, because a stage receives crops only. It
is tested with the whole method on whole images (paper Fig. 1): `pose3d predict` of the test set with both networks.
`pose3d bench` measures the time per frame of the whole method.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pose3d.paper.ledger import Row
from pose3d.paper.measure import TIMES
from pose3d.paper.merge import merged, stores
from pose3d.paper.steps import WHOLE_METHOD, Step, chain, needed, steps

POSE2D = "pose2d"
"""The 2DPoseNet of rows whose network has none among its ancestors."""


def trainings(rows: Sequence[Row]) -> list[Step]:
    """All trainings of the rows, each once, parents before children."""
    names = [row.step for row in rows if row.step is not None]
    for row in rows:
        if row.step is not None and set(WHOLE_METHOD) & {*row.switches, *(row.minus or ())}:
            names.append(box_step(steps()[row.step]).name)
    return needed(names)


def box_step(step: Step) -> Step:
    """The training of the 2DPoseNet that finds the box for a network: an ancestor of it, else `POSE2D`."""
    first = chain(step.name)[0]
    return first if first.stage == "stage1" else steps()[POSE2D]


def crop_test(files: Sequence[Path], checkpoint: Path, folder: Path) -> list[str]:
    """The `lightning test` command of a checkpoint in crops around the true box."""
    configs = [f"--config={path}" for path in files]
    return ["lightning", "test", *configs, f"--ckpt_path={checkpoint}", f"--run_dir={folder}"]


def found_box_test(files: Sequence[Path], checkpoint: Path, box_checkpoint: Path, folder: Path) -> list[str]:
    """The `pose3d predict` command of the configured test set, with the configured perspective correction."""
    (store,) = stores(files, ("test",))
    command = ["pose3d", "predict", str(store), f"--checkpoint={checkpoint}", f"--box-checkpoint={box_checkpoint}"]
    mode = merged(files)["model"]["init_args"].get("decode", {}).get("perspective_correction")
    if mode is not None:
        command.append(f"--perspective-correction={mode}")
    return [*command, f"--out={folder / 'predictions.npz'}"]


def frame_time_test(files: Sequence[Path], checkpoint: Path, box_checkpoint: Path, folder: Path) -> list[str]:
    """The `pose3d bench` command of both networks on pictures of the configured test set."""
    (store,) = stores(files, ("test",))
    command = [
        "pose3d",
        "bench",
        f"--store={store}",
        f"--checkpoint={checkpoint}",
        f"--box-checkpoint={box_checkpoint}",
    ]
    return [*command, f"--json={folder / TIMES}"]
