"""What changes when `wandb agent` started the command: it says so in the environment."""

import os
from typing import Any


def folder_of_agent() -> list[str]:
    """Flag for a run folder of its own: `wandb agent` may run several trials on one machine."""
    sweep, run = os.environ.get("WANDB_SWEEP_ID"), os.environ.get("WANDB_RUN_ID")
    return [f"--run_dir=runs/sweeps/{sweep}/{run}"] if sweep and run else []


def report_to_agent(loggers: Any) -> None:
    """Turn W&B loggers of a parsed configuration online: the search learns nothing from runs that stay offline.

    A WANDB_MODE that the user set stays. Without an agent nothing changes.
    """
    if "WANDB_SWEEP_ID" not in os.environ or "WANDB_MODE" in os.environ:
        return
    for logger in loggers if isinstance(loggers, list) else [loggers]:
        if str(getattr(logger, "class_path", "")).endswith(".WandbLogger"):
            logger.init_args.offline = False
