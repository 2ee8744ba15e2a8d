"""What a training step costs beside a bare loop: a callback that lets both take turns within one run.

The turns use the same network, losses, optimiser and loader, and the recipe's precision; where the recipe averages
weights, the bare loop does so too, into tensors of its own. Counted in CPU seconds of this process, so that other
programs on the machine are not counted. The bare loop trains the same weights on, so the run's result is of no use;
nothing of it is saved.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from pose3d.callbacks.averaging import AveragedWeights, moving_tensors
from pose3d.errors import PoseError
from pose3d.models.objectives import output_losses, total_loss
from pose3d.recipes import find_recipe

WARM_STEPS = 8


class InterleavedBareLoop(Callback):
    """Measures turns of `steps` steps of the trainer and of a bare loop, one after the other, and ends the run.

    Args:
        out: JSON file for the CPU seconds of every turn.
        steps: steps of a turn; with the trainer's `log_every_n_steps`, which is 50, every turn logs once.
        turns: how many turns each has.
    """

    def __init__(self, out: str, steps: int = 50, turns: int = 7) -> None:
        self.out, self.steps, self.turns = Path(out), steps, turns
        self.trainer_seconds: list[float] = []
        self.bare_seconds: list[float] = []
        self.batches: Iterator[Any] | None = None
        self.average: list[Tensor] = []
        self.began = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count; after every turn of the trainer let the bare loop have its own."""
        step = trainer.global_step - WARM_STEPS
        if step < 0 or step % self.steps:
            return
        now = time.process_time()
        if step > 0:
            self.trainer_seconds.append(now - self.began)
            self.bare_seconds.append(self._bare_turn(trainer, pl_module))
        else:
            self._bare_turn(trainer, pl_module)
        if len(self.bare_seconds) == self.turns:
            self.out.write_text(json.dumps({"trainer": self.trainer_seconds, "bare": self.bare_seconds}))
            trainer.should_stop = True
        self.began = time.process_time()

    def _bare_turn(self, trainer: Trainer, stage: Any) -> float:
        """CPU seconds of as many steps without the trainer."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        if self.batches is None:
            loader = data.train_dataloader()
            self.batches = chain.from_iterable(repeat(loader))
            next(self.batches)  # starts the workers
        (optimizer,) = trainer.optimizers
        weights = moving_tensors(stage)
        if not self.average and any(isinstance(callback, AveragedWeights) for callback in trainer.callbacks):  # type: ignore[attr-defined]
            self.average = [weight.clone() for weight in weights]
        phase = stage.schedule.at(trainer.global_step)
        began = time.process_time()
        for _ in range(self.steps):
            batch = data.on_after_batch_transfer(stage.transfer_batch_to_device(next(self.batches), stage.device, 0), 0)
            with trainer.precision_plugin.forward_context():
                losses = output_losses(stage.net.outputs, stage.net(batch["image"]), batch)
                total = total_loss(stage.net.outputs, losses, phase)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            if self.average:
                torch._foreach_lerp_(self.average, weights, 0.01)
        return time.process_time() - began


def measure_step(embedded: Path, folder: Path, steps: int, turns: int) -> dict[str, Any]:
    """Run the quick start's stage 2 on the stores in `embedded`, with the callback; its files go to `folder`."""
    out, overlay = folder / "training_step.json", folder / "training_step.yaml"
    callback = {
        "class_path": f"{__name__}.{InterleavedBareLoop.__name__}",
        "init_args": {"out": str(out), "steps": steps, "turns": turns},
    }
    overlay.write_text(json.dumps({"trainer": {"callbacks+": [callback]}}))
    words = [f"--config={find_recipe('stage2.yaml')}", f"--config={overlay}", f"--data.root={embedded.resolve()}"]
    words += ["--model.init_from=null", "--model.weights=random", f"--run_dir={folder / 'training_step'}"]
    words += ["--test_after_fit=false", "--validations=1"]
    call = [sys.executable, "-m", "stages", "fit", *words]
    done = subprocess.run(call, capture_output=True, text=True)
    if not out.is_file():
        raise PoseError(f"the training that was to be measured ended early: {done.stderr.strip().splitlines()[-1]}")
    return summary(json.loads(out.read_text()), steps)


def summary(found: dict[str, list[float]], steps: int) -> dict[str, Any]:
    """CPU time of a bare step, and the share by which a step of the trainer costs more: medians over the turns."""
    ratios = [a / b for a, b in zip(found["trainer"], found["bare"], strict=True)]
    return {
        "bare_ms": 1000 * median(found["bare"]) / steps,
        "overhead": median(ratios) - 1,
        "turns": len(ratios),
        "seconds": found,
    }
