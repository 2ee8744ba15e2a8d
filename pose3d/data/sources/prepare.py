"""The driver: run a plan in parallel, join the parts into one pose store, and sum up."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from pose3d import __version__
from pose3d.data.schema import COLUMNS
from pose3d.data.sources.parts import Part, Parts, part_writer, plan_fingerprint
from pose3d.data.sources.plan import SHOWN, Plan, damage_text
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.files import check_target

# Encoded image and mask of one sample, at the least; to refuse a disk that is too full before the work begins.
MIN_SAMPLE_BYTES = 8_000
RECORDED = 100
"""Sentences about damaged files that go into the store."""


@dataclass
class Summary:
    """What went into a store."""

    path: Path
    num_samples: int = 0
    num_bytes: int = 0
    subjects: set[int] = field(default_factory=set)
    sequences: set[int] = field(default_factory=set)
    cameras: set[int] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    """Samples left out by a rule of the source, by reason."""
    damaged: list[str] = field(default_factory=list)
    """One sentence for each file of which samples are lost."""
    num_damaged: int = 0
    """Samples that are lost."""
    notes: list[str] = field(default_factory=list)


def prepare(
    plan: Plan, out: Path, *, seed: int = 0, workers: int = 1, progress: Callable[[str, int, int], None] | None = None
) -> Summary:
    """Write the samples of `plan` to `out`.

    Args:
        out: complete afterwards, or as it was; a killed run leaves `<out>.parts`, from which the same plan goes on.
        workers: processes that decode.
        progress: called with the step ("decode" or "join"), the samples done since the last call, and the total.
    """
    require_samples(plan)
    total = plan.num_samples
    check_out(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if free < 2 * total * MIN_SAMPLE_BYTES:
        raise PoseError(
            f"{out.parent} has {free / 1e9:.1f} GB free and {total} samples need at least "
            f"{2 * total * MIN_SAMPLE_BYTES / 1e9:.1f} GB while they are written; free some or choose another --out"
        )
    report = progress or (lambda step, done, total: None)
    parts = Parts.open(out, plan)
    finished = parts.run(workers, lambda done: report("decode", done, total))
    if plan_fingerprint(plan) != parts.fingerprint:
        parts.remove()
        raise PoseError(f"files of the {plan.source} tree changed while they were read; run the same command again")
    summary = Summary(out, notes=list(plan.notes))
    for part in finished:
        summary.skipped.update(part.skips.chosen)
        for what, frames in part.skips.damaged.items():
            summary.damaged.append(damage_text(what, frames))
            summary.num_damaged += len(frames)
    written = sum(part.num_samples for part in finished)
    if written == 0:
        reasons = [*(f"{count}: {reason}" for reason, count in summary.skipped.items()), *summary.damaged]
        raise PoseError(
            f"every frame of {plan.source} was left out ({'; '.join(reasons[:SHOWN])}); nothing was written"
        )
    _join(plan, finished, out, seed, lambda done: report("join", done, written), summary)
    parts.remove()
    summary.num_bytes = out.stat().st_size
    return summary


def require_samples(plan: Plan) -> None:
    """Raise PoseError where a plan has nothing to write."""
    if plan.num_samples == 0:
        raise PoseError(f"no frame of {plan.source} is left to write; {'; '.join(plan.notes) or 'loosen the sampling'}")


def check_out(out: Path) -> None:
    """Raise PoseError where `out` cannot be written or is a file but no pose store: before the work, not after it."""
    if out.is_dir():
        raise PoseError(f"{out} is a folder; name the pose store to write, for example {out / 'store.h5'}")
    if out.exists() and not h5py.is_hdf5(out):
        raise PoseError(f"{out} exists and is no pose store; it is left as it is, choose another name for --out")
    check_target(out)


def _join(
    plan: Plan, finished: list[Part], out: Path, seed: int, progress: Callable[[int], None], summary: Summary
) -> None:
    """Copy the parts end to end; images, masks and part labels are not decoded."""
    attrs = {
        "generator": f"pose3d prepare {plan.source} {__version__}",
        "seed": seed,
        "sampling": plan.sampling,
        "notes": list(plan.notes),
        "skipped": dict(sorted(summary.skipped.items())),
        "damaged": summary.damaged[:RECORDED],
    }
    with part_writer(plan, out, **attrs) as writer:
        for part in finished:
            if part.num_samples == 0:
                continue
            store = PoseStore(part.path)
            columns = {name: store.labels(name) for name in COLUMNS if store.has(name)}
            for index in range(len(store)):
                labels = {name: column[index] for name, column in columns.items()}
                pictures = (store.image_bytes(index), store.mask_bytes(index), store.part_label_bytes(index))
                writer.append(*pictures, **labels)
            store.close()
            summary.num_samples += len(store)
            for kind, column in (("subjects", "subject"), ("sequences", "sequence"), ("cameras", "camera")):
                getattr(summary, kind).update(int(value) for value in columns[column])
            progress(len(store))
