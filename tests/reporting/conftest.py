"""One made-up chain of runs and its page, for all tests of the report."""

from pathlib import Path

import pytest

from pose3d.app import main
from tests.data.drawn import write_store
from tests.reporting.runs import make_chain


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test set of the runs."""
    return write_store(tmp_path_factory.mktemp("data") / "test.h5", 40, seed=1)


@pytest.fixture(scope="session")
def folders(store: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """stage1, stage2, stage3. Not to be changed by a test."""
    return make_chain(tmp_path_factory.mktemp("runs") / "quick", store)


@pytest.fixture
def own_folders(store: Path, tmp_path: Path) -> list[Path]:
    """The same, for one test to change."""
    return make_chain(tmp_path / "quick", store)


@pytest.fixture(scope="session")
def page_file(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the command line writes."""
    out = tmp_path_factory.mktemp("page") / "deep" / "report.html"
    assert main(["report", *map(str, folders), "--out", str(out)]) == 0
    return out
