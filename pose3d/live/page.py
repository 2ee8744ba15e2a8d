"""What the live page consists of: its own files, a description of the networks, and, in the browser, the networks."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pose3d import __version__
from pose3d.checkpoint import sha256_of
from pose3d.errors import PoseError
from pose3d.files import cannot_write
from pose3d.predict.export import crop_side
from pose3d.predict.export_onnx import export_onnx
from pose3d.predict.networks import Deployed3D, load_deployed_2d, load_deployed_3d
from pose3d.skeleton import MPI_INF_3DHP_17

ASSETS = Path(__file__).parent / "assets"
OWN = ("index.html", "page.js", "pose.js", "scene.js")
ORT_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""Of the npm package onnxruntime-web, 14 MB."""
ORT_PLACES = (Path("node_modules/onnxruntime-web/dist"),)


@dataclass(frozen=True)
class Page:
    """Files by their address below the page, and `about.json`."""

    files: dict[str, Path]
    about: dict[str, Any]

    def write(self, folder: Path) -> None:
        """A folder that any web server can serve."""
        try:
            for address, source in self.files.items():
                target = folder / address
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            (folder / "about.json").write_text(json.dumps(self.about))
        except OSError as error:
            raise cannot_write(folder, error.strerror or str(error)) from error


def served(source: str) -> Page:
    """The page in front of Python's networks, which watch `source`."""
    joints = {"joints": MPI_INF_3DHP_17.names, "parents": MPI_INF_3DHP_17.parents_o1}
    return Page({name: ASSETS / name for name in OWN}, {"server": source, "pose": joints})


def in_browser(checkpoint: Path, box_checkpoint: Path, onnxruntime_web: Path | None, cache: Path | None = None) -> Page:
    """The page with the networks of two checkpoints, which are exported to `cache` unless they are there.

    Args:
        checkpoint: of stage 2 or 3, with heatmaps.
        box_checkpoint: of stage 1.
        onnxruntime_web: folder with `ORT_FILES`; None: where npm puts it.
        cache: default: pose3d in the user's cache folder.
    """
    ort = find_onnxruntime_web(onnxruntime_web)
    pose, find = load_deployed_3d(checkpoint), load_deployed_2d(box_checkpoint)
    _check(pose, checkpoint)
    about = {
        "server": None,
        "find": {"side": crop_side(find, None, box_checkpoint), "box_margin": find.settings.box_margin},
        "pose": {
            "side": pose.image_size,
            "box_margin": pose.settings.box_margin,
            "rotation": pose.decoding.rotation,
            "joints": MPI_INF_3DHP_17.names,
            "parents": MPI_INF_3DHP_17.parents_o1,
        },
    }
    files = {name: ASSETS / name for name in OWN} | {f"ort/{name}": ort / name for name in ORT_FILES}
    cache = cache or cache_folder()
    files |= {
        f"networks/{name}.onnx": exported(path, cache)
        for name, path in (("pose", checkpoint), ("find", box_checkpoint))
    }
    return Page(files, about)


def find_onnxruntime_web(folder: Path | None) -> Path:
    """The folder with `ORT_FILES`; a PoseError that says how to get it."""
    for place in (folder,) if folder is not None else ORT_PLACES:
        if all((place / name).is_file() for name in ORT_FILES):
            return place
    where = f"{folder} has no {ORT_FILES[0]}" if folder is not None else "onnxruntime-web is not in ./node_modules"
    raise PoseError(
        f"{where}; `npm install onnxruntime-web` here, or name its dist folder with --onnxruntime-web "
        "(with a SOURCE the page needs neither)"
    )


def exported(checkpoint: Path, cache: Path) -> Path:
    """The ONNX file of a checkpoint, made once."""
    path = cache / f"{sha256_of(checkpoint)[:24]}-{__version__}.onnx"
    if not path.is_file():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(cache, error.strerror or str(error)) from error
        export_onnx(checkpoint, path)
    return path


def cache_folder() -> Path:
    """As the XDG directories say."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pose3d"


def _check(net: Deployed3D, checkpoint: Path) -> None:
    if not net.has_heatmaps:
        raise PoseError(f"the 3D network of {checkpoint} has no heatmaps, which give the page its 2D joints")
    decoding = net.decoding
    if decoding.perspective_correction != "centroid" or decoding.depth != "closed_form":
        raise PoseError(
            f"the page corrects perspective about the centroid and takes the closed form of the depth, {checkpoint} "
            f"{decoding.perspective_correction} and {decoding.depth}; give a SOURCE, which runs it in Python"
        )
