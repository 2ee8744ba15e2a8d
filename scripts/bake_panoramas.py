"""Bake the CC0 panoramas of the npm package `@pmndrs/assets` into pose3d/synth/assets/panoramas.npz.

Run by hand when the asset is to be made again; the result is in the repository:

    npm pack @pmndrs/assets@1.7.0
    pip install OpenEXR
    python scripts/bake_panoramas.py pmndrs-assets-1.7.0.tgz

Each of the 18 HDR panoramas (512x256, half floats) is tone mapped and stored as a JPEG. Its light before the tone
mapping is stored as a direction and two colours (`light`, one row each: direction 3, key colour 3, ambient colour 3).
"""

import base64
import re
import sys
import tarfile
import tempfile
from pathlib import Path

import cv2
import numpy as np
import OpenEXR

OUT = Path(__file__).parents[1] / "pose3d" / "synth" / "assets" / "panoramas.npz"


def read_exr(source: bytes) -> np.ndarray:
    """RGB (H, W, 3) float32 of an EXR file wrapped as base64 in a JavaScript module."""
    encoded = re.search(rb"base64,([A-Za-z0-9+/=]+)", source)
    assert encoded, "no base64 data in the module"
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        file.write(base64.b64decode(encoded[1]))
        file.flush()
        with OpenEXR.File(file.name) as exr:
            pixels = exr.channels()["RGB"].pixels.astype(np.float32)
            return np.nan_to_num(pixels, posinf=1e4).clip(0, 1e4)  # the sun overflows half floats


def directions(height: int, width: int) -> np.ndarray:
    """World directions (H, W, 3), z up, of an equirectangular picture's pixels."""
    azimuth = -2 * np.pi * (np.arange(width) + 0.5) / width
    elevation = np.pi * (0.5 - (np.arange(height) + 0.5) / height)
    ca, ce = np.meshgrid(azimuth, elevation)
    return np.stack((np.cos(ca) * np.cos(ce), np.sin(ca) * np.cos(ce), np.sin(ce)), -1)


def tone_map(image: np.ndarray) -> np.ndarray:
    """Exposure by the median brightness, a soft shoulder for the lights, sRGB-like gamma; uint8."""
    exposed = image * 0.22 / max(float(np.median(image.mean(-1))), 1e-3)
    soft = exposed * (1 + exposed / 16) / (1 + exposed)
    return (255 * np.clip(soft * 1.25, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def light_of(image: np.ndarray) -> np.ndarray:
    """Direction and colour of the brightest half per cent of the upper half, and the mean colour; (9,)."""
    height, width = image.shape[:2]
    toward = directions(height, width)[: height // 2].reshape(-1, 3)
    upper = image[: height // 2].reshape(-1, 3)
    brightness = upper.mean(-1)
    brightest = brightness >= np.quantile(brightness, 0.995)
    direction = (toward[brightest] * brightness[brightest, None]).sum(0)
    key, ambient = upper[brightest].mean(0), np.median(image.reshape(-1, 3), 0)
    return np.concatenate((direction / np.linalg.norm(direction), key / key.max(), ambient / ambient.max()))


def main(archive: str) -> None:
    names, encoded, lights = [], [], []
    with tarfile.open(archive) as tar:
        modules = sorted((m for m in tar.getmembers() if re.search(r"hdri/.*\.exr\.js$", m.name)), key=lambda m: m.name)
        for module in modules:
            file = tar.extractfile(module)
            assert file
            image = read_exr(file.read())
            names.append(Path(module.name).name.removesuffix(".exr.js"))
            lights.append(light_of(image))
            jpeg = cv2.imencode(".jpg", tone_map(image)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
            encoded.append(jpeg.ravel())
    offset = np.cumsum([0, *map(len, encoded)])
    np.savez(OUT, name=names, data=np.concatenate(encoded), offset=offset, light=np.array(lights, np.float32))
    print(f"{len(names)} panoramas, {OUT.stat().st_size / 1e6:.2f} MB: {', '.join(names)}")


if __name__ == "__main__":
    main(sys.argv[1])
