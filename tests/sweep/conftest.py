"""A command that stands in for a training: it writes metrics.csv row by row, as CSVLogger does.

In the second trial it goes on after two rows only when the file `--hold` is gone.
"""

import sys
from pathlib import Path

import pytest
import yaml

FAKE = """
import csv, os, sys, time
from pathlib import Path
flags = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:] if "=" in word)
x, y = float(flags["x"]), float(flags.get("y", 0))
steps, pause, hold = int(flags.get("steps", 3)), float(flags.get("pause", 0)), Path(flags.get("hold", "none"))
if flags.get("fail") == str(flags["x"]):
    sys.exit("no such thing")
folder = Path(os.environ["POSE3D_RUN_DIR"])
(folder / "env.txt").write_text(os.environ["WANDB_MODE"] + " " + os.environ.get("CUDA_VISIBLE_DEVICES", "-"))
first = int(Path(flags["ckpt_path"]).read_text()) if "ckpt_path" in flags else 0
logs = folder / f"version_{len(list(folder.glob('version_*')))}"
logs.mkdir()
(logs / "metrics.csv").write_text("step,val/error\\n")
for step in range(first, steps):
    if "run_dir" in flags:
        state = Path(flags["run_dir"]) / "last.partial"
        state.write_text(str(step))
        state.replace(state.with_name("last.ckpt"))
    with (logs / "metrics.csv").open("a", newline="") as file:
        csv.writer(file).writerow([step, ((x - 2) ** 2 + y) * (1 + 1 / (step + 1))])
    while step == 1 and folder.name == "trial001" and hold.exists():
        time.sleep(0.01)
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
