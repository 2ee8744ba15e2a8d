"""What a checkpoint of a stage records of its origin, and what it has to agree with when it is loaded."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from lightning.pytorch import LightningModule
from torch import nn

from pose3d import __version__
from pose3d.checkpoint import PROVENANCE, Provenance
from pose3d.crop_settings import CROPS, CropSettings, recorded_crops, require_same_normalisation
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17


class RecordsProvenance(LightningModule):
    """The part of a stage that writes its provenance into checkpoints and checks it on loading."""

    stage: ClassVar[str]
    net: nn.Module
    outputs: Any
    schedule: Any
    config: Any
    parent: Provenance | None
    data: dict[str, Any]
    crops: CropSettings | None
    config_sha256: str | None
    loaded_metrics: Mapping[str, float]

    @property
    def identity(self) -> dict[str, Any]:
        """Entries in which a child must agree with its parent."""
        return {"joint_set": MPI_INF_3DHP_17.name, "backbone": self.config.backbone}

    def provenance(self) -> Provenance:
        """Origin of this checkpoint, as plain data."""
        metrics = {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("val/")}
        return {
            "stage": self.stage,
            "version": __version__,
            **self.identity,
            "step": self.global_step,
            "metrics": metrics,
            "schedule": [
                {"iterations": p.iterations, "lr": p.lr, "weights": dict(p.weights)} for p in self.schedule.phases
            ],
            "outputs": [output.described() for output in self.outputs],
            "answer": self.net.answer,
            "data": self.data,
            CROPS: None if self.crops is None else asdict(self.crops),
            "config_sha256": self.config_sha256,
            "parent": self.parent,
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the provenance under its own key."""
        checkpoint[PROVENANCE] = self.provenance()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse another stage's checkpoint; keep the ancestry of one's own."""
        stored = checkpoint.get(PROVENANCE)
        if stored is None or stored["stage"] != self.stage:
            made_by = "no stage of this package" if stored is None else stored["stage"]
            raise PoseError(f"the checkpoint was made by {made_by}, not {self.stage}; give one of {self.stage}")
        for key, value in self.identity.items():
            if stored.get(key) != value:
                raise PoseError(
                    f"the checkpoint has {key} {stored.get(key)!r}, this run has {value!r}; make them the same"
                )
        recorded = recorded_crops(stored)
        if self.crops is None:
            self.crops = recorded
        elif recorded is not None:
            require_same_normalisation("the checkpoint", recorded, self.crops)
        self.parent, self.data, self.loaded_metrics = stored["parent"], stored["data"], stored["metrics"]
