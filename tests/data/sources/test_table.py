"""Users' own data as a table of images and labels."""

import csv

import cv2
import numpy as np
import pytest

from pose3d.data.check import check_store
from pose3d.data.sources import table
from pose3d.data.sources.framing import Framing
from pose3d.data.sources.prepare import prepare
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.data.sources.own_recording import (
    CAMERAS,
    toml_calibration,
    world_joints,
)
from tests.data.sources.scene import frame_of, picture

WHOLE = Framing(0, 0)


def write_table(path, three_d=True, parquet=False):
    """Eight people, one picture each; returns the joints in pixels."""
    camera, rows, pixels = CAMERAS["cam_a"], [], []
    for frame, pose in enumerate(world_joints()[:8]):
        seen_2d, seen_3d = camera.see(pose)
        cv2.imwrite(str(path.parent / f"{frame}.png"), picture(frame, seen_2d, camera.size))
        row = {"image": f"{frame}.png", "subject": 1 + frame // 4, "sequence": f"take {frame // 4}", "frame": frame}
        if parquet:
            row |= {"joints_2d": seen_2d.ravel().tolist(), "joints_3d": seen_3d.ravel().tolist()}
        else:
            for index, name in enumerate(MPI_INF_3DHP_17.names):
                row |= dict(zip((f"{name}_u", f"{name}_v"), seen_2d[index], strict=True))
                if three_d:
                    row |= dict(zip((f"{name}_x", f"{name}_y", f"{name}_z"), seen_3d[index], strict=True))
        matrix = camera.intrinsics
        row |= {"fx": matrix[0, 0], "fy": matrix[1, 1], "cx": matrix[0, 2], "cy": matrix[1, 2]}
        rows.append(row)
        pixels.append(seen_2d)
    if parquet:
        import pyarrow as pa
        from pyarrow import parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        write_rows(path, rows)
    return np.array(pixels)


def write_rows(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


def edit_rows(path, change):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    write_rows(path, rows)


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_a_table_becomes_a_store(tmp_path, name):
    pixels = write_table(tmp_path / name, parquet=name.endswith("parquet"))
    prepare(table.plan(tmp_path, framing=WHOLE, table=name), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert [str(finding) for finding in check_store(tmp_path / "out.h5")] == []
    np.testing.assert_allclose(store.labels("joints_2d"), pixels, atol=0.01)
    assert store.attrs["sequence_names"] == ["take 0", "take 1"]
    assert list(store.labels("subject")) == [1] * 4 + [2] * 4
    assert [frame_of(store.image(row)) for row in range(8)] == list(range(8))


def test_a_table_of_2d_labels_with_gaps_boxes_and_no_pelvis(tmp_path):
    path = tmp_path / "labels.csv"
    pixels = write_table(path, three_d=False)

    def change(rows):
        for row in rows:
            row["pelvis_u"] = row["pelvis_v"] = ""
        rows[0]["head_top_u"] = " "
        low, high = pixels.min(axis=1) - 20, pixels.max(axis=1) + 20
        for number, row in enumerate(rows):
            row |= dict(zip(("box_x", "box_y", "box_w", "box_h"), [*low[number], *(high - low)[number]], strict=True))

    edit_rows(path, change)
    prepare(table.plan(tmp_path, framing=Framing(1.0, 0), table=path.name), tmp_path / "out.h5")
    store = PoseStore(tmp_path / "out.h5")
    assert not store.has("joints_3d")
    assert store.labels("visible")[0, 0] == 0
    visible = store.labels("visible")[1].astype(bool)
    hips = [MPI_INF_3DHP_17.index("l_hip"), MPI_INF_3DHP_17.index("r_hip")]
    moved = store.labels("joints_2d")[1]
    pelvis = MPI_INF_3DHP_17.index("pelvis")
    if visible[[*hips, pelvis]].all():
        np.testing.assert_allclose(moved[pelvis], moved[hips].mean(axis=0), atol=1e-3)
    limbs = pixels[1].max(axis=0) - pixels[1].min(axis=0)
    np.testing.assert_allclose(store.labels("bbox")[1, 2:], limbs + 40, atol=0.5)


def test_world_joints_of_a_table_need_the_calibration(tmp_path):
    path = tmp_path / "labels.csv"
    write_table(path)
    (tmp_path / "calib.toml").write_text(toml_calibration())

    def change(rows):
        for row, pose in zip(rows, world_joints(), strict=False):
            row["camera"] = "cam_a"
            for index, name in enumerate(MPI_INF_3DHP_17.names):
                row |= dict(zip((f"{name}_x", f"{name}_y", f"{name}_z"), pose[index], strict=True))
                del row[f"{name}_u"], row[f"{name}_v"]

    edit_rows(path, change)
    with pytest.raises(PoseError, match="--calibration"):
        table.plan(tmp_path, framing=WHOLE, table=path.name, world=True)
    plan = table.plan(tmp_path, framing=WHOLE, table=path.name, world=True, calibration="calib.toml")
    prepare(plan, tmp_path / "out.h5")
    pixels = CAMERAS["cam_a"].see(world_joints()[3])[0]
    np.testing.assert_allclose(PoseStore(tmp_path / "out.h5").labels("joints_2d")[3], pixels, atol=0.02)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[2].update(image="absent.png"), "row 3"),
        (lambda rows: rows[2].update(neck_u="left"), "row 3.*numbers"),
        (lambda rows: rows[2].update(neck_u="inf"), "row 3.*infinity"),
        (lambda rows: rows[2].update(subject="2.5"), "row 3.*whole number"),
        (lambda rows: rows[2].update(neck_x=""), "row 3.*need all 17"),
        (lambda rows: [row.update(fx="") for row in rows], "no camera"),
        (lambda rows: rows[2].update({key: "" for key in rows[2] if key[-2:] in ("_x", "_y", "_z")}), "mixes rows"),
        (lambda rows: [row.pop("image") for row in rows], "no column 'image'"),
        (lambda rows: rows.clear() or rows.append({"image": ""}), "row 1"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row(tmp_path, change, words):
    path = tmp_path / "labels.csv"
    write_table(path)
    edit_rows(path, change)
    with pytest.raises(PoseError, match=words):
        table.plan(tmp_path, framing=WHOLE, table=path.name)
