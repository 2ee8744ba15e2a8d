"""List what a reproduction would read, prepare, train and test, and what is missing, without running any of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pose3d.data.sources.prepare import require_samples
from pose3d.errors import PoseError
from pose3d.paper.ledger import Row
from pose3d.paper.measure import needed_tests
from pose3d.paper.merge import data_module, merged, missing_pictures
from pose3d.paper.official import ORIGIN, OfficialStore, official_store, rendered_by
from pose3d.paper.reproduce import Reproduction
from pose3d.paper.stand_ins import lab_of
from pose3d.paper.steps import Step
from pose3d.paper.testing import trainings
from pose3d.schedule import Schedule

KB_PER_SAMPLE: Final = 30
"""Assumed size of a stored picture: a person at 300 px, JPEG quality 90."""
PACKAGED: Final = ("package", "random", "movenet")
"""Initialisations of a trunk that do not read a file."""
IMAGES_PER_SECOND: Final = 60.0
"""Assumed throughput of one GPU in images a second: ResNet-101 at 368 px, forward and backward."""


def dry_run(
    reproduction: Reproduction, rows: Sequence[Row], seeds: int, images_per_second: float = IMAGES_PER_SECOND
) -> tuple[list[str], list[str]]:
    """Describe the work.

    Returns:
        Lines that describe the work, and lines that name what is missing; the work can start if there are none.
    """
    lines, missing = ["stores"], []
    samples = 0
    for path in reproduction.needed_stores(rows):
        if path.is_file():
            lines.append(f"  {path}: there")
            continue
        if (lab := lab_of(path)) is not None:
            lines.append(f"  {path}: to be split from {lab}")
            continue
        store = official_store(path, reproduction.roots, reproduction.limit)
        if store is None:
            lines.append(f"  {path}: missing")
            missing.append(f"{path}: {rendered_by(path)}")
            continue
        count, notes, problem = _look(store)
        if problem is not None:
            lines.append(f"  {path}: missing")
            missing.append(problem)
        else:
            samples += count
            lines.append(f"  {path}: to be prepared, {count:,} samples, about {_gigabytes(count):.1f} GB")
            lines += [f"    note: {note}" for note in notes]
    steps = trainings(rows)
    lines.append("trainings" + (f" ({seeds} seeds each)" if seeds > 1 else ""))
    images = 0
    for step in steps:
        _, seen = images_of(reproduction, step)
        images += seen
        state = "done" if _done(reproduction, step, seeds) else f"{seen:,} images"
        lines.append(f"  {step.name}: {step.stage} on {step.data}, {state}")
    lines.append("tests")
    for row in rows:
        for test, switches in sorted(needed_tests(row, reproduction.overlays.has_test)):
            lines.append(f"  {row.key}: {row.step} on {'+'.join([test, *switches])}")
    used, lacking = _further(reproduction, steps)
    lines += ["further", *(f"  {line}" for line in used)] if used else []
    missing += lacking
    hours = seeds * images / images_per_second / 3600
    lines.append(f"disk: about {_gigabytes(samples):.1f} GB of stores, at {KB_PER_SAMPLE} kB a sample (assumed)")
    lines.append(f"time: about {hours:.1f} hours, at {images_per_second:g} images a second (--images-per-second)")
    return lines, missing


def _look(store: OfficialStore) -> tuple[int, Sequence[str], str | None]:
    """Number of samples that a folder would give, and a note on it; or a sentence about what is missing."""
    if store.preparation is None:
        return 0, (), f"{store.path}: --root {store.source}=DIR; {ORIGIN[store.source]}"
    try:
        plan = store.preparation.plan()
        require_samples(plan)
    except PoseError as error:
        return 0, (), f"{store.path}: {error}"
    return plan.num_samples, plan.notes, None


def images_of(reproduction: Reproduction, step: Step) -> tuple[int, int]:
    """Optimiser steps of a training, and the labelled images that it sees in them."""
    files = reproduction.overlays.training(step)
    model = merged(files)["model"]["init_args"]
    factor = reproduction.iterations_scale or model.get("iterations_scale", 1.0)
    table = Schedule.load(model["schedule"]).scaled(factor)
    return table.total_iterations, table.total_iterations * data_module(files).batch_size


def _done(reproduction: Reproduction, step: Step, seeds: int) -> bool:
    return all(reproduction.is_trained(step, seed) for seed in range(seeds))


def _gigabytes(samples: int) -> float:
    return samples * KB_PER_SAMPLE / 1e6


def _further(reproduction: Reproduction, steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """Lines about the weights and pictures that are used beside the data sets, and about those that are missing."""
    used, missing = set(), set()
    for step in steps:
        files = reproduction.overlays.training(step)
        model = merged(files)["model"]["init_args"]
        weights = model.get("weights", "hub")
        if step.parent is None and weights == "hub":
            backbone = model.get("net", {}).get("backbone", "resnet101")
            used.add(
                f"ImageNet weights: {backbone}, downloaded by timm from huggingface.co unless they are in its cache"
            )
        elif step.parent is None and weights not in (*PACKAGED, None) and not Path(weights).is_file():
            missing.add(f"ImageNet weights: there is no file {weights}")
        missing |= {f"{name}: {rendered_by(Path(name))}" for name in missing_pictures(files, reproduction.pictures)}
        data = data_module(files)
        for what in ("backgrounds", "textures") if data.composite is not None else ():
            if what not in reproduction.pictures and getattr(data, what) is None:
                used.add(
                    f"{what}: none given, so generated patterns are used; set --{what} to a folder of pictures or to a "
                    "pose store such as data/mpii/train.h5 (the paper uses pictures from the internet)"
                )
    return sorted(used), sorted(missing)
