"""Tables of one predictions file under one 3D protocol: by scene, activity, sequence, joint group, pose class."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pose3d.evaluation.bootstrap import COLUMNS, interval_table
from pose3d.evaluation.pose_classes import CLASSES, RULE, classify, draw_classes
from pose3d.evaluation.protocols import Protocol
from pose3d.evaluation.scores import Scores, label_groups, score
from pose3d.evaluation.tables import Table
from pose3d.metrics.grouped import JOINT_GROUPS
from pose3d.predictions import Predictions


def scored_rows(title: str, label: str, scores: Scores) -> Table:
    """One row per group, and a last row for all frames."""
    protocol = scores.protocol
    table = Table(title, protocol.name, protocol.rules(), [label, "frames", *COLUMNS])
    columns = [read(scores).tolist() for read in COLUMNS.values()]
    for i, group in enumerate(scores.groups):
        table.add(group, scores.frames()[i], *(column[i] for column in columns))
    pooled = scores.pooled()
    table.add("All", pooled.frames()[0], *(float(read(pooled)) for read in COLUMNS.values()))
    if protocol.activity_mean and label == "activity":
        table.add("Mean of activities", None, *(float(np.nanmean(column)) for column in columns))
    return table


def tables_3d(predictions: Predictions, protocol: Protocol, draws: int) -> list[Table]:
    """Every table of the protocol whose labels the file has; all frames together where it has none."""
    tables = []
    if predictions.sequence is not None and draws:
        by_sequence = score(predictions, protocol, *label_groups(predictions, "sequence"))
        tables.append(interval_table(protocol, by_sequence, draws))
    for label in (t for t in protocol.tables if t != "joint group"):
        if getattr(predictions, label) is not None:
            tables.append(
                scored_rows(f"By {label}", label, score(predictions, protocol, *label_groups(predictions, label)))
            )
    whole = score(predictions, protocol, np.zeros(len(predictions), np.int64), ("All",))
    if "joint group" in protocol.tables:
        tables.append(_joint_group_table(whole))
    return tables or [scored_rows("All", "frames of", whole)]


def _joint_group_table(whole: Scores) -> Table:
    """Left and right pooled; "All" here is the PCK's joint set, in its MPJPE column too."""
    protocol = whole.protocol
    table = Table("By joint group", protocol.name, protocol.rules(), ["joint group", *COLUMNS])
    for group, joints in JOINT_GROUPS.items():
        part = whole.share.of_joints(list(joints))
        table.add(group, *(float(read(replace(whole, position=part, share=part))) for read in COLUMNS.values()))
    total = replace(whole, position=whole.share)
    table.add(f"All {protocol.pck_joints} joints", *(float(read(total)) for read in COLUMNS.values()))
    return table


def class_table(predictions: Predictions, protocol: Protocol, picture: Path | None) -> Table:
    """Share and scores of the three pose classes (paper Fig. 5 and section 6.1); `picture` draws their clusters."""
    classes, clusters, centroids = classify(predictions.require("target_3d", "pose classes"))
    if picture is not None:
        draw_classes(picture, classes, clusters, centroids)
    scores = score(predictions, protocol, classes, CLASSES)
    table = scored_rows("By pose class", "pose class", scores)
    shares = [100.0 * count / len(predictions) for count in scores.frames()]
    table.columns.insert(2, "share %")
    for row, share in zip(table.rows, [*shares, 100.0], strict=True):
        row.insert(2, share)
    table.notes += ["20 K-means clusters of the true poses, hips turned to face the camera", RULE]
    table.notes.append("shares in the paper, Human3.6M's test set grouped by eye: Sit 25 %, Crouch 8 %")
    return table
