"""An exported file gives the network's outputs without this package, and describes them."""

import json

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.predict.export import README, export_checkpoint
from pose3d.predict.networks import load_deployed
from tests.models.nets import SIDE
from tests.predict.people import save_stage


@pytest.mark.parametrize("number", [1, 3])
def test_the_file_answers_like_the_network_for_any_batch(tmp_path, number):
    checkpoint = save_stage(tmp_path / "best.ckpt", number)
    exported = export_checkpoint(checkpoint, tmp_path / "deep" / "net.pt2")
    assert exported.difference <= 1e-4
    description = {README: ""}
    program = torch.export.load(exported.path, extra_files=description).module()
    crops = torch.randint(0, 256, (5, SIDE, SIDE, 3), dtype=torch.uint8)
    expected = load_deployed(checkpoint)(crops)
    got = program(crops)
    assert got.keys() == expected.keys() == json.loads(description[README])["outputs"].keys()
    for key, value in expected.items():
        torch.testing.assert_close(got[key], value, rtol=1e-4, atol=1e-4)
    assert [path.name for path in exported.path.parent.iterdir()] == ["net.pt2"]


def test_mistakes_leave_no_file(tmp_path):
    first = save_stage(tmp_path / "1.ckpt", 1, crops=None)
    second = save_stage(tmp_path / "2.ckpt", 2, net={"modalities": ["P"]})
    with pytest.raises(PoseError, match=r"exported as \.pt2 \(torch\.export\), not '\.onnx'"):
        export_checkpoint(second, tmp_path / "net.onnx")
    with pytest.raises(PoseError, match="give --image-size"):
        export_checkpoint(first, tmp_path / "net.pt2")
    with pytest.raises(PoseError, match="--image-size 70 is not possible"):
        export_checkpoint(first, tmp_path / "net.pt2", 70)
    with pytest.raises(PoseError, match="takes crops of 64 px only"):
        export_checkpoint(second, tmp_path / "net.pt2", 128)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".ckpt", ".ckpt"]
