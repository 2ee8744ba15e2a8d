"""The campaigns can be resumed, are seeded, and find the faults that they look for."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from scripts.torture.cases import Outcome, campaign, command, run
from scripts.torture.damage import damage_bytes, damage_value
from scripts.torture.no_room import obey_permissions
from scripts.torture.refused_writes import refuse_writes

ROOT = Path(__file__).parents[2]


def test_a_stopped_campaign_goes_on_and_counts_earlier_faults(tmp_path):
    seen = []

    def case(number, rng):
        seen.append((number, int(rng.integers(1000))))
        return f"case {number}", "wrong" if number == 1 else ""

    assert campaign("part", 3, 60, 7, tmp_path, case) == 1
    assert campaign("part", 5, 60, 7, tmp_path, case) == 1
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    again = []

    def listen(number, rng):
        again.append((number, int(rng.integers(1000))))
        return "", ""

    campaign("part", 5, 60, 7, tmp_path / "other", listen)
    assert again == seen  # the same seed, the same cases
    assert campaign("part", 9, 0.0, 7, tmp_path, case) == 1
    assert len(seen) == 5
    lines = [json.loads(line) for line in (tmp_path / "part-seed7.jsonl").read_text().splitlines()]
    assert [line["fault"] for line in lines] == ["", "wrong", "", "", ""]


def test_damage_changes_the_file():
    content = bytes(range(256)) * 20
    found = [damage_bytes(content, np.random.default_rng([0, i]))[0] for i in range(200)]
    assert sum(data != content for data in found) > 190
    assert len({len(data) for data in found}) > 20


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_values_of_every_depth_are_damaged(tmp_path, suffix):
    content = {"a": 1, "b": [{"c": "text", "d": [1.5, 2]}, 3]}
    path = tmp_path / f"file.{suffix}"
    path.write_text(json.dumps(content))  # YAML as well
    found = [damage_value(path, np.random.default_rng(seed)) for seed in range(200)]
    assert {what.partition(":")[0] for _, what in found} >= {"a", "b", "b.0", "b.1", "b.0.c", "b.0.d", "b.0.d.1"}
    assert any(what.endswith("removed") for _, what in found)
    read = json.loads if suffix == "json" else yaml.safe_load
    assert sum(read(text) != content for text, _ in found) > 180


def test_how_a_command_ended(tmp_path):
    log = tmp_path / "log.txt"
    assert run(command(["evaluate", str(tmp_path / "none.npz")]), log).in_order
    assert run(command(["evaluate", "--no-such-flag"]), log).code == 2

    def crash():
        raise RuntimeError("as a defect would")

    assert not run(crash, log).in_order
    assert not Outcome(-11, "").in_order  # a crash of the interpreter
    assert not Outcome(124, "").in_order  # a hang


def test_a_process_without_the_right_to_override_permissions_obeys_them(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o444)

    def write():
        obey_permissions()
        try:
            (tmp_path / "file").write_text("new")
        except PermissionError:
            return 2
        return 0

    assert run(write, tmp_path / "log.txt").code == 2
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp")
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_writes_into_a_folder_are_refused_once_its_room_is_used_up(tmp_path, error):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()

    def write():
        refuse_writes(inside, 5000, error)
        (outside / "large").write_bytes(bytes(100_000))
        (inside / "first").write_bytes(bytes(4000))
        with tempfile.TemporaryFile(dir=inside) as file:  # takes room for a moment only
            file.write(bytes(900))
        try:
            (inside / "second").write_bytes(bytes(2000))
        except OSError as refusal:
            found = refusal.errno
        subprocess.run(["sh", "-c", f"echo more > {inside}/third"], stderr=subprocess.DEVNULL)
        return found

    assert run(write, tmp_path / "log.txt").code == error
    assert {path.name: path.stat().st_size for path in inside.iterdir()} == {"first": 4000, "second": 0, "third": 0}
    assert (outside / "large").stat().st_size == 100_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "count"),
    [("fuzz", 24), ("disk", 40), ("clean", 9), ("kill", 3), ("kill-prepare", 2), ("kill-synth", 2), ("kill-sweep", 2)],
)
def test_a_few_cases_of_each_campaign_find_no_fault(tmp_path, part, count):
    words = [sys.executable, "-m", "scripts.torture", part, f"--count={count}", f"--out={tmp_path}", "--seconds=900"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    found = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]
    assert f"{count} of {count} cases, 0 faults" in found.stdout
