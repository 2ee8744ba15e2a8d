"""Runtimes of a deployed network on a CPU, and the choice between them by measurement."""

from pose3d.predict.runtimes.both import use_runtimes
from pose3d.predict.runtimes.choice import AUTO, FLOAT32, RUNTIMES, use_runtime

__all__ = ["AUTO", "FLOAT32", "RUNTIMES", "use_runtime", "use_runtimes"]
