"""Render a film with exact labels, and score predictions of it.

    python scripts/film.py render film.mp4 --frames 125
    pose3d predict film.mp4 --smooth --height 1.67 --intrinsics 1650,1650,959.5,539.5 --out runs/film
    python scripts/film.py score film.mp4 runs/film

`render` writes the video and its labels, and prints the camera and the height for `pose3d predict`.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from pose3d.command_parser import CommandParser
from pose3d.predict.place.contacts import ANKLES
from pose3d.predict.place.place import apply
from pose3d.predictions import Predictions, read_predictions
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.synth.film import Film

ROOT = MPI_INF_3DHP_17.root


def render(path: Path, film: Film) -> None:
    """Write the video and `PATH.npz` with the joints in camera axes, the upward direction and the stature."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), film.fps, film.size)
    joints = []
    for number, frame in enumerate(film):
        writer.write(np.ascontiguousarray(frame.image[..., ::-1]))
        joints.append(frame.joints_3d)
        print(f"\r{number + 1} of {film.frames} frames", end="", file=sys.stderr)
    writer.release()
    camera = film.camera
    up, height = camera.cam_from_world[:3, 2], film.body_height_mm
    np.savez(truth_of(path), joints=np.array(joints), up=up, height_mm=height)
    fx, fy, cx, cy = camera.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
    print(f"\n--intrinsics {fx:g},{fy:g},{cx:g},{cy:g} --height {height / 1000:.3f}")


def truth_of(path: Path) -> Path:
    """The file with the labels of a video."""
    return path.with_name(f"{path.name}.npz")


def score(path: Path, folder: Path) -> list[str]:
    """What `predictions.npz` and `refined.npz` in a folder of `pose3d predict` are off by, as sentences."""
    truth = np.load(truth_of(path))
    lines = []
    for name in ("predictions", "refined"):
        off = errors(read_predictions(folder / f"{name}.npz"), truth["joints"], truth["up"])
        parts = [
            f"MPJPE {off['mpjpe_mm']:.1f} mm",
            f"acceleration {off['acceleration_mm']:.1f} mm a frame squared",
            f"distance {off['distance']:+.1f} % (90 % of the frames within {off['distance_p90']:.1f} %, at most "
            f"{off['distance_most']:.1f} %)",
        ]
        if "up_deg" in off:
            parts.append(f"up {off['up_deg']:.1f} degrees")
            slips = np.isfinite(off["slip_mm"])
            parts.append(f"standing feet slip {off['slip_mm']:.1f} mm a frame at most" if slips else "no standing foot")
        lines.append(f"{name}: {', '.join(parts)}")
    return lines


def errors(found: Predictions, joints: np.ndarray, up: np.ndarray) -> dict[str, float]:
    """What predictions are off by from joints (T, 17, 3) mm in camera axes; of placed ones, `up_deg` and `slip_mm` too.

    Distances are in per cent of the true ones.
    """
    assert found.joints_3d is not None
    assert found.translation is not None
    poses, truth = found.joints_3d.astype(float), joints - joints[:, ROOT][:, None]
    jitter = np.linalg.norm(np.diff(poses, 2, axis=0) - np.diff(truth, 2, axis=0), axis=-1)
    distance = 100 * (np.linalg.norm(found.translation, axis=1) / np.linalg.norm(joints[:, ROOT], axis=1) - 1)
    off = {
        "mpjpe_mm": float(np.nanmean(np.linalg.norm(poses - truth, axis=-1))),
        "acceleration_mm": float(np.nanmean(jitter)),
        "distance": float(np.nanmedian(distance)),
        "distance_p90": float(np.nanquantile(np.abs(distance), 0.9)),
        "distance_most": float(np.nanmax(np.abs(distance))),
    }
    if found.world_from_camera is not None and found.contact is not None:
        tilt = np.degrees(np.arccos(min(1.0, float(found.world_from_camera[1, :3] @ up))))
        world = apply(found.world_from_camera, poses + found.translation[:, None])
        stands = found.contact[1:] & found.contact[:-1]
        slips = np.linalg.norm(np.diff(world[:, ANKLES], axis=0), axis=-1)[stands]
        off |= {"up_deg": float(tilt), "slip_mm": float(slips.max()) if len(slips) else np.nan}
    return off


def main(argv: list[str] | None = None) -> int:
    """Run `render` or `score`."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("render")
    make.add_argument("video", type=Path)
    make.add_argument("--frames", type=int, default=125)
    make.add_argument("--activity", type=int, default=1, choices=range(1, 8))
    make.add_argument("--sequence", type=int, default=2, help="of the world `test`")
    make.add_argument("--seed", type=int, default=1)
    compare = commands.add_parser("score")
    compare.add_argument("video", type=Path)
    compare.add_argument("folder", type=Path)
    args = parser.parse_args(argv)
    if args.command == "render":
        render(args.video, Film(args.frames, args.sequence, args.activity, seed=args.seed))
    else:
        print("\n".join(score(args.video, args.folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
