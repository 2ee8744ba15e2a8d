from pathlib import Path

import pytest

from pose3d.recipes import PACKAGED, find_recipe, find_recipes_in_arguments, recipe_folder
from pose3d.schedule import Schedule


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["stage1.yaml", "configs/stage1.yaml", "configs/data/mpi_inf_3dhp.yaml"])
def test_a_recipe_is_found_in_an_empty_folder(empty_folder, name):
    found = find_recipe(name)
    assert found == PACKAGED / name.removeprefix("configs/")
    assert found.is_file()


def test_a_file_of_that_name_comes_first(empty_folder):
    (empty_folder / "stage1.yaml").write_text("seed_everything: 1\n")
    assert find_recipe("stage1.yaml") == Path("stage1.yaml")


@pytest.mark.parametrize("name", ["no_such.yaml", "/configs/stage1.yaml", "../configs/stage1.yaml", "configs", "."])
def test_other_paths_stay_as_given(empty_folder, name):
    assert find_recipe(name) == Path(name)


def test_configs_among_the_arguments_are_found(empty_folder):
    words = ["fit", "--config", "stage1.yaml", "--config=data/mpi_inf_3dhp.yaml", "--run_dir", "stage1.yaml"]
    assert find_recipes_in_arguments(words) == [
        "fit",
        "--config",
        str(PACKAGED / "stage1.yaml"),
        f"--config={PACKAGED / 'data/mpi_inf_3dhp.yaml'}",
        "--run_dir",
        "stage1.yaml",
    ]


def test_the_schedule_that_a_recipe_names_is_found_too(empty_folder):
    assert Schedule.load("configs/schedules/quick_stage1.yaml").total_iterations > 0


def test_the_folder_of_recipes_is_the_own_one_where_there_is_one(empty_folder):
    assert recipe_folder() == PACKAGED
    (empty_folder / "configs").mkdir()
    assert recipe_folder() == Path("configs")
