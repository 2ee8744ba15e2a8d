"""The mirrored average does not change when the picture is mirrored, and is the output of a symmetric network."""

import numpy as np
import torch

from pose3d.predict import PosePredictor
from pose3d.predict.mirror import FLIP, mirrored_average
from pose3d.predict.networks import load_deployed_3d
from tests.models.nets import SIDE
from tests.predict.people import save_stage


def test_a_mirrored_crop_gives_the_mirrored_answer(tmp_path):
    net = load_deployed_3d(save_stage(tmp_path / "best.ckpt", 3))
    crops = torch.randint(0, 256, (3, SIDE, SIDE, 3), dtype=torch.uint8)
    with torch.no_grad():
        plain, average, mirrored = net(crops), mirrored_average(net, crops), mirrored_average(net, crops.flip(2))
    back = mirrored["joints_3d"][:, FLIP] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(back, average["joints_3d"])
    torch.testing.assert_close(mirrored["heatmaps"][:, FLIP].flip(3), average["heatmaps"])
    assert not torch.allclose(plain["joints_3d"], average["joints_3d"], atol=1e-3)


def test_the_predictor_averages_when_asked(tmp_path):
    checkpoint = save_stage(tmp_path / "best.ckpt", 3)
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    box = np.array([[4.0, 4.0, 50.0, 50.0]])
    plain, averaged = (
        PosePredictor.from_checkpoints(checkpoint, device="cpu", mirror=mirror).predict([image], boxes=box)
        for mirror in (False, True)
    )
    assert not np.allclose(plain.joints_3d, averaged.joints_3d, atol=1e-3)
