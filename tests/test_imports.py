"""Imports run one way, and `import pose3d` is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each layer may import itself, its siblings on the same line, and every later line.
LAYERS = [
    ["stages"],
    ["pose3d.__main__", "pose3d.app", "pose3d.commands"],
    ["pose3d.paper", "pose3d.live"],
    ["pose3d.predict", "pose3d.reporting", "pose3d.callbacks", "pose3d.evaluation", "pose3d.sweep", "pose3d.bench"],
    [
        "pose3d.data",
        "pose3d.synth",
        "pose3d.models",
        "pose3d.contracts",
        "pose3d.losses",
        "pose3d.metrics",
        "pose3d.viz",
        "pose3d.animation",
        "pose3d.player",
        "pose3d.predictions",
        "pose3d.plain_arrays",
    ],
    [
        "pose3d.geometry",
        "pose3d.heatmaps",
        "pose3d.schedule",
        "pose3d.checkpoint",
        "pose3d.crop_settings",
        "pose3d.batch",
        "pose3d.pretrained",
        "pose3d.weights_file",
    ],
    ["pose3d.skeleton"],
    [
        "pose3d.types",
        "pose3d.files",
        "pose3d.recipes",
        "pose3d.quiet_opencv",
        "pose3d.suggestions",
        "pose3d.cores",
        "pose3d.errors",
        "pose3d.torchvision_ops",
        "pose3d",
    ],
]


def level(module: str) -> int:
    """Number of the layer that a module belongs to, counted from the top."""
    fits = [
        (len(prefix), number)
        for number, layer in enumerate(LAYERS)
        for prefix in layer
        if module == prefix or module.startswith(prefix + ".")
    ]
    assert fits, f"{module} belongs to no layer; give it one in tests/test_imports.py"
    return max(fits)[1]


def imports_of(path: Path) -> set[str]:
    """Full names of the project's own modules that a file imports, at top level or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("pose3d", "stages")}


FILES = sorted(path for package in ("pose3d", "stages") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    for imported in imports_of(path):
        assert level(imported) >= level(module), f"{module} imports {imported}, which lies above it"


def loaded_by(code: str, *libraries: str) -> list[str]:
    """Which of some libraries a fresh interpreter has loaded after running `code`."""
    code += f"; import sys; print([m for m in {libraries!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ast.literal_eval(result.stdout.strip().splitlines()[-1])


def test_importing_pose3d_loads_no_heavy_library():
    assert loaded_by("import pose3d", "torch", "torchmetrics.metric", "lightning", "cv2", "numba", "timm") == []


def test_importing_the_metrics_loads_torch_and_torchmetrics_only():
    unwanted = ("lightning", "timm", "torchvision", "torch._dynamo", "scipy", "cv2", "h5py", "numba", "albumentations")
    assert loaded_by("import pose3d.metrics", *unwanted) == []


def test_the_metrics_work_where_nothing_but_torch_and_torchmetrics_is_installed():
    """Every other dependency of the package is refused, as if it were not installed."""
    code = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

NAMES = {"lightning", "timm", "torchvision", "scipy", "cv2", "h5py", "numba", "albumentations", "yaml", "rich", "wandb",
         "jsonargparse", "safetensors", "stages"}
sys.meta_path.insert(0, Refuse())
import torch
from pose3d.metrics import AUC3D, MPJPE, PCK2D, PCK3D, PCKh
metric = MPJPE()
metric.update(torch.zeros(2, 17, 3), torch.zeros(2, 17, 3))
print(float(metric.compute()))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "0.0", result.stderr


def test_importing_prediction_and_the_networks_loads_no_training_library():
    unwanted = ("lightning", "timm", "torchvision", "torch._dynamo", "albumentations", "wandb")
    assert loaded_by("import pose3d.predict, pose3d.models", *unwanted) == []


def test_importing_the_command_line_of_the_stages_loads_no_network_zoo():
    unwanted = ("timm", "torchvision.models", "torchmetrics.functional", "albumentations")
    assert loaded_by("import stages.cli", *unwanted) == []
