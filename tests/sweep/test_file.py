"""Sweep files: what is read, and what each mistake is told."""

from pathlib import Path

import pytest
import yaml

from pose3d.errors import PoseError
from pose3d.sweep.command import expand
from pose3d.sweep.file import load_sweep
from pose3d.sweep.flags import flags


def test_reads_a_file(sweep_file):
    sweep = load_sweep(sweep_file(run_cap=4, name="lr", metric={"name": "val/pck3d_150mm", "goal": "maximize"}))
    assert (sweep.method, sweep.metric, sweep.maximize, sweep.run_cap) == ("grid", "val/pck3d_150mm", True, 4)
    assert list(sweep.parameters) == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"paramters": {}}, "did you mean parameters"),
        ({"method": "gird"}, "did you mean grid"),
        ({"metric": None}, "names no metric"),
        ({"metric": {"name": "a", "goal": "down"}}, "minimize or maximize"),
        ({"parameters": {}}, "searches nothing"),
        ({"parameters": {"x": {"min": 0.0, "max": 1.0}}}, "a grid needs `values`"),
        ({"parameters": {"x": {"values": []}}}, "at least one value"),
        ({"parameters": {"x": {"parameters": {"y": {"value": 1}}}}}, "nests"),
        ({"parameters": {"x": {"value": 1, "max": 2}}}, "does not take 'max'"),
        ({"method": "random", "run_cap": 1, "parameters": {"x": {"min": 2.0, "max": 1.0}}}, "min must be the smaller"),
        (
            {"method": "bayes", "run_cap": 1, "parameters": {"x": {"min": "1e-4", "max": 1}}},
            "no number",
        ),
        (
            {"method": "random", "run_cap": 1, "parameters": {"x": {"distribution": "beta"}}},
            "not run locally",
        ),
        (
            {
                "method": "random",
                "run_cap": 1,
                "parameters": {"x": {"distribution": "log_uniform_values", "min": 0, "max": 1}},
            },
            "greater than 0",
        ),
        ({"method": "random"}, "run_cap"),
        ({"run_cap": 0}, "at least 1"),
        ({"command": ["lightning", "fit"]}, "never uses"),
        ({"command": None}, "no command"),
        ({"early_terminate": {"type": "median"}}, "hyperband"),
        ({"early_terminate": {"type": "hyperband", "min_itr": 1}}, "did you mean min_iter"),
        ({"early_terminate": {"type": "hyperband", "max_iter": 9}}, "together with s"),
        ({"early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 1}}, "eta"),
    ],
)
def test_every_mistake_has_its_sentence(sweep_file, content, says):
    with pytest.raises(PoseError, match=says):
        load_sweep(sweep_file(**content))


def test_a_missing_file_names_its_neighbours(sweep_file):
    path = sweep_file(name="table1")
    with pytest.raises(PoseError, match=r"did you mean .*table1\.yaml"):
        load_sweep(path.with_name("tabel1.yaml"))


def test_macros_are_expanded_as_by_the_agent(monkeypatch):
    monkeypatch.setenv("STORE", "data/x.h5")
    values = {"model.lr_multipliers.trunk": 0.001, "flag": True, "off": False, "name": "a b"}
    words = expand(["${env}", "lightning", "fit", "--data.path=${envvar:STORE}", "${args}"], values)
    assert words == [
        "/usr/bin/env",
        "lightning",
        "fit",
        "--data.path=data/x.h5",
        "--model.lr_multipliers.trunk=0.001",
        "--flag=true",
        "--off=false",
        "--name=a b",
    ]
    assert expand(["${args_no_boolean_flags}"], values)[1:3] == ["--flag", "--name=a b"]
    assert expand(["${args_no_hyphens}"], {"x": 1}) == ["x=1"]
    assert expand(["${args_no_equals}"], {"x": 1}) == ["--x", "1"]
    assert expand(["${args_json}"], {"x": 1}) == ['{"x": 1}']
    with pytest.raises(PoseError, match="unknown macro"):
        expand(["${arguments}"], {})
    with pytest.raises(PoseError, match="is not set"):
        expand(["${envvar:SURELY_NOT_SET}"], {})


def test_arguments_are_those_of_wandbs_own_agent():
    """W&B's function is the reference, for the values that a sweep over numbers and words can have."""
    reference = pytest.importorskip("wandb.sdk.launch.sweeps.utils").create_sweep_command_args
    values = {"model.lr_multipliers.trunk": 0.001, "a": 1e-05, "b": 3, "c": "adamw"}
    theirs = reference({"args": {name: {"value": value} for name, value in values.items()}})
    for macro in ("args", "args_no_equals", "args_no_hyphens", "args_no_boolean_flags", "args_json"):
        assert expand([f"${{{macro}}}"], values) == theirs[macro]


SWEEPS = sorted((Path(__file__).parents[2] / "configs" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_the_projects_sweeps_are_valid(path):
    sweep = load_sweep(path)
    words = expand(sweep.command, dict.fromkeys(sweep.parameters, 0.1))
    assert words[:3] == ["/usr/bin/env", "lightning", "fit"]
    for word in words:
        if word.startswith("--config="):
            assert (path.parents[2] / word.removeprefix("--config=")).is_file(), word


@pytest.mark.slow
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_wandbs_own_schema_accepts_them(path):
    """The package `sweeps` wants an environment of its own; with it installed here this runs too."""
    schema = pytest.importorskip("sweeps.config.cfg").schema_violations_from_proposed_config
    assert schema(yaml.safe_load(path.read_text())) == []


def test_flags_of_a_printed_config():
    config = {"model": {"lr_multipliers": {"trunk": 0.1}}, "data": {"class_path": "D", "init_args": {"batch": 2}}}
    found = flags(config)
    assert {"model.lr_multipliers.trunk", "data.init_args.batch", "data.batch"} <= set(found)
    assert "model.lr_multipliers.trnk" not in found
