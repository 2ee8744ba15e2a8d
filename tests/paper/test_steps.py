"""The overlays of the rows: all exist, all are used, each has a few lines."""

from pathlib import Path

import pytest
import yaml

from pose3d.errors import PoseError
from pose3d.models import Pose3DConfig, Pose3DNet
from pose3d.paper.ledger import rows
from pose3d.paper.measure import needed_tests
from pose3d.paper.merge import data_module, merged, missing_pictures
from pose3d.paper.official import check_pictures
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.steps import Overlays, check_profile, profiles, steps
from pose3d.schedule import Schedule
from pose3d.synth.worlds import PRESETS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", steps())
def test_every_training_of_the_paper_resolves(name):
    step, config = steps()[name], merged(Overlays("paper").training(steps()[name]))
    model, data = config["model"]["init_args"], data_module(Overlays("paper").training(step))
    assert (data.image_size, model["optimizer"]) == (368, "adadelta")
    # Stage 3 takes the network's switches from its parent.
    assert model.get("net", {}).get("backbone") == (None if step.stage == "stage3" else "resnet101.tv_in1k")
    both = step.data == "h36m_mpi_inf_3dhp"
    assert data.batch_size == (7 if step.stage == "stage1" else 6 if both else 5)
    iterations = {"stage1": (500000, None), "stage2": (150000, 180000), "stage3": (46000, 62000)}[step.stage][both]
    assert Schedule.load(model["schedule"]).total_iterations == iterations
    names = data.store_names()
    assert len(names["train"]) == (3 if step.stage == "stage1" else 2 if both else 1)
    # Domain adaptation adds MPII, LSP and LSP extended without their labels.
    assert len(data.unlabelled_files) == (3 if "domain_adaptation" in step.switches else 0)
    assert data.geometry.rotation_deg == (20 if step.stage == "stage1" else 0)
    assert data.scales == ([1.0] if step.stage == "stage1" else [0.7, 1.0])
    assert (data.composite is not None) == (both or step.data.endswith("augmented"))
    assert data.appearance == "none"


@pytest.mark.parametrize("name", steps())
def test_every_training_of_the_miniature_resolves(name):
    config = merged(Overlays("mini").training(steps()[name]))
    model = config["model"]["init_args"]
    table = Schedule.load(model["schedule"])
    assert table.total_iterations <= 1000
    assert data_module(Overlays("mini").training(steps()[name])).store_names()["train"]
    assert config["run_dir"].startswith("runs/mini")
    # A trunk that takes over no weights starts from ImageNet at 1/10, one that does at its row's multiplier.
    if steps()[name].stage == "stage2" and steps()[name].parent is None:
        assert model["init_from"] is None
        assert model["lr_multipliers"] == {"trunk": 0.1, "res5a": 1.0, "new": 1.0}


def test_the_rows_of_table_1_have_its_multipliers():
    for row in rows().values():
        if row.table == "table1":
            model = merged(Overlays("mini").training(steps()[str(row.step)]))["model"]["init_args"]
            trunk, res5a, _ = (part.rpartition(" x ")[2] for part in row.name.split(", "))
            assert model["lr_multipliers"] == {"trunk": _fraction(trunk), "res5a": _fraction(res5a), "new": 1.0}
            assert (model["net"]["skips"], model["net"]["modalities"]) == ("none", ["P"])


def _fraction(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


@pytest.mark.parametrize("profile", ["mini", "findings", "paper"])
def test_every_test_resolves(profile):
    for row in rows().values():
        if not row.ours:
            continue
        for test, switches in needed_tests(row, Overlays(profile).has_test):
            files = Overlays(profile).evaluation(steps()[str(row.step)], test, switches)
            assert data_module(files).store_names()["test"]


def test_no_row_is_blocked():
    paper = Reproduction("paper", Path("runs/paper/paper"))
    ours = [row for row in rows().values() if row.ours]
    assert [row.key for row in ours if paper.obstacle(row)] == []


def test_part_labels_are_learned_wherever_human36m_trains_alone():
    """Supplement Table 4, decision N12."""
    alone = [step for step in steps().values() if (step.stage, step.data) == ("stage2", "h36m")]
    assert len(alone) == 15
    for step in steps().values():
        model = merged(Overlays("paper").training(step))["model"]["init_args"]
        assert model.get("net", {}).get("part_labels", False) == (step in alone)


def test_the_rows_train_on_everybody():
    """Decision L10: no subject is held out, and the last checkpoint is handed over and tested."""
    paper = Reproduction("paper", Path("runs"))
    for step in steps().values():
        command = paper.training_command(step, 0)
        assert "--data.init_args.val_subjects=null" in command
        parents = [word for word in command if "init_from" in word]
        assert all(word.endswith("last.ckpt") for word in parents)
        assert len(parents) == (step.parent is not None)


def test_every_overlay_is_short_and_says_why():
    for path in (ROOT / "configs" / "ablations").rglob("*.yaml"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("# "), path
        assert len(lines) <= 12, path
        assert set(yaml.safe_load(path.read_text())) <= {"model", "data"}, path


def test_every_switch_of_a_step_has_its_overlay():
    for step in steps().values():
        for switch in step.switches:
            assert (ROOT / "configs" / "ablations" / f"{switch}.yaml").is_file(), switch


@pytest.mark.parametrize("profile", ["mini", "findings", "paper"])
def test_loss_weights_of_the_base_network(profile):
    """Supplement 2: without skips the last stub has the weight of Xsum, in the control that of both."""
    for name, columns in (("h36m/base", ["Xsum"]), ("h36m/loss-weight-control", ["Xdeep", "Xsum"])):
        model = merged(Overlays(profile).training(steps()[name]))["model"]["init_args"]
        net = Pose3DNet(Pose3DConfig.from_dict(model["net"] | {"backbone": "resnet10t"}))
        (factor,) = (output.factor for output in net.outputs if output.key == "Pdeep")
        for phase in Schedule.load(model["schedule"]).phases:
            assert factor(phase) == sum(phase.weights[column] for column in columns)


def test_profiles_are_checked(monkeypatch, tmp_path):
    assert "mini" in profiles()
    with pytest.raises(PoseError, match="known are"):
        check_profile("tiny")
    monkeypatch.chdir(tmp_path)
    check_profile("mini")  # the packaged recipes
    (tmp_path / "configs").mkdir()
    with pytest.raises(PoseError, match="no profile 'mini'"):
        check_profile("mini")


def test_the_findings_profile_has_the_phases_of_the_paper():
    """Shares of the steps, ratios of the rates and loss weights of supplement Table 4."""
    for name in ("stage2", "stage2_both"):
        paper, ours = (Schedule.load(f"configs/schedules/{profile}_{name}.yaml") for profile in ("paper", "findings"))
        factor = ours.total_iterations / paper.total_iterations
        assert ours.phases[0].lr == 0.002
        for printed, phase in zip(paper.phases, ours.phases, strict=True):
            assert phase.iterations == pytest.approx(factor * printed.iterations)
            assert phase.lr / 0.002 == pytest.approx(printed.lr / 0.05)
            assert phase.weights == printed.weights


def test_the_findings_profile_sees_each_picture_ten_times():
    images = PRESETS["findings"]
    lab = images["plainlab3d"] * 5 / 7
    for step in steps().values():
        files = Overlays("findings").training(step)
        model, data = merged(files)["model"]["init_args"], data_module(files)
        seen = Schedule.load(model["schedule"]).total_iterations * data.batch_size
        assert data.image_size == 128
        if step.stage == "stage2":
            pictures = {"h36m": lab, "h36m_mpi_inf_3dhp": 0, "mpii_lsp": 0}.get(step.data, images["studio3d"])
            assert seen >= 10 * pictures
            assert (model["net"]["freeze_res5a_batchnorm"]) == (step.parent is not None)
        assert data.backgrounds == ("data/findings/places" if data.composite is not None else None)
        assert all("data/findings/" in str(name) for name in [*data.train_files, *data.unlabelled_files])


def test_pictures_that_are_missing_are_named_before_anything_is_trained(monkeypatch, tmp_path):
    files = Overlays("findings").training(steps()["3dhp_aug/corrective"])
    plain = Overlays("findings").training(steps()["3dhp/corrective"])
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    assert missing_pictures(files) == ["data/findings/places"]
    assert missing_pictures(plain) == []
    assert missing_pictures(files, given=["backgrounds"]) == []
    with pytest.raises(PoseError, match=r"3dhp_aug/corrective needs the pictures .*places.*make findings-data"):
        check_pictures("3dhp_aug/corrective", files)
    (tmp_path / "data/findings/places").mkdir(parents=True)
    assert missing_pictures(files) == []
