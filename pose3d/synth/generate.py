"""Generate the pose stores of the worlds: on all cores, resumable, byte-identical for any number of processes.

Images are rendered in shards of 64. Each shard becomes a file in `<out>/.<world>.parts/` once it is complete. A run
that was interrupted continues with the missing shards. At the end the shards are merged in order into
`<out>/<world>.h5`, and the folder is removed.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pose3d import __version__
from pose3d.data.images import SUFFIXES, list_images, read_image
from pose3d.data.store_writer import StoreWriter
from pose3d.data.workers import Progress, run_tasks
from pose3d.errors import PoseError
from pose3d.files import whole_file, write_whole
from pose3d.synth.code_digest import code_digest
from pose3d.synth.motion import ACTIVITIES
from pose3d.synth.worlds import SCENE_NAMES, Shot, plan, world

SHARD = 64
"""Images in a shard."""

NOTE = "parameters.json"
"""File among the shards with the parameters of their job."""

GENERATOR = f"pose3d synth {__version__}"

USERS_OF_WORLDS = ("code_digest.py", "empty_places.py", "film.py", "preview.py")
"""Modules of this package that no world is made by: a change to them keeps the stores."""


@dataclass(frozen=True)
class Job:
    """The settings that determine the contents of one world's file.

    `resolution` px is the side of the (square) images; `photos` are a user's backgrounds, empty for the built-in ones.
    """

    world: str
    num: int
    seed: int = 0
    resolution: int = 256
    photos: tuple[Path, ...] = ()

    def parameters(self) -> str:
        """Everything that the contents depend on, as JSON: equal parameters give equal bytes.

        `code` is a digest of the package's code and assets; comments and docstrings do not count.
        """
        fields = asdict(self) | {"photos": _digest(self.photos), "code": _digest(_code())}
        return json.dumps(fields, sort_keys=True)


def photos_in(folder: Path) -> tuple[tuple[Path, ...], list[str]]:
    """Find a user's own backgrounds.

    Returns:
        The pictures, sorted by name, and one sentence for each picture that cannot be read.

    Raises:
        PoseError: `folder` does not exist, or none of its pictures can be read.
    """
    if not folder.is_dir():
        raise PoseError(f"there is no folder {folder}; --backgrounds needs a folder of pictures")
    found = list_images(folder, recursive=True)
    photos, refused = [], found.refused
    for path in found.paths:
        try:
            read_image(path)
            photos.append(path)
        except PoseError as error:
            refused.append(str(error).partition(";")[0])
    if not photos:
        raise PoseError(
            f"no picture in {folder} can be read ({', '.join(refused[:3]) or ', '.join(SUFFIXES)}); "
            f"--backgrounds needs at least one"
        )
    return tuple(photos), refused


@cache
def _code() -> tuple[Path, ...]:
    """The source files and assets that determine the images; a store is rendered again when one of them changes."""
    here = Path(__file__).parent
    modules = [path for path in here.glob("*.py") if path.name not in USERS_OF_WORLDS]
    return tuple(sorted(modules) + sorted((here / "assets").glob("*.npz")))


@cache
def _digest(files: tuple[Path, ...]) -> str:
    """Digest of the names and contents of files, empty for no files; their folder does not matter.

    Of a Python file, the code alone counts.
    """
    digest = hashlib.sha256()
    for file in files:
        is_code = file.suffix == ".py"
        content = code_digest(file.read_text("utf-8")) if is_code else hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.name}\0{content}\n".encode())
    return digest.hexdigest() if files else ""


def is_complete(job: Job, out: Path) -> bool:
    """Whether `out` already holds this world, made with the same parameters."""
    try:
        with h5py.File(out / f"{job.world}.h5", "r") as file:
            return file.attrs.get("parameters") == job.parameters()
    except OSError:
        return False


def generate(job: Job, out: Path, workers: int = 1, progress: Progress = lambda done: None) -> Path:
    """Make `<out>/<world>.h5` and return its path.

    Raises PoseError if the folder of shards belongs to a run with other parameters.
    """
    target = out / f"{job.world}.h5"
    parts = out / f".{job.world}.parts"
    shots = list(plan(world(job.world), job.num))
    shards = [shots[i : i + SHARD] for i in range(0, len(shots), SHARD)]
    _open_parts(parts, job)
    missing = [i for i in range(len(shards)) if not _part(parts, i).is_file()]
    progress(sum(len(shards[i]) for i in range(len(shards)) if i not in set(missing)))
    if missing:
        make = partial(_make_shard, job, parts)
        run_tasks(make, [(i, shards[i]) for i in missing], min(workers, len(missing)), progress)
    _merge(job, target, [_part(parts, i) for i in range(len(shards))])
    remove_parts(job, out)
    return target


def remove_parts(job: Job, out: Path) -> None:
    """Delete the folder of shards of a complete job, if there is one; the folder of another job is kept."""
    note = out / f".{job.world}.parts" / NOTE
    if note.is_file() and note.read_text() == job.parameters():
        # The note goes first: a folder without it is not continued, so an interruption here leaves no valid shards.
        note.unlink()
    if not note.is_file():
        shutil.rmtree(note.parent, ignore_errors=True)


def _open_parts(parts: Path, job: Job) -> None:
    """Create the folder of shards, or check that an existing one belongs to the same job."""
    note = parts / NOTE
    if not parts.exists():
        try:
            parts.mkdir(parents=True)
        except OSError as error:
            raise PoseError(f"cannot write to {parts.parent}: {error.strerror}; choose another --out") from error
    if note.is_file():
        if note.read_text() != job.parameters():
            raise PoseError(
                f"{parts} holds an unfinished run with other parameters; "
                "delete it to start again, or run with the same options to finish it"
            )
        return
    for leftover in parts.iterdir():  # a folder without its note has no finished part
        leftover.unlink()
    write_whole(note, job.parameters())


def _part(parts: Path, index: int) -> Path:
    return parts / f"{index:05d}.npz"


def _make_shard(job: Job, parts: Path, index: int, shots: list[Shot], tick: Progress) -> None:
    """Draw the shots of one shard and write them as one file."""
    import cv2

    from pose3d.synth.scenes import draw  # imports the renderer, which only the workers need

    cv2.setNumThreads(1)
    samples = []
    for shot in shots:
        samples.append(draw(job, shot))
        tick(1)
    columns: dict[str, Any] = {
        f"label_{name}": np.stack([s.labels[name] for s in samples]) for name in samples[0].labels
    }
    for kind, encoded in (("image", [s.image for s in samples]), ("mask", [s.mask or b"" for s in samples])):
        columns[kind] = np.frombuffer(b"".join(encoded), np.uint8)
        columns[f"{kind}_offset"] = np.cumsum([0, *map(len, encoded)])
    with whole_file(_part(parts, index)) as partial_path:
        np.savez(partial_path, **columns)


def _merge(job: Job, target: Path, parts: list[Path]) -> None:
    """Append all parts in order to one store."""
    described = world(job.world)
    writer = StoreWriter(
        target,
        joint_set="mpi_inf_3dhp_28" if described.three_d else "mpi_inf_3dhp_17",
        source=f"embedded/{job.world}",
        generator=GENERATOR,
        seed=job.seed,
        sequence_names=[s.name for s in described.sequences],
        activity_names=["", *ACTIVITIES],
        scene_names=list(SCENE_NAMES),
        augmentable=[list(s.augmentable) for s in described.sequences],
        parameters=job.parameters(),
    )
    with writer:
        for path in parts:
            with np.load(path) as part:
                data = {name: part[name] for name in part.files}
            labels = {name.removeprefix("label_"): data[name] for name in data if name.startswith("label_")}
            images, masks = (_split(data[kind], data[f"{kind}_offset"]) for kind in ("image", "mask"))
            for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
                writer.append(image, mask or None, **{name: values[i] for name, values in labels.items()})


def _split(data: np.ndarray, offset: np.ndarray) -> list[bytes]:
    raw = data.tobytes()
    return [raw[a:b] for a, b in pairwise(offset)]
