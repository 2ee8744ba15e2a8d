"""Degradations of a cheap camera: blur, exposure, white balance, noise, sharpening, compression."""

import cv2
import numpy as np

from pose3d.synth.colour import to_display, to_linear


def photograph(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade a clean image (H, W, 3) of display values, float 0..1, to a uint8 photograph of the same shape.

    In the order of a real camera: lens and motion blur on linear light, exposure and white balance, noise of
    light and of electronics, tone curve and saturation, sharpening, lower resolution, compression.
    """
    light = to_linear(picture)
    if rng.random() < 0.25:
        light = cv2.filter2D(light, -1, _motion(float(rng.uniform(2, 9)), rng.uniform(0, np.pi)))
    if rng.random() < 0.45:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.35, 1.1))
    light = light * (np.exp(rng.normal(0.1, 0.2)) * _white_balance(rng) * _vignette(light.shape[:2], rng)[..., None])
    light = _noise(light, rng)
    values = to_display(light)
    values = values ** np.float32(np.exp(rng.normal(0, 0.16)))  # tone curve
    grey = values @ np.full((3, 1), 1 / 3, np.float32)
    values = grey + (values - grey) * np.float32(0.0 if rng.random() < 0.03 else rng.uniform(0.6, 1.3))
    if rng.random() < 0.3:
        values = values + np.float32(rng.uniform(0.3, 1.2)) * (values - cv2.GaussianBlur(values, (0, 0), 1.2))
    out = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.25:
        out = _enlarged(out, float(rng.uniform(0.35, 0.85)))
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.triangular(28, 90, 96))]
    compressed = cv2.imencode(".jpg", out[..., ::-1], quality)[1]
    return np.asarray(cv2.imdecode(compressed, cv2.IMREAD_COLOR))[..., ::-1]


def _motion(length: float, angle: float) -> np.ndarray:
    """Kernel (k, k) of a linear motion blur of `length` px."""
    side = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    for t in np.linspace(-0.5, 0.5, 4 * side):
        x, y = (round(side // 2 + length * t * f(angle)) for f in (np.cos, np.sin))
        kernel[y, x] += 1
    return kernel / kernel.sum()


def _white_balance(rng: np.random.Generator) -> np.ndarray:
    """Gains (3,) of the channels: warm to cold, green to magenta."""
    warm, green = rng.normal(0, 0.10), rng.normal(0, 0.04)
    return np.exp(np.array([warm, green, -warm])).astype(np.float32)


def _vignette(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Vignetting factors (H, W) around a random centre, since the image is a crop from anywhere in a larger one."""
    strength = rng.uniform(0, 0.35)
    centre = rng.uniform(-0.5, 1.5, 2)
    y = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None] - np.float32(centre[0])
    x = np.linspace(0, 1, shape[1], dtype=np.float32)[None] - np.float32(centre[1])
    return (1 - np.float32(strength) * np.clip(x * x + y * y, 0, 1)).astype(np.float32)


def _noise(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise (growing with the square root of the light) and read noise, correlated as after demosaicing in
    half of the pictures."""
    shot, read = rng.uniform(0, 0.03), rng.uniform(0, 0.008)
    parts = np.frombuffer(rng.bytes(3 * light.size), np.uint8).reshape(3, *light.shape)
    grain = (parts.sum(0, dtype=np.int16) - np.int16(382)).astype(np.float32) / 128  # approximately normal
    if rng.random() < 0.5:
        grain = 1.8 * cv2.GaussianBlur(grain, (0, 0), 0.7)
    return light + grain * np.sqrt(np.float32(shot * shot) * np.clip(light, 0, 1) + np.float32(read * read))


def _enlarged(picture: np.ndarray, factor: float) -> np.ndarray:
    """Downscale and upscale again, as if the person were small in the full image."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
