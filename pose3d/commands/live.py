"""`pose3d live`: poses while they happen, in a page of this machine."""

import argparse
from pathlib import Path
from threading import Thread

import numpy as np
from rich.console import Console

from pose3d.errors import PoseError
from pose3d.live import in_browser, served
from pose3d.live.feed import Feed
from pose3d.live.newest import newest
from pose3d.live.page import Page
from pose3d.live.server import LOOPBACK, serve
from pose3d.predict import PosePredictor
from pose3d.predict.follow import LOOK_EVERY, Follower
from pose3d.predict.frames import VideoFrames, open_frames
from pose3d.predict.given import Camera
from pose3d.predict.runtimes import AUTO, RUNTIMES, use_runtimes
from pose3d.pretrained import RELEASED, required_stage_file, stage1_beside

HELP = (
    "Serve a page on this machine that estimates poses while it watches. Without SOURCE the networks run in the "
    "browser, on its camera, a picture or a video (this needs onnxruntime-web from npm). With SOURCE, a camera number, "
    "a file or an address that OpenCV opens, they run in Python, and frames are dropped instead of lagging behind. "
    "Ctrl-C ends it."
)
EXAMPLE = "pose3d live 0 --fov 60"
PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add = parser.add_argument
    add("source", nargs="?", metavar="SOURCE", help="camera number, video file or address, for Python's networks")
    add("--checkpoint", default=RELEASED, metavar="CKPT", help="of stage 2 or 3 (default: the released weights)")
    add("--box-checkpoint", metavar="CKPT", help="of stage 1 (default: beside the checkpoint, else the released one)")
    add("--port", type=int, default=PORT, metavar="N", help="0: any that is free (default: %(default)s)")
    add("--onnxruntime-web", type=Path, metavar="DIR", help="its dist folder (default: that of ./node_modules)")
    add("--write", type=Path, metavar="DIR", help="write the page for the browser's networks as files, and end")
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument("--fov", type=float, metavar="DEG", help="horizontal field of view of SOURCE")
    camera.add_argument("--intrinsics", metavar="FX,FY,CX,CY", help="of SOURCE, px")
    add("--look-every", type=int, default=LOOK_EVERY, metavar="N", help="frames between two looks at the whole picture")
    add("--runtime", choices=RUNTIMES, default=AUTO, help="what computes Python's networks (default: %(default)s)")
    add("--device", default="auto", help="cpu, cuda or auto (default), for SOURCE")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted, or until the source has ended and every page has been told."""
    if args.look_every < 1:
        raise PoseError(f"--look-every {args.look_every} is no number of frames; give a number above zero")
    checkpoint = required_stage_file(args.checkpoint, "stage3", "stage2")
    boxes = args.box_checkpoint
    box_checkpoint = stage1_beside(args.checkpoint) if boxes is None else required_stage_file(boxes, "stage1")
    if args.source is None:
        page = in_browser(checkpoint, box_checkpoint, args.onnxruntime_web)
        if args.write is not None:
            page.write(args.write)
            print(f"written: {args.write}; serve it with any web server")
            return 0
        with serve(page, args.port) as server:
            _say(server.server_address[1])
            server.serve_forever()
    if args.write is not None:
        raise PoseError("--write is for the page whose networks run in the browser; leave SOURCE out")
    return _watch(args, checkpoint, box_checkpoint)


def _watch(args: argparse.Namespace, checkpoint: Path, box_checkpoint: Path) -> int:
    frames = open_frames(args.source)
    if not isinstance(frames, VideoFrames):
        raise PoseError(f"{args.source} is no video; drop pictures on the page of `pose3d live` without SOURCE")
    camera, feed = Camera(args.fov, args.intrinsics), Feed()
    page: Page = served(str(args.source))
    console = Console(stderr=True)
    predictor = PosePredictor.from_checkpoints(checkpoint, box_checkpoint, args.device)
    use_runtimes(predictor, args.runtime, frames.expected, args.look_every, console.print)
    follower = Follower(predictor, args.look_every, say=console.print)
    with serve(page, args.port, feed) as server:
        Thread(target=server.serve_forever, name="server", daemon=True).start()
        _say(server.server_address[1])
        shown, last = 0, -1
        try:
            for frame in newest(frames, in_time=frames.expected is not None):
                assert isinstance(frame.image, np.ndarray)
                feed.publish(frame.image, follower.predict(frame.image, camera.intrinsics([frame.image]), frame.number))
                shown, last = shown + 1, frame.number
        finally:
            feed.end()
            server.shutdown()
        print(f"{args.source} has ended: {shown} of {last + 1} frames predicted, {last + 1 - shown} dropped")
    return 0


def _say(port: int) -> None:
    print(f"open http://{LOOPBACK}:{port}/ in a browser; Ctrl-C ends it", flush=True)
