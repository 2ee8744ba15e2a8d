"""Pose stores as input: the stage's own predictions from true boxes, and one for every frame from found boxes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pose3d.app import main
from pose3d.data.datamodules import PoseDataModule
from pose3d.errors import PoseError
from pose3d.evaluation.protocols import find_protocol
from pose3d.evaluation.variants import switch_table
from pose3d.geometry.crop import decode_reduction
from pose3d.geometry.decode import DecodeConfig
from pose3d.predict.labelled import StoreFrames
from pose3d.predictions import Predictions, read_predictions
from pose3d.skeleton import MPI_INF_3DHP_17
from stages import Stage2, Stage3
from tests.data.drawn import HEIGHT, INTRINSICS, WIDTH, write_store
from tests.models.nets import SIDE
from tests.predict.people import save_stage

TRAINED_MODE = "pelvis"
ROWS = 9


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # JPEG: a stage decodes it at half its size for these crops, which is not the same as averaging it.
    return write_store(tmp_path_factory.mktemp("data") / "test.h5", ROWS, suffix=".jpg")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("runs")
    mode = {"decode": DecodeConfig(TRAINED_MODE)}
    return {n: save_stage(folder / f"stage{n}/best.ckpt", n, **(mode if n > 1 else {})) for n in (1, 2, 3)}


def predicted_by_stage(number: int, checkpoint: Path, store: Path) -> tuple[dict, dict]:
    """What the test of a stage predicts, and its batch."""
    content = torch.load(checkpoint, weights_only=False)
    stage = {2: Stage2, 3: Stage3}[number](**content["hyper_parameters"])
    stage.configure_model()
    stage.load_state_dict(content["state_dict"])
    data = PoseDataModule([], test_file=str(store), image_size=SIDE, num_workers=0, eval_batch_size=ROWS)
    data.setup("test")
    batch = data.on_after_batch_transfer(next(iter(data.test_dataloader())), 0)
    with torch.inference_mode():
        return stage.eval().predict_step(batch), batch


@pytest.mark.parametrize("number", [2, 3])
def test_true_boxes_give_the_stages_own_answer(number, store, checkpoints, tmp_path, capsys) -> None:
    out = tmp_path / "predictions.npz"
    arguments = ["predict", str(store), "--checkpoint", str(checkpoints[number]), "--boxes", "ground-truth"]
    assert main([*arguments, "--out", str(out), "--batch-size", "4", "--device", "cpu"]) == 0
    got = read_predictions(out)
    predictions, batch = predicted_by_stage(number, checkpoints[number], store)
    sizes = {decode_reduction(crop) for crop in batch["crop_from_img"].numpy()}
    assert sizes & {2, 4, 8}, "the drawn people should be large enough that images are decoded at a fraction"
    for key in ("joints_3d", "joints_2d", "translation", "perspective_rotation"):
        np.testing.assert_allclose(getattr(got, key), predictions[key], rtol=1e-4, atol=2e-3, err_msg=key)
    same = {"target_3d": "joints_3d", "target_3d_true": "joints_3d_true", "target_translation": "translation"}
    same |= {"target_2d": "joints_2d_img", "visible": "visible", "head_size": "head_size", "valid": "has_3d"}
    same |= {name: name for name in ("bbox", "frame", "sequence", "activity", "scene", "subject", "camera")}
    for key, name in same.items():
        value = getattr(got, key)
        assert value.dtype == batch[name].numpy().dtype, key
        np.testing.assert_array_equal(value, batch[name], err_msg=key)
    assert got.box == "ground truth"
    assert got.activity_names is not None
    assert got.activity_names.tolist() == ["standing", "waving"]
    assert (
        f"{ROWS} frames, a pose in {ROWS}\nbox: ground truth; camera: of the store\nwritten" in capsys.readouterr().out
    )


def test_found_boxes_and_where_nobody_is_the_whole_image(store, checkpoints, tmp_path, capsys) -> None:
    arguments = ["predict", str(store), "--checkpoint", str(checkpoints[3]), "--device", "cpu"]
    arguments += ["--box-checkpoint", str(checkpoints[1])]
    files = {}
    for name, score in (("everybody", "-1e9"), ("nobody", "1e9")):
        out = tmp_path / f"{name}.npz"
        assert main([*arguments, f"--min-score={score}", "--out", str(out), "--pictures"]) == 0
        files[name] = read_predictions(out)
    printed = capsys.readouterr().out
    assert printed.count("nobody was found") == 1
    assert f"a pose in {ROWS}; nobody was found in {ROWS}, where the whole image is the box" in printed
    assert (tmp_path / "nobody_pictures" / "test.png").is_file()
    for found in files.values():
        assert found.valid is not None
        assert found.valid.all()
        assert found.box == "2DPoseNet"
    assert (files["nobody"].bbox == [-0.5, -0.5, WIDTH, HEIGHT]).all()
    assert not (files["everybody"].bbox == files["nobody"].bbox).all(1).any()
    # Both go into one table; random poses would not pass for people, which `evaluate` checks first.
    rows = switch_table(list(files.values()), find_protocol("3dhp")).rows
    assert [(row[1], row[2], row[3]) for row in rows] == 2 * [("2DPoseNet", s, ROWS) for s in ("on", "off")]


@pytest.mark.parametrize("mode", ["off", "crop"])
def test_the_correction_can_be_chosen(mode, store, checkpoints, tmp_path) -> None:
    rotations = {}
    for chosen in (mode, TRAINED_MODE):
        out = tmp_path / f"{chosen}.npz"
        arguments = ["predict", str(store), "--checkpoint", str(checkpoints[2]), "--boxes", "ground-truth"]
        assert main([*arguments, "--perspective-correction", chosen, "--out", str(out), "--device", "cpu"]) == 0
        rotations[chosen] = read_predictions(out).perspective_rotation
    angles = {key: np.degrees(np.arccos((np.trace(r, axis1=1, axis2=2) - 1) / 2)) for key, r in rotations.items()}
    if mode == "off":
        assert (rotations["off"] == np.eye(3)).all()
    else:
        # The horizontal place of the true box's centre, seen through the store's camera: yaw only (decision G1).
        boxes = StoreFrames(store).boxes
        x = (boxes[:, 0] + boxes[:, 2] / 2 - INTRINSICS[0, 2]) / INTRINSICS[0, 0]
        np.testing.assert_allclose(np.tan(np.radians(angles["crop"])), np.abs(x), atol=1e-3)
    assert np.abs(angles[mode] - angles[TRAINED_MODE]).max() > 0.5


def test_a_store_of_2d_labels(tmp_path, checkpoints) -> None:
    store = write_store(tmp_path / "wild.h5", 3, three_d=False, joint_set=MPI_INF_3DHP_17)
    out = tmp_path / "p.npz"
    arguments = ["predict", str(store), "--checkpoint", str(checkpoints[2]), "--boxes", "ground-truth", "--fov", "50"]
    assert main([*arguments, "--out", str(out), "--device", "cpu"]) == 0
    got = read_predictions(out)
    assert got.target_3d is None
    assert got.target_2d is not None
    assert got.target_2d.shape == (3, 17, 2)


def test_a_frame_without_a_pose_is_not_left_out(store) -> None:
    valid = np.arange(ROWS) != 4
    with pytest.raises(PoseError, match=r"no finite pose for 1 of 9 frames of .*test.h5, the first in row 4"):
        StoreFrames(store).label(Predictions(valid=valid))


def test_mistakes(store, checkpoints, tmp_path, capsys) -> None:
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((20, 20, 3), np.uint8))
    given = ["--checkpoint", str(checkpoints[2]), "--device", "cpu"]
    for arguments, message in (
        ([str(picture), "--boxes", "ground-truth"], "are those of a pose store"),
        ([str(store), "--fov", "60"], "has the intrinsics of every frame; leave --fov and --intrinsics out"),
        ([str(tmp_path / "none.h5")], "there is no pose store at"),
    ):
        assert main(["predict", *arguments, *given]) == 2
        assert message in capsys.readouterr().err
