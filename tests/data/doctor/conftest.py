"""Clean trees of every layout, drawn by a fast replacement of the renderer, as a basis for corruptions."""

import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.sources import h36m_tree, mpi_inf_3dhp_tree
from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.cameras import CHEST_CAMERAS
from pose3d.synth.layouts import aspset510, filming, h36m, humaneva, mpi_inf_3dhp, mpi_inf_3dhp_test, wild, write_layout
from pose3d.synth.layouts.filming import Settings
from tests.synth.layouts.conftest import smaller

SIDE = 192
LIMBS = [(j, p) for j, p in enumerate(MPI_INF_3DHP_28.parents_o1) if j != p]


def person(world, shot, staged, seed):
    """A bright stick figure of some width, in clothes, before a still background."""
    width, height = staged.camera.size
    rows = np.arange(height, dtype=np.uint8)[:, None, None] // 4
    picture = np.broadcast_to(40 + rows, (height, width, 3)).copy()
    regions = np.zeros((height, width), np.uint8)
    joints = np.round(staged.camera.project(1000.0 * staged.posed.joints_28)[0]).astype(int)
    for joint, parent in LIMBS:
        name = MPI_INF_3DHP_28.names[joint]
        part = LOWER if name.endswith(("knee", "hip")) else UPPER if name.startswith(("spine", "neck")) else 0
        cv2.line(regions, tuple(map(int, joints[joint])), tuple(map(int, joints[parent])), PERSON | part, 7)
    picture[regions > 0] = (230, 200, 190)
    regions[-height // 8 :, : width // 8] |= CHAIR
    return picture, regions


@pytest.fixture(scope="session")
def trees(tmp_path_factory):
    """Folder of the clean trees: one subject of 3dhp, one of h36m's training and test subjects."""
    root = tmp_path_factory.mktemp("trees")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filming, "depict", person)
        patch.setattr(wild, "depict", person)
        for module in (mpi_inf_3dhp, mpi_inf_3dhp_test):
            world = module.WORLD
            outdoor = smaller(world.outdoor_rig, SIDE) if world.outdoor_rig else None
            patch.setattr(module, "WORLD", replace(world, rig=smaller(world.rig, SIDE), outdoor_rig=outdoor))
        settings = Settings(10, 4, SIDE)
        for number, sequence in enumerate(mpi_inf_3dhp.WORLD.sequences):
            if sequence.subject == 7:
                mpi_inf_3dhp.make(root / "mpi_inf_3dhp", settings, number, lambda done: None)
        for path in (root / "mpi_inf_3dhp").rglob("video_*.avi"):  # the chest-high cameras are enough here
            if int(path.stem.split("_")[1]) not in CHEST_CAMERAS:
                path.unlink()
        write_layout("mpi_inf_3dhp_test", root / "mpi_inf_3dhp_test", Settings(6, 4, SIDE))
        write_layout("mpii", root / "mpii", Settings(30, 4, 96))
        for layout, frames in (("lsp", 10), ("lspet", 10), ("coco", 30)):
            write_layout(layout, root / layout, Settings(frames, 4, 96))
        for module, frames in ((aspset510, 8), (humaneva, 9)):
            patch.setattr(module, "WORLD", replace(module.WORLD, rig=smaller(module.WORLD.rig, 256)))
            name = module.__name__.rsplit(".", 1)[1]
            write_layout(name, root / name, Settings(frames, 4, 256))
        whole = h36m.whole_camera

        def small_camera(index):
            camera = whole(index)
            small = camera.window((np.array(camera.size) - 1) / 2, camera.size[0], (100, 100))
            return replace(small, size=(100, 102 if camera.size[1] == 1002 else 100))

        patch.setattr(h36m, "whole_camera", small_camera)
        for key in h36m.keys(settings):
            if key[0] in (1, 9) and key[1] in ("Walking", "Posing") and key[2] == 1:
                h36m.make(root / "h36m", Settings(7, 4, 100), key, lambda done: None)
        h36m.finish(root / "h36m", settings)
    return root


@pytest.fixture
def damaged(trees, tmp_path, monkeypatch):
    """A function from a layout to a fresh copy of its clean tree."""
    monkeypatch.setattr(mpi_inf_3dhp_tree, "SUBJECTS", (7,))
    monkeypatch.setattr(h36m_tree, "ACTIVITIES", ("Posing", "Walking"))

    def copy(layout):
        shutil.copytree(trees / layout, tmp_path / layout)
        return tmp_path / layout

    return copy
