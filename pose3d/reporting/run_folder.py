"""Read a run folder for the report, with a note for each missing file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pose3d.checkpoint import config_hash, sha256_of
from pose3d.errors import PoseError
from pose3d.predictions import Predictions, read_predictions
from pose3d.reporting.logs import Log, read_log

STAGES = {
    "stage1": ("2DPoseNet", "heatmaps of the joints"),
    "stage2": ("3DPoseNet", "P, O1 and O2, relative to the root, to the parents and to their parents"),
    "stage3": ("Fusion", "one pose out of P, O1 and O2"),
}
"""Stage -> the paper's name of its network, and what it gives."""


@dataclass
class RunFolder:
    """One trained stage."""

    path: Path
    provenance: dict[str, Any]
    """Of the best checkpoint."""
    config: dict[str, Any]
    metrics: dict[str, float]
    log: Log | None
    predictions: Predictions | None
    checkpoint_sha256: str | None
    notes: list[str] = field(default_factory=list)
    """What is missing, for the reader of the report."""

    @property
    def stage(self) -> str:
        """stage1, stage2 or stage3."""
        return str(self.provenance["stage"])

    @property
    def has_poses(self) -> bool:
        """Whether there are 3D predictions."""
        return self.predictions is not None and self.predictions.joints_3d is not None

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What the network gives, as the checkpoint lists it: key, columns of the phase table, candidate, modality."""
        return self.provenance.get("outputs", [])

    @property
    def candidates(self) -> list[str]:
        """Names of the outputs that are scored, in the network's order."""
        return [output["candidate"] for output in self.outputs if output.get("candidate")]

    @property
    def answer(self) -> str | None:
        """Candidate that is the network's answer."""
        return self.provenance.get("answer")

    @property
    def test_file(self) -> str | None:
        """The pose store that was tested on."""
        return self.config.get("data", {}).get("init_args", {}).get("test_file")

    @property
    def config_is_recorded(self) -> bool | None:
        """Whether config.yaml is the one that the checkpoint was trained with; None if unknown."""
        recorded = self.provenance.get("config_sha256")
        return config_hash(self.config) == recorded if recorded and self.config else None


def read_run(path: Path) -> RunFolder:
    """Read a run folder; a folder without a run is a PoseError, a missing file a note."""
    if not path.is_dir():
        raise PoseError(f"there is no run folder {path}; `make stage1 stage2 stage3` makes runs/quick/stage1 to stage3")
    provenance = _read_json(path / "best.json") or _read_json(path / "last.json")
    if "stage" not in provenance:
        inside = [p.name for p in sorted(path.glob("stage*")) if p.is_dir()]
        hint = f"give its folders {', '.join(inside)}" if inside else "give a folder that `lightning fit` has written"
        raise PoseError(f"{path} holds no run (no best.json of a stage); {hint}")
    notes = []
    metrics = _read_json(path / "metrics.json")
    if not metrics:
        notes.append(f"no metrics.json: `lightning test` with --ckpt_path {path / 'best.ckpt'} writes it")
    log = read_log(path, _log_interval(config := _read_config(path)))
    if log is None:
        notes.append("no CSV log, so no curves: the run was trained with trainer.logger false")
    predictions = None
    if (path / "predictions.npz").is_file():
        predictions = read_predictions(path / "predictions.npz")
    elif provenance["stage"] != "stage1":
        notes.append("no predictions.npz, so no errors by joint and no pictures")
    checkpoint = path / "best.ckpt"
    sha256 = sha256_of(checkpoint) if checkpoint.is_file() else None
    return RunFolder(path, provenance, config, metrics, log, predictions, sha256, notes)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise PoseError(f"{path} is no valid JSON ({error}); train or test the stage again") from error
    if not isinstance(content, dict):
        raise PoseError(f"{path} is not what a stage writes (no table of keys); train or test the stage again")
    return content


def _read_config(path: Path) -> dict[str, Any]:
    file = path / "config.yaml"
    try:
        content = (yaml.safe_load(file.read_text()) or {}) if file.is_file() else {}
        for part in (content, content.get("trainer", {}), data := content.get("data", {}), data.get("init_args", {})):
            part.get("")
    except (yaml.YAMLError, ValueError) as error:
        raise PoseError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
    except AttributeError as error:
        raise PoseError(f"{file} is no recipe: trainer, data and data.init_args must be mappings") from error
    return dict(content)


def _log_interval(config: dict[str, Any]) -> int:
    """Steps between two rows of the log; 50 is Lightning's own."""
    steps = config.get("trainer", {}).get("log_every_n_steps")
    return steps if isinstance(steps, int) and steps > 0 else 50
