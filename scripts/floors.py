"""Write the lower bounds of pyproject.toml as exact versions, one per line: `numpy>=2.0` becomes `numpy==2.0`.

`make test-floor` installs them into an environment of its own and runs the tests there:

    python scripts/floors.py > floors.txt

Tools for development only (formatters, type checkers, the documentation) are left out.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
LEFT_OUT = ("docs",)
TOOLS = ("ruff", "mypy", "types-PyYAML", "setuptools", "nbclient", "ipykernel")


def floors(pyproject: Path = PYPROJECT) -> list[str]:
    """Requirement lines with `==` in place of `>=`; exact pins are kept. Raises ValueError without a bound."""
    project = tomllib.loads(pyproject.read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [line for name, extra in extras.items() if name not in LEFT_OUT for line in extra]
    found: dict[str, str] = {}
    for line in lines:
        name, bound = re.fullmatch(r"([\w.-]+(?:\[[\w,-]+\])?)(.*)", line).groups()
        if name.startswith(project["name"]) or name in TOOLS:
            continue
        version = re.search(r"[>=]=([\w.]+)", bound)
        if version is None:
            raise ValueError(f"{line!r} in {pyproject.name} has no lower bound")
        found[name] = version[1]
    return [f"{name}=={version}" for name, version in found.items()]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in floors()))
