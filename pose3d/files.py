"""Files that are whole or absent: written beside their target, which is replaced in one step at the end."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pose3d.errors import PoseError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
PROBE_BYTES = 1 << 16


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Context manager that yields a temporary path in the folder of `path` and renames it to `path` at the end.

    Whatever goes wrong in between, an existing file at `path` stays as it is and the temporary file is removed. The
    temporary name ends in the suffix of `path`, since many writers choose their format by it. Missing folders are
    created, and a symbolic link keeps pointing to the file that is replaced. A device or pipe (`/dev/stdout`) receives
    the content at the end.

    Raises PoseError at once where the file cannot be created, and from within the block where the disk fills up. Other
    exceptions pass through.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "scores.json") as partial:
    ...     _ = partial.write_text("{}")
    >>> [file.name for file in folder.iterdir()]
    ['scores.json']
    """
    with _refusing(path):
        target, device = Path(os.path.realpath(path)), _is_device(path)
        partial = _create(path, Path(tempfile.gettempdir()) / Path(path).name if device else target)
    try:
        yield partial
        if device:
            with partial.open("rb") as source, Path(path).open("ab") as sink:
                shutil.copyfileobj(source, sink)
        else:
            _sync(partial)
            os.replace(partial, target)
            with suppress(OSError):  # not every file system can synchronise a folder
                _sync(target.parent)
    except (OSError, RuntimeError) as error:
        if reason := _write_failure(error, partial):
            raise cannot_write(path, reason) from error
        raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes to `path`, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(content if isinstance(content, bytes) else content.encode())


def check_target(path: str | Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Raise PoseError where a file `path` could not be written; call it before the work whose result goes there.

    Creates nothing: missing folders are judged by the nearest one that exists. `inputs` are files that the work reads
    (None: not given), which its result must not replace.
    """
    with _refusing(path):
        if _is_device(path):
            return
        target = Path(os.path.realpath(path))
        if target in [Path(os.path.realpath(read)) for read in inputs if read is not None]:
            raise PoseError(f"{path} is an input; choose another file for the output")
        if target.exists():
            _check_replaceable(path, target)
        _check_folder(path, target.parent)


def check_folder(path: str | Path) -> None:
    """Raise PoseError where files could not be written into the folder `path`, which need not exist yet."""
    with _refusing(path):
        _check_folder(path, Path(os.path.realpath(path)))


def cannot_write(path: str | Path, reason: str) -> PoseError:
    """The error for an output that cannot be written."""
    room = any(os.strerror(code) == reason for code in NO_ROOM)
    return PoseError(f"cannot write {path}: {reason}; {'free some space or ' if room else ''}choose another place")


@contextmanager
def _refusing(path: str | Path) -> Iterator[None]:
    """Turn the system's refusal of a path into a PoseError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise cannot_write(path, getattr(error, "strerror", None) or str(error)) from error


def _is_device(path: str | Path) -> bool:
    """Whether `path` is written to as it is: a device, a pipe, or a name of one such as `/dev/stdout`."""
    name = os.path.abspath(path)
    stream = name.startswith(("/dev/stdout", "/dev/stderr", "/dev/fd/"))
    return os.path.exists(name) and not os.path.isdir(name) and (stream or not os.path.isfile(name))


def _check_replaceable(path: str | Path, target: Path) -> None:
    if target.is_dir():
        raise cannot_write(path, "it is a folder")
    if not os.access(target, os.W_OK):
        raise cannot_write(path, "the file that is there is write-protected")


def _check_folder(path: str | Path, folder: Path) -> None:
    """Write some bytes to a nameless file in the nearest folder that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise cannot_write(path, f"{folder} is a file, not a folder")
    _probe(folder)


def _probe(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE_BYTES))


def _create(path: str | Path, target: Path) -> Path:
    """An empty temporary file beside `target`; leftovers of killed processes are removed."""
    if target.exists():
        _check_replaceable(path, target)
    _check_folder(path, target.parent)
    target.parent.mkdir(parents=True, exist_ok=True)
    stem, suffix = target.stem[:150], target.suffix
    _remove_leftovers(target.parent, stem, suffix)
    partial = target.with_name(f"{stem}.{os.getpid()}.partial{suffix}")
    partial.touch()
    return partial


def _remove_leftovers(folder: Path, stem: str, suffix: str) -> None:
    pattern = re.compile(re.escape(stem) + r"\.(\d+)\.partial" + re.escape(suffix))
    for entry in os.scandir(folder):
        if (found := pattern.fullmatch(entry.name)) and not _runs(int(found[1])):
            with suppress(OSError):
                os.unlink(entry.path)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _sync(path: Path) -> None:
    """Ask the operating system to put a file or folder on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_failure(error: OSError | RuntimeError, partial: Path) -> str | None:
    """Why writing failed; None where the error has another cause, such as a file that was being read."""
    code = getattr(error, "errno", None)
    if code is None and (found := re.search(r"errno = (\d+)", str(error))):  # HDF5
        code = int(found[1])
    if code in NO_ROOM or (code is not None and getattr(error, "filename", None) == str(partial)):
        return os.strerror(code)
    try:
        _probe(partial.parent)
    except OSError as full:
        return full.strerror or str(full)
    # torch.save does not say why.
    return "PyTorch could not write the whole file" if "inline_container" in str(error) else None
