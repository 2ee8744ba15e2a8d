"""Preparation gives the same bytes for any number of workers, can be resumed, and is whole or absent."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.sources.frame_sampling import first_look, moved_frames, random_subset
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.plan import Plan, Sample
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from tests.data.sources.mpi_inf_3dhp_trees import write_test


@dataclass(frozen=True)
class Numbers:
    """A task whose samples carry their own number; stops with an error at sample `broken`."""

    name: str
    first: int
    count: int
    broken: int = -1
    paths: tuple[Path, ...] = ()

    @property
    def num_samples(self):
        return self.count

    def files(self):
        return self.paths

    def samples(self, skips):
        for number in range(self.first, self.first + self.count):
            if number == self.broken:
                raise PoseError("this file does not decode")
            if number % 10 == 7:
                skips.rule("seven")
                continue
            image = cv2.imencode(".jpg", np.full((8, 8, 3), number, np.uint8))[1].tobytes()
            yield Sample(image, None, labels(number))


def labels(number):
    ids = dict.fromkeys(("subject", "sequence", "activity", "scene", "camera"), 0)
    return {"joints_2d": np.full((17, 2), number), "visible": np.ones(17), "bbox": [0, 0, 4, 4], "head_size": 1.0,
            "image_size": (8, 8), "frame": number, **ids}  # fmt: skip


def make_plan(*tasks):
    return Plan("test", "mpi_inf_3dhp_17", ["s"], ["a"], ["c"], tasks, {"rule": "all"})


TASKS = tuple(Numbers(f"task{number}", 10 * number, 10) for number in range(4))


def test_workers_change_nothing(tmp_path):
    seen = []
    one = prepare(make_plan(*TASKS), tmp_path / "one.h5", progress=lambda step, done, total: seen.append((step, done)))
    two = prepare(make_plan(*TASKS), tmp_path / "two.h5", workers=2)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    assert one.num_samples == two.num_samples == 36
    assert one.skipped == two.skipped == {"seven": 4}
    assert sum(done for step, done in seen if step == "decode") == 36
    assert list(PoseStore(tmp_path / "one.h5").labels("frame")) == [n for n in range(40) if n % 10 != 7]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.h5", "two.h5"]


def test_a_killed_run_goes_on_without_doing_finished_work_again(tmp_path):
    out = tmp_path / "out.h5"
    interrupt(make_plan(*TASKS), out, after=23)
    assert not out.exists()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out.h5.parts").glob("*.h5")}
    assert len(done) == 2
    counted = []

    def progress(step, count, total):
        counted.append((step, count))
        if step == "decode":
            assert all(path.stat().st_mtime_ns == time for path, time in done.items())

    summary = prepare(make_plan(*TASKS), out, progress=progress)
    assert counted[:2] == [("decode", 9), ("decode", 9)]
    assert summary.num_samples == 36
    assert summary.skipped == {"seven": 4}
    prepare(make_plan(*TASKS), tmp_path / "straight.h5")
    assert out.read_bytes() == (tmp_path / "straight.h5").read_bytes()
    assert not (tmp_path / "out.h5.parts").exists()


def interrupt(plan, out, after):
    """Prepare, with a KeyboardInterrupt after a number of samples."""
    done = 0

    def progress(step, count, total):
        nonlocal done
        done += count
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(plan, out, progress=progress)


def test_a_run_killed_while_it_removes_its_parts_leaves_nothing_that_counts(tmp_path, monkeypatch):
    """Records of parts may be left without their stores, in any order."""
    out = tmp_path / "out.h5"

    def remove_half(folder, **_):
        if stores := list(folder.glob("*.h5")):
            for store in stores:
                store.unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pose3d.data.sources.parts.shutil.rmtree", remove_half)
        with pytest.raises(KeyboardInterrupt):
            prepare(make_plan(*TASKS), out)
    whole = out.read_bytes()
    assert list((tmp_path / "out.h5.parts").glob("*.json"))
    prepare(make_plan(*TASKS), out)
    assert out.read_bytes() == whole
    assert not (tmp_path / "out.h5.parts").exists()


def test_parts_of_another_plan_are_not_used(tmp_path):
    out = tmp_path / "out.h5"
    with pytest.raises(PoseError):
        prepare(make_plan(TASKS[0], Numbers("bad", 10, 10, broken=11)), out)
    other = Plan("test", "mpi_inf_3dhp_17", ["s"], ["a"], ["c"], (Numbers("task0", 50, 3),), {"rule": "other"})
    prepare(other, out)
    assert list(PoseStore(out).labels("frame")) == [50, 51, 52]


def resumed(out, plan):
    """Prepare again; returns whether the unfinished work was used, according to the number of progress calls."""
    steps = []
    prepare(plan, out, progress=lambda step, done, total: steps.append(done) if step == "decode" else None)
    return max(steps) > 1


@dataclass(frozen=True)
class Labelled(Numbers):
    """A task with labels of its own."""

    labels: np.ndarray = field(default_factory=lambda: np.zeros((2, 17, 3)))
    framing: Framing = field(default_factory=Framing)


def test_unfinished_work_is_used_only_with_the_same_files_labels_and_version(tmp_path, monkeypatch):
    source = tmp_path / "video.avi"
    source.write_bytes(b"frames")

    def plan(name="s", labels=None, framing=None, paths=(source,)):
        labels = np.zeros((2, 17, 3)) if labels is None else labels
        tasks = [Labelled(f"t{n}", 10 * n, 10, -1, paths, labels, framing or Framing()) for n in range(3)]
        return Plan("test", "mpi_inf_3dhp_17", [name], ["a"], ["c"], tasks, {"rule": "all"})

    def unfinished(out):
        interrupt(plan(), out, after=14)
        return out

    assert resumed(unfinished(tmp_path / "same.h5"), plan())
    changed = np.zeros((2, 17, 3))
    changed[1, 16, 2] = 1e-9
    assert not resumed(unfinished(tmp_path / "labels.h5"), plan(labels=changed))
    assert not resumed(unfinished(tmp_path / "type.h5"), plan(labels=np.zeros((2, 17, 3), np.float32)))
    assert not resumed(unfinished(tmp_path / "names.h5"), plan(name="other"))
    assert not resumed(unfinished(tmp_path / "framing.h5"), plan(framing=Framing(0, 0)))
    assert not resumed(unfinished(tmp_path / "more.h5"), plan(paths=(source, tmp_path / "other.avi")))
    out = unfinished(tmp_path / "version.h5")
    with monkeypatch.context() as patch:
        patch.setattr("pose3d.data.sources.parts.__version__", "0.0.0")
        assert not resumed(out, plan())
    out = unfinished(tmp_path / "time.h5")
    os.utime(source, ns=(1, 1))
    assert not resumed(out, plan())
    out = unfinished(tmp_path / "size.h5")
    source.write_bytes(b"more frames")
    os.utime(source, ns=(1, 1))
    assert not resumed(out, plan())
    out = unfinished(tmp_path / "gone.h5")
    source.unlink()
    assert not resumed(out, plan())


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path):
    source = tmp_path / "video.avi"
    source.write_bytes(b"frames")
    plan = make_plan(Numbers("t", 0, 10, paths=(source,)))
    with pytest.raises(PoseError, match="changed while they were read"):
        prepare(plan, tmp_path / "out.h5", progress=lambda step, done, total: source.write_bytes(b"other frames"))
    assert [path.name for path in tmp_path.iterdir()] == ["video.avi"]


def test_a_target_that_cannot_be_replaced_is_said_before_the_work(tmp_path):
    (tmp_path / "notes.h5").write_text("mine")
    for out, match in ((tmp_path, "is a folder"), (tmp_path / "notes.h5", "no pose store")):
        with pytest.raises(PoseError, match=match):
            prepare(make_plan(Numbers("bad", 0, 10, broken=0)), out)
    with pytest.raises(PoseError, match="cannot write"):
        prepare(make_plan(Numbers("bad", 0, 10, broken=0)), tmp_path / "notes.h5" / "out.h5")
    assert (tmp_path / "notes.h5").read_text() == "mine"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_leaves_an_older_store_as_it_was(tmp_path, workers):
    out = tmp_path / "out.h5"
    prepare(make_plan(TASKS[1]), out)
    older = out.read_bytes()
    with pytest.raises(PoseError, match="does not decode"):
        prepare(make_plan(TASKS[0], Numbers("bad", 10, 10, broken=15)), out, workers=workers)
    assert out.read_bytes() == older
    assert not list(tmp_path.glob("**/*.partial"))


def test_nothing_to_write_is_an_error(tmp_path):
    with pytest.raises(PoseError, match="no frame"):
        prepare(make_plan(), tmp_path / "out.h5")
    with pytest.raises(PoseError, match="left out"):
        prepare(make_plan(Numbers("only", 7, 1)), tmp_path / "out.h5")


def test_a_full_disk_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(PoseError, match="GB free"):
        prepare(make_plan(*TASKS), tmp_path / "out.h5")
    assert not list(tmp_path.iterdir())


def test_movement_is_strictly_more_than_the_threshold_since_the_last_kept_frame():
    poses = np.zeros((6, 3, 3))
    poses[:, 1, 2] = [0, 200, 200.5, 400, 401, 100]
    assert list(moved_frames(poses, 200.0)) == [0, 2, 4, 5]
    poses[4] = np.nan
    assert list(moved_frames(poses, 200.0)) == [0, 2]
    assert list(moved_frames(poses, 0)) == [0, 1, 2, 3, 5]


def test_a_draw_is_uniform_over_all_groups():
    groups = [np.arange(100), np.arange(300), np.arange(0)]
    counts = np.zeros(2)
    for seed in range(50):
        chosen = random_subset(groups, 40, seed)
        assert sum(map(len, chosen)) == 40
        assert all((np.diff(rows) > 0).all() for rows in chosen)
        counts += [len(chosen[0]), len(chosen[1])]
    assert counts[0] / counts.sum() == pytest.approx(0.25, abs=0.04)


def test_a_first_look_takes_the_first_frames_from_everywhere():
    looked = first_look([np.arange(10), np.arange(2), np.arange(10)], 9)
    assert [list(rows) for rows in looked] == [[0, 1, 2, 3], [0, 1], [0, 1, 2]]
    assert [len(rows) for rows in first_look([np.arange(5)] * 4, 2)] == [1, 1, 0, 0]


def test_the_command_prints_a_summary_and_errors_in_one_sentence(tmp_path, capsys):
    write_test(tmp_path)
    out = tmp_path / "test.h5"
    code = main(["prepare", "mpi_inf_3dhp_test", "--root", str(tmp_path), "--out", str(out), "--limit", "7",
                 "--workers", "1"])  # fmt: skip
    assert code == 0
    assert len(PoseStore(out)) == 7
    assert "7" in capsys.readouterr().out
    code = main(["prepare", "mpi_inf_3dhp", "--root", str(tmp_path), "--out", str(tmp_path / "x.h5")])
    errors = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in errors
    assert "S1 to S8" in errors
    assert not (tmp_path / "x.h5").exists()
