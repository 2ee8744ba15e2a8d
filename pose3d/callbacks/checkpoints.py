"""best.ckpt and last.ckpt of a run folder, each with its provenance as JSON beside it."""

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from pose3d.checkpoint import write_sidecar
from pose3d.files import check_folder, whole_file

log = logging.getLogger("pose3d")

OUTPUTS = ("best.ckpt", "best.json", "last.ckpt", "last.json", "config.yaml", "metrics.json", "predictions.npz")
PREVIOUS = "previous"


class RunCheckpoint(Checkpoint):
    """Saves `last.ckpt` at every validation, at the end and on Ctrl-C, and `best.ckpt` when `monitor` improved.

    Lightning's ModelCheckpoint numbers its files, skips `last` when nothing improved and writes an interrupted run over
    the best one; a run folder has two fixed names and always the newest state.

    Args:
        run_dir: the run folder. Files of an earlier run move to `previous/` when training begins, not sooner.
        monitor: logged key that decides, for example val/mpjpe_mm.
        mode: whether a smaller (min) or larger (max) value is better.
        every_n_steps: save `last.ckpt` also between validations, for long runs; null: do not.
    """

    def __init__(
        self,
        run_dir: str,
        monitor: str = "val/mpjpe_mm",
        mode: Literal["min", "max"] = "min",
        every_n_steps: int | None = None,
    ) -> None:
        self.run_dir, self.monitor, self.mode, self.every_n_steps = Path(run_dir), monitor, mode, every_n_steps
        self.best_score: float | None = None
        self.saved_step = -1
        self.started = False

    @property
    def best_model_path(self) -> str:
        """Read by `trainer.test(ckpt_path="best")`."""
        return str(self.run_dir / "best.ckpt")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make room: a new run moves the old one aside, a resumed one goes on in place."""
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        self.started = True
        if trainer.is_global_zero:
            check_folder(self.run_dir)
            self.run_dir.mkdir(parents=True, exist_ok=True)
            if trainer.ckpt_path is None:
                move_aside(self.run_dir)
        trainer.strategy.barrier("run folder")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ask for a validation after the last step, wherever in an epoch it falls; save between validations."""
        if 0 < trainer.max_steps <= trainer.global_step:
            trainer.should_stop = True
        elif self.every_n_steps and trainer.global_step % self.every_n_steps == 0:
            self._save(trainer, "last")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save last, and best if it is."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        score = trainer.callback_metrics.get(self.monitor)
        if score is None:
            known = ", ".join(sorted(k for k in trainer.callback_metrics if k.startswith("val/")))
            raise ValueError(f"checkpoint.monitor {self.monitor!r} is not logged; validation logs {known}")
        if self._improves(score):
            self.best_score = float(score)
            self._save(trainer, "best")
        self._save(trainer, "last")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Without validation the last weights are the best known."""
        if self.saved_step != trainer.global_step:
            self._save(trainer, "last")
        if self.best_score is None:
            self._save(trainer, "best")

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keep what was learned."""
        if self.started and trainer.state.fn == TrainerFn.FITTING and self.saved_step != trainer.global_step:
            self._save(trainer, "last")
        if self.started and isinstance(exception, KeyboardInterrupt | SIGTERMException):
            log.warning(
                "stopped at step %d; go on with --ckpt_path %s", trainer.global_step, self.run_dir / "last.ckpt"
            )

    def state_dict(self) -> dict[str, Any]:
        """The best score so far."""
        return {"best_score": self.best_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """A resumed run keeps its best, where that is still there."""
        if Path(self.best_model_path).is_file():
            self.best_score = state_dict["best_score"]

    def _improves(self, score: torch.Tensor) -> bool:
        if self.best_score is None:
            return True
        return bool(score < self.best_score if self.mode == "min" else score > self.best_score)

    def _save(self, trainer: Trainer, name: str) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        path = self.run_dir / f"{name}.ckpt"
        # Every process takes part in saving; the first one writes.
        with whole_file(path) if trainer.is_global_zero else nullcontext(path) as partial:
            trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            write_sidecar(path, trainer.lightning_module.provenance())  # type: ignore[operator]
        self.saved_step = trainer.global_step


def move_aside(run_dir: Path) -> None:
    """Move what an earlier run left to `previous/`, replacing what was there."""
    found = [run_dir / name for name in OUTPUTS if (run_dir / name).exists()]
    if not found:
        return
    previous = run_dir / PREVIOUS
    previous.mkdir(exist_ok=True)
    for name in OUTPUTS:
        (previous / name).unlink(missing_ok=True)
    for path in found:
        path.rename(previous / path.name)
    log.warning("the earlier run in %s is now in %s", run_dir, previous)
