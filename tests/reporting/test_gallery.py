"""Which frames are shown, and that skeletons lie on the people."""

import base64

import cv2
import numpy as np

from pose3d.data.store import PoseStore
from pose3d.predictions import read_predictions
from pose3d.reporting.gallery import THUMBNAIL_PX, choose, pose_figure, samples
from tests.data.drawn import write_store


def test_one_frame_a_sequence_while_there_are_enough():
    errors = np.array([1.0, 2, 3, 4, 5, 6, 7, np.nan, 99])
    sequence = np.array([0, 0, 0, 1, 1, 1, 2, 2, 1])
    chosen = choose(errors, sequence)
    assert chosen["best"] == [0, 3, 6]
    assert chosen["worst"] == [8, 6, 2]
    assert chosen["median"][0] == 3  # median 4.5: rows 3 and 4 are as near
    assert sorted(sequence[chosen["median"]]) == [0, 1, 2]


def test_sequences_that_run_out_are_used_again_and_none_is_fine():
    errors = np.array([5.0, 1, 4, 2])
    assert choose(errors, np.zeros(4, int))["best"] == [1, 3, 2]
    assert choose(errors, None)["worst"] == [0, 2, 3]
    assert choose(errors[:2], None)["best"] == [1, 0]


def test_bones_lie_on_the_drawn_person(folders, store):
    predictions = read_predictions(folders[2] / "predictions.npz")
    (sample,) = samples(predictions, np.zeros(len(predictions)), [5], PoseStore(store))
    image = cv2.imdecode(np.frombuffer(base64.b64decode(sample.jpeg), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert image.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    truth = [bone for bone in sample.bones if bone.side == "target"]
    assert len(truth) == 16
    for bone in truth:
        for share in (0.15, 0.5, 0.85):
            x, y = bone.x1 + share * (bone.x2 - bone.x1), bone.y1 + share * (bone.y2 - bone.y1)
            if 0 <= x < THUMBNAIL_PX and 0 <= y < THUMBNAIL_PX:
                assert image[int(y), int(x)].max() > 120  # the background is 40
    assert "frame 5" in sample.caption
    assert sample.caption.startswith("indoors · waving · second")


def test_a_thumbnail_reaches_beyond_the_image(tmp_path, folders):
    predictions = read_predictions(folders[2] / "predictions.npz").select(np.arange(3))
    predictions.bbox = np.tile(np.float32([-150, -150, 600, 40]), (3, 1))
    store = PoseStore(write_store(tmp_path / "few.h5", 3, seed=1))
    (sample,) = samples(predictions, np.zeros(3), [1], store)
    assert len(sample.jpeg) > 1000


def test_up_is_up_and_depth_runs_away():
    pose = np.zeros((17, 3))
    pose[0] = [100.0, -700.0, 50.0]  # head top: right, up, away
    figure = pose_figure(pose, np.zeros((17, 3)))
    middle = next(trace for trace in figure.data if trace.name == "prediction, middle")
    assert (middle.x[0], middle.y[0], middle.z[0]) == (100.0, 50.0, 700.0)
    ranges = [figure.layout.scene[axis].range for axis in ("xaxis", "yaxis", "zaxis")]
    assert len({round(high - low, 6) for low, high in ranges}) == 1
