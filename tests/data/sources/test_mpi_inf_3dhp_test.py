"""The 3DHP test reader on a fabricated official tree."""

import h5py
import numpy as np
import pytest

from pose3d.data.sources import mpi_inf_3dhp_test as reader
from pose3d.data.sources.camera_files import read_captury
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from tests.data.sources.mpi_inf_3dhp_trees import write_test
from tests.data.sources.scene import frame_of

WHOLE = Framing(0, 0)

# The official values of both cameras (docs/datasets.md), in the layout of the .calib files.
CALIB = """tc camera calibration v0.3
camera\t0\tcam
\tframe\t0
\t\tsensorSize\t{sensor}
\t\tfocalLength\t{focal}
\t\tpixelAspect\t{aspect}
\t\tcenterOffset\t{offset}
\t\tdistortionModel\tOpenCV
\t\tdistortion\t{distortion}
\t\torigin\t100 200 300
\t\tup\t0 1 0
\t\tright\t1 0 0
"""
INDOOR = {"sensor": "10 10", "focal": 7.32506, "aspect": 1.00044, "offset": "-0.0322884 0.0929296",
          "distortion": "0 0 0 0 0"}  # fmt: skip
OUTDOOR = {
    "sensor": "10 5.625", "focal": 8.770747185, "aspect": 0.993236423, "offset": "-0.104908645 0.104899704",
    "distortion": "-0.276859611 0.131125256 -0.000360494 -0.001149441 -0.049318332",
}  # fmt: skip


@pytest.mark.parametrize("nested", [0, 1, 2])
def test_valid_frames_with_fitted_cameras_whole_images_and_every_label(tmp_path, nested):
    labels = write_test(tmp_path, nested=nested)
    summary = prepare(reader.plan(tmp_path, framing=WHOLE), tmp_path / "test.h5")
    store = PoseStore(tmp_path / "test.h5")
    assert len(store) == summary.num_samples == 6 * 4
    for number, wanted in labels.items():
        mine = np.flatnonzero(store.labels("sequence") == number - 1)
        valid = wanted["valid"]
        assert list(store.labels("frame")[mine]) == list(np.flatnonzero(valid)) == [0, 2, 3, 4]
        np.testing.assert_allclose(store.labels("joints_2d")[mine], wanted["pixels"][valid], atol=1e-3)
        np.testing.assert_allclose(store.labels("joints_3d")[mine], wanted["points"][valid], atol=1e-2)
        np.testing.assert_allclose(store.labels("joints_3d_univ")[mine], wanted["universal"][valid], atol=1e-2)
        np.testing.assert_allclose(store.labels("intrinsics")[mine[0]], wanted["intrinsics"], rtol=1e-4, atol=1e-2)
        assert [frame_of(store.image(index)) for index in mine] == [0, 2, 3, 4]
        assert set(store.labels("activity")[mine]) == {1 + number % 7}
        assert set(store.labels("scene")[mine]) == {1 + (number - 1) // 2}
    source = next(tmp_path.rglob("TS3/imageSequence/img_000003.jpg"))
    assert store.image_bytes(int(np.flatnonzero(store.labels("sequence") == 2)[1])) == source.read_bytes()
    assert store.attrs["activity_names"][6] == "Sports"


def test_official_calibrations_give_the_published_cameras(tmp_path):
    path = tmp_path / "x.calib"
    path.write_text(CALIB.format(**INDOOR))
    indoor = read_captury(path, (2048, 2048))
    np.testing.assert_allclose(indoor.intrinsics[[0, 0, 1], [0, 2, 2]], [1500.17, 1017.39, 1043.03], atol=0.006)
    assert indoor.distortion == ()
    assert indoor.intrinsics[1, 1] == pytest.approx(1500.17 * 1.00044, abs=0.01)
    np.testing.assert_allclose(indoor.cam_from_world @ [110, 195, 290, 1], [10, 5, 10, 1])
    path.write_text(CALIB.format(**OUTDOOR))
    outdoor = read_captury(path, (1920, 1080))
    np.testing.assert_allclose(outdoor.intrinsics[[0, 0, 1], [0, 2, 2]], [1683.98, 939.86, 560.14], atol=0.006)
    assert len(outdoor.distortion) == 5
    path.write_text("sensorSize 10 10\n")
    with pytest.raises(PoseError, match="focalLength"):
        read_captury(path, (10, 10))


def test_the_calibration_option_undistorts_and_projects(tmp_path):
    write_test(tmp_path)
    root = tmp_path / "mpi_inf_3dhp_test_set"
    with pytest.raises(PoseError, match=r"ts5-6cameras\.calib"):
        reader.plan(root, framing=WHOLE, intrinsics="calib")
    folder = root / "test_util" / "camera_calibration"
    folder.mkdir(parents=True)
    (folder / "ts1-4cameras.calib").write_text(CALIB.format(**INDOOR))
    (folder / "ts5-6cameras.calib").write_text(CALIB.format(**OUTDOOR))
    prepare(reader.plan(root, framing=WHOLE, intrinsics="calib", sequences=(5,)), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    pixels = np.einsum("nij,npj->npi", store.labels("intrinsics"), store.labels("joints_3d"))
    np.testing.assert_allclose(pixels[..., :2] / pixels[..., 2:], store.labels("joints_2d"), atol=0.01)
    assert store.image_bytes(0) != (root / "TS5" / "imageSequence" / "img_000001.jpg").read_bytes()


def test_what_is_missing_is_said_before_the_work(tmp_path):
    write_test(tmp_path)
    root = tmp_path / "mpi_inf_3dhp_test_set"
    (root / "TS2" / "imageSequence" / "img_000003.jpg").unlink()
    with pytest.raises(PoseError, match=r"TS2 lacks 1 of 4 images .* TS2/imageSequence/img_000003\.jpg"):
        reader.plan(tmp_path, framing=WHOLE)
    (root / "TS4" / "annot_data.mat").unlink()
    with pytest.raises(PoseError, match=r"TS4/annot_data\.mat is missing"):
        reader.plan(tmp_path, framing=WHOLE)
    with pytest.raises(PoseError, match="no folder TS1 to TS6"):
        reader.plan(root / "TS1", framing=WHOLE)


def test_a_cut_or_foreign_annotation_is_named(tmp_path):
    write_test(tmp_path)
    path = tmp_path / "mpi_inf_3dhp_test_set" / "TS1" / "annot_data.mat"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PoseError, match=r"TS1/annot_data\.mat"):
        reader.plan(tmp_path, framing=WHOLE)
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        del file["univ_annot3"]
    with pytest.raises(PoseError, match="no variable univ_annot3"):
        reader.plan(tmp_path, framing=WHOLE)
