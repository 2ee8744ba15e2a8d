"""The loop of a local sweep: get a trial, run it, watch its metric, report it to the search; one trial per device."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose3d.cores import available_cores
from pose3d.errors import PoseError
from pose3d.files import whole_file
from pose3d.suggestions import did_you_mean
from pose3d.sweep.command import expand, is_stage
from pose3d.sweep.file import Sweep, load_sweep
from pose3d.sweep.process import environment, start
from pose3d.sweep.search import CONTINUES, import_optuna, next_trial, open_study
from pose3d.sweep.trial import Running, metric_names

if TYPE_CHECKING:
    import optuna

COPY = "sweep.yaml"
LAST = "last.ckpt"
RUN_DIR = "POSE3D_RUN_DIR"
"""Environment variable with the trial's folder; a stage is told by its flag `--run_dir`."""


@dataclass
class Runner:
    """One sweep in one folder.

    Args:
        devices: names of CUDA devices, or None entries for the CPU; one trial runs on each.
        say: receives one line whenever a trial starts or ends.
    """

    sweep: Sweep
    folder: Path
    devices: list[str | None]
    seed: int = 0
    poll_s: float = 1.0
    say: Callable[[str], None] = print
    failures: list[str] = field(default_factory=list)

    def run(self) -> optuna.Study:
        """Run or continue the sweep to its end. Raises PoseError when the first trial to end has failed."""
        import_optuna()
        self.folder.mkdir(parents=True, exist_ok=True)
        with _only_one(self.folder):
            self._remember_file()
            study = open_study(self.sweep, self.folder, self.seed)
            running: list[Running] = []
            try:
                while self._fill(study, running) or running:
                    time.sleep(self.poll_s)
                    for trial in list(running):
                        if self._watch(study, trial):
                            running.remove(trial)
            finally:
                for trial in running:
                    trial.end()
        return study

    def _remember_file(self) -> None:
        """Keep a copy of the sweep file; a folder belongs to one search space."""
        copy = self.folder / COPY
        if not copy.is_file():
            self._copy_file(copy)
            return
        before = load_sweep(copy)
        if (before.parameters, before.method, before.metric) != (
            self.sweep.parameters,
            self.sweep.method,
            self.sweep.metric,
        ):
            raise PoseError(
                f"{self.folder} holds a sweep over other parameters ({copy}); choose another --out, or delete it"
            )
        self._copy_file(copy)

    def _copy_file(self, copy: Path) -> None:
        with whole_file(copy) as partial:
            shutil.copyfile(self.sweep.path, partial)

    def _fill(self, study: optuna.Study, running: list[Running]) -> bool:
        """Start trials on the free devices; says whether any was started."""
        before = len(running)
        for device in _free(self.devices, [trial.device for trial in running]):
            if (asked := next_trial(study, self.sweep, len(self.failures))) is None:
                break
            running.append(self._start(*asked, device))
        return len(running) > before

    def _start(self, trial: optuna.Trial, values: dict[str, Any], device: str | None) -> Running:
        """Start one trial in a folder of its own, or go on in that of a killed one; W&B is offline unless told."""
        command = expand(self.sweep.command, values, self.sweep.program)
        killed: dict[str, Any] = trial.user_attrs.get(CONTINUES, {})
        goes_on = self._can_continue(killed, command)
        name = killed["folder"] if goes_on else f"trial{trial.number:03d}"
        folder = self.folder / name
        trial.set_user_attr("folder", name)
        trial.set_user_attr("command", command)
        if folder.exists() and not goes_on:
            shutil.rmtree(folder)
        extra = {
            RUN_DIR: str(folder),
            "WANDB_MODE": os.environ.get("WANDB_MODE", "offline"),
            "WANDB_DIR": str(folder),
            "WANDB_RUN_GROUP": self.sweep.name,
            "WANDB_NAME": f"{self.sweep.name}-{name}",
        }
        if device is not None:
            extra["CUDA_VISIBLE_DEVICES"] = device
        elif len(self.devices) > 1:
            extra["OMP_NUM_THREADS"] = str(max(1, available_cores() // len(self.devices)))
        folder.mkdir(parents=True, exist_ok=True)
        if is_stage(command):
            command = [*command, f"--run_dir={folder}"]
        if goes_on:
            command = [*command, f"--ckpt_path={folder / LAST}"]
        process = start(command, folder / "log.txt", environment(**extra))
        self.say(
            f"{name} {'goes on' if goes_on else 'started'}: "
            + " ".join(f"{key}={value}" for key, value in values.items())
        )
        return Running(trial, folder, device, process)

    def _can_continue(self, killed: Mapping[str, Any], command: Sequence[str]) -> bool:
        """Whether a killed trial of the same command left a state of its training."""
        if not killed or killed["folder"] is None or killed["command"] != list(command) or not is_stage(command):
            return False
        return (self.folder / killed["folder"] / LAST).is_file()

    def _watch(self, study: optuna.Study, running: Running) -> bool:
        """Report new metric values to the pruner and see to the end of a trial; says whether it has ended."""
        ended = running.process.poll() is not None
        values = running.read(self.sweep.metric)
        hopeless = self._hopeless(running, values)
        if hopeless and not ended:
            running.end()
            study.tell(running.trial, state=import_optuna().trial.TrialState.PRUNED)
            self.say(f"{running.folder.name} stopped early at {self.sweep.metric} = {values[-1]:.4g}")
            return True
        if not ended:
            return False
        if running.process.returncode != 0:
            self._failed(study, running, f"exit code {running.process.returncode}: {running.reason()}")
        elif not values:
            names = metric_names(running.folder)
            hint = did_you_mean(self.sweep.metric, names) if names else "it wrote no metrics.csv"
            self._failed(study, running, f"it logged no {self.sweep.metric!r}; {hint}")
        else:
            study.tell(running.trial, values[-1])
            self.say(f"{running.folder.name} done: {self.sweep.metric} = {values[-1]:.4g}")
        return True

    def _hopeless(self, running: Running, values: list[float]) -> bool:
        """Feed new values to Hyperband, one iteration each; says whether it gives up on the trial.

        At `max_iter` a trial is whole: there is nothing left to save, and its last value counts.
        """
        hopeless, whole = False, self.sweep.early_terminate.get("max_iter", math.inf)
        while running.reported < len(values):
            running.trial.report(values[running.reported], step=running.reported + 1)
            running.reported += 1
            hopeless |= running.trial.should_prune() and running.reported < whole
        return hopeless

    def _failed(self, study: optuna.Study, running: Running, reason: str) -> None:
        """Note a failure; when nothing has worked yet the next trial would fail as well, so the sweep ends."""
        states = import_optuna().trial.TrialState
        study.tell(running.trial, state=states.FAIL)
        self.failures.append(running.folder.name)
        self.say(f"{running.folder.name} failed: {reason}")
        if not study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)):
            raise PoseError(f"the first trial failed, so the sweep stops ({running.log}): {reason}")


def find_devices(parallel: int | None) -> list[str | None]:
    """The CUDA devices, at most `parallel` of them; without any, `parallel` places on the CPU (one by default)."""
    import torch

    count = torch.cuda.device_count()
    if count:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        # Words, not numbers: a visible device may also be named by its UUID.
        names: list[str | None] = [*(visible.split(",") if visible else map(str, range(count)))]
        return names[:parallel]
    return [None] * (parallel or 1)


def _free(devices: list[str | None], busy: list[str | None]) -> list[str | None]:
    """The devices without a trial."""
    free = list(devices)
    for device in busy:
        free.remove(device)
    return free


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two runners in one folder would start every trial twice."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PoseError(
                f"another `pose3d sweep` is at work in {folder}; let it finish, or choose another --out"
            ) from error
        yield
