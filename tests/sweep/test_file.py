"""Sweep files: their content, and the message for each mistake."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from pose3d.errors import PoseError
from pose3d.sweep.command import expand
from pose3d.sweep.file import load_sweep
from pose3d.sweep.flags import check_flags, flags
from stages.cli import main


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


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_trials_command_is_that_of_wandbs_own_agent(path, monkeypatch, tmp_path):
    """The agent itself expands the command; what it would start is caught."""
    agent = pytest.importorskip("wandb.wandb_agent")
    for name in ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH"):
        monkeypatch.setenv(name, "set by the agent, and undone with this")
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(agent, "AgentProcess", lambda command, **_: started.append(command) or SimpleNamespace())
    here = agent.Agent.__new__(agent.Agent)
    settings = {"_in_jupyter": False, "_function": None, "_forward_signals": False, "_run_processes": {}}
    here.__dict__ |= settings | {"_sweep_command": yaml.safe_load(path.read_text())["command"]}
    values = dict.fromkeys(load_sweep(path).parameters, 0.001)
    here._command_run({"run_id": "r", "program": None, "args": {k: {"value": v} for k, v in values.items()}})
    assert started == [expand(load_sweep(path).command, values)]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_key_is_a_flag_of_its_command(path, monkeypatch, capsys):
    """The command parses with its files, and what it searches is in what it prints."""
    monkeypatch.chdir(path.parents[2])
    sweep = load_sweep(path)
    assert main([*expand(sweep.command, dict.fromkeys(sweep.parameters, 0.25))[2:], "--print_config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert set(sweep.parameters) <= set(flags(printed))
    assert set(printed["model"]["init_args"]["lr_multipliers"].values()) >= {0.25}
    assert printed["trainer"]["logger"]["class_path"].endswith("WandbLogger")
    assert f"val/{sweep.metric.partition('/')[2]}" == printed["checkpoint"]["monitor"]


@pytest.mark.slow
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_wandbs_own_schema_accepts_them(path):
    """The package `sweeps` needs a separate environment; this test runs if it is installed."""
    schema = pytest.importorskip("sweeps.config.cfg").schema_violations_from_proposed_config
    assert schema(yaml.safe_load(path.read_text())) == []


def test_flags_of_a_printed_config():
    config = {"model": {"lr_multipliers": {"trunk": 0.1}}, "data": {"class_path": "D", "init_args": {"batch": 2}}}
    found = flags(config)
    assert {"model.lr_multipliers.trunk", "data.init_args.batch", "data.batch"} <= set(found)
    assert "model.lr_multipliers.trnk" not in found


def test_a_key_that_names_nothing_is_told_the_closest(sweep_file, monkeypatch):
    printed = {"model": {"init_args": {"lr_multipliers": {"trunk": 1.0, "res5a": 1.0}}}, "data": {"batch_size": 4}}
    answer = SimpleNamespace(returncode=0, stdout=yaml.safe_dump(printed), stderr="")
    monkeypatch.setattr("pose3d.sweep.flags.subprocess.run", lambda *args, **options: answer)
    command = ["lightning", "fit", "${args}"]
    for key, hint in (("model.lr_multipliers.trnk", "model.lr_multipliers.trunk"), ("batch_size", "data.batch_size")):
        path = sweep_file(command=command, parameters={key: {"values": [1, 2]}})
        with pytest.raises(PoseError, match=rf"sweep key '{key}' of .* names nothing; did you mean .*{hint}"):
            check_flags(load_sweep(path))
    check_flags(load_sweep(sweep_file(command=command, parameters={"model.lr_multipliers.trunk": {"values": [1]}})))
