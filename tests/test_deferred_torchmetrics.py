import subprocess
import sys

import pytest


def run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_base_class_comes_without_the_library_of_metrics():
    out = run("""
import pose3d, sys
from torchmetrics import Metric, MetricCollection, __version__
print(Metric.__module__, MetricCollection.__module__, "torchmetrics.functional" in sys.modules)
""")
    assert out == "torchmetrics.metric torchmetrics.collections False"


@pytest.mark.parametrize(
    "use",
    [
        "import torchmetrics; Accuracy = torchmetrics.Accuracy",
        "from torchmetrics import Accuracy",
        "from torchmetrics import *",
        "import torchmetrics; Accuracy = torchmetrics.functional and torchmetrics.Accuracy",
    ],
)
def test_everything_else_of_torchmetrics_is_there_when_asked_for(use):
    out = run(f"""
import pose3d
from torchmetrics import Metric
{use}
import torchmetrics
metric = Accuracy(task="binary")
print(isinstance(metric, Metric), torchmetrics.Metric is Metric, hasattr(torchmetrics, "no_such_name"))
""")
    assert out == "True True False"


def test_a_loaded_torchmetrics_is_left_alone():
    out = run("""
import pose3d.torchvision_ops as ops
import sys
ops.import_torchvision()
del sys.modules["torchmetrics"]
import torchmetrics
from pose3d.deferred_torchmetrics import defer_torchmetrics
defer_torchmetrics()
print(sys.modules["torchmetrics"] is torchmetrics, "Accuracy" in vars(torchmetrics))
""")
    assert out == "True True"
