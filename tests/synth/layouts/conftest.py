"""A quick stand-in for the renderer, and rigs with small pictures: these tests are about files and labels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.synth.layouts import filming, h36m, mpi_inf_3dhp, mpi_inf_3dhp_test, wild
from pose3d.synth.layouts.filming import Settings

SIDE = 192


def drawn(world, shot, staged, seed):
    """A gray level for the frame, a disc for the person with both garments, a chair in the corner."""
    width, height = staged.camera.size
    frame = shot.frame(world)
    picture = np.full((height, width, 3), 30 + 12 * (frame % 16), np.uint8)
    regions = np.zeros((height, width), np.uint8)
    x, y = staged.camera.project(1000.0 * staged.posed.joints_28[4])[0]
    cv2.circle(regions, (round(x), round(y)), width // 8, PERSON | UPPER, -1)
    regions[round(y) :][regions[round(y) :] > 0] = PERSON | LOWER
    regions[-height // 6 :, : width // 6] = CHAIR
    return picture, regions


def smaller(rig, side):
    """The same cameras with pictures `side` px wide."""

    def small():
        cameras = rig()
        sizes = [(side, round(side * c.size[1] / c.size[0])) for c in cameras]
        return tuple(
            c.window((np.array(c.size) - 1) / 2, c.size[0], size) for c, size in zip(cameras, sizes, strict=True)
        )

    return small


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(filming, "depict", drawn)
    monkeypatch.setattr(wild, "depict", drawn)
    for module in (mpi_inf_3dhp, mpi_inf_3dhp_test):
        world = module.WORLD
        outdoor = smaller(world.outdoor_rig, SIDE) if world.outdoor_rig else None
        monkeypatch.setattr(module, "WORLD", replace(world, rig=smaller(world.rig, SIDE), outdoor_rig=outdoor))
    whole = h36m.whole_camera

    def small_camera(index):
        camera = whole(index)
        size = (100, 100 if camera.size[1] == 1000 else 102)
        return replace(camera.window((np.array(camera.size) - 1) / 2, camera.size[0], size), size=size)

    monkeypatch.setattr(h36m, "whole_camera", small_camera)


@pytest.fixture
def settings():
    return Settings(frames=3, seed=5, resolution=SIDE)
