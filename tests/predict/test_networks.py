"""Deployed networks: the outputs of the stage, strict loading, and errors for files that do not fit."""

import numpy as np
import pytest
import torch

from pose3d.crop_settings import ASSUMED, CropSettings
from pose3d.data.normalise import normalise
from pose3d.errors import PoseError
from pose3d.geometry.decode import DecodeConfig
from pose3d.predict import PosePredictor
from pose3d.predict.networks import load_deployed, load_deployed_2d, load_deployed_3d
from pose3d.predict.person import crop_of_box, cut
from tests.models.nets import SIDE
from tests.predict.people import make_stage, save_stage

BOXES = np.array([[30.0, 20, 50, 90], [-10, 5, 80, 60], [40, 30, 20, 120]])


def stage_of(path, number, **arguments):
    """The LightningModule itself with the checkpoint's weights."""
    module = make_stage(number, **arguments)
    module.load_state_dict(torch.load(path, weights_only=True)["state_dict"])
    return module.eval()


def images(count=3):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (150 + 20 * i, 130, 3), dtype=np.uint8) for i in range(count)]


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (2, {}),
        (2, {"net": {"skips": "regular", "stubs": "common"}}),
        (2, {"decode": DecodeConfig("pelvis", "full", heatmap_maximum="argmax")}),
        (3, {"net": {"skips": "regular"}}),
        (3, {"net": {"modalities": ["P", "O1"]}}),
    ],
)
def test_with_given_boxes_predictions_are_those_of_the_stage(tmp_path, number, arguments):
    path = save_stage(tmp_path / "best.ckpt", number, **arguments)
    stage, cameras = stage_of(path, number, **arguments), np.array([[300.0, 0, 60], [0, 310, 80], [0, 0, 1]])
    crops = [crop_of_box(box, 1.25, SIDE) for box in BOXES]
    batch = {
        "image": normalise(cut(images(), crops, SIDE)),
        "crop_from_img": torch.from_numpy(np.stack(crops)).float(),
        "intrinsics": torch.from_numpy(cameras).float().expand(3, 3, 3),
    }
    with torch.no_grad():
        expected = stage.predict_step(batch)
    got = PosePredictor.from_checkpoints(path, device="cpu").predict(images(), cameras, BOXES)
    assert got.box == "given"
    for key in ("joints_3d", "joints_2d", "translation", "perspective_rotation"):
        np.testing.assert_allclose(getattr(got, key), expected[key].numpy(), rtol=1e-4, atol=1e-4, err_msg=key)


def test_2d_heatmaps_are_those_of_the_stage(tmp_path):
    path = save_stage(tmp_path / "best.ckpt", 1)
    stage = stage_of(path, 1)
    crops = cut(images(), [crop_of_box(box, 1.25, SIDE) for box in BOXES], SIDE)
    with torch.no_grad():
        torch.testing.assert_close(load_deployed_2d(path)(crops)["heatmaps"], stage.net(normalise(crops))["Hdeep"])


def test_nothing_of_training_is_left(tmp_path):
    net = load_deployed_3d(save_stage(tmp_path / "best.ckpt", 2))
    names = [name for name, _ in net.named_parameters()]
    assert not [name for name in names if ".skips." in name or ".intermediate." in name]
    assert not any(p.requires_grad for p in net.parameters())
    assert not any(m.training for m in net.modules())


def test_weights_must_fit_exactly(tmp_path):
    path = save_stage(tmp_path / "best.ckpt", 2)
    content = torch.load(path, weights_only=True)
    del content["state_dict"]["net.stubs.P.fc.bias"]
    torch.save(content, path)
    with pytest.raises(PoseError, match=r"do not fit its own settings .*stubs\.P\.fc\.bias"):
        load_deployed(path)


def test_missing_and_misplaced_checkpoints(tmp_path):
    with pytest.raises(PoseError, match="`make stage1 stage2 stage3` makes it"):
        load_deployed(tmp_path / "none.ckpt")
    with pytest.raises(PoseError, match="predicts no 3D poses; give one of stage2 or stage3"):
        load_deployed_3d(save_stage(tmp_path / "1.ckpt", 1))
    with pytest.raises(PoseError, match="give one of stage1"):
        load_deployed_2d(save_stage(tmp_path / "2.ckpt", 2))


@pytest.mark.parametrize(("number", "load"), [(1, load_deployed_2d), (3, load_deployed_3d)])
def test_crops_are_as_the_checkpoint_says_whatever_lies_beside_it(tmp_path, number, load, caplog):
    settings = CropSettings(SIDE, 1.5, "caffe")
    path = save_stage(tmp_path / "best.ckpt", number, settings)
    config = tmp_path / "config.yaml"
    config.write_text("data: {init_args: {image_size: 96, box_margin: 1.1, normalisation: imagenet}}")
    net, stage = load(path), stage_of(path, number)
    assert net.settings == settings
    assert not caplog.records
    crops = cut(images(), [crop_of_box(box, 1.5, SIDE) for box in BOXES], SIDE)
    with torch.no_grad():
        outputs = stage.net(normalise(crops, "caffe"))
        expected = outputs["Hdeep"] if number == 1 else outputs["H"]
        torch.testing.assert_close(net(crops)["heatmaps"], expected)


def test_a_checkpoint_that_does_not_record_them_gets_the_defaults_and_a_warning(tmp_path, caplog):
    path = save_stage(tmp_path / "best.ckpt", 1, crops=None)
    assert load_deployed(path).settings == ASSUMED == CropSettings(None, 1.25, "imagenet")
    assert "does not record how its crops were cut; using margin 1.25 and imagenet" in caplog.text
