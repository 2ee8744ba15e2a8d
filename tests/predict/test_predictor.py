"""The three steps together, with perfect networks and with random ones."""

import numpy as np
import pytest
import torch

from pose3d.errors import PoseError
from pose3d.geometry import intrinsics_from_fov, perspective_rotation
from pose3d.predict import PosePredictor
from pose3d.predict.predictor import joined
from tests.predict.people import Reader2D, Reader3D, marked_image, save_stage, standing_17

SIZE, IMAGE = 128, (420, 320)
CAMERA = np.array([[380.0, 0, 205], [0, 380, 161], [0, 0, 1]])


def scene(root=(700.0, 120.0, 3600.0), camera=CAMERA, size=IMAGE):
    """A person off the optical axis: P, K, the image, and a 3DPoseNet that sees P from the crop's virtual camera."""
    pose = standing_17()
    points = (pose + root) @ camera.T
    joints_2d = points[:, :2] / points[:, 2:]
    turn = perspective_rotation(torch.from_numpy(joints_2d.mean(0)), torch.from_numpy(camera)).numpy()
    return pose, joints_2d, marked_image(joints_2d, size), pose @ turn


def projected(pose, translation, camera=CAMERA):
    """Weak perspective in plain numpy: every joint at the root's depth."""
    return camera[0, 0] * (pose + translation)[:, :2] / translation[2] + camera[:2, 2]


@pytest.mark.parametrize("has_heatmaps", [True, False])
@pytest.mark.parametrize("boxed", [True, False])
def test_the_scene_comes_back_from_its_image(has_heatmaps, boxed):
    pose, joints_2d, image, seen = scene()
    predictor = PosePredictor(Reader3D(seen, SIZE, has_heatmaps), Reader2D(SIZE))
    low, high = joints_2d.min(0), joints_2d.max(0)
    got = predictor.predict([image], CAMERA, np.array([[*low, *(high - low)]]) if boxed else None)
    height = np.ptp(joints_2d[:, 1])
    assert got.valid.tolist() == [True]
    assert got.box == ("given" if boxed else "2DPoseNet")
    # R undoes the virtual camera's turn, up to what the centroid of the joints found differs from the true one.
    np.testing.assert_allclose(got.joints_3d[0], pose, atol=12)
    np.testing.assert_allclose(got.joints_2d[0], joints_2d, atol=0.03 * height)
    # Weak perspective is off by the person's depth over the distance, here some percent.
    np.testing.assert_allclose(got.translation[0], [700, 120, 3600], atol=0.05 * 3600)
    again = projected(got.joints_3d[0], got.translation[0])
    assert np.linalg.norm(again - got.joints_2d[0], axis=1).mean() < 0.03 * height


def test_joints_that_no_map_shows_lie_where_the_pose_would_be_seen():
    _, _, image, seen = scene()
    got = PosePredictor(Reader3D(seen, SIZE, has_heatmaps=False), Reader2D(SIZE)).predict([image], CAMERA)
    expected = projected(got.joints_3d[0], got.translation[0])
    np.testing.assert_allclose(got.joints_2d[0, 15:], expected[15:], atol=1e-2)
    assert np.abs(got.joints_2d[0, :15] - expected[:15]).max() > 0.1


@pytest.fixture
def one_thread():
    """Several threads may round the same sum in different ways from call to call, as many as the machine has free.

    Heatmaps of random weights are flat: rounding moves their maxima, and the crop of the next network with them.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_an_image_alone_and_in_a_batch_with_others_and_with_nobody(tmp_path):
    checkpoints = [save_stage(tmp_path / f"{n}.ckpt", n) for n in (3, 1)]
    random = PosePredictor.from_checkpoints(*checkpoints, device="cpu", sure=-1e9)
    perfect = PosePredictor(Reader3D(scene()[3], SIZE), Reader2D(SIZE))
    grey = np.random.default_rng(0).integers(60, 110, (90, 70, 3), dtype=np.uint8)
    images = [scene()[2], grey, np.zeros((64, 200, 3), np.uint8)]
    for predictor, valid in ((random, [True] * 3), (perfect, [True, False, False])):
        together = predictor.predict(images)
        alone = joined([predictor.predict([image]) for image in images])
        assert together.valid.tolist() == alone.valid.tolist() == valid
        for key in ("joints_3d", "joints_2d", "translation", "bbox", "perspective_rotation"):
            values = getattr(together, key)
            np.testing.assert_allclose(values, getattr(alone, key), rtol=2e-3, atol=1e-3, err_msg=key)
            assert np.isnan(values[~together.valid]).all()
            assert np.isfinite(values[together.valid]).all()
        together.check()


def test_a_wider_camera_brings_the_person_nearer():
    _, _, image, seen = scene()
    predictor = PosePredictor(Reader3D(seen, SIZE), Reader2D(SIZE))
    assumed = predictor.predict([image]).translation[0]
    same = predictor.predict([image], intrinsics_from_fov(IMAGE, 55.0).numpy()).translation[0]
    wide = predictor.predict([image], intrinsics_from_fov(IMAGE, 90.0).numpy()).translation[0]
    np.testing.assert_array_equal(assumed, same)
    assert wide[2] == pytest.approx(assumed[2] * np.tan(np.radians(27.5)), rel=0.1)


def test_a_box_of_nan_means_nobody():
    _, joints_2d, image, seen = scene()
    low, high = joints_2d.min(0), joints_2d.max(0)
    boxes = np.array([[np.nan] * 4, [*low, *(high - low)]])
    got = PosePredictor(Reader3D(seen, SIZE)).predict([image, image], CAMERA, boxes)
    assert got.valid.tolist() == [False, True]
    assert np.isnan(got.bbox[0]).all()
    np.testing.assert_allclose(got.bbox[1], boxes[1], rtol=1e-5)


def test_mistakes_of_callers():
    image, pose = np.zeros((50, 60, 3), np.uint8), standing_17()
    with pytest.raises(PoseError, match="has no heatmaps"):
        PosePredictor(Reader3D(pose, SIZE, has_heatmaps=False))
    boxless = PosePredictor(Reader3D(pose, SIZE))
    with pytest.raises(PoseError, match="give boxes or a checkpoint of stage1"):
        boxless.predict([image])
    with pytest.raises(PoseError, match=r"boxes have the shape \(2, 4\) for 1 images"):
        boxless.predict([image], CAMERA, np.ones((2, 4)))
    with pytest.raises(PoseError, match="has no area"):
        boxless.predict([image], CAMERA, np.array([[5.0, 5, 0, 0]]))
    with pytest.raises(PoseError, match=r"intrinsics have the shape \(4,\)"):
        boxless.predict([image], np.ones(4), np.array([[5.0, 5, 9, 9]]))
    with pytest.raises(PoseError, match="'tpux' cannot be used here"):
        PosePredictor(Reader3D(pose, SIZE), device="tpux")
