"""What predicting costs: passes of the networks by runtime, what a runtime loses, and a video from end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from pose3d.bench.following import film_video, labelled_crops, time_following
from pose3d.bench.machine import machine
from pose3d.bench.runtimes import (
    RELEASED_2D,
    RELEASED_3D,
    RESNET_2D,
    RESNET_3D,
    loss_of_runtimes,
    time_passes,
)
from pose3d.predict.runtimes import FLOAT32

NETWORKS = (RELEASED_3D, RELEASED_2D, RESNET_3D, RESNET_2D)
LOOK_EVERY = 30


def measure_prediction(
    folder: Path, turns: int, frames: int, embedded: Path, large: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    """Everything, as numbers.

    Args:
        folder: for the video.
        turns: of every measurement.
        frames: of the video.
        embedded: folder of the embedded data set, whose test world tells what a runtime loses, if it is there.
        large: the ResNet-101 networks too, which take most of the time.
        say: receives what is being done.
    """
    found: dict[str, Any] = {"machine": machine(), "threads": torch.get_num_threads(), "turns": turns, "passes": {}}
    for name in NETWORKS if large else NETWORKS[:2]:
        say(f"timing the {name}")
        found["passes"][name] = time_passes(name, turns)
    if large:
        found["resnet_frame"] = _frame_of_both(found["passes"])
    store = embedded / "test.h5"
    if store.is_file():
        say("scoring the runtimes")
        found["loss"] = loss_of_runtimes(*labelled_crops(store, every=3))
    say("rendering a video")
    video = film_video(folder / "film.mp4", frames)
    say("following the person in it")
    found["following"] = time_following(video, turns)
    return found


def _frame_of_both(passes: dict[str, Any]) -> dict[str, Any]:
    """A followed frame with both ResNets: one 3D pass, and two passes of 2DPoseNet each `LOOK_EVERY` frames."""
    three, two = passes[RESNET_3D], passes[RESNET_2D]
    shared = set(three["runtimes"]) & set(two["runtimes"])
    amortised = {
        kind: three["runtimes"][kind]["median"] + 2 / LOOK_EVERY * two["runtimes"][kind]["median"] for kind in shared
    }
    best = min(amortised, key=lambda kind: amortised[kind])
    bound = three["bound_ms"] + 2 / LOOK_EVERY * two["bound_ms"]
    plain = three["runtimes"][FLOAT32]["median"] + 2 * two["runtimes"][FLOAT32]["median"]
    return {
        "runtime": best,
        "ms": amortised[best],
        "bound_ms": bound,
        "times_bound": amortised[best] / bound,
        "plain_ms": plain,
        "times_faster": plain / amortised[best],
    }


def print_prediction(found: dict[str, Any], console: Console) -> None:
    """The same as tables."""
    on = found["machine"]
    for name, passes in found["passes"].items():
        rates = ", ".join(f"{rate:.0f} in {precision}" for precision, rate in passes["matmul_gmacs_per_s"].items())
        title = (
            f"{name}, {passes['gmacs']:.2f} GMAC a pass of one crop; {on['cpu']}, {on['cores']} cores, "
            f"{found['threads']} threads; matrix products: GMAC/s {rates}, so a pass needs {passes['bound_ms']:.1f} ms"
        )
        table = Table(
            "runtime", "ms, median", "quartiles", "times float32", "times bound", "prepared in s", title=title
        )
        for kind, row in passes["runtimes"].items():
            ready = passes["prepared_s"].get(kind)
            table.add_row(
                kind,
                f"{row['median']:.1f}",
                f"{row['lower_quartile']:.1f} to {row['upper_quartile']:.1f}",
                f"{row['times_float32']:.2f}",
                f"{row['times_bound']:.2f}",
                "" if ready is None else f"{ready:.1f}",
            )
        console.print(table)
    for line in _sentences(found):
        console.print(line, soft_wrap=True, highlight=False)


def _sentences(found: dict[str, Any]) -> list[str]:
    lines = []
    if "loss" in found:
        plain = found["loss"][FLOAT32]
        lines += [
            f"released 3D network by {kind}: MPJPE {row['mpjpe_mm'] - plain['mpjpe_mm']:+.2f} mm, 3DPCK "
            f"{row['pck3d_150mm'] - plain['pck3d_150mm']:+.2f} points against float32; joints {row['distance_mm']:.1f} "
            "mm apart on average"
            for kind, row in found["loss"].items()
            if kind != FLOAT32
        ]
    if "resnet_frame" in found:
        frame = found["resnet_frame"]
        lines.append(
            f"a followed frame with both ResNet-101 networks: {frame['ms']:.0f} ms by {frame['runtime']}, "
            f"{frame['times_bound']:.2f} times what the matrix products alone need, {frame['times_faster']:.1f} times "
            f"faster than three passes in float32 ({frame['plain_ms']:.0f} ms)"
        )
    way = found["following"]
    quick, plain = way["followed"], way["plain"]
    lines.append(
        f"a 1080p video followed with the released networks: {1000 / quick['median']:.0f} frames a second "
        f"({quick['median']:.1f} ms, quartiles {quick['lower_quartile']:.1f} to {quick['upper_quartile']:.1f}), "
        f"decoding included; {way['times_faster']:.1f} times faster than three passes in float32 a frame "
        f"({plain['median']:.1f} ms); {'; '.join(way['choice'])}"
    )
    return lines
