"""best.ckpt and last.ckpt of a run folder, each with its provenance as JSON beside it."""

import logging
import math
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from pose3d.callbacks.sound import all_finite
from pose3d.checkpoint import PROVENANCE, read_checkpoint, sha256_of, write_sidecar
from pose3d.data.arguments import PositiveInt
from pose3d.errors import PoseError
from pose3d.files import check_folder, whole_file
from pose3d.suggestions import did_you_mean

log = logging.getLogger("pose3d")

BEST = ("best.ckpt", "best.json", "metrics.json", "predictions.npz", "predictions.png", "tested.json")
"""The best checkpoint and the results of testing it."""
OUTPUTS = (*BEST, "last.ckpt", "last.json", "config.yaml")
PREVIOUS = "previous"


class RunCheckpoint(Checkpoint):
    """Saves `last.ckpt` at every validation, at the end and on Ctrl-C, and `best.ckpt` when `monitor` improved.

    Lightning's ModelCheckpoint numbers its files, skips `last` when nothing improved and writes an interrupted run over
    the best one; a run folder has two fixed names and always the newest state.

    Weights that are not finite are never saved. A resumed run goes on with its own `best.ckpt`, told by its hash;
    another run's moves to `previous/`.

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
        every_n_steps: PositiveInt | None = None,
    ) -> None:
        self.run_dir, self.monitor, self.mode, self.every_n_steps = Path(run_dir), monitor, mode, every_n_steps
        self.best_score: float | None = None
        self.best_sha256: str | None = None
        self.saved_step = -1
        self.started = False

    @property
    def best_model_path(self) -> str:
        """Read by `trainer.test(ckpt_path="best")`."""
        return str(self.run_dir / "best.ckpt")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a key that validation will not log."""
        known: tuple[str, ...] = getattr(pl_module, "score_keys", ())
        if stage == "fit" and known and self.monitor not in known:
            raise PoseError(f"checkpoint.monitor {self.monitor!r} is not logged; {did_you_mean(self.monitor, known)}")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the files of an earlier run aside; a resumed run continues in place."""
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        self.started = True
        if trainer.ckpt_path is not None and Path(trainer.ckpt_path).resolve() == Path(self.best_model_path).resolve():
            # The best checkpoint was written before its own hash was known.
            self.best_sha256 = sha256_of(trainer.ckpt_path)
        if trainer.is_global_zero:
            check_folder(self.run_dir)
            self.run_dir.mkdir(parents=True, exist_ok=True)
            if trainer.ckpt_path is None or Path(trainer.ckpt_path).resolve().parent != self.run_dir.resolve():
                move_aside(self.run_dir, OUTPUTS)
            elif not self._has_best():
                move_aside(self.run_dir, BEST)
        if not self._has_best():
            self.best_score = self.best_sha256 = None
        trainer.strategy.barrier("run folder")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Request a validation after the last step, also within an epoch; save between validations."""
        if 0 < trainer.max_steps <= trainer.global_step:
            trainer.should_stop = True
        elif self.every_n_steps and trainer.global_step % self.every_n_steps == 0:
            # A validation saves when it has ended; a run resumed from a checkpoint of before would leave it out.
            if _validation_follows(trainer, batch_idx):
                return
            self._save(trainer, "last")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save last.ckpt, and best.ckpt where the score improved."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        score = trainer.callback_metrics.get(self.monitor)
        if score is None:
            known = ", ".join(sorted(k for k in trainer.callback_metrics if k.startswith("val/")))
            raise PoseError(f"checkpoint.monitor {self.monitor!r} is not logged; validation logs {known}")
        if not score.isfinite():
            log.warning("%s is %g at step %d, so best.ckpt stays as it is", self.monitor, score, trainer.global_step)
        elif self._improves(score):
            self.best_score = float(score)
            self._save(trainer, "best")
        self._save(trainer, "last")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Without validation the last weights are the best known."""
        if self.saved_step != trainer.global_step:
            self._save(trainer, "last")
        if self.best_score is None:
            self._save(trainer, "best")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what a run lacks that was killed after its last step; resumed, it has nothing left to train."""
        if self.started or trainer.ckpt_path is None or not trainer.is_global_zero:
            return
        if Path(trainer.ckpt_path).resolve().parent == self.run_dir.resolve():
            for path in (self.run_dir / "best.ckpt", self.run_dir / "last.ckpt"):
                if path.is_file():
                    write_sidecar(path, read_checkpoint(path)[PROVENANCE])

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save the latest weights, unless they are not finite."""
        if self.started and trainer.state.fn == TrainerFn.FITTING and self.saved_step != trainer.global_step:
            if all_finite(trainer.lightning_module):
                self._save(trainer, "last")
            elif self.saved_step >= 0:
                log.warning("the weights are not finite; last.ckpt keeps step %d", self.saved_step)
        if self.started and isinstance(exception, KeyboardInterrupt | SIGTERMException):
            log.warning(
                "stopped at step %d; go on with --ckpt_path %s", trainer.global_step, self.run_dir / "last.ckpt"
            )

    def state_dict(self) -> dict[str, Any]:
        """The best score so far, and the hash of its checkpoint."""
        return {"best_score": self.best_score, "best_sha256": self.best_sha256}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore them; `on_train_start` discards them where best.ckpt is another file."""
        self.best_score, self.best_sha256 = state_dict["best_score"], state_dict.get("best_sha256")

    def _has_best(self) -> bool:
        """Whether best.ckpt in the run folder is the one of this run."""
        path = Path(self.best_model_path)
        return path.is_file() and self.best_sha256 is not None and sha256_of(path) == self.best_sha256

    def _improves(self, score: torch.Tensor) -> bool:
        if self.best_score is None or not math.isfinite(self.best_score):
            return True
        return bool(score < self.best_score if self.mode == "min" else score > self.best_score)

    def _save(self, trainer: Trainer, name: str) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        if not all_finite(trainer.lightning_module):
            kept = f"; last.ckpt keeps step {self.saved_step}" if self.saved_step >= 0 else ""
            raise PoseError(f"the weights are not finite at step {trainer.global_step}{kept}; lower the learning rate")
        path = self.run_dir / f"{name}.ckpt"
        # Every process takes part in saving; the first one writes.
        with whole_file(path) if trainer.is_global_zero else nullcontext(path) as partial:
            trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            write_sidecar(path, trainer.lightning_module.provenance())  # type: ignore[operator]
            if name == "best":
                self.best_sha256 = sha256_of(path)
        self.saved_step = trainer.global_step


def _validation_follows(trainer: Trainer, batch_idx: int) -> bool:
    """Whether validation comes before the next training step."""
    epochs, interval = trainer.check_val_every_n_epoch, trainer.val_check_batch
    if interval is None:  # validation goes by the clock
        return False
    if epochs is None:
        return (trainer.fit_loop.total_batch_idx + 1) % interval == 0
    return (trainer.current_epoch + 1) % epochs == 0 and (batch_idx + 1) % interval == 0


def move_aside(run_dir: Path, names: Sequence[str] = OUTPUTS) -> None:
    """Move the files of another run to `previous/`, replacing its content."""
    found = [run_dir / name for name in names if (run_dir / name).exists()]
    if not found:
        return
    previous = run_dir / PREVIOUS
    previous.mkdir(exist_ok=True)
    for name in OUTPUTS:
        (previous / name).unlink(missing_ok=True)
    for path in found:
        path.rename(previous / path.name)
    what = "the earlier run" if "last.ckpt" in names else "another run's best.ckpt"
    log.warning("%s in %s is now in %s", what, run_dir, previous)
