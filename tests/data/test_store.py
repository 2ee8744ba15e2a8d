import pickle
import time

import cv2
import h5py
import numpy as np
import pytest
import torch

from pose3d.data.schema import COLUMNS
from pose3d.data.store import PoseStore
from pose3d.data.store_writer import StoreWriter
from pose3d.errors import PoseError
from tests.data.drawn import HEIGHT, WIDTH, write_store


def edited(path, tmp_path, edit):
    """A copy of a store after `edit(h5py.File)`."""
    copy = tmp_path / "edited.h5"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        edit(file)
    return copy


def test_what_is_written_is_read(tmp_path):
    rng = np.random.default_rng(0)
    images = [
        cv2.imencode(".png", rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8))[1].tobytes() for _ in "abc"
    ]
    rows = [
        {name: rng.integers(0, 2, column.shape_for(17)).astype(column.dtype) for name, column in COLUMNS.items()}
        for _ in images
    ]
    path = tmp_path / "deep" / "set.h5"
    with StoreWriter(
        path, joint_set="mpi_inf_3dhp_17", source="test", seed=3, sequence_names=["s"], sampling={"every": 64}
    ) as writer:
        for image, row, mask in zip(images, rows, [None, images[0], None], strict=True):
            writer.append(image, mask, **row)
    store = PoseStore(path)
    assert len(store) == 3
    assert store.attrs["sequence_names"] == ["s"]
    assert store.attrs["sampling"] == {"every": 64}
    assert store.attrs["augmentable"] == [[]]
    assert [store.has_mask(i) for i in range(3)] == [False, True, False]
    for name in COLUMNS:
        np.testing.assert_array_equal(store.labels(name), np.stack([row[name] for row in rows]))
    assert [store.image_bytes(i) for i in range(3)] == images
    rgb = cv2.imdecode(np.frombuffer(images[2], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(store.image(2), rgb)
    assert not (tmp_path / "deep" / "set.h5.partial").exists()


def test_same_samples_same_bytes(tmp_path):
    first = write_store(tmp_path / "a.h5", 5).read_bytes()
    time.sleep(1.1)  # a time stamp in the file would show
    assert write_store(tmp_path / "b.h5", 5).read_bytes() == first


def test_columns_longer_than_a_chunk(tmp_path):
    path = write_store(tmp_path / "long.h5", 300, masks=False)
    store = PoseStore(path)
    np.testing.assert_array_equal(store.labels("frame"), np.arange(300))
    assert store.image(299).shape == (HEIGHT, WIDTH, 3)


def test_a_failed_write_leaves_nothing_and_spares_the_old_file(tmp_path):
    path = write_store(tmp_path / "set.h5", 3)
    before = path.read_bytes()
    with (
        pytest.raises(ZeroDivisionError),
        StoreWriter(path, joint_set="mpi_inf_3dhp_17", source="x"),
    ):
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints_2d": np.zeros((16, 2))}, r"joints_2d of sample 0 .*\(16, 2\), not \(17, 2\)"),
        ({"bbox": None}, "lack the columns bbox"),
        ({"kneecap": 1}, "schema lacks: kneecap"),
        ({"joints_3d": np.zeros((17, 3))}, "lack the columns cam_from_world, intrinsics, joints_3d_univ"),
    ],
)
def test_writer_refuses_samples_outside_the_schema(tmp_path, change, message):
    row = {n: np.zeros(c.shape_for(17)) for n, c in COLUMNS.items() if not c.three_d} | change
    row = {name: value for name, value in row.items() if value is not None}
    with (
        pytest.raises(PoseError, match=message),
        StoreWriter(tmp_path / "x.h5", joint_set="mpi_inf_3dhp_17", source="x") as writer,
    ):
        writer.append(b"image", **row)


def test_writer_refuses_unknown_joint_set_and_nothing(tmp_path):
    with pytest.raises(PoseError, match="unknown joint set 'coco'"):
        StoreWriter(tmp_path / "x.h5", joint_set="coco", source="x")
    with (
        pytest.raises(PoseError, match="nothing was written"),
        StoreWriter(tmp_path / "x.h5", joint_set="mpi_inf_3dhp_17", source="x"),
    ):
        pass


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda f: f.attrs.__setitem__("unit_3d", "m"), "unit_3d 'm', this version reads 'mm'"),
        (lambda f: f.attrs.__setitem__("joint_set", "coco_17"), "unknown joint set 'coco_17'"),
        (lambda f: f.attrs.__setitem__("schema_version", 99), "schema_version 99"),
        (lambda f: f.attrs.__delitem__("joint_set"), "lacks the attribute 'joint_set'"),
        (lambda f: f.__delitem__("bbox"), "lacks the key 'bbox'"),
        (lambda f: f.__delitem__("images"), "lacks the key 'images'"),
        (lambda f: f.__delitem__("joints_3d"), "lacks the key 'joints_3d'"),
        (lambda f: f["subject"].resize(5, axis=0), r"subject of .* is \(5,\)"),
        (lambda f: f["images/data"].resize(100, axis=0), "cut short"),
    ],
)
def test_bad_files_are_told_apart(store_3d, tmp_path, edit, message):
    path = edited(store_3d, tmp_path, edit)
    with pytest.raises(PoseError, match=message) as error:
        PoseStore(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_a_truncated_file(store_3d, tmp_path, kept):
    whole = store_3d.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    with pytest.raises(PoseError, match=r"cut\.h5.*cut short"):
        PoseStore(path).labels("joints_3d")


def test_not_there_and_no_hdf5(tmp_path):
    with pytest.raises(PoseError, match="no pose store at"):
        PoseStore(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(PoseError, match=r"text\.h5"):
        PoseStore(tmp_path / "text.h5")


def test_an_undecodable_image_is_named_by_file_and_index(store_3d, tmp_path):
    def spoil(file):
        start, end = file["images/offset"][7:9]
        file["images/data"][start:end] = 0

    path = edited(store_3d, tmp_path, spoil)
    store = PoseStore(path)
    store.image(6)
    with pytest.raises(PoseError, match=r"image of sample 7 of .*edited\.h5"):
        store.image(7)


def test_a_store_travels_to_other_processes(store_3d):
    store = PoseStore(store_3d)
    expected = [store.image(i) for i in range(4)]  # leaves a handle open, which a fork inherits
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.image(2), expected[2])
    loader = torch.utils.data.DataLoader([0, 1, 2, 3], collate_fn=lambda rows: store.image(rows[0]), num_workers=2)
    for found, image in zip(loader, expected, strict=True):
        np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize(("suffix", "reduce"), [(".jpg", 2), (".jpg", 4), (".png", 2)])
def test_reduced_decoding_keeps_pixel_positions(tmp_path, suffix, reduce):
    store = PoseStore(write_store(tmp_path / "set.h5", 1, suffix=suffix))
    whole, small = store.image(0).astype(float), store.image(0, reduce).astype(float)
    height, width = whole.shape[0] // reduce, whole.shape[1] // reduce
    blocks = whole[: height * reduce, : width * reduce].reshape(height, reduce, width, reduce, 3).mean((1, 3))
    # Half a pixel of displacement would show at every edge.
    assert np.abs(small[:height, :width] - blocks).mean() < 2.5
