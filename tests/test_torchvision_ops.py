import importlib

import pytest
import torch

from pose3d import torchvision_ops


def test_missing_operators_are_declared_until_the_import_goes_through(monkeypatch):
    wanted = ["pose3d_first", "pose3d_second"]

    def broken(name):
        assert name == "torchvision"
        for operator in wanted:
            if not hasattr(torch.ops.torchvision, operator):
                raise RuntimeError(f"operator torchvision::{operator} does not exist")

    monkeypatch.setattr(importlib, "import_module", broken)
    # The purge of partially imported modules must not reach the real ones.
    monkeypatch.setattr(torchvision_ops.sys, "modules", {"torchvision.half": None, "torch": torch})
    torchvision_ops.import_torchvision()
    assert all(hasattr(torch.ops.torchvision, operator) for operator in wanted)
    assert "torchvision.half" not in torchvision_ops.sys.modules


def test_other_errors_pass(monkeypatch):
    def broken(name):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        torchvision_ops.import_torchvision()
