"""Exported weights give the outputs of their checkpoint, and are found by name."""

import numpy as np
import pytest
import torch

from pose3d.app import main
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.errors import PoseError
from pose3d.predict import PosePredictor
from pose3d.predict.export_weights import export_weights
from pose3d.predict.networks import load_deployed
from tests.models.nets import SIDE
from tests.predict.people import save_stage


@pytest.mark.parametrize("number", [1, 2, 3])
def test_weights_answer_as_the_checkpoint(tmp_path, number):
    checkpoint = save_stage(tmp_path / "best.ckpt", number)
    out = tmp_path / "weights" / f"stage{number}.safetensors"
    _, difference = export_weights(checkpoint, out)
    crops = torch.randint(0, 256, (3, SIDE, SIDE, 3), dtype=torch.uint8)
    expected, found = load_deployed(checkpoint)(crops), load_deployed(out)(crops)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=float(0.02 * value.abs().max()))
    assert difference <= 0.02
    stored = read_checkpoint(out)
    assert stored[PROVENANCE]["stage"] == f"stage{number}"
    assert not any(part in name for name in stored["state_dict"] for part in ("skips.", "intermediate."))
    assert out.stat().st_size < 0.6 * checkpoint.stat().st_size


def test_exporting_weights_again_changes_nothing(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    export_weights(save_stage(tmp_path / "best.ckpt", 2), first)
    export_weights(first, second)
    assert first.read_bytes() == second.read_bytes()


def test_exporting_beside_a_checkpoint_keeps_its_provenance(tmp_path, capsys):
    checkpoint = save_stage(tmp_path / "best.ckpt", 2)
    (tmp_path / "best.json").write_text('{"stage": "stage2"}')
    assert main(["export", str(checkpoint), "--format", "safetensors"]) == 0
    assert (tmp_path / "best_weights.safetensors").is_file()
    assert main(["export", str(checkpoint), "--out", str(tmp_path / "best.safetensors")]) == 2
    assert "best.json is there and describes no weights" in capsys.readouterr().err
    weights = tmp_path / "best_weights.safetensors"
    assert main(["export", str(weights), "--format", "safetensors", "--out", str(weights)]) == 2
    assert "is an input" in capsys.readouterr().err
    assert (tmp_path / "best.json").read_text() == '{"stage": "stage2"}'


def test_a_folder_of_weights_makes_a_predictor(tmp_path):
    for number in (1, 3):
        checkpoint = save_stage(tmp_path / f"{number}.ckpt", number)
        export_weights(checkpoint, tmp_path / "weights" / f"stage{number}.safetensors")
    image = np.random.default_rng(0).integers(0, 256, (SIDE, 2 * SIDE, 3), dtype=np.uint8)
    box = np.array([[10.0, 5.0, 40.0, 50.0]])
    predictor = PosePredictor.from_pretrained(tmp_path / "weights", device="cpu")
    assert predictor.pose2d is not None
    found = predictor.predict([image], boxes=box)
    alone = PosePredictor.from_pretrained(tmp_path / "weights" / "stage3.safetensors", device="cpu")
    assert alone.pose2d is None
    np.testing.assert_array_equal(alone.predict([image], boxes=box).joints_3d, found.joints_3d)
    with pytest.raises(PoseError, match="give boxes or a checkpoint of stage1"):
        alone.predict([image])
    (tmp_path / "weights" / "stage3.safetensors").unlink()
    with pytest.raises(PoseError, match=r"have no stage3.safetensors or stage2.safetensors"):
        PosePredictor.from_pretrained(tmp_path / "weights")
