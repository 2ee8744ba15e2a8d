"""`pose3d bench`: how fast samples are made, what a large store costs, and how fast poses are predicted."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from pose3d.errors import PoseError
from pose3d.files import check_target, write_whole

HELP = """Measure the loader on this machine: samples per second on one core, beside a baseline pipeline in the same
run, the memory of a worker, the speed of prepare, and how many cores feed a GPU. The data are made for it.
--part prediction measures the networks by every runtime instead, and a video followed from file to poses.

With --checkpoint, --box-checkpoint and --store: how long these networks take for a picture of the store, and nothing
else."""
EXAMPLE = "pose3d bench --json bench.json"
DATA, PREDICTION = "data", "prediction"

FULL, COLOUR, NONE = "all augmentation", "colour and geometry only", "no augmentation"
ON_CPU = "all augmentation, normalised to float32 too"
PLAIN = "baseline: whole JPEG, albumentations, ToTensor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add = parser.add_argument
    add("--part", choices=(DATA, PREDICTION), default=DATA, help="what is measured (default: %(default)s)")
    add("--image-size", type=int, default=368, metavar="PX", help="side of the crop (default: %(default)s)")
    add("--samples", type=int, default=128, metavar="N", help="samples of a turn (default: %(default)s)")
    add("--repeats", type=int, default=7, metavar="N", help="turns; medians are printed (default: %(default)s)")
    add("--pictures", type=int, default=24, metavar="N", help="different 1000 px pictures (default: %(default)s)")
    add("--rows", type=int, default=75_000, metavar="N", help="samples of the large store (default: %(default)s)")
    add("--frames", type=int, default=4, metavar="N", help="of each video to prepare (default: %(default)s)")
    add("--video-px", type=int, default=512, metavar="PX", help="side of those videos (default: %(default)s)")
    studio = Path("data/embedded/studio3d.h5")
    add("--embedded", type=Path, default=studio, metavar="FILE", help="store for 128 px crops (default: %(default)s)")
    add("--steps", type=int, default=50, metavar="N", help="training steps of a turn (default: %(default)s)")
    add(
        "--gpu-images-per-second",
        type=float,
        default=900.0,
        metavar="N",
        help="ASSUMED speed of one H100 training ResNet-101 at 368 px (default: %(default)s)",
    )
    add("--video-frames", type=int, default=90, metavar="N", help="of the video followed (default: %(default)s)")
    add("--small", action="store_true", help="with --part prediction: leave the ResNet-101 networks out")
    add("--checkpoint", type=Path, metavar="FILE", help="of stage 2 or 3: measure the time per frame, alone")
    add("--box-checkpoint", type=Path, metavar="FILE", help="of stage 1, for the time per frame")
    add("--store", type=Path, metavar="FILE", help="whole pictures for the time per frame")
    add("--device", default="auto", help="of the time per frame: cpu, cuda or auto (default: %(default)s)")
    add("--json", type=Path, metavar="OUT", help="write the same numbers, unrounded, with every turn")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if min(args.samples, args.repeats, args.pictures, args.rows, args.frames, args.steps) < 1:
        raise PoseError("--samples, --repeats, --pictures, --rows, --frames and --steps must be at least 1")
    if args.video_frames < 2:
        raise PoseError("--video-frames must be at least 2")
    if args.image_size < 32 or args.video_px < 64:
        raise PoseError("--image-size must be at least 32, --video-px at least 64")
    if args.rows < 16 or args.gpu_images_per_second <= 0:
        raise PoseError("--rows must be at least one batch of 16, and --gpu-images-per-second above zero")
    if args.json:
        check_target(args.json)
    if args.checkpoint or args.box_checkpoint or args.store:
        return _frame_time(args)
    with tempfile.TemporaryDirectory(prefix="pose3d-bench-") as folder:
        found = (_measure if args.part == DATA else _measure_prediction)(args, Path(folder))
    if args.part == DATA:
        _print(found)
    if args.json:
        write_whole(args.json, json.dumps(found, indent=2, allow_nan=False) + "\n")
    return 0


def _frame_time(args: argparse.Namespace) -> int:
    """The time per frame of two networks."""
    if not (args.checkpoint and args.box_checkpoint and args.store):
        raise PoseError("the time per frame needs all of --checkpoint, --box-checkpoint and --store")
    from pose3d.bench.frame_time import frame_time, machine_words
    from pose3d.predict.predictor import PosePredictor

    predictor = PosePredictor.from_checkpoints(args.checkpoint, args.box_checkpoint, args.device)
    with Console(stderr=True).status("timing the networks"):
        found = frame_time(predictor, args.store, args.pictures, args.repeats)
    table = Table("time per frame", "ms", title=machine_words(found["machine"]))
    for name, milliseconds in found["tables"][0]["rows"]:
        table.add_row(name, f"{milliseconds:.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"medians of {found['repeats']} turns with each of {found['pictures']} pictures, one at a time", soft_wrap=True
    )
    if args.json:
        write_whole(args.json, json.dumps(found, indent=2, allow_nan=False) + "\n")
    return 0


def _measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    import numpy as np

    from pose3d.bench import large_store, throughput
    from pose3d.bench.machine import machine
    from pose3d.bench.metric_cost import metric_cost
    from pose3d.bench.pictures import take_pictures, write_jpegs, write_store
    from pose3d.bench.preparing import prepared_per_second
    from pose3d.bench.training_step import measure_step

    console = Console(stderr=True)
    throughput.one_thread()
    with console.status("drawing pictures"):
        pictures = take_pictures(args.pictures)
        files = write_jpegs(pictures, folder / "whole")
        store = write_store(pictures, folder / "store.h5", len(pictures))
        boxes = np.array([picture.columns["bbox"] for picture in pictures])

    size = args.image_size
    routes = {
        FULL: throughput.store_route(store, size, throughput.FULL),
        ON_CPU: throughput.store_route(store, size, throughput.FULL, normalised=True),
        COLOUR: throughput.store_route(store, size, throughput.COLOUR),
        NONE: throughput.store_route(store, size, {}),
        PLAIN: throughput.plain_route(files, boxes, size),
    }
    with console.status("timing the loader"):
        turns = throughput.rates(routes, args.samples, args.repeats)
        small = {}
        if args.embedded.is_file():
            crops = {
                f"128 px, {FULL}": throughput.store_route(args.embedded, 128, throughput.FULL),
                f"128 px, {NONE}": throughput.store_route(args.embedded, 128, {}),
            }
            small = throughput.rates(crops, args.samples, args.repeats)
    with console.status(f"filling a store of {args.rows} samples"):
        # Small pictures: labels and offsets, which are what is kept in memory, have their full size.
        large = write_store(pictures[:8], folder / "large.h5", args.rows, person_px=48)
        opened, ready = large_store.opening_seconds(large, 3)
        memory = large_store.worker_memory(large, size, batches=min(30, args.rows // 16))
    with console.status("preparing a small tree of MPI-INF-3DHP"):
        prepared = prepared_per_second(folder / "official", args.frames, args.video_px)
    with console.status("scoring beside predicting"):
        update_ms, forward_ms = metric_cost(args.repeats)
    step = None
    if args.embedded.is_file():
        with console.status("training steps beside a bare loop"):
            step = measure_step(args.embedded.parent, folder, args.steps, args.repeats)
    return {
        "machine": machine(),
        "image_size": size,
        "samples_per_core_second": {name: median(turn) for name, turn in (turns | small).items()},
        "times_plain": {name: throughput.ratio(turns[name], turns[PLAIN]) for name in routes if name != PLAIN},
        "whole_jpeg_kb": sum(path.stat().st_size for path in files) / len(files) / 1e3,
        "embedded": str(args.embedded) if small else None,
        "large_store": {"samples": args.rows, "open_s": opened, "set_up_s": ready, "worker_mb": memory.resident}
        | ({} if math.isnan(memory.private) else {"worker_private_mb": memory.private}),
        "prepared": {"frames_per_core_second": prepared, "video_px": args.video_px},
        "training_step": step,
        "metrics": {"update_ms": update_ms, "forward_ms": forward_ms},
        "gpu": {
            "assumed_images_per_second": args.gpu_images_per_second,
            "cores": math.ceil(args.gpu_images_per_second / median(turns[FULL])),
        },
        "turns": turns | small,
        "samples": args.samples,
    }


def _measure_prediction(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from pose3d.bench.prediction import measure_prediction, print_prediction

    console = Console(stderr=True)
    with console.status("") as status:
        found = measure_prediction(
            folder, args.repeats, args.video_frames, args.embedded.parent, not args.small, status.update
        )
    print_prediction(found, Console())
    return found


def _print(found: dict[str, Any]) -> None:
    on = found["machine"]
    title = f"{on['cpu']}, {on['cores']} cores, {on['system']}"
    table = Table(f"samples a second on one core, {found['image_size']} px", "median", "times plain", title=title)
    for name, rate in found["samples_per_core_second"].items():
        ratio = found["times_plain"].get(name)
        table.add_row(name, f"{rate:.0f}", f"{ratio:.1f}" if ratio else "")
    console = Console()
    console.print(table)
    lines = [
        f"{len(found['turns'][PLAIN])} turns of {found['samples']} samples, in CPU seconds of one thread, files "
        f"cached; whole pictures are 1000 x 1000 px, {found['whole_jpeg_kb']:.0f} kB"
    ]
    if found["embedded"] is None:
        lines.append("128 px crops of the embedded data set: not measured, the store is not there (--embedded)")
    store, gpu, prepared, scoring = (found[key] for key in ("large_store", "gpu", "prepared", "metrics"))
    own = f", {store['worker_private_mb']:.0f} MB of them its own" if "worker_private_mb" in store else ""
    lines += [
        f"a store of {store['samples']} samples opens in {store['open_s']:.3f} s, is ready to train on in "
        f"{store['set_up_s']:.2f} s, and a loader worker takes {store['worker_mb']:.0f} MB at most{own}",
        f"`pose3d prepare mpi_inf_3dhp` gets through {prepared['frames_per_core_second']:.0f} frames of "
        f"{prepared['video_px']} px a second on one core, mask videos included",
        f"MPJPE, 3DPCK and AUC of a batch take {scoring['update_ms'] / scoring['forward_ms']:.1%} of the time that the "
        "quick start's network takes to predict it",
        f"{gpu['cores']} such cores feed a GPU that trains {gpu['assumed_images_per_second']:.0f} images a second "
        "(an assumption, not measured: --gpu-images-per-second)",
    ]
    if (step := found["training_step"]) is not None:
        lines.append(
            f"a training step of stage 2 of the quick start, averaging included, takes {step['bare_ms']:.0f} ms of CPU "
            f"time in a bare loop, and {step['overhead']:.1%} more in the trainer (median of {step['turns']} turns)"
        )
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
