"""What every test gets: an environment of its own."""

import os

import pytest


@pytest.fixture(autouse=True)
def _environment():
    """Undo what a test, or a library that it calls, leaves in `os.environ`: Lightning's WandbLogger sets WANDB_MODE."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
