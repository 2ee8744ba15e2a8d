"""Fixtures of every test: a separate environment, seeded generators, and a torchvision that can be imported."""

import os
import random

import numpy as np
import pytest
import torch

from pose3d.torchvision_ops import import_torchvision

# pytest-xdist's main process imports the modules of the warnings that its workers report, torchmetrics among them.
import_torchvision()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Seed the global generators, before fixtures use them: a test gets the same numbers in any order of the tests."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _environment():
    """Undo the changes of a test and of its libraries to `os.environ`: Lightning's WandbLogger sets WANDB_MODE."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
