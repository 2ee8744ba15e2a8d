"""Your own labels as a table: one row per person in an image, CSV or Parquet (columns: docs/own_data.md)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from pose3d.data.images import read_image
from pose3d.data.sources.calibration import read_calibration
from pose3d.data.sources.frame_sampling import first_look
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.labels import make_sample
from pose3d.data.sources.multiview import universal_scale
from pose3d.data.sources.people import OUTSIDE, is_outside
from pose3d.data.sources.plan import Missing, Plan, Sample, Skips, existing_root
from pose3d.data.sources.points import MM_PER_UNIT
from pose3d.data.sources.table_rows import Row, read_row, read_table
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17

ROWS_PER_TASK: Final = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this source."""
    add = parser.add_argument
    add("--table", type=Path, required=True, metavar="FILE", help=".csv or .parquet, one row per person; below --root")
    add("--calibration", type=Path, metavar="FILE", help="cameras that the column `camera` names (.toml, .yml, ...)")
    add("--calibration-unit", default="", choices=["", *MM_PER_UNIT], help="of translations (TOML m, others mm)")
    add("--world", action="store_true", help="3D columns are in the axes of the calibration's world")
    add("--allow-missing", action="store_true", help="leave out rows whose image is not there")


@dataclass(frozen=True)
class Rows:
    """Some hundreds of rows: the task of one process."""

    name: str
    rows: tuple[Row, ...]
    framing: Framing

    @property
    def num_samples(self) -> int:
        return len(self.rows)

    def files(self) -> Iterator[Path]:
        """The images."""
        return (row.image for row in self.rows)

    def samples(self, skips: Skips) -> Iterator[Sample]:
        """Read each image and cut out the person."""
        for row in self.rows:
            try:
                image, encoded = read_image(row.image)
            except PoseError as error:
                skips.damage(str(error).partition(";")[0])
                continue
            if is_outside(row.joints_2d[row.labelled], image):
                skips.rule(OUTSIDE)
                continue
            three_d = None
            if row.joints_3d is not None and row.joints_3d_univ is not None and row.intrinsics is not None:
                three_d = {
                    "joints_3d": row.joints_3d,
                    "joints_3d_univ": row.joints_3d_univ,
                    "intrinsics": row.intrinsics,
                    "cam_from_world": row.cam_from_world,
                }
            yield make_sample(
                image,
                framing=self.framing,
                joints_2d=row.joints_2d,
                names=MPI_INF_3DHP_17,
                labelled=None if row.labelled.all() else row.labelled,
                encoded=encoded,
                ids=row.ids,
                three_d=three_d,
                box=row.box,
            )


def plan(
    root: Path,
    *,
    framing: Framing,
    table: str | Path,
    seed: int = 0,
    limit: int = 0,
    calibration: str | Path | None = None,
    calibration_unit: str = "",
    world: bool = False,
    allow_missing: bool = False,
) -> Plan:
    """Read the table, check every row and list the people."""
    root = existing_root(root, "table's")
    entries = read_table(root / table)
    cameras = {} if calibration is None else read_calibration(root / calibration, calibration_unit)
    if world and not cameras:
        raise PoseError("--world needs --calibration: it says where each camera stands")
    names = list(dict.fromkeys(str(entry.get("sequence") or "") for entry in entries))
    camera_names = list(dict.fromkeys([*cameras, *(str(entry.get("camera") or "") for entry in entries)]))
    rows, notes, missing = [], list[str](), Missing("table's", root)
    absent = 0
    for number, entry in enumerate(entries):
        row = read_row(f"row {number + 1} of {table}", entry, root, cameras, world, names, camera_names)
        if row is None:
            missing.add(f"row {number + 1} has neither 2D nor 3D joints")
        elif not row.image.is_file():
            absent += 1
            if not allow_missing:
                missing.add(f"the image {row.image} of row {number + 1} is missing")
        else:
            rows.append(row)
    missing.raise_if_any("correct the table; --allow-missing leaves out rows whose image is missing")
    if absent:
        notes.append(f"{absent} rows are left out, their image is missing")
    has_3d = [row.joints_3d is not None for row in rows]
    if any(has_3d) and not all(has_3d):
        raise PoseError(f"{table} mixes rows with and without 3D joints; write one table for each")
    if any(has_3d):
        rows = _with_universal(rows)
        notes.append("joints_3d_univ is joints_3d scaled to 920 mm from knee to neck, one factor per subject")
    (kept,) = first_look([np.arange(len(rows))], limit)
    rows = [rows[index] for index in kept]
    groups = [rows[start : start + ROWS_PER_TASK] for start in range(0, len(rows), ROWS_PER_TASK)]
    return Plan(
        source="table",
        joint_set="mpi_inf_3dhp_17",
        sequence_names=names or [""],
        activity_names=[""],
        scene_names=[""],
        tasks=[Rows(f"rows_{number}", tuple(group), framing) for number, group in enumerate(groups)],
        sampling={"rule": "every row", "rows": len(entries), "cameras": camera_names, "limit": limit},
        notes=notes,
    )


def _with_universal(rows: Sequence[Row]) -> list[Row]:
    """The same rows with joints_3d_univ, one factor for each subject."""
    root = MPI_INF_3DHP_17.root
    scales: dict[int, float] = {}
    for subject in {row.ids["subject"] for row in rows}:
        poses = [row.joints_3d for row in rows if row.ids["subject"] == subject and row.joints_3d is not None]
        scales[subject] = universal_scale(np.array(poses))
    scaled = []
    for row in rows:
        assert row.joints_3d is not None
        univ = row.joints_3d[root] + scales[row.ids["subject"]] * (row.joints_3d - row.joints_3d[root])
        scaled.append(replace(row, joints_3d_univ=univ))
    return scaled
