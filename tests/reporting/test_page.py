"""The page contains the numbers of the runs, is self-contained, and names what is missing."""

import json
import math
import re

import numpy as np
import pytest

from pose3d.app import main
from pose3d.evaluation import evaluate
from pose3d.predictions import Predictions, read_predictions, write_predictions
from tests.reporting.html_page import Page
from tests.reporting.runs import COLUMNS, GROUPS


@pytest.fixture(scope="module")
def page(page_file):
    return Page(page_file.read_text())


def report(folders, tmp_path) -> Page:
    out = tmp_path / "page.html"
    assert main(["report", *map(str, folders), "--out", str(out)]) == 0
    return Page(out.read_text())


def test_tables_hold_the_numbers_of_metrics_json(page, folders):
    for folder, caption, deployed in ((folders[1], "3DPoseNet", "P"), (folders[2], "Fusion", "fused")):
        metrics = json.loads((folder / "metrics.json").read_text())
        scenes, header, *rows = page.tables[f"{caption} on the test set"]
        assert scenes == ["", "all frames", "indoors"]
        assert header == ["pose", *["3DPCK %", "AUC %", "MPJPE mm"] * 2]
        seen = 0
        for name, *cells in rows:
            candidate = name.replace(" ", "_")
            own = "" if candidate == deployed else f"{candidate}/"
            keys = [f"test/{own}{m}" for m in ("pck3d_150mm", "auc3d", "mpjpe_mm")]
            keys += [f"test/indoors/{candidate}/{m}" for m in ("pck3d_150mm", "auc3d", "mpjpe_mm")]
            assert cells == [f"{metrics[key]:.1f}" for key in keys]
            seen += len(keys)
        assert seen == len(metrics)
    assert ["pckh50", "61.23"] in page.tables["2DPoseNet on the test set"]


def test_tables_of_the_protocol_are_those_of_evaluate(page, folders):
    tables = evaluate([read_predictions(folders[2] / "predictions.npz")], "3dhp", pose_classes=True).tables
    assert {"By scene", "By activity", "By sequence", "By joint group", "By pose class"} <= {t.title for t in tables}
    for table in tables:
        header, *rows = page.tables[table.title]
        assert header == table.columns
        for shown, row in zip(rows, table.rows, strict=True):
            for column, text, value in zip(header, shown, row, strict=True):
                digits = 1 if "mm" in column else 2
                expected = f"{value:.{digits}f}" if isinstance(value, float) else "–" if value is None else str(value)
                assert text == expected


def test_nothing_is_fetched(page_file, page):
    assert all(link.startswith(("#", "data:")) for link in page.links)
    own = re.sub(r"<script>.*?</script>", "", page_file.read_text(), flags=re.DOTALL)
    assert "http:" not in own
    assert "https:" not in own
    assert "url(" not in own


def test_every_figure_is_placed_once(page):
    assert sorted(page.figures) == sorted(page.drawings)
    assert len(set(page.drawings)) == len(page.drawings)


def traces(page, **wanted):
    return [t for f in page.figures.values() for t in f["data"] if all(t.get(k) == v for k, v in wanted.items())]


def test_curves_have_losses_weights_rates_and_validation(page):
    names = [trace.get("name") for trace in traces(page, type="scatter")]
    for number in (1, 2, 3):
        # Losses (P, O1, O2 share their column's name) and, once more, the weights.
        for column in set(COLUMNS[number].values()):
            assert names.count(column) == [*COLUMNS[number].values()].count(column) + 1
        assert set(GROUPS[number]) <= set(names)
    assert {"P", "O1", "O2", "fused", "mean pose", "pckh50"} <= set(names)
    weights = next(t for t in traces(page, name="Hsum") if t["line"].get("shape") == "hv")
    assert (weights["x"], weights["y"]) == ([0, 200, 400], [100.0, 10.0, 10.0])
    off = next(t for t in traces(page, name="H5a") if t["line"].get("shape") == "hv")
    assert off["y"] == [100.0, None, None]


def test_joints_carry_their_mean_error(page, folders):
    predictions = read_predictions(folders[2] / "predictions.npz")
    pairs = list(zip(predictions.joints_3d.astype(float), predictions.target_3d.astype(float), strict=True))
    expected = [np.mean([math.dist(pose[j], truth[j]) for pose, truth in pairs]) for j in range(17)]
    (trace,) = traces(page, mode="markers+text")
    assert [name for name, _ in trace["customdata"]][4] == "r wrist"
    np.testing.assert_allclose([error for _, error in trace["customdata"]], expected, rtol=1e-6)
    right_wrist, left_wrist = trace["x"][4], trace["x"][7]
    assert right_wrist < 0 < left_wrist  # the person faces the reader


def test_ancestry_names_every_checkpoint_and_data_set(page, folders):
    provenance = json.loads((folders[2] / "best.json").read_text())
    for known in (
        provenance["parent"]["sha256"],
        provenance["parent"]["parent"]["sha256"],
        provenance["config_sha256"],
    ):
        assert known in page.text
    assert page.text.count("its best.ckpt has this hash") == 2
    assert "config.yaml has the recorded hash" in page.text
    assert "data/studio3d.h5: 800 samples of drawn (tests 1, seed 3)" in page.text


def test_a_parent_that_was_trained_anew_is_told(own_folders, tmp_path):
    (own_folders[0] / "best.ckpt").write_bytes(b"other weights")
    (own_folders[2] / "config.yaml").write_text("seed_everything: 7\n")
    text = report(own_folders, tmp_path).text
    assert "retrained since" in text
    assert "config.yaml is not the one" in text


def test_a_test_set_that_is_gone_is_told_and_skeletons_stay(own_folders, tmp_path, store):
    config = own_folders[2] / "config.yaml"
    config.write_text(config.read_text().replace(str(store), "gone.h5"))
    page = report(own_folders, tmp_path)
    assert "the tested images are missing: gone.h5" in page.text
    assert not page.bones
    assert len(traces(page, type="scatter3d", name="truth")) == 9


def test_another_test_set_is_not_shown_in_its_place(own_folders, tmp_path, store):
    from tests.data.drawn import write_store

    other = write_store(tmp_path / "other.h5", 12)
    config = own_folders[2] / "config.yaml"
    config.write_text(config.read_text().replace(str(store), str(other)))
    assert "is not the file that was tested" in report(own_folders, tmp_path).text


def test_what_is_missing_is_told(own_folders, tmp_path):
    (own_folders[2] / "metrics.json").unlink()
    (own_folders[2] / "predictions.npz").unlink()
    (own_folders[2] / "logs" / "version_0" / "metrics.csv").unlink()
    page = report(own_folders, tmp_path)
    for words in ("no metrics.json", "no predictions.npz", "no CSV log"):
        assert words in page.text
    assert "Fusion on the test set" not in page.tables
    assert "3DPoseNet, 40 frames" in page.text  # the last stage that has predictions


def test_stage1_alone_has_a_page(own_folders, tmp_path):
    joints = np.zeros((3, 17, 2), np.float32)
    write_predictions(own_folders[0] / "predictions.npz", Predictions(joints_2d=joints, target_2d=joints))
    page = report(own_folders[:1], tmp_path)
    assert ["pckh50", "61.23"] in page.tables["2DPoseNet on the test set"]
    assert "Errors by joint and group" not in page.text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f / "nothing", "there is no run folder"),
        (lambda f: f.parent, "give its folders stage1, stage2, stage3"),
        (lambda f: (f / "metrics.json").write_text("{") and f, "no valid JSON"),
        (lambda f: (f / "config.yaml").write_text("a: [") and f, "not valid YAML"),
        (lambda f: (f / "logs/version_0/metrics.csv").write_text("step,train/loss\n1,x\n") and f, "no CSV log"),
        (lambda f: (f / "predictions.npz").write_bytes(b"x") and f, "cannot be read"),
    ],
)
def test_bad_folders_are_one_sentence(spoil, words, own_folders, tmp_path, capsys):
    assert main(["report", str(spoil(own_folders[2])), "--out", str(tmp_path / "page.html")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_a_folder_is_no_file_to_write(folders, tmp_path, capsys):
    assert main(["report", str(folders[0]), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
