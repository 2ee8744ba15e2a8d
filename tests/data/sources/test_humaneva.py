"""HumanEva-I on a fabricated official tree with exported poses."""

import numpy as np
import pytest
from scipy.io import savemat

from pose3d.data.preparation import Preparation, prepare_store
from pose3d.data.sources import humaneva
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import HUMANEVA_15, MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from tests.data.sources.scene import SceneCamera, frame_of, picture, walk, write_video

WHOLE = Framing(0, 0)
CAMERA = SceneCamera(0.3, (160, 120))
OFFSET = {"Walking": 4, "Box": 2}
NUM = 9


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "S1"
    poses = tmp_path / "converted_15j" / "Validate" / "S1"
    for path in (folder / "Sync_Data", folder / "Calibration_Data", poses):
        path.mkdir(parents=True)
    matrix = CAMERA.cam_from_world
    numbers = [CAMERA.intrinsics[0, 0], CAMERA.intrinsics[1, 1], *CAMERA.intrinsics[:2, 2], 0, *[0] * 5,
               *matrix[:3, :3].ravel(), *matrix[:3, 3]]  # fmt: skip
    (folder / "Calibration_Data" / "C1.cal").write_text("\n".join(f"{value:.8f}" for value in numbers))
    for seed, action in enumerate(humaneva.ACTIONS):
        world = walk(NUM, seed)
        joints = world[:, remap(MPI_INF_3DHP_28, HUMANEVA_15)]
        joints[3] = np.nan
        savemat(poses / f"{action}_1.mat", {"poses_3d": joints, "poses_2d": np.zeros((3, NUM, 15, 2))})
        (folder / "Sync_Data" / f"{action}_1_(C1).ofs").write_text(f"{OFFSET[action]}\n391\n2.0\n")
        # Synchronised frame 1 is frame OFFSET of the video, from 0; the poses begin at synchronised frame 6.
        frames = [np.zeros((120, 160, 3), np.uint8)] * (OFFSET[action] + 5)
        frames = [*frames, *(picture(k, CAMERA.see(world[k])[0], CAMERA.size) for k in range(NUM))]
        write_video(folder / "Image_Data" / f"{action}_1_(C1).avi", frames, fps=60)
    return tmp_path


def test_frames_are_synchronised_and_fifteen_joints_become_seventeen(tree):
    summary = prepare(humaneva.plan(tree, framing=WHOLE), tree / "out.h5")
    store = PoseStore(tree / "out.h5")
    kept = [k for k in range(NUM) if k != 3]
    assert [frame_of(store.image(index)) for index in range(len(store))] == kept * 2
    assert list(store.labels("frame")) == [k + 6 for k in kept] * 2
    assert any("1 frames left out" in note for note in summary.notes)
    missing = [MPI_INF_3DHP_17.index(name) for name in ("spine", "head_top")]
    assert not store.labels("visible")[:, missing].any()
    known = np.setdiff1d(np.arange(17), missing)
    pixels, points = CAMERA.see(walk(NUM, 1)[kept][:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)])
    np.testing.assert_allclose(store.labels("joints_3d")[8:][:, known], points[:, known], atol=0.01)
    np.testing.assert_allclose(store.labels("joints_2d")[8:][:, known], pixels[:, known], atol=1e-3)
    assert np.isfinite(store.labels("joints_3d")).all()
    assert store.attrs["sequence_names"] == ["S1/Walking_1", "S1/Box_1"]


def test_preparing_says_first_that_joints_are_read_as_converted_and_how(tree, capsys):
    preparation = Preparation("humaneva", tree)
    prepare_store(preparation, tree / "out.h5", workers=1)
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("out.h5: note: joints are read as converted (to convert: copy data/ConvertHumanEva.m")
    assert "`matlab -batch ConvertHumanEva`" in said
    assert "the markers are not read" in said.partition("decode")[0]


def test_what_is_missing_is_listed(tree):
    with pytest.raises(PoseError, match=r"Walking_1_\(C2\)\.avi"):
        humaneva.plan(tree, framing=WHOLE, cameras=("C1", "C2"))
    (tree / "converted_15j" / "Validate" / "S1" / "Box_1.mat").unlink()
    with pytest.raises(PoseError, match=r"ConvertHumanEva\.m"):
        humaneva.plan(tree, framing=WHOLE)


def test_a_short_video_or_a_foreign_calibration_is_named(tree):
    path = tree / "S1" / "Image_Data" / "Walking_1_(C1).avi"
    write_video(path, [np.zeros((120, 160, 3), np.uint8)] * 5)
    with pytest.raises(PoseError, match=r"Walking_1_\(C1\)\.avi has 5 frames"):
        humaneva.plan(tree, framing=WHOLE)
    (tree / "S1" / "Calibration_Data" / "C1.cal").write_text("1 2 3")
    with pytest.raises(PoseError, match=r"C1\.cal has 3 numbers"):
        humaneva.plan(tree, framing=WHOLE)
