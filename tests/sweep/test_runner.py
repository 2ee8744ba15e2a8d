"""Local sweeps end to end, with a stand-in for the training."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pose3d.app import main
from pose3d.errors import PoseError
from pose3d.sweep.file import load_sweep
from pose3d.sweep.runner import Runner, find_devices
from pose3d.sweep.summary import results, short_names
from pose3d.sweep.trial import read_metric

pytest.importorskip("optuna")


def run(path, folder, parallel=1, **options):
    sweep = load_sweep(path)
    lines = []
    runner = Runner(sweep, folder, [None] * parallel, poll_s=0.02, say=lines.append, **options)
    return results(runner.run(), sweep), lines, runner


class Interrupted(Runner):
    """Stops, as Ctrl-C would, when its second trial has logged two values."""

    def _watch(self, study, trial):
        ended = super()._watch(study, trial)
        if trial.folder.name == "trial001" and len(trial.values) >= 2:
            raise KeyboardInterrupt
        return ended


def running(pid):
    """Whether a process is running (a zombie is not)."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def expected(x, y, steps=3):
    return ((x - 2) ** 2 + y) * (1 + 1 / steps)


def test_grid_visits_every_point_once_and_ranks_them(sweep_file, tmp_path):
    found, _, _ = run(sweep_file(), tmp_path / "out", parallel=2)
    assert len(found) == 6
    assert found[0].values == {"x": 2, "y": 0}
    for result in found:
        assert result.value == pytest.approx(expected(**result.values))
    assert [r.value for r in found] == sorted(r.value for r in found)
    assert (tmp_path / "out" / found[0].folder / "env.txt").read_text() == "offline -"


def test_a_finished_sweep_does_nothing_more(sweep_file, tmp_path):
    path = sweep_file()
    run(path, tmp_path / "out")
    found, lines, _ = run(path, tmp_path / "out")
    assert len(found) == 6
    assert lines == []


@pytest.mark.parametrize("method", ["grid", "bayes"])
def test_killed_and_continued(sweep_file, tmp_path, method):
    """SIGKILL in the middle of a trial: its training dies too, and every trial ends complete exactly once."""
    space = {"x": {"values": [0, 1, 2]}} if method == "grid" else {"x": {"min": 0.0, "max": 4.0}}
    content = {"method": method, "parameters": space} | ({} if method == "grid" else {"run_cap": 3})
    (hold := tmp_path / "hold").touch()
    path, out = sweep_file(flags=["--steps=4", f"--hold={hold}"], **content), tmp_path / "out"
    code = f"import sys; from pose3d.app import main; sys.exit(main(['sweep', {str(path)!r}, '--out', {str(out)!r}]))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("trial001 started"):
            break
    (child,) = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(child)
    hold.unlink()
    found, lines, _ = run(path, out)
    assert [r.state for r in found] == ["complete"] * 3
    assert sum("started" in line for line in lines) == 2
    if method == "grid":
        assert {r.values["x"] for r in found} == {0, 1, 2}


def test_a_lock_that_a_killed_sweep_left_on_its_journal_is_nobodys(sweep_file, tmp_path, monkeypatch):
    path, out = sweep_file(parameters={"x": {"values": [1]}}), tmp_path / "out"
    run(path, out)
    (out / "journal.log.lock").symlink_to(out / "journal.log")  # as optuna takes it

    def wait_for_the_lock(seconds):
        raise AssertionError("optuna waits for the lock, for half a minute or without end")

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=wait_for_the_lock)
    monkeypatch.setattr("optuna.storages.journal._file.time", clock)
    assert len(run(path, out)[0]) == 1


@pytest.mark.parametrize("change", [None, "command"])
def test_an_interrupted_training_goes_on_from_its_checkpoint(sweep_file, tmp_path, change):
    """Steps before the checkpoint are not repeated, unless the command has changed."""
    (hold := tmp_path / "hold").touch()
    stage = ["lightning", "fit", "--steps=8", f"--hold={hold}"]
    path, out = sweep_file(flags=stage, parameters={"x": {"values": [0, 1]}}), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Interrupted(load_sweep(path), out, [None], poll_s=0.02, say=lambda line: None).run()
    hold.unlink()
    if change:
        path = sweep_file(flags=[*stage, "--more=1"], parameters={"x": {"values": [0, 1]}})
    found, lines, _ = run(path, out)
    assert [r.state for r in found] == ["complete"] * 2
    assert [r.iterations for r in found] == [8, 8]
    assert found[0].value == pytest.approx(expected(1, 0, steps=8))
    versions = sorted((out / found[0].folder).glob("version_*/metrics.csv"))
    if change:
        assert (found[0].folder, len(versions)) == ("trial002", 1)
    else:
        assert (found[0].folder, len(versions)) == ("trial001", 2)
        assert lines[0].startswith("trial001 goes on")
        assert "\n0," not in versions[1].read_text()


def test_hyperband_stops_hopeless_trials(sweep_file, tmp_path):
    path = sweep_file(
        flags=["--steps=9", "--pause=0.06"],
        method="grid",
        parameters={"x": {"values": [2, 9, 8, 7, 6]}},
        early_terminate={"type": "hyperband", "max_iter": 9, "s": 2, "eta": 3},
    )
    found, _, _ = run(path, tmp_path / "out")
    assert found[0].values["x"] == 2
    assert found[0].state == "complete"
    stopped = [r for r in found if r.state == "stopped"]
    assert stopped
    # At the last iteration nothing is left to stop.
    assert all(r.iterations in (1, 3) for r in stopped)


def test_bayes_is_capped_and_finds_the_valley(sweep_file, tmp_path):
    path = sweep_file(method="bayes", run_cap=14, parameters={"x": {"min": -4.0, "max": 6.0}}, flags=["--steps=1"])
    found, _, _ = run(path, tmp_path / "out")
    assert len(found) == 14
    assert abs(found[0].values["x"] - 2) < 1.5


def test_failures(sweep_file, tmp_path):
    path = sweep_file(flags=["--fail=1"], parameters={"x": {"values": [0, 1, 2]}})
    found, lines, runner = run(path, tmp_path / "out")
    assert [r.state for r in found] == ["complete", "complete", "failed"]
    assert runner.failures == ["trial001"]
    assert any("no such thing" in line for line in lines)
    # Once fixed, the failed point alone is run again.
    found, lines, _ = run(sweep_file(parameters={"x": {"values": [0, 1, 2]}}), tmp_path / "out")
    assert [r.state for r in found] == ["complete"] * 3
    assert sum("started" in line for line in lines) == 1


def test_the_first_failure_ends_the_sweep(sweep_file, tmp_path):
    with pytest.raises(PoseError, match="no such thing"):
        run(sweep_file(flags=["--fail=0"]), tmp_path / "out")


def test_a_metric_that_never_comes(sweep_file, tmp_path):
    with pytest.raises(PoseError, match="did you mean val/error"):
        run(sweep_file(metric={"name": "val/eror"}), tmp_path / "out")


def test_a_folder_belongs_to_one_search_space(sweep_file, tmp_path):
    run(sweep_file(parameters={"x": {"values": [2]}}), tmp_path / "out")
    with pytest.raises(PoseError, match="other parameters"):
        run(sweep_file(parameters={"x": {"values": [3]}}), tmp_path / "out")


def test_command_prints_a_table_and_draws_the_surface(sweep_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sweep", str(sweep_file()), "--out", str(out)]) == 0
    assert "lowest first" in capsys.readouterr().out
    assert (out / "results.csv").read_text().startswith("trial,state,val/error,iterations,x,y,folder")
    assert (out / "surface.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((out / "results.json").read_text())
    assert (content["goal"], content["trials"][0]["values"]) == ("minimize", {"x": 2, "y": 0})
    assert len(content["trials"]) == 6
    assert main(["sweep", str(tmp_path / "none.yaml")]) == 2


def test_each_device_has_one_trial_at_a_time(sweep_file, tmp_path):
    """Stand-ins for two GPUs, named by number and by UUID: each trial sees its own alone."""
    sweep = load_sweep(sweep_file(flags=["--pause=0.1"]))
    most = []

    class Counting(Runner):
        def _fill(self, study, running):
            started = super()._fill(study, running)
            most.append(sorted(trial.device for trial in running))
            return started

    Counting(sweep, tmp_path / "out", ["0", "GPU-1f"], poll_s=0.02, say=lambda line: None).run()
    assert ["0", "GPU-1f"] in most
    assert all(len(set(devices)) == len(devices) for devices in most)
    seen = [path.read_text() for path in (tmp_path / "out").glob("*/env.txt")]
    assert len(seen) == 6
    assert set(seen) == {"offline 0", "offline GPU-1f"}


@pytest.mark.parametrize(
    ("count", "visible", "parallel", "expected"),
    [
        (0, None, None, [None]),
        (0, None, 3, [None] * 3),
        (2, None, None, ["0", "1"]),
        (2, "3,5", None, ["3", "5"]),
        (2, "GPU-1f,GPU-2e", 1, ["GPU-1f"]),
    ],
)
def test_devices_of_this_machine(monkeypatch, count, visible, parallel, expected):
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert find_devices(parallel) == expected


def test_a_step_that_was_logged_twice_counts_once(tmp_path):
    for version, rows in enumerate(
        (["step,val/e,lr", "3,9.0,", "4,,0.1", "7,8.0,"], ["step,val/e", "7,8.5", "11,7.0"])
    ):
        folder = tmp_path / f"version_{version}"
        folder.mkdir()
        (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
        os.utime(folder / "metrics.csv", (version, version))
    assert read_metric(tmp_path, "val/e") == [9.0, 8.5, 7.0]


def test_short_names():
    names = ["model.lr_multipliers.trunk", "model.lr_multipliers.new", "data.new", "x"]
    assert list(short_names(names).values()) == ["trunk", "lr_multipliers.new", "data.new", "x"]
