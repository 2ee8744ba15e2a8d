"""The digest of source code: comments, docstrings and layout do not change it, code does."""

import ast
from pathlib import Path

import pytest

from pose3d.synth import generate as module
from pose3d.synth.code_digest import code_digest
from pose3d.synth.generate import Job

SOURCE = '''"""Cameras."""

import numpy as np

HEIGHT = 1.5
"""Height in metres."""


class Camera:
    """A camera."""

    def name(self, index: int) -> str:
        """Name of a view."""
        # numbers start at 1
        if index < 0:
            raise ValueError(f"there is no view {index + 1:d} of {{views}}")
        return f"view{index + 1}"  # as in the paper
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Cameras."""', '"""Cameras of the embedded worlds.\n\nIn millimetres.\n"""'),
        ('"""Cameras."""\n', ""),
        ('"""Height in metres."""', "'''Height above the ground, m.'''"),
        ('    """A camera."""\n\n', '    r"""A camera with \\phi."""\n    # pinhole\n\n'),
        ("        # numbers start at 1\n", ""),
        ("  # as in the paper", ""),
        ("import numpy as np\n\n", "import numpy as np\n\n\n\n"),
        ("HEIGHT = 1.5", "HEIGHT   =  1.5"),
        ("self, index: int", "self,\n        index: int"),
        ("    ", "  "),
    ],
)
def test_documentation_and_layout_do_not_count(old: str, new: str) -> None:
    assert old in SOURCE
    assert code_digest(SOURCE.replace(old, new)) == code_digest(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HEIGHT = 1.5", "HEIGHT = 1.6"),
        ("index < 0", "index <= 0"),
        ("there is no view", "there is no camera"),  # a message is code
        ("{index + 1}", "{index + 2}"),
        ("{index + 1:d}", "{index + 1:x}"),
        ('        if index < 0:\n            raise', '        if index < 0: pass\n        raise'),
        ('"""Height in metres."""', 'f"""Height of {np.nan}."""'),  # runs, unlike a plain string
        ("HEIGHT = 1.5\n", 'HEIGHT = "1.5"\n'),
    ],
)  # fmt: skip
def test_code_counts(old: str, new: str) -> None:
    assert old in SOURCE
    assert code_digest(SOURCE.replace(old, new)) != code_digest(SOURCE)


def test_indentation_counts() -> None:
    assert code_digest("if x:\n    a()\n    b()\n") != code_digest("if x:\n    a()\nb()\n")


def test_the_digest_is_the_same_on_every_version_of_python() -> None:
    """Python 3.12 began to split f-strings into several tokens."""
    assert code_digest(SOURCE) == "9f23dc02b7140e0db87e7c5e2f75cdef89f07dcdeb39efc2c24c7240f42b68e2"
    assert (
        code_digest("x = f'{a:{b}} {{c}} {f\"{d!r}\"}'\n")
        == "7a9eea0318a60e2c1d1b77d35ef37897224e460d791854f1844565674472a431"
    )


def test_a_world_stays_complete_until_code_or_an_asset_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, asset = tmp_path / "worlds.py", tmp_path / "bodies.npz"
    monkeypatch.setattr(module, "_code", lambda: (code, asset))

    def parameters() -> str:
        module._digest.cache_clear()
        return Job("studio3d", num=6).parameters()

    code.write_text(SOURCE)
    asset.write_bytes(b"a")
    before = parameters()
    code.write_text(SOURCE.replace("A camera.", "A pinhole camera."))
    assert parameters() == before
    code.write_text(SOURCE.replace("1.5", "1.6"))
    assert parameters() != before
    code.write_text(SOURCE)
    asset.write_bytes(b"b")
    assert parameters() != before
    monkeypatch.undo()
    module._digest.cache_clear()


def test_modules_that_do_not_count_are_not_imported_by_those_that_do() -> None:
    """Except for the digest itself, which is not part of what it describes."""
    ignored = {f"pose3d.synth.{Path(name).stem}" for name in module.USERS_OF_WORLDS} - {"pose3d.synth.code_digest"}
    counted = [path for path in module._code() if path.suffix == ".py"]
    assert {path.name for path in counted}.isdisjoint(module.USERS_OF_WORLDS)
    for path in counted:
        imported = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
        assert imported.isdisjoint(ignored), path.name
