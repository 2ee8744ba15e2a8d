"""`torchmetrics.Metric` without the rest of torchmetrics, which is loaded when something asks for it.

`import torchmetrics` loads every metric of the library and, on the way, SciPy, torchvision and TorchDynamo: more CPU
time than torch itself. The metrics of this package and Lightning need two classes of it. `import pose3d` therefore
places torchmetrics in `sys.modules` with its `__init__` pending: the names below come from their submodules, and the
first access to any other name runs `__init__` as usual. `import torchmetrics` anywhere else behaves as before.
"""

import importlib
import importlib.util
import logging
import sys
from types import ModuleType
from typing import Any

NAME = "torchmetrics"

# Names served without running `__init__`, and where torchmetrics defines them.
_LIGHT = {
    "Metric": "torchmetrics.metric",
    "MetricCollection": "torchmetrics.collections",
    "__version__": "torchmetrics.__about__",
}

# Importing this submodule first avoids the circular import between `torchmetrics.metric` and its utilities.
_FIRST = "torchmetrics.utilities"


def defer_torchmetrics() -> None:
    """Make `from torchmetrics import Metric` cheap. Does nothing where torchmetrics is loaded or missing."""
    if NAME in sys.modules:
        return
    spec = importlib.util.find_spec(NAME)
    if spec is None or spec.loader is None:
        return  # the import that follows reports it
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    module.__getattr__ = lambda name: _attribute(module, name)  # type: ignore[method-assign]


def _attribute(module: ModuleType, name: str) -> Any:
    """An attribute of torchmetrics before its `__init__` has run."""
    if name == "_logger":
        return logging.getLogger(NAME)
    if name in _LIGHT:
        if not name.startswith("__"):
            importlib.import_module(_FIRST)
        return getattr(importlib.import_module(_LIGHT[name]), name)
    from pose3d.torchvision_ops import import_torchvision

    del module.__getattr__
    import_torchvision()  # which `__init__` imports, and which may need help
    module.__spec__.loader.exec_module(module)  # type: ignore[union-attr]
    return getattr(module, name)
