"""The same predictions side by side: with switches of test time on and off, and under every published protocol."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose3d.errors import PoseError
from pose3d.evaluation.aspset510 import root_relative_errors
from pose3d.evaluation.aspset510 import scores as aspset_scores
from pose3d.evaluation.bootstrap import COLUMNS
from pose3d.evaluation.humaneva import global_error
from pose3d.evaluation.keypoints import keypoint_scores
from pose3d.evaluation.protocols import PROTOCOLS, Protocol
from pose3d.evaluation.scores import sampled, score
from pose3d.evaluation.tables import Table
from pose3d.predictions import Predictions


def switch_table(files: Sequence[Predictions], protocol: Protocol) -> Table:
    """Box source and perspective correction on or off as rows (paper Table 5), over all files given."""
    columns = ["predictions", "box", "correction", "frames", *COLUMNS]
    table = Table("Switches at test time", protocol.name, protocol.rules(), columns)
    names = distinct_tails([predictions.path for predictions in files])
    table.notes += [f"{name}: {path}" for path, name in names.items() if name != path]
    for predictions in files:
        chosen = sampled(predictions, protocol)
        variants = [("as predicted", chosen)]
        if chosen.perspective_rotation is not None:
            poses = chosen.require("joints_3d", "perspective correction")
            # The transpose of R takes the correction back: P_crop = R^T P.
            turned_back = np.einsum("nji,nkj->nki", chosen.perspective_rotation, poses).astype(poses.dtype)
            variants = [("on", chosen), ("off", replace(chosen, joints_3d=turned_back))]
        for state, variant in variants:
            whole = score(variant, protocol, np.zeros(len(variant), np.int64), ("All",))
            scores = [float(read(whole)) for read in COLUMNS.values()]
            table.add(names[predictions.path], predictions.box, state, len(variant), *scores)
    return table


def distinct_tails(paths: Sequence[str]) -> dict[str, str]:
    """Each path -> its shortest trailing part that no other path ends with, in complete file and folder names."""
    parts = {path: Path(path).parts for path in paths}
    tails = {}
    for path, own in parts.items():
        others = [other for other in parts.values() if other != own]
        lengths = range(1, len(own) + 1)
        enough = next((n for n in lengths if all(other[-n:] != own[-n:] for other in others)), len(own))
        tails[path] = str(Path(*own[-enough:]))
    return tails


def variants_table(predictions: Predictions, every: int | None) -> Table:
    """The same predictions under every protocol, which shows how far apart they are."""
    rules = "each row is another protocol; `--protocol NAME` prints its rules"
    table = Table("Every published variant", "all", rules, ["protocol", "what", "frames", *COLUMNS])
    for protocol in PROTOCOLS.values():
        if every is not None:
            protocol = replace(protocol, every=every)
        try:
            frames, scores = _variant(predictions, protocol)
        except PoseError as error:
            frames, scores = None, [None, None, None]
            table.notes.append(f"{protocol.name}: {error}")
        table.add(protocol.name, protocol.title, frames, *scores)
    if all(row[2] is None for row in table.rows):
        raise PoseError(f"{predictions.path} can be scored under no protocol; the first says: {table.notes[0]}")
    return table


def _variant(predictions: Predictions, protocol: Protocol) -> tuple[int, list[float | None]]:
    """Frames, and MPJPE, PCK and AUC over all of them; None where the protocol has no such score."""
    chosen = sampled(predictions, protocol)
    if protocol.kind == "3d":
        whole = score(chosen, protocol, np.zeros(len(chosen), np.int64), ("All",))
        return len(chosen), [float(read(whole)) for read in COLUMNS.values()]
    if protocol.kind == "humaneva":
        return len(chosen), [global_error(chosen, protocol), None, None]
    if protocol.kind == "aspset510":
        return len(chosen), [*aspset_scores(root_relative_errors(chosen, protocol), protocol), None]
    return len(chosen), [None, *keypoint_scores(chosen, protocol, tuple(range(14)))]
