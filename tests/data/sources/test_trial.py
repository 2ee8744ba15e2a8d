"""A reader that crashes or hangs is detected safely; one that raises is not reported as damaged here."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from pose3d.data.sources import h36m_cdf, trial
from pose3d.data.sources.trial import ends_badly, limit_s
from pose3d.errors import PoseError


@pytest.mark.parametrize(
    ("read", "bad"),
    [
        (os.abort, True),
        (partial(exec, "while True: pass"), True),
        (partial(int, "not this format"), False),
        (partial(exec, "raise SystemExit(1)"), False),
        (partial(int, "1"), False),
        (partial(print, "bad"), False),
    ],
)
def test_what_counts_as_bad(read, bad):
    assert ends_badly(read, limit_s=1) is bad


def test_a_reader_does_not_answer_for_an_earlier_one():
    """A file may leave its reader's process in a state that ends it at the next one."""
    harm = partial(exec, "import builtins; builtins.harmed = True")
    suffer = partial(exec, "import builtins, os; hasattr(builtins, 'harmed') and os.abort()")
    assert [ends_badly(read, 5) for read in (harm, suffer, os.abort, suffer)] == [False, False, True, False]


def test_processor_time_counts_for_each_reader():
    busy = partial(exec, "import time; end = time.process_time() + 0.7\nwhile time.process_time() < end: pass")
    assert [ends_badly(busy, 1) for _ in range(5)] == [False] * 5


def test_a_limit_of_the_system_below_ours_refuses_no_file():
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (50, 50))\n"
        "from pose3d.data.sources.trial import ends_badly\n"
        "print([ends_badly(len, 100), ends_badly(len, 5)])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, False]\n"


def test_one_process_serves_until_it_is_killed_and_a_fork_has_its_own():
    assert ends_badly(os.abort, 5)
    process = trial._processes[os.getpid()]
    assert ends_badly(os.abort, 5)
    assert trial._processes == {os.getpid(): process}
    pid = os.fork()
    if not pid:
        os._exit(ends_badly(os.abort, 5) and len(trial._processes) == 2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    process.kill()
    process.wait()
    assert not ends_badly(os.abort, 5)  # nobody to ask
    assert ends_badly(os.abort, 5)


def test_a_program_ends_with_its_process_running_and_leaves_nothing():
    """A fork that lives on holds the input of the small process open; neither waits for the other."""
    program = (
        "import os, sys; from pose3d.data.sources.trial import _processes, ends_badly\n"
        "assert ends_badly(os.abort, 5)\n"
        "if os.fork(): print(_processes[os.getpid()].pid)\n"
        "else: sys.stdin.read(); os._exit(0)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert process.wait(timeout=60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_cdf_file_that_holds_its_reader_up_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("cdflib")
    from tests.data.sources.h36m_trees import write_cdf

    write_cdf(path := tmp_path / "S1.cdf", np.ones((2, 32, 3)))
    assert h36m_cdf.read_poses(path, 3).shape == (2, 32, 3)
    content, index = bytearray(path.read_bytes()), 8
    while content[index + 8 : index + 12] != bytes([0, 0, 0, 6]):  # the record that lists the blocks of a variable
        index += int.from_bytes(content[index : index + 8], "big")
    content[index + 24 : index + 28] = (2**31 - 1).to_bytes(4, "big")  # so many blocks
    path.write_bytes(content)
    monkeypatch.setattr(h36m_cdf, "limit_s", lambda path: 1)
    with pytest.raises(PoseError, match=r"S1\.cdf as a CDF file: it is damaged; unpack it again"):
        h36m_cdf.read_poses(path, 3)


def test_larger_files_may_take_longer(tmp_path):
    small, large = tmp_path / "small.mat", tmp_path / "large.mat"
    small.write_bytes(b"1")
    with large.open("wb") as file:
        file.truncate(300_000_000)  # as an annot.mat of MPI-INF-3DHP
    assert limit_s(small) == 5
    assert limit_s(large) == 65
