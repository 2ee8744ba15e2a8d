"""The search behind a sweep: an optuna study in a journal file, so that a killed sweep continues where it stopped."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose3d.errors import PoseError
from pose3d.sweep.file import Sweep
from pose3d.sweep.space import grid_points, suggest

if TYPE_CHECKING:
    import optuna

JOURNAL = "journal.log"
CONTINUES = "continues"
"""Attribute of a trial that continues where a killed one stopped: that one's folder and command."""


def import_optuna() -> Any:
    """The search library, which is an optional dependency."""
    try:
        import optuna
    except ImportError as error:
        raise PoseError(
            "sweeps need the package optuna; install it with `pip install 'pose3d-lightning[sweep]'`"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def open_study(sweep: Sweep, folder: Path, seed: int) -> optuna.Study:
    """The study of a sweep folder, created or continued.

    A grid's points are all queued at the start, in the order of the file. Points whose trials were running when an
    earlier process was killed, or failed, are queued again; the former know which trial they continue.
    """
    optuna = import_optuna()
    # A killed process may have left the journal locked, and optuna would wait half a minute for it. Nobody else is at
    # work here: the runner holds the folder's own lock, which ends with its process.
    for lock in folder.glob(f"{JOURNAL}*.lock*"):
        lock.unlink(missing_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(
        str(folder / JOURNAL), lock_obj=optuna.storages.journal.JournalFileOpenLock(str(folder / JOURNAL))
    )
    study = optuna.create_study(
        study_name=sweep.name,
        storage=optuna.storages.JournalStorage(backend),
        sampler=_sampler(optuna, sweep, seed + _finished(folder)),
        pruner=_pruner(optuna, sweep),
        direction="maximize" if sweep.maximize else "minimize",
        load_if_exists=True,
    )
    _queue_again(optuna, study)
    if sweep.method == "grid":
        for point in grid_points(sweep.parameters):
            study.enqueue_trial(point, skip_if_exists=True)
    return study


def next_trial(study: optuna.Study, sweep: Sweep, failed: int = 0) -> tuple[optuna.Trial, dict[str, Any]] | None:
    """The next trial and the values of its flags; None when the sweep has all it wants.

    Args:
        failed: trials that failed since the study was opened; they count towards `run_cap`, older ones do not.
    """
    states = import_optuna().trial.TrialState
    trials = study.get_trials(deepcopy=False)
    started = failed + sum(trial.state in (states.COMPLETE, states.PRUNED, states.RUNNING) for trial in trials)
    waiting = any(trial.state == states.WAITING for trial in trials)
    limit = math.inf if sweep.run_cap is None else sweep.run_cap
    if started >= limit or (sweep.method == "grid" and not waiting):
        return None
    trial = study.ask()
    values = {name: suggest(trial, name, spec) for name, spec in sweep.parameters.items()}
    trial.set_user_attr("values", values)
    return trial, values


def _queue_again(optuna: Any, study: optuna.Study) -> None:
    """Close the trials of a killed process, and queue every point that has only failures to show."""
    states = optuna.trial.TrialState
    killed = [trial.number for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,))]
    for number in killed:
        study.tell(number, state=states.FAIL)
    trials = study.get_trials(deepcopy=False)
    settled = [_point(trial) for trial in trials if trial.state != states.FAIL]
    for trial in trials:
        point = _point(trial)
        if trial.state == states.FAIL and point not in settled:
            attrs = trial.user_attrs
            again = (
                {CONTINUES: {key: attrs.get(key) for key in ("folder", "command")}} if trial.number in killed else {}
            )
            study.enqueue_trial(point, user_attrs=again)
            settled.append(point)


def _point(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """What the sampler chose, or will choose for a queued trial."""
    return trial.params or dict(trial.system_attrs.get("fixed_params", {}))


def _sampler(optuna: Any, sweep: Sweep, seed: int) -> Any:
    """Random, or the tree-structured Parzen estimator in the place of W&B's Gaussian process."""
    if sweep.method == "bayes":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=5)
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(optuna: Any, sweep: Sweep) -> Any:
    """Hyperband with W&B's settings: `min_iter` and `eta`, or `max_iter` with `s` halvings by `eta`.

    An iteration is one logged value of the metric, as it is for W&B.
    """
    stop = sweep.early_terminate
    if not stop:
        return optuna.pruners.NopPruner()
    eta = stop.get("eta", 3)
    if "min_iter" in stop:
        return optuna.pruners.HyperbandPruner(
            min_resource=stop["min_iter"], max_resource=stop.get("max_iter", "auto"), reduction_factor=eta
        )
    lowest = max(1, stop["max_iter"] // eta ** stop["s"])
    return optuna.pruners.HyperbandPruner(min_resource=lowest, max_resource=stop["max_iter"], reduction_factor=eta)


def _finished(folder: Path) -> int:
    """Lines of the journal so far: a continued random search must not draw its first points again."""
    journal = folder / JOURNAL
    return len(journal.read_bytes().splitlines()) if journal.is_file() else 0
