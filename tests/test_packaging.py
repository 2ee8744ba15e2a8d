"""An installed copy is typed, has the recipes, and suffices to train in an empty folder."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def floors_script():
    spec = importlib.util.spec_from_file_location("floors", ROOT / "scripts" / "floors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_has_a_lower_bound_that_can_be_installed_exactly():
    lines = floors_script().floors()
    names = {line.partition("==")[0].partition("[")[0] for line in lines}
    assert {"torch", "lightning", "jsonargparse", "numpy", "scipy", "optuna", "pytest"} <= names
    assert "lightning==2.6" in lines


def test_a_dependency_without_a_lower_bound_is_an_error(tmp_path):
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\ndependencies = ["numpy<3"]\n[project.optional-dependencies]\n')
    with pytest.raises(ValueError, match="numpy<3"):
        floors_script().floors(pyproject)


def test_the_tested_versions_satisfy_the_bounds():
    """constraints.txt and pyproject.toml do not contradict each other."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = {
        canonicalize_name(name): version
        for name, _, version in (
            line.partition("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
        )
    }
    lines = PROJECT["dependencies"] + [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for requirement in map(Requirement, lines):
        if requirement.name != PROJECT["name"]:
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def run(*words: object, cwd: Path) -> str:
    """Output of a command that must succeed, started without this checkout on the path."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([str(w) for w in words], cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Programs of a fresh environment with the wheel; the dependencies are those of this one."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "pose3d", "stages", "configs"):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", source, ".", cwd=source)
    (wheel,) = source.glob("*.whl")
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    # Paths in a .pth file are searched last, and .pth files in them (such as an editable install's) are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(home / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel, cwd=home)
    return home / "bin"


@pytest.mark.slow
def test_the_wheel_in_an_empty_folder_trains_a_few_steps(installed, tmp_path):
    where = run(
        installed / "python", "-c", "import pose3d, stages; print(pose3d.__file__, stages.__file__)", cwd=tmp_path
    )
    assert all(path.startswith(str(installed.parent)) for path in where.split())
    run(
        installed / "pose3d",
        "synth",
        "--out",
        "data/embedded",
        "--num",
        "wild2d=40",
        "studio3d=40",
        "lab3d=40",
        "test=20",
        cwd=tmp_path,
    )
    few = ["--trainer.max_steps", 2, "--validations", 1, "--data.num_workers", 0, "--data.batch_size", 4]
    run(installed / "lightning", "fit", "--config", "stage1.yaml", *few, cwd=tmp_path)
    run(
        installed / "pose3d", "fit", "--config", "stage2.yaml", "--config", "ablations/p_alone.yaml", *few, cwd=tmp_path
    )
    for stage in ("stage1", "stage2"):
        assert {"best.ckpt", "last.ckpt", "config.yaml", "metrics.json", "predictions.npz"} <= {
            path.name for path in (tmp_path / "runs" / "quick" / stage).iterdir()
        }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "runs"]


@pytest.mark.slow
def test_the_wheel_is_typed_and_carries_every_recipe(installed):
    site = Path(run(installed / "python", "-c", "import pose3d; print(pose3d.__path__[0])", cwd=ROOT.parent).strip())
    assert (site / "py.typed").is_file()
    packaged = {path.relative_to(site / "configs") for path in (site / "configs").rglob("*.yaml")}
    assert packaged == {path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*.yaml")}
