"""Train and test the rows of the ledger. Completed work is skipped, interrupted trainings are resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from pose3d.cores import available_cores
from pose3d.data.preparation import prepare_store
from pose3d.data.sources.prepare import require_samples
from pose3d.errors import PoseError
from pose3d.files import write_whole
from pose3d.paper.finding_results import write_findings
from pose3d.paper.forked import run_forked
from pose3d.paper.ledger import Row
from pose3d.paper.measure import machine, measure, needed_tests
from pose3d.paper.merge import SPLITS, data_module, digest, stores
from pose3d.paper.official import check_pictures, official_store, rendered_by
from pose3d.paper.side_by_side import run_tasks, thread_share
from pose3d.paper.stand_ins import make_stand_ins
from pose3d.paper.steps import FOUND_BOX, FRAME_TIME, Overlays, Step, check_profile, steps
from pose3d.paper.testing import box_step, crop_test, found_box_test, frame_time_test, trainings
from pose3d.paper.work import tasks_of
from pose3d.sweep.process import environment, last_words, start, stop

RECORD = "step.json"
HANDED_OVER = "last.ckpt"
"""Checkpoint to test. The paper trains on all people, so none are left to choose a checkpoint on (decision L10)."""
EVERY = {"mini": 1, "findings": 1}
"""Frame sampling of a profile in place of the protocol's: the embedded worlds are too small for every 64th frame."""


@dataclass(frozen=True)
class Reproduction:
    """Rows of the ledger under one profile.

    Args:
        out: folder of the profile's runs: `OUT/<step>/seed<N>/`, its tests below it, results in `OUT/results/`.
        roots: folders of official data sets by name, from which missing stores are prepared. They replace the
            stand-ins of the profile.
        limit: largest number of samples of each prepared store; 0: all.
        iterations_scale: factor on all iteration counts, for a rehearsal; None: as in the recipe.
        parallel: number of trainings and tests that run at a time.
        pictures: folders or pose stores of pictures, by the keys `backgrounds` and `textures`, for trainings that
            augment with them; where a key is missing, generated patterns are used.
        fork: the `pose3d` command line, to run commands as forks of this process without their start-up time; None:
            run each in a new process.
        say: called with a line whenever something starts or ends.
    """

    profile: str
    out: Path
    roots: Mapping[str, Path] = field(default_factory=dict)
    limit: int = 0
    iterations_scale: float | None = None
    parallel: int = 1
    pictures: Mapping[str, Path] = field(default_factory=dict)
    fork: Callable[[list[str]], int] | None = None
    say: Callable[[str], None] = print
    _running: set[Popen[bytes]] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def overlays(self) -> Overlays:
        """The files that configure trainings and tests."""
        return Overlays(self.profile, official=bool(self.roots))

    def run(self, rows: Sequence[Row], seeds: Iterable[int]) -> None:
        """Train what the rows need and write their results. Everything is checked before the first training starts."""
        seeds = list(seeds)
        self.check(rows)
        for seed in seeds:
            for step in trainings(rows):
                self._check_folder(step, seed)
        self._prepare(rows)
        run_tasks([task for seed in seeds for task in tasks_of(self, rows, seed)], self.parallel, self._stop)

    def check(self, rows: Sequence[Row]) -> None:
        """Raise PoseError if a row cannot be run or its data are not prepared."""
        check_profile(self.profile)
        for row in rows:
            if reason := self.obstacle(row):
                raise PoseError(f"{row.key} {reason}")
        self._make_stand_ins(rows)
        for step in trainings(rows):
            check_pictures(step.name, self.overlays.training(step), self.pictures)
        for path, row in self.needed_stores(rows).items():
            if path.is_file():
                continue
            store = official_store(path, self.roots, self.limit)
            if store is None:
                raise PoseError(f"{row.key} needs {path}, which is not prepared; {rendered_by(path)}")
            if store.preparation is None:
                raise PoseError(
                    f"{row.key} needs {path}, which is not prepared; name its folder with --root {store.source}=DIR "
                    f"(--dry-run lists all that is missing)"
                )
            require_samples(store.preparation.plan())

    def needed_stores(self, rows: Sequence[Row]) -> dict[Path, Row]:
        """Every store that the rows train or are tested on, with the first row that needs it."""
        found: dict[Path, Row] = {}
        for row in rows:
            for step in trainings([row]):
                for path in stores(self.overlays.training(step), SPLITS[:2]):
                    found.setdefault(path, row)
            for test, switches in needed_tests(row, self._available):
                for path in stores(self.overlays.evaluation(steps()[str(row.step)], test, switches), SPLITS[2:]):
                    found.setdefault(path, row)
        return found

    def _prepare(self, rows: Sequence[Row]) -> None:
        """Prepare the missing stores."""
        for path in self.needed_stores(rows):
            if not path.is_file() and (store := official_store(path, self.roots, self.limit)) and store.preparation:
                self.say(f"preparing {path} from {store.preparation.root}")
                prepare_store(store.preparation, path)

    def obstacle(self, row: Row) -> str | None:
        """Why a row cannot be run under this profile, even with all data prepared; None if it can."""
        if row.step is None:
            return f"is another work's published figure ({row.name}); there is nothing to run"
        if row.blocked is not None:
            return f"cannot be run: {row.blocked}"
        tests = needed_tests(row, self._available)
        if not tests:
            sets = " and ".join(sorted({column.test for column in row.wanted.values()}))
            return f"is tested on {sets}, for which profile {self.profile!r} has no data"
        try:
            for step in trainings([row]):
                self.overlays.training(step)
            for test, switches in tests:
                self.overlays.evaluation(steps()[row.step], test, switches)
        except PoseError as error:
            return f"cannot be run: {error}"
        return None

    def _make_stand_ins(self, rows: Sequence[Row]) -> None:
        """Split the lab world by subject if these rows need it."""
        for path in make_stand_ins(list(self.needed_stores(rows))):
            self.say(f"wrote {path}")

    def training_command(self, step: Step, seed: int) -> list[str]:
        """The `lightning fit` command of a training, from its start."""
        configs = [f"--config={path}" for path in self.overlays.training(step)]
        words = [*configs, *self._arguments(step, seed)]
        if self.parallel > 1:
            words.append(f"--data.init_args.num_workers={max(1, available_cores() // self.parallel)}")
        return ["lightning", "fit", *words, f"--run_dir={self.folder(step, seed)}", "--test_after_fit=false"]

    def test_command(self, step: Step, seed: int, test: str, switches: tuple[str, ...]) -> list[str]:
        """The command that tests a last checkpoint: in crops around the true box, or whole images (`WHOLE_METHOD`)."""
        files = self.overlays.evaluation(step, test, switches)
        checkpoint = self.folder(step, seed) / HANDED_OVER
        folder = self.test_folder(step.name, seed, test, switches)
        box_checkpoint = self.folder(box_step(step), seed) / HANDED_OVER
        if FRAME_TIME in switches:
            return frame_time_test(files, checkpoint, box_checkpoint, folder)
        if FOUND_BOX in switches:
            return found_box_test(files, checkpoint, box_checkpoint, folder)
        return crop_test(files, checkpoint, folder)

    def folder(self, step: Step, seed: int) -> Path:
        """Run folder of a training."""
        return self.out / step.name / f"seed{seed}"

    def test_folder(self, step: str, seed: int, test: str, switches: tuple[str, ...]) -> Path:
        """Run folder of a test."""
        name = "+".join([test, *(switch.rpartition("/")[2] for switch in switches)])
        return self.folder(steps()[step], seed) / "tests" / name

    def is_trained(self, step: Step, seed: int) -> bool:
        """Whether a training is completed."""
        return bool((_read(self.folder(step, seed) / RECORD) or {}).get("done"))

    def _available(self, test: str) -> bool:
        return self.overlays.has_test(test)

    def _arguments(self, step: Step, seed: int) -> list[str]:
        """The arguments that depend on the seed, the training people (all, decision L10), pictures, and the parent."""
        words = [f"--seed_everything={seed}", f"--data.init_args.seed={seed}", "--data.init_args.val_subjects=null"]
        if self.iterations_scale is not None:
            words.append(f"--model.init_args.iterations_scale={self.iterations_scale:g}")
        if self.pictures and data_module(self.overlays.training(step)).composite is not None:
            words += [f"--data.init_args.{key}={path}" for key, path in sorted(self.pictures.items())]
        if step.parent is not None:
            words.append(f"--model.init_args.init_from={self.folder(steps()[step.parent], seed) / HANDED_OVER}")
        return words

    def train(self, step: Step, seed: int, place: str) -> None:
        """Train, unless it is done; resume from last.ckpt if an earlier process was interrupted."""
        # Check again, as a parent may have been trained since.
        self._check_folder(step, seed)
        folder, identity = self.folder(step, seed), self._identity(step, seed)
        record = _read(folder / RECORD)
        if record and record["done"]:
            self.say(f"training {step.name}, seed {seed} ({place}): done before")
            return
        command = self.training_command(step, seed)
        if record and (folder / "last.ckpt").is_file():
            command.append(f"--ckpt_path={folder / 'last.ckpt'}")
        _write(folder / RECORD, {"digest": identity, "done": False, "command": command})
        self._call(f"training {step.name}, seed {seed} ({place})", command, folder / "log.txt")
        _write(folder / RECORD, {"digest": identity, "done": True, "command": command})

    def _identity(self, step: Step, seed: int) -> str:
        return digest(self.overlays.training(step), self._arguments(step, seed))

    def _check_folder(self, step: Step, seed: int) -> None:
        """Raise PoseError if a training was started with other settings, or from other weights of its parent."""
        folder = self.folder(step, seed)
        record = _read(folder / RECORD)
        if record is None:
            return
        if record["digest"] != self._identity(step, seed):
            raise PoseError(f"{folder} was trained with other settings; delete it, or choose another --out")
        origin = (_read(folder / "last.json") or {}).get("parent")
        if step.parent is None or origin is None:
            return
        from pose3d.checkpoint import sha256_of

        parent = self.folder(steps()[step.parent], seed) / HANDED_OVER
        if parent.is_file() and sha256_of(parent) != origin["sha256"]:
            raise PoseError(
                f"{folder} was trained from another {parent} than the present one; delete it, or choose another --out"
            )

    def test(self, step: Step, seed: int, test: str, switches: tuple[str, ...]) -> None:
        """Test, unless the test was completed with these settings."""
        folder = self.test_folder(step.name, seed, test, switches)
        identity = digest(self.overlays.evaluation(step, test, switches), [])
        if (_read(folder / RECORD) or {}).get("digest") == identity:
            return
        command = self.test_command(step, seed, test, switches)
        self._call(f"testing {step.name}, seed {seed}, on {folder.name}", command, folder / "log.txt")
        _write(folder / RECORD, {"digest": identity, "done": True, "command": command})

    def _call(self, what: str, command: list[str], log: Path) -> None:
        """Run a command and wait for it; raises PoseError if it fails."""
        self.say(f"{what} ... ({log})")
        began = time.monotonic()
        code = self._exit_code(command, log)
        if code != 0:
            raise PoseError(f"{what} ended with exit code {code}: {last_words(log)} (see {log})")
        self.say(f"{what}: {time.monotonic() - began:.0f} s")

    def _exit_code(self, command: list[str], log: Path) -> int:
        """Of a command that has run to its end."""
        if self.fork is not None:
            return run_forked(self.fork, command, log, WANDB_MODE="offline")
        process = start(command, log, environment(WANDB_MODE="offline", **thread_share(self.parallel)))
        self._running.add(process)
        try:
            return process.wait()
        finally:
            stop(process)
            self._running.discard(process)

    def _stop(self) -> None:
        """Terminate the running commands; trainings can be resumed from last.ckpt."""
        for process in tuple(self._running):
            stop(process)

    def write_findings(self, seed: int) -> None:
        """Write the results of findings whose tests have run."""

        def folder_of(step: str, test: str, switches: tuple[str, ...]) -> Path | None:
            folder = self.test_folder(step, seed, test, switches)
            return folder if (_read(folder / RECORD) or {}).get("done") else None

        about = {"profile": self.profile, "iterations_scale": self.iterations_scale}
        for key, problem in write_findings(self.out, seed, folder_of, EVERY.get(self.profile), about).items():
            self.say(f"{key} is not scored: {problem}")

    def write(self, row: Row, seed: int) -> None:
        """Write a row's figures with the data that they were measured on."""

        def folder_of(test: str, switches: tuple[str, ...]) -> Path | None:
            return self.test_folder(str(row.step), seed, test, switches) if self._available(test) else None

        figures = measure(row, folder_of, EVERY.get(self.profile))
        tested = {
            test: str(stores(self.overlays.evaluation(steps()[str(row.step)], test, switches), ("test",))[0])
            for test, switches in sorted(needed_tests(row, self._available))
        }
        if (where := machine(row, folder_of)) is not None:
            tested["machine"] = where
        content = {"row": row.key, "profile": self.profile, "seed": seed, "tested_on": tested, "figures": figures}
        _write(self.out / "results" / row.table / row.id / f"seed{seed}.json", content)


def _read(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.is_file() else None


def _write(path: Path, content: dict) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")
