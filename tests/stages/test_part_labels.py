"""Part labels end to end: the embedded official tree, its reader, the store, the batch, and a loss that falls (N12)."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from pose3d.data.sources import h36m as reader
from pose3d.data.sources import h36m_tree
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.models.objectives import total_loss
from pose3d.synth.layouts import h36m
from pose3d.synth.layouts.filming import Settings
from tests.stages.conftest import ROOT

OVERLAY = ("--config", str(ROOT / "configs" / "ablations" / "part_labels.yaml"))
SIDE = 128


@pytest.fixture(scope="module")
def human36m(tmp_path_factory):
    """Two recordings of S1 by four cameras, 16 pictures, as a store made by the official reader."""
    root = tmp_path_factory.mktemp("h36m")
    whole = h36m.whole_camera

    def small_camera(index):
        camera = whole(index)
        size = (SIDE, SIDE + 2 * (index in (0, 3)))
        return replace(camera.window((np.array(camera.size) - 1) / 2, camera.size[0], size), size=size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(h36m, "whole_camera", small_camera)
        patch.setattr(h36m_tree, "ACTIVITIES", ("Posing", "Walking"))
        for action in h36m_tree.ACTIVITIES:
            h36m.make(root, Settings(2, 0, SIDE), (1, action, 2), lambda done: None)
        plan = reader.plan(root, framing=Framing(), subjects=(1,), movement=0, frames=0)
        prepare(plan, root / "train.h5")
    return root / "train.h5"


@pytest.mark.parametrize(
    ("loss", "weight", "first"),
    [
        # 25 labels at random cost log 25 = 3.2; maps of zero cost half a square for each of 16 cells.
        ("cross_entropy", 10, (2, 5)),
        ("euclidean", 1, (7, 13)),
    ],
)
def test_the_part_label_loss_falls(workshop, human36m, monkeypatch, loss, weight, first):
    weights = {"X4b5": 1, "X4b20": 1, "Xdeep": 1, "Xsum": 1, "H": 1, "PL": weight}
    schedule = {"name": "parts", "phases": [{"iterations": 16, "lr": 0.003, "weights": weights}]}
    (workshop.root / "schedule2.yaml").write_text(yaml.safe_dump(schedule))
    seen = []

    def recording(outputs, losses, phase):
        seen.append(float(losses["PL"].detach()))
        return total_loss(outputs, losses, phase)

    monkeypatch.setattr("stages.base.total_loss", recording)
    flags = ("--data.train_files", f'["{human36m}"]', "--data.val_file", str(human36m), "--data.val_subjects", "null")
    start = ("--model.init_from", "null", "--test_after_fit", "false", "--data.flip", "0")
    assert workshop.fit(2, *OVERLAY, *flags, *start, "--model.net.part_label_loss", loss) == 0
    assert len(seen) == 16
    assert first[0] < seen[0] < first[1]
    assert np.mean(seen[-3:]) < 0.7 * np.mean(seen[:3]), seen


@pytest.mark.parametrize(
    ("parts", "flip", "words"),
    [
        (False, "0", "have no part labels; they are for training on Human3.6M alone"),
        (True, "0.5", "set data.flip to 0"),
    ],
    ids=["no parts", "mirrored"],
)
def test_what_cannot_train_is_refused_in_a_sentence_before_training(workshop, human36m, capsys, parts, flip, words):
    flags = ("--data.train_files", f'["{human36m}"]', "--data.val_subjects", "null") if parts else ()
    start = ("--model.init_from", "null", "--data.flip", flip)
    assert workshop.fit(2, *OVERLAY, *flags, *start) == 2
    error = capsys.readouterr().err.strip()
    assert words in error
    assert len(error.splitlines()) == 1
    assert not (workshop.root / "stage2" / "last.ckpt").exists()
