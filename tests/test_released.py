"""The released weights in the package are whole, described, small, and usable without a network connection."""

import hashlib
import socket

import numpy as np
import pytest

from pose3d.predict import PosePredictor
from pose3d.pretrained import RELEASED_FOLDER
from pose3d.weights_file import read_weights

FILES = sorted(RELEASED_FOLDER.glob("*.safetensors"))


def test_the_model_card_names_the_files_and_their_hashes():
    card = (RELEASED_FOLDER / "README.md").read_text()
    assert [file.name for file in FILES] == ["stage1.safetensors", "stage3.safetensors"]
    assert sum(file.stat().st_size for file in FILES) < 20e6
    for file in FILES:
        assert f"| `{file.name}` |" in card
        assert hashlib.sha256(file.read_bytes()).hexdigest() in card


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_say_where_they_come_from(file):
    _, content = read_weights(file)
    provenance = content["provenance"]
    assert provenance["stage"] == file.stem
    assert provenance["backbone"] == "mobilenetv2_100"
    assert provenance["data"]["train"]
    assert "/" not in str((provenance["parent"] or {}).get("path", ""))


def test_they_predict_without_a_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    predictor = PosePredictor.from_pretrained(device="cpu")
    image = np.full((200, 120, 3), 128, np.uint8)
    found = predictor.predict([image], boxes=np.array([[20.0, 10.0, 80.0, 180.0]]))
    assert found.joints_3d is not None
    assert np.isfinite(found.joints_3d).all()
    # Bones of a person, whatever the picture: from 5 cm to 80 cm.
    thigh = np.linalg.norm(found.joints_3d[0, 8] - found.joints_3d[0, 9])
    assert 50 < thigh < 800
