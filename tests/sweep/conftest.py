"""A command that stands in for a training: it writes metrics.csv row by row, as CSVLogger does."""

import sys
from pathlib import Path

import pytest
import yaml

FAKE = """
import csv, os, sys, time
from pathlib import Path
flags = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:])
x, y = float(flags["x"]), float(flags.get("y", 0))
steps, pause = int(flags.get("steps", 3)), float(flags.get("pause", 0))
if flags.get("fail") == str(flags["x"]):
    sys.exit("no such thing")
folder = Path(os.environ["POSE3D_RUN_DIR"])
(folder / "env.txt").write_text(os.environ["WANDB_MODE"] + " " + os.environ.get("CUDA_VISIBLE_DEVICES", "-"))
for step in range(steps):
    with (folder / "metrics.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["step", "val/error"])
        rows.writerows([[s, ((x - 2) ** 2 + y) * (1 + 1 / (s + 1))] for s in range(step + 1)])
    time.sleep(pause)
"""


@pytest.fixture
def sweep_file(tmp_path):
    """Writes a sweep file around the fake training; further keys and flags by argument."""
    program = tmp_path / "fake.py"
    program.write_text(FAKE)

    def write(name="s", flags=(), **content) -> Path:
        content = {
            "method": "grid",
            "metric": {"name": "val/error", "goal": "minimize"},
            "parameters": {"x": {"values": [0, 1, 2]}, "y": {"values": [0, 10]}},
            "command": [sys.executable, str(program), *flags, "${args}"],
        } | content
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write
