"""The garbage collector is disabled during large imports only."""

import gc
import subprocess
import sys

import pytest

from pose3d.garbage import collector_paused


def test_the_collector_is_as_before_after_the_context():
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_is_as_before_after_an_error():
    with pytest.raises(ImportError), collector_paused():
        raise ImportError("no module named x")
    assert gc.isenabled()


def test_the_command_line_exempts_what_it_imports_and_the_stages_alone_do_not():
    code = (
        "import gc, stages; assert gc.isenabled(); assert gc.get_freeze_count() == 0;"
        "import stages.cli; assert gc.isenabled(); assert gc.get_freeze_count() > 100_000"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
