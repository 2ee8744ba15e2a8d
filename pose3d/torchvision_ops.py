"""The only door to timm, open also when torchvision's compiled operators do not fit the installed torch.

timm needs only the Python parts of torchvision. A CPU build of torch beside a torchvision built for CUDA imports no
compiled operators, and torchvision then fails on import with "operator torchvision::nms does not exist". Declaring the
missing operators (their signature only: nothing here calls them) lets the import go through. With a torchvision that
fits, this module does nothing.
"""

import importlib
import re
import sys
from types import ModuleType

import torch

_MISSING = re.compile(r"operator torchvision::(\w+) does not exist")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_MOST_OPERATORS = 8

# A library's operators vanish with the object that declared them, so the object lives as long as the process.
_declared: list[torch.library.Library] = []


def import_timm() -> ModuleType:
    """timm, after torchvision."""
    import_torchvision()
    return importlib.import_module("timm")


def import_torchvision() -> None:
    """Import torchvision, declaring whatever operators its import misses."""
    for _ in range(_MOST_OPERATORS):
        try:
            importlib.import_module("torchvision")
            return
        except RuntimeError as error:
            missing = _MISSING.search(str(error))
            if missing is None:
                raise
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(missing[1] + _SIGNATURE)
            _declared.append(library)
    raise RuntimeError(
        "torchvision still misses operators after eight were declared: install the build that fits torch"
    )
