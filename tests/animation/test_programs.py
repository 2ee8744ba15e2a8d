"""Exported motions in Blender and OpenSim, as their own Python packages read them.

Both packages are large and bring their own versions of others, so they may live in an interpreter of their own:
`BPY_PYTHON=/path/to/python` names it (`pip install bpy opensim`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pose3d.animation import Motion, export_motion
from pose3d.animation.motion import Z_FROM_Y
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.predict.motions import world_motion

pytest.importorskip("ezc3d")
pytest.importorskip("pygltflib")
PYTHON = os.environ.get("BPY_PYTHON", sys.executable)
pytestmark = pytest.mark.slow
FRAMES = 40

BLENDER = """
import bpy, json, sys
kind, path, frames = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
if kind == "bvh":
    bpy.ops.import_anim.bvh(filepath=path, axis_forward="-Z", axis_up="Y", global_scale=0.001, update_scene_fps=True)
else:
    bpy.context.scene.render.fps = 25
    bpy.ops.import_scene.gltf(filepath=path)
armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
found = []
for frame in range(int(frames)):
    bpy.context.scene.frame_set(frame + (kind == "bvh"))
    found.append({b.name: list(armature.matrix_world @ b.head) for b in armature.pose.bones})
print("\\n" + json.dumps(found))
"""

OPENSIM = """
import json, opensim, sys
kind, path = sys.argv[1:]
if kind == "trc":
    table = opensim.TimeSeriesTableVec3(path)
else:
    adapter = opensim.C3DFileAdapter()
    table = adapter.getMarkersTable(adapter.read(path))
labels = list(table.getColumnLabels())
rows = [[[v[i] for i in range(3)] for v in (table.getRowAtIndex(r)[c] for c in range(len(labels)))]
        for r in range(table.getNumRows())]
print("\\n" + json.dumps([labels, rows]))
"""


def run(program: str, package: str, *arguments: str):
    """The JSON in the last line that a program prints."""
    if subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True).returncode:
        pytest.skip(f"{package} is not installed")
    answer = subprocess.run([PYTHON, "-c", program, *arguments], capture_output=True, text=True, timeout=600)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(next(line for line in reversed(answer.stdout.splitlines()) if line.startswith("[")))


@pytest.fixture(scope="module")
def joints() -> np.ndarray:
    return world_motion(7, FRAMES) @ Z_FROM_Y


def in_blender(kind: str, path: Path, frames: int) -> np.ndarray:
    """Joints (frames, 17, 3) in mm of a file that Blender opened; its z is up."""
    found = run(BLENDER, "bpy", kind, str(path), str(frames))
    return 1000 * np.array([[frame[name] for name in MPI_INF_3DHP_17.names] for frame in found])


@pytest.mark.parametrize("kind", ["bvh", "glb"])
def test_blender_shows_the_person_upright(tmp_path, joints, kind):
    (path,) = export_motion(tmp_path / "clip", Motion(joints, 25.0), [kind])
    poses = in_blender(kind, path, FRAMES)
    np.testing.assert_allclose(poses, joints @ Z_FROM_Y.T, atol=5)
    names = MPI_INF_3DHP_17.names
    assert (poses[:, names.index("head"), 2] > poses[:, names.index("pelvis"), 2] + 400).all()


@pytest.mark.parametrize("kind", ["trc", "c3d"])
def test_opensim_reads_the_markers(tmp_path, joints, kind):
    (path,) = export_motion(tmp_path / "clip", Motion(joints, 25.0), [kind])
    labels, rows = run(OPENSIM, "opensim", kind, str(path))
    np.testing.assert_allclose(np.array(rows)[:, [labels.index(n) for n in MPI_INF_3DHP_17.names]], joints, atol=1)
