"""Outputs are whole or absent, even after an error while they are written."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pose3d.errors import PoseError
from pose3d.files import check_folder, check_target, whole_file, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_at_the_end_with_its_folders(tmp_path):
    target = tmp_path / "a" / "b" / "scores.json"
    with whole_file(target) as partial:
        partial.write_text("{}")
        assert partial.parent == target.parent
        assert partial.suffix == ".json"
        assert not target.exists()
    assert target.read_text() == "{}"
    assert names(target.parent) == ["scores.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    target = tmp_path / "scores.json"
    target.write_text("old")

    def fail():
        with whole_file(target) as partial:
            partial.write_text("half")
            raise error("something else")

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["scores.json"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    write_whole(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_a_pipe_gets_the_content():
    code = "from pose3d.files import write_whole; write_whole('/dev/stdout', 'numbers')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "numbers"
    check_target("/dev/stdout")


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    code = f"""
        import os, signal
        from pose3d.files import whole_file
        with whole_file({str(tmp_path / "scores.json")!r}) as partial:
            partial.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)])
    assert killed.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    beside = tmp_path / f"scores.{os.getppid()}.partial.json"  # of a process that is still at work
    beside.write_text("half")
    write_whole(tmp_path / "scores.json", "{}")
    assert names(tmp_path) == sorted(["scores.json", beside.name])


def bad_targets(tmp_path: Path) -> dict[Path, str]:
    (tmp_path / "file").write_text("a file")
    return {
        tmp_path: "folder",
        tmp_path / "file" / "scores.json": "is a file, not a folder",
        tmp_path / "file" / "deeper" / "scores.json": "is a file, not a folder",
        Path("/proc/scores.json"): "cannot write /proc/scores.json",
        Path("/proc/deeper/scores.json"): "cannot write /proc/deeper/scores.json",
        tmp_path / ("x" * 300): "name too long",
        tmp_path / "nul\0byte": "null byte",
    }


def test_bad_targets_are_refused_at_once_and_in_front_of_the_work(tmp_path):
    for target, reason in bad_targets(tmp_path).items():
        for attempt in (lambda target=target: check_target(target), lambda target=target: write_whole(target, "x")):
            with pytest.raises(PoseError) as caught:
                attempt()
            assert reason in str(caught.value).replace("File name", "name")
            assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]


def test_a_result_does_not_replace_what_it_is_made_of(tmp_path):
    (tmp_path / "store.h5").write_text("pictures")
    (tmp_path / "link.h5").symlink_to(tmp_path / "store.h5")
    with pytest.raises(PoseError, match=r"store\.h5 is an input; choose another file for the output"):
        check_target(tmp_path / "store.h5", [None, tmp_path / "link.h5"])
    check_target(tmp_path / "other.h5", [None, tmp_path / "link.h5"])


def test_checking_creates_nothing(tmp_path):
    check_target(tmp_path / "a" / "b.json")
    check_folder(tmp_path / "a" / "b")
    assert names(tmp_path) == []
    with pytest.raises(PoseError, match="cannot write /proc"):
        check_folder("/proc/deeper")


WRITERS = {
    "text": "partial.write_text('x' * 4_000_000)",
    "npz": "import numpy; numpy.savez(partial, a=numpy.random.rand(500_000))",
    "h5": "import h5py, numpy; f = h5py.File(partial, 'w'); f['a'] = numpy.random.rand(500_000); f.close()",
    "ckpt": "import torch; torch.save(torch.rand(1_000_000), partial)",
    "png": "import numpy, matplotlib.image as m; m.imsave(partial, numpy.random.rand(1000, 1000))",
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(tmp_path, kind):
    """A limit on the size of files stands for the disk: the system refuses further bytes in the same place."""
    target = tmp_path / f"out.{kind}"
    target.write_text("old")
    code = f"from pose3d.files import whole_file\nwith whole_file({str(target)!r}) as partial:\n    {WRITERS[kind]}\n"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    assert found.returncode == 1
    reason = "PyTorch could not write the whole file" if kind == "ckpt" else "File too large"
    assert f"pose3d.errors.PoseError: cannot write {target}: {reason}" in found.stderr
    assert target.read_text() == "old"
    assert names(tmp_path) == [target.name]
