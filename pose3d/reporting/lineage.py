"""The ancestry of a run: its parent checkpoints and their training data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pose3d.reporting.run_folder import RunFolder


@dataclass(frozen=True)
class Ancestor:
    """One checkpoint of the chain."""

    stage: str
    path: str
    sha256: str | None
    provenance: dict[str, Any]
    check: str
    """How the current files compare with the record."""
    consistent: bool

    @property
    def data(self) -> list[dict[str, Any]]:
        """Stores, each with the split that it served."""
        return [
            {"split": split, **store} for split, stores in self.provenance.get("data", {}).items() for store in stores
        ]

    @property
    def iterations(self) -> int:
        """Length of the schedule in steps."""
        return sum(phase["iterations"] for phase in self.provenance.get("schedule", []))


def chain(run: RunFolder, runs: Sequence[RunFolder]) -> list[Ancestor]:
    """Oldest first; the last is `run` itself. Each recorded hash is compared with the checkpoint that is there now."""
    known = {r.checkpoint_sha256: r for r in runs if r.checkpoint_sha256}
    ancestors = [Ancestor(run.stage, str(run.path / "best.ckpt"), run.checkpoint_sha256, run.provenance, *_own(run))]
    parent = run.provenance.get("parent")
    while parent:
        sha256, stage = parent["sha256"], parent["stage"]
        now = next((r for r in runs if r.stage == stage and r.path == Path(parent["path"]).parent), None)
        if sha256 in known:
            verdict = ("its best.ckpt has this hash", True)
        elif now is not None and now.checkpoint_sha256 is not None:
            verdict = ("retrained since: the checkpoint at this path has another hash", False)
        else:
            verdict = ("as recorded by its child", True)
        ancestors.append(Ancestor(stage, parent["path"], sha256, parent, *verdict))
        parent = parent.get("parent")
    return ancestors[::-1]


def _own(run: RunFolder) -> tuple[str, bool]:
    if run.config_is_recorded is False:
        return "config.yaml is not the one that this checkpoint was trained with", False
    if run.config_is_recorded:
        return "config.yaml has the recorded hash", True
    return "no configuration to compare with", True
