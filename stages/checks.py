"""Checks of the command line before anything is built: checkpoints, and trainer settings that cannot work."""

from importlib import import_module
from pathlib import Path
from typing import Any

from pose3d.errors import PoseError
from stages.base import BaseStage

PRECISIONS = ("32", "32-true", "bf16-mixed", "16-mixed")
"""Others would cast the labels: pixels and millimetres do not fit half precision."""

LEAST = {
    "accumulate_grad_batches": 1, "check_val_every_n_epoch": 1, "gradient_clip_val": 0, "limit_val_batches": 0,
    "limit_test_batches": 0, "limit_predict_batches": 0, "log_every_n_steps": 0, "num_nodes": 1,
    "num_sanity_val_steps": -1,
}  # fmt: skip
"""Smallest values of trainer settings that Lightning does not check."""

IN_RUN_FOLDER = ("best", "last")


def find_checkpoint(given: str | None, run_dir: str, subcommand: str) -> str | None:
    """The checkpoint of a command: the file given, "best" or "last" of the run folder; by default the best for a test.

    None only for a fresh fit. Raises PoseError where there is none to test.
    """
    if given in IN_RUN_FOLDER:
        return str(Path(run_dir) / f"{given}.ckpt")
    if given is not None or subcommand == "fit":
        return given
    best = Path(run_dir) / "best.ckpt"
    if not best.is_file():
        raise PoseError(
            f"there is nothing to {subcommand}: {best} does not exist; name a checkpoint as --ckpt_path, or the run as "
            "--run_dir"
        )
    return str(best)


def check_trainer(config: Any, subcommand: str) -> None:
    """Raise PoseError for settings of the trainer that the stages do not support."""
    precision = config["precision"]
    if precision is not None and str(precision) not in PRECISIONS:
        raise PoseError(f"trainer.precision is {precision}; the stages run with {', '.join(PRECISIONS)}")
    if config["overfit_batches"]:
        raise PoseError(
            "trainer.overfit_batches does not work with the loaders here, which draw their own samples; set "
            "data.epoch_samples to a few"
        )
    if config["barebones"]:
        raise PoseError("trainer.barebones leaves out checkpoints and logs, which a run consists of; set it to false")
    for key, least in LEAST.items():
        if config[key] is not None and not config[key] >= least:
            raise PoseError(f"trainer.{key} is {config[key]}; give at least {least}")
    if subcommand != "fit":
        return
    if config["limit_train_batches"] is not None and not config["limit_train_batches"] > 0:
        limit = config["limit_train_batches"]
        raise PoseError(f"trainer.limit_train_batches is {limit}, so nothing would be trained; give at least 1")
    for key in ("max_steps", "max_epochs"):
        if config[key] is not None and config[key] != -1 and config[key] < 1:
            raise PoseError(f"trainer.{key} is {config[key]}, so nothing would be trained; give at least 1")
    interval = config["val_check_interval"]
    if isinstance(interval, float) and config["check_val_every_n_epoch"] is None:
        raise PoseError(
            f"trainer.val_check_interval is {interval}, a share of an epoch, but validation here goes by steps; give a "
            "whole number of steps, or use validations"
        )


def stage_class(class_path: str) -> type[BaseStage]:
    """The class that a class path names."""
    module, _, name = class_path.rpartition(".")
    return getattr(import_module(module), name)
