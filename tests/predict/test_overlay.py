"""What is drawn on a video."""

from dataclasses import replace

import numpy as np

from pose3d.predict.overlay import drawn_joints
from tests.predict.motions import camera_at, film, world_motion


def test_the_placed_pose_is_drawn_where_the_camera_is_known():
    camera = camera_at(distance_m=4)
    filmed = film(world_motion(2, 10), camera)
    root = filmed.joints_cam[:, 14]
    placed = replace(filmed.predictions, translation=root.astype(np.float32))
    expected = filmed.predictions.joints_2d  # without noise: the true image
    np.testing.assert_allclose(drawn_joints(placed), expected, atol=0.05)
    elsewhere = replace(placed, joints_2d=expected + 50)
    np.testing.assert_allclose(drawn_joints(elsewhere), expected, atol=0.05)
    np.testing.assert_array_equal(drawn_joints(replace(elsewhere, intrinsics=None)), expected + 50)
