"""Corruptions of HumanEva-I."""

from scipy.io import loadmat, savemat

from tests.data.doctor.damage import damage, edit_video


@damage("humaneva", "Walking_1_(C2)|missing")
def a_humaneva_video_that_is_missing(root, rng):
    (root / "S1/Image_Data/Walking_1_(C2).avi").unlink()


@damage("humaneva", "Walking_1_(C2)|frames, synchronised labels need")
def a_humaneva_video_that_was_cut(root, rng):
    path = root / "S1/Image_Data/Walking_1_(C2).avi"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@damage("humaneva", "S1/Box|15, 3)")
def humaneva_joints_of_another_set(root, rng):
    path = root / "converted_15j/Validate/S1/Box_1.mat"
    savemat(path, {"poses_3d": loadmat(path)["poses_3d"][:, :14]})


@damage("humaneva", "Box_1_(C1)|metres")
def humaneva_joints_in_metres(root, rng):
    path = root / "converted_15j/Validate/S1/Box_1.mat"
    savemat(path, {"poses_3d": loadmat(path)["poses_3d"] / 1000})


@damage("humaneva", "(C3)|numbers where 22")
def a_humaneva_camera_that_was_cut(root, rng):
    path = root / "S1/Calibration_Data/C3.cal"
    path.write_text("\n".join(path.read_text().splitlines()[:12]))


@damage("humaneva", "(C3)|no rotation")
def a_humaneva_camera_with_numbers_exchanged(root, rng):
    path = root / "S1/Calibration_Data/C3.cal"
    numbers = path.read_text().split()
    path.write_text("\n".join([*numbers[:10], *numbers[19:], *numbers[10:19]]))


@damage("humaneva", "(C1)|numbers where 3")
def a_humaneva_offset_that_is_missing(root, rng):
    (root / "S1/Sync_Data/Walking_1_(C1).ofs").write_text("")


@damage("humaneva", "Walking_1_(C1)|synchronised labels need")
def a_humaneva_offset_of_another_video(root, rng):
    (root / "S1/Sync_Data/Walking_1_(C1).ofs").write_text("82\n1\n2.0\n")


@damage("humaneva", "frames/s")
def a_humaneva_video_that_was_converted(root, rng):
    edit_video(root / "S1/Image_Data/Box_1_(C1).avi", lambda frames: frames, fps=30.0)
