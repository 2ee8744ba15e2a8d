"""One runtime for both networks of a predictor."""

from __future__ import annotations

import math
from collections.abc import Callable

from pose3d.errors import PoseError
from pose3d.predict.predictor import PosePredictor
from pose3d.predict.runtimes.choice import AUTO, FLOAT32, use_runtime

LONG = 20_000
"""Assumed number of frames of a stream."""

_PASSES_OF_A_LOOK = 3
"""Two, and more where there are several people."""


def use_runtimes(
    predictor: PosePredictor, name: str, frames: int | None, look_every: int, say: Callable[[str], None]
) -> None:
    """Set the runtimes of the networks of `predictor`, each for its expected number of passes.

    Args:
        predictor: a predictor on the CPU; on another device it keeps PyTorch in float32.
        name: a key of `RUNTIMES`.
        frames: number of frames to predict; None: unknown.
        look_every: frames between two searches by 2DPoseNet.
        say: called with a sentence about each choice.
    """
    if predictor.device.type != "cpu":
        if name not in (AUTO, FLOAT32):
            raise PoseError(f"--runtime {name} runs on the CPU only; leave it out, or give --device cpu")
        return
    count = LONG if frames is None else frames
    use_runtime(predictor.pose3d, name, count, say)
    if predictor.pose2d is not None:
        use_runtime(predictor.pose2d, name, _PASSES_OF_A_LOOK * math.ceil(count / look_every), say)
