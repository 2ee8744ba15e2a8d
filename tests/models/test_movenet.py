"""MoveNet's trunk, which is part of the package."""

import hashlib

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.models.backbone import Trunk
from pose3d.models.config import TAPS
from pose3d.models.weights import MOVENET_FILE
from tests.models.test_weights import grace_hopper, normalised

# Of the TensorFlow.js graph at block_5_add, block_7_add, block_11_add and block_12_add, by the interpreter of
# scripts/convert_movenet.py on the 192 px picture of `grace_hopper`: channel 7 at row 3, column 5, then mean and
# standard deviation of the whole map.
RECORDED = {
    "res3b3": (3.03518, -0.08426, 1.78863),
    "res4b5": (-0.53323, 0.03783, 2.5239),
    "res4b20": (-10.28378, -1.05962, 5.52859),
    "res4b22": (-20.58411, -1.43282, 7.60883),
}


@pytest.fixture(scope="module")
def trunk():
    return Trunk("mobilenetv2_100", weights="movenet", freeze_batchnorm=True).eval()


def test_the_file_is_the_one_that_the_script_wrote():
    digest = hashlib.sha256(MOVENET_FILE.read_bytes()).hexdigest()
    assert digest == "21807d186a5d86e7a16531291f847ec7ebdee10bf4f76ff3eb42caad2cd1ea23"
    assert MOVENET_FILE.stat().st_size < 1.2e6


def test_taps_are_those_of_the_graph(trunk):
    with torch.no_grad():
        taps = trunk(normalised(grace_hopper(192)))
    assert [tuple(taps[word].shape[1:]) for word in TAPS] == [(32, 24, 24), (64, 12, 12), (96, 12, 12), (96, 12, 12)]
    for word, values in RECORDED.items():
        found = (taps[word][0, 7, 3, 5], taps[word].mean(), taps[word].std())
        torch.testing.assert_close(torch.stack(found), torch.tensor(values), atol=5e-4, rtol=1e-3)


def test_movenet_fits_one_backbone_and_the_hub_does_not_serve_it():
    with pytest.raises(PoseError, match="mobilenetv2_100 only, not resnet18"):
        Trunk("resnet18", weights="movenet")
    with pytest.raises(PoseError, match="another padding"):
        Trunk("mobilenetv2_100", weights="hub")
