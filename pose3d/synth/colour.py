"""Display values (sRGB) and linear light."""

import numpy as np

_STEPS = np.arange(256) / 255
TO_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""Linear light 0..1 of the 256 display values."""

_FINE = np.arange(4097) / 4096
_TO_DISPLAY = np.where(_FINE <= 0.0031308, _FINE * 12.92, 1.055 * _FINE ** (1 / 2.4) - 0.055).astype(np.float32)


def to_linear(display: np.ndarray) -> np.ndarray:
    """Linear light, float32 0..1, of display values: uint8, or float in 0..1."""
    if display.dtype != np.uint8:
        display = np.rint(np.clip(display, 0, 1) * 255).astype(np.uint8)
    return TO_LINEAR[display]


def to_display(linear: np.ndarray) -> np.ndarray:
    """Display values, float32 0..1, of linear light; light above 1 is clipped."""
    return _TO_DISPLAY[(np.clip(linear, 0, 1) * 4096 + 0.5).astype(np.int32)]
