"""Every YAML parses for its stage, and does what its name says."""

from pathlib import Path

import pytest
import yaml

from pose3d.schedule import Schedule
from stages.cli import main

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
STAGES = (1, 2, 3)


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def parsed(capsys, *files, flags=()):
    """The whole configuration that `lightning fit` would run with."""
    arguments = [word for file in files for word in ("--config", f"configs/{file}")]
    assert main(["fit", *arguments, *flags, "--print_config"]) == 0
    return yaml.safe_load(capsys.readouterr().out)


@pytest.fixture(scope="module")
def alone():
    """The data section that a data file alone leads to, by its name."""
    known = {}

    def of(capsys, name):
        known[name] = known.get(name) or parsed(capsys, stage_of(name), f"data/{name}")["data"]
        return known[name]

    return of


def model_of(config):
    return config["model"]["init_args"]


@pytest.mark.parametrize("stage", STAGES)
def test_recipes_are_quick_and_linked(capsys, stage):
    config = parsed(capsys, f"stage{stage}.yaml")
    assert config["model"]["class_path"] == f"stages.Stage{stage}"
    assert config["run_dir"] == f"runs/quick/stage{stage}"
    parent = None if stage == 1 else f"runs/quick/stage{stage - 1}/best.ckpt"
    assert model_of(config)["init_from"] == parent
    assert Schedule.load(model_of(config)["schedule"]).total_iterations <= 3000


@pytest.mark.parametrize("stage", STAGES)
def test_the_recipes_are_the_quick_profile(stage):
    path = CONFIGS / f"stage{stage}.yaml"
    assert path.is_symlink()
    assert path.resolve() == CONFIGS / "profiles" / "quick" / f"stage{stage}.yaml"


@pytest.mark.parametrize("profile", ["quick", "mini", "paper", "release"])
@pytest.mark.parametrize("stage", STAGES)
def test_profiles_are_complete_by_themselves(capsys, profile, stage):
    config = parsed(capsys, f"profiles/{profile}/stage{stage}.yaml")
    assert config["run_dir"] == f"runs/{profile}/stage{stage}"
    assert config["model"]["class_path"] == f"stages.Stage{stage}"
    assert Path(model_of(config)["schedule"]).name == f"{profile}_stage{stage}.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_the_paper_profile_is_the_papers(capsys, stage):
    config = parsed(capsys, f"profiles/paper/stage{stage}.yaml")
    model, data = model_of(config), config["data"]["init_args"]
    net = model["net"]
    assert (model["weights"], model["optimizer"]) == ("hub", "adadelta")
    assert net["freeze_batchnorm"] is True
    assert (model["weight_decay"], model["iterations_scale"], config["average_decay"]) == (None, 1.0, 0.0)
    assert (data["image_size"], data["batch_size"]) == (368, {1: 7, 2: 5, 3: 5}[stage])
    multipliers = {
        1: {"trunk": 0.1, "res5a": 1.0, "new": 1.0},
        2: {"trunk": 0.001, "res5a": 1.0, "new": 1.0},
        3: {"trained": 0.0001, "new": 1.0},
    }
    assert model["lr_multipliers"] == multipliers[stage]
    assert model["schedule"] == f"configs/schedules/paper_stage{stage}.yaml"
    if stage > 1:
        assert model["init_from"] == f"runs/paper/stage{stage - 1}/best.ckpt"
        assert (data["scales"], data["flip"], data["appearance"]) == ([0.7, 1.0], 0.0, "none")
    if stage < 3:
        assert (net["backbone"], net["skips"]) == ("resnet101.tv_in1k", "corrective")
    if stage == 2:
        assert (net["image_size"], net["freeze_res5a_batchnorm"]) == (368, True)


@pytest.mark.parametrize("stage", [2, 3])
def test_both_data_sets_have_their_own_iterations(capsys, stage):
    longer = {2: "ablations/both_sets.yaml", 3: "ablations/both_sets_fusion.yaml"}[stage]
    config = parsed(capsys, f"profiles/paper/stage{stage}.yaml", longer, "data/h36m_mpi_inf_3dhp.yaml")
    assert model_of(config)["schedule"] == f"configs/schedules/paper_stage{stage}_both.yaml"
    assert config["data"]["init_args"]["batch_size"] == 6


RECIPES_OWN = {
    *("image_size", "batch_size", "eval_batch_size", "val_samples", "with_3d", "scales", "worlds"),
    *("rotation_deg", "flip", "scale_jitter", "shift", "appearance"),
}
"""What a recipe may say of its data: the size of crops and batches and how crops vary. It holds for other data too."""

DATA = sorted(path.name for path in (CONFIGS / "data").glob("*.yaml") if not path.stem.endswith("_test"))
TESTS = sorted(path.name for path in (CONFIGS / "data").glob("*_test.yaml"))


def stage_of(data_file):
    return "stage1.yaml" if data_file.startswith("mpii") else "stage2.yaml"


@pytest.mark.parametrize("name", TESTS)
def test_another_test_set_is_an_overlay_on_a_data_file(capsys, name):
    stage, data = ("stage1.yaml", "mpii_lsp.yaml") if name.startswith(("mpii", "lsp")) else ("stage2.yaml", "h36m.yaml")
    config = parsed(capsys, stage, f"data/{data}", f"data/{name}")["data"]
    wanted = yaml.safe_load((CONFIGS / "data" / name).read_text())["data"]["init_args"]
    assert wanted.items() <= config["init_args"].items()


@pytest.mark.parametrize("stage", STAGES)
def test_recipes_leave_to_the_data_what_belongs_to_it(stage):
    assert set(yaml.safe_load((CONFIGS / f"stage{stage}.yaml").read_text())["data"]["init_args"]) <= RECIPES_OWN


@pytest.mark.parametrize("name", DATA)
def test_data_files_are_a_handful_of_lines_and_parse(capsys, alone, name):
    path = CONFIGS / "data" / name
    assert len([line for line in path.read_text().splitlines() if not line.startswith("#")]) <= 8
    config = alone(capsys, name)
    assert config["class_path"] == yaml.safe_load(path.read_text())["data"]["class_path"]


@pytest.mark.parametrize("second", DATA)
@pytest.mark.parametrize("first", [None, *DATA])
def test_nothing_of_former_data_lingers(capsys, tmp_path, alone, first, second):
    """A data file has the same effect on the recipe, on another data file, and on a user's own overlay."""
    recipe = yaml.safe_load((CONFIGS / stage_of(second)).read_text())["data"]["init_args"]
    own = tmp_path / "own.yaml"
    values = {"train_files": ["a.h5"], "val_file": "b.h5", "test_file": "c.h5", "val_subjects": [1], "mixture": [1.0]}
    own.write_text(yaml.safe_dump({"data": {"class_path": "pose3d.data.PoseDataModule", "init_args": values}}))
    files = (
        f"configs/{stage_of(second)}",
        str(own) if first is None else f"configs/data/{first}",
        f"configs/data/{second}",
    )
    assert main(["fit", *(word for file in files for word in ("--config", file)), "--print_config"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)["data"]["init_args"]
    assert found == alone(capsys, second)["init_args"]
    assert all(found[key] == value for key, value in recipe.items() if key in found)
    assert {"train_files", "val_file", "test_file", "worlds"}.isdisjoint(found)


@pytest.mark.parametrize("path", sorted((CONFIGS / "loggers").glob("*.yaml")), ids=lambda p: p.name)
@pytest.mark.parametrize("stage", STAGES)
def test_logger_overlays_parse(capsys, path, stage):
    config = parsed(capsys, f"stage{stage}.yaml", f"loggers/{path.name}")
    assert config["trainer"]["logger"]["class_path"].endswith("Logger")


@pytest.mark.parametrize("path", sorted((CONFIGS / "schedules").glob("*.yaml")), ids=lambda p: p.name)
def test_schedules_load(path):
    assert Schedule.load(path).total_iterations > 0


def test_multipliers_are_keys_of_the_command_line(capsys):
    config = parsed(capsys, "stage2.yaml", flags=("--model.lr_multipliers.trunk", "0.001"))
    assert model_of(config)["lr_multipliers"] == {"trunk": 0.001, "res5a": 1.0, "new": 1.0}


def test_switches_are_keys_of_the_command_line(capsys):
    flags = ("--model.net.skips", "none", "--model.net.modalities", "[P,O1]", "--model.decode.depth", "exact")
    model = model_of(parsed(capsys, "stage2.yaml", flags=flags))
    assert (model["net"]["skips"], model["net"]["modalities"]) == ("none", ["P", "O1"])
    assert model["decode"]["depth"] == "exact"
    # The others are those of the recipe.
    assert (model["net"]["image_size"], model["net"]["freeze_batchnorm"]) == (128, True)


def test_an_overlay_may_set_one_multiplier(capsys, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("model: {init_args: {lr_multipliers: {trunk: 0.25}}}\n")
    config = parsed(capsys, "stage2.yaml", flags=("--config", str(overlay)))
    assert model_of(config)["lr_multipliers"] == {"trunk": 0.25, "res5a": 1.0, "new": 1.0}


def test_overlays_keep_the_checkpoints(capsys, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("trainer: {callbacks: [{class_path: lightning.pytorch.callbacks.DeviceStatsMonitor}]}\n")
    config = parsed(capsys, "stage2.yaml", flags=("--config", str(overlay)))
    assert config["checkpoint"]["monitor"] == "val/mpjpe_mm"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--trainer.max_stepz", "4"), "did you mean trainer.max_steps"),
        (("--model.net.image_sizes", "4"), "did you mean model.net.image_size"),
        (("--model.optimiser", "adam"), "did you mean model.optimizer"),
        (("--model.net.image_size", "100"), "image_size is 100; it must be a multiple of 16"),
        (("--model.net.modalities", "[O1]"), "P must be among them"),
        (("--model.lr_multipliers.trnk", "1"), "did you mean model.lr_multipliers.trunk"),
        (("--data.batch_sise", "4"), "did you mean data.batch_size"),
        (("--data.train_files", "[a.h5]"), "it is an argument of PoseDataModule: choose that class"),
        (("--data.test_file", "a.h5"), "an argument of PoseDataModule: did you mean data.test_"),
        (("--model.hidden", "[8,8]"), "did you mean model.net.hidden?"),
        (("--rundir", "x"), "did you mean run_dir"),
        (("--model.net.skips", "some"), "'corrective', 'regular', 'none'"),
        (("--config", "nowhere.yaml"), "nowhere.yaml"),
        (("--model", "stages.Stage9"), "no attribute 'Stage9'"),
    ],
)
def test_mistakes_are_one_sentence_with_the_closest_key(capsys, flags, said):
    assert main(["fit", "--config", "configs/stage2.yaml", *flags]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert said in error


def test_unknown_keys_in_a_file_are_named(capsys, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("model: {init_args: {skip: none}}\n")
    assert main(["fit", "--config", "configs/stage2.yaml", "--config", str(overlay)]) == 2
    error = capsys.readouterr().err.strip()
    assert "skip" in error
    assert len(error.splitlines()) == 1


def test_a_recipe_that_is_no_text_is_named(capsys, tmp_path):
    path = tmp_path / "stage.yaml"
    path.write_bytes(b"trainer:\n  max_steps: \xe6\n")
    assert main(["fit", "--config", str(path)]) == 2
    assert f"{path} is no UTF-8 text (invalid continuation byte at byte 22); write it again" in capsys.readouterr().err


def test_without_data_the_error_says_what_makes_it(capsys, tmp_path):
    flags = ["--run_dir", str(tmp_path / "run"), "--data", "pose3d.data.PoseDataModule"]
    flags += ["--data.train_files", '["data/absent/wild.h5"]']
    small = ["--model.weights", "random", "--model.net.backbone", "mobilenetv3_small_100"]
    assert main(["fit", "--config", "configs/stage1.yaml", *small, *flags]) == 2
    assert "`make data`" in capsys.readouterr().err
