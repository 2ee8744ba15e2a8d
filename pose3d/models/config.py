"""The switches of the three networks: one frozen dataclass each, in which every switch is documented and checked once.

A configuration is plain data. `to_dict` gives what a checkpoint stores, `from_dict` reads it back; on the command line
each field is a key (`--model.net.skips none`). Lists become tuples, so that equal configurations compare equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, TypeVar, get_args

from pose3d.errors import PoseError

Skips = Literal["corrective", "regular", "none"]
Modality = Literal["P", "O1", "O2"]
TargetView = Literal["camera", "yaw", "full"]
StrideOn = Literal["3x3", "1x1"]
Tap = Literal["res3b3", "res4b5", "res4b20", "res4b22"]

SKIPS: tuple[Skips, ...] = get_args(Skips)
MODALITIES: tuple[Modality, ...] = get_args(Modality)
TAPS: tuple[Tap, ...] = get_args(Tap)
"""The paper's names of the layers that are read inside the trunk, the shallowest first."""

HEATMAP_STRIDE = 16

T = TypeVar("T", bound=str)


@dataclass(frozen=True)
class _Config:
    """Plain data out and in. A dataclass itself, or the command line would ask for a class path."""

    def to_dict(self) -> dict[str, Any]:
        """The configuration as dictionaries, lists, strings and numbers."""
        return _plain(asdict(self))

    @classmethod
    def from_dict(cls, content: Self | Mapping[str, Any]) -> Self:
        """The configuration of such a dictionary (a configuration stays as it is); unknown keys are a PoseError."""
        if isinstance(content, cls):
            return content
        known = [field.name for field in fields(cls)]
        if unknown := [key for key in content if key not in known]:  # type: ignore[union-attr]
            raise PoseError(f"{cls.__name__} has no switch {unknown[0]!r}; its switches are {', '.join(known)}")
        return cls(**content)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Pose2DConfig(_Config):
    """Switches of 2DPoseNet.

    Args:
        backbone: a name of `pose3d.models.BACKBONES`; the paper's is resnet101.
        freeze_batchnorm: keep the running statistics of the trunk's batch norm (decision N14).
        freeze_trunk_until: the trunk's layers up to this tap learn nothing, which saves their backward pass; null: all
            learn at the multiplier of the trunk.
        stride_on: which convolution of a ResNet's first block of a level has the stride: 3x3 as in timm, or 1x1, the
            first one, as in the Caffe model that the paper starts from (decision L9).
        skips: corrective (losses on Hsum and Hdeep, no skips at test time), regular (a loss on Hsum, the skips stay) or
            none (decision N6).
        intermediate: supervise the first 15 maps of res4b20 and of res5a as well (decision N7).
    """

    backbone: str = "resnet101"
    freeze_batchnorm: bool = False
    freeze_trunk_until: Tap | None = None
    stride_on: StrideOn = "3x3"
    skips: Skips = "corrective"
    intermediate: bool = True

    def __post_init__(self) -> None:
        _check_choice("skips", self.skips, SKIPS)
        if self.freeze_trunk_until is not None:
            _check_choice("freeze_trunk_until", self.freeze_trunk_until, TAPS)
        _check_choice("stride_on", self.stride_on, get_args(StrideOn))

    def deployed(self) -> Pose2DConfig:
        """What is left at test time: regular skips, nothing else that only training uses."""
        return replace(self, skips="regular" if self.skips == "regular" else "none", intermediate=False)


@dataclass(frozen=True)
class Pose3DConfig(_Config):
    """Switches of 3DPoseNet.

    Args:
        backbone: a name of `pose3d.models.BACKBONES`; the paper's is resnet101.
        image_size: side of the crop in px, a multiple of 16 (368 in the paper).
        freeze_batchnorm: keep the running statistics of the trunk's batch norm (decision N14).
        freeze_trunk_until: the trunk's layers up to this tap learn nothing, which saves their backward pass; null: all
            learn at the multiplier of the trunk.
        stride_on: which convolution of a ResNet's first block of a level has the stride: 3x3 as in timm, or 1x1, the
            first one, as in the Caffe model that the paper starts from (decision L9).
        freeze_res5a_batchnorm: the same for res5a, where it was transferred from 2DPoseNet (decision N14).
        skips: corrective (losses on Xsum and Xdeep, no skips at test time), regular (a loss on Xsum, the skips stay) or
            none (decision N5).
        stubs: separate, one of 128 features for each modality, or common, one of 256 features (decision N4).
        modalities: P and, if wanted, O1 and O2.
        intermediate_taps: where intermediate supervision reads, at most two layers (decision N1); [] turns it off.
        intermediate_predicts: PO1O2, all modalities as one vector, or P (decision N2).
        heatmaps: auxiliary heatmaps H of the 17 joints after res5a (decision N11).
        part_labels: auxiliary part labels PL after res5a, for training on Human3.6M alone (decision N12).
        part_label_loss: euclidean (on one-hot maps, as everywhere in the paper) or cross_entropy (decision N12).
        domain: a domain classifier after res4b22 behind a reversed gradient (decision L7).
        domain_weight: weight of its loss; the paper prints none. Its gradient at the trunk is about 1e-4 of the poses'
            at a weight of 1, and 0.001 to 0.9 of it at 1000.
        domain_ramp: optimiser steps in which the strength of the reversed gradient grows to 1 (Ganin et al.); 0: it is
            1 from the start, as in the paper.
        loss_weight_control: supplement 2's control: without skips, the one loss of the last stub takes the weights of
            Xdeep and Xsum together.
        target_unit_mm: unit of 3D poses in the network and its losses (decision L2).
        target_view: axes of the poses that it learns (decision G6): those of the camera, or of the view of the crop,
            turned from the camera's to the person about the vertical axis (yaw) or fully (full). The test turns poses
            from the view of the crop to the camera either way, so `decode.rotation` must be the same.
    """

    backbone: str = "resnet101"
    image_size: int = 368
    freeze_batchnorm: bool = False
    freeze_trunk_until: Tap | None = None
    stride_on: StrideOn = "3x3"
    freeze_res5a_batchnorm: bool = False
    skips: Skips = "corrective"
    stubs: Literal["separate", "common"] = "separate"
    modalities: tuple[Modality, ...] = MODALITIES
    intermediate_taps: tuple[Tap, ...] = ("res4b5", "res4b20")
    intermediate_predicts: Literal["PO1O2", "P"] = "PO1O2"
    heatmaps: bool = True
    part_labels: bool = False
    part_label_loss: Literal["euclidean", "cross_entropy"] = "euclidean"
    domain: bool = False
    domain_weight: float = 1000.0
    domain_ramp: int = 0
    loss_weight_control: bool = False
    target_unit_mm: float = 100.0
    target_view: TargetView = "camera"

    def __post_init__(self) -> None:
        _check_choice("skips", self.skips, SKIPS)
        if self.freeze_trunk_until is not None:
            _check_choice("freeze_trunk_until", self.freeze_trunk_until, TAPS)
        _check_choice("stride_on", self.stride_on, get_args(StrideOn))
        _check_choice("stubs", self.stubs, ("separate", "common"))
        _check_choice("intermediate_predicts", self.intermediate_predicts, ("PO1O2", "P"))
        _check_choice("part_label_loss", self.part_label_loss, ("euclidean", "cross_entropy"))
        if self.image_size < 4 * HEATMAP_STRIDE or self.image_size % HEATMAP_STRIDE:
            raise PoseError(
                f"image_size is {self.image_size}; it must be a multiple of {HEATMAP_STRIDE}, at least "
                f"{4 * HEATMAP_STRIDE}"
            )
        modalities = _chosen("modalities", self.modalities, MODALITIES)
        if "P" not in modalities:
            raise PoseError(f"modalities are {list(modalities)}; P must be among them, every stage reports it")
        taps = _chosen("intermediate_taps", self.intermediate_taps, TAPS)
        if len(taps) > 2:
            raise PoseError(f"intermediate_taps are {list(taps)}; the phase table has weights for two layers only")
        if not 0 <= self.domain_weight < float("inf") or self.domain_ramp < 0:
            raise PoseError(
                f"domain_weight is {self.domain_weight} and domain_ramp {self.domain_ramp}; neither may be below 0"
            )
        if self.loss_weight_control and self.skips != "none":
            raise PoseError(f"loss_weight_control is for networks without skips, and skips is {self.skips!r}")
        _check_choice("target_view", self.target_view, get_args(TargetView))
        if not 0 < self.target_unit_mm < float("inf"):
            raise PoseError(f"target_unit_mm is {self.target_unit_mm}; it must be a length above 0")
        object.__setattr__(self, "modalities", modalities)
        object.__setattr__(self, "intermediate_taps", taps)

    def deployed(self, heatmaps: bool | None = None) -> Pose3DConfig:
        """What is left at test time: regular skips and the heatmaps (unless False), nothing that only training uses."""
        return replace(
            self,
            skips="regular" if self.skips == "regular" else "none",
            intermediate_taps=(),
            heatmaps=self.heatmaps if heatmaps is None else heatmaps,
            part_labels=False,
            domain=False,
            loss_weight_control=False,
        )


@dataclass(frozen=True)
class FusionConfig(_Config):
    """Switches of the fusion network.

    Args:
        pose3d: the 3DPoseNet below; null takes it from the parent's checkpoint, so that nothing is said twice.
        modalities: which of its poses are fused (supplement 1); null: all of them.
        hidden: widths of the two hidden layers (decision N13).
        freeze_batchnorm: keep the running statistics of all batch norm, which was transferred (decision N14).
        average_start: start the new layers as the average of the poses, each converted to P; the paper starts from
            random layers.
    """

    pose3d: Pose3DConfig | None = None
    modalities: tuple[Modality, ...] | None = None
    hidden: tuple[int, int] = (2048, 1024)
    freeze_batchnorm: bool = True
    average_start: bool = False

    def __post_init__(self) -> None:
        pose3d = None if self.pose3d is None else Pose3DConfig.from_dict(self.pose3d).deployed()
        if len(self.hidden) != 2 or min(self.hidden) < 1:
            raise PoseError(f"hidden is {list(self.hidden)}; give the widths of the two hidden layers")
        modalities = self.modalities
        if modalities is not None:
            modalities = _chosen("modalities", modalities, MODALITIES)
            if not modalities:
                raise PoseError("modalities are []; name what is fused, or null for all that the 3DPoseNet gives")
        if pose3d is not None and (absent := [x for x in modalities or () if x not in pose3d.modalities]):
            raise PoseError(f"{absent[0]} cannot be fused: the 3DPoseNet below predicts {', '.join(pose3d.modalities)}")
        object.__setattr__(self, "pose3d", pose3d)
        object.__setattr__(self, "modalities", modalities)
        object.__setattr__(self, "hidden", tuple(self.hidden))

    @property
    def fused(self) -> tuple[Modality, ...]:
        """The modalities that are fused."""
        return self.modalities or self.below.modalities

    @property
    def below(self) -> Pose3DConfig:
        """The 3DPoseNet's configuration; PoseError while nothing has said it."""
        if self.pose3d is None:
            raise PoseError("the 3DPoseNet below the fusion is not known; name its checkpoint (model.init_from)")
        return self.pose3d


NetConfig = Pose2DConfig | Pose3DConfig | FusionConfig


def _check_choice(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise PoseError(f"{what} is {value!r}; it must be one of {', '.join(known)}")


def _chosen(what: str, values: Any, known: tuple[T, ...]) -> tuple[T, ...]:
    """Values of a list, each known and named once, in the order of `known`."""
    for value in values:
        _check_choice(f"an entry of {what}", value, known)
    if len(set(values)) != len(values):
        raise PoseError(f"{what} are {list(values)}; name each once")
    return tuple(value for value in known if value in values)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
