#!/usr/bin/env python3
"""Draw the README's photographs with their predicted poses, in the picture and in 3D.

    python scripts/draw_photographs.py --videos DIR --out docs/images/photographs.jpg

DIR is the demo session of the PyPI package pose2sim 0.6.0 (BSD-3-Clause), `S00_P00_Participant` with its two trials;
the face of the man is pixelated there. Boxes are found, the
field of view is assumed, and poses are averaged with those of the mirrored crop. The frames are examples chosen by
hand, in which nobody else is recognisable.
"""

import argparse
from pathlib import Path

import cv2
import matplotlib as mpl

mpl.use("agg")
import numpy as np
from matplotlib import pyplot as plt
from mpl_toolkits.mplot3d.axes3d import Axes3D

from pose3d.command_parser import CommandParser
from pose3d.predict import PosePredictor
from pose3d.predict.pictures import around_person
from pose3d.viz import draw_image_with_pose, draw_pose_3d, frame_pose_3d

SHOTS = (
    ("S00_P00_T00_StaticTrial", "cam02", 0),
    ("S00_P00_T01_BalancingTrial", "cam03", 5),
    ("S00_P00_T01_BalancingTrial", "cam03", 40),
    ("S00_P00_T01_BalancingTrial", "cam03", 75),
)
SIDE_PX = 420


def frame_of(videos: Path, trial: str, camera: str, number: int) -> np.ndarray:
    """One frame, RGB."""
    video = cv2.VideoCapture(str(videos / trial / "videos" / f"{camera}.mp4"))
    for _ in range(number + 1):
        read, frame = video.read()
        if not read:
            raise SystemExit(f"{videos / trial} has no frame {number} of {camera}")
    return np.ascontiguousarray(frame[..., ::-1])


def main() -> None:
    """Predict and draw."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, required=True, help="folder of the trials")
    parser.add_argument("--weights", default="released", help="name, folder or checkpoint (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/images/photographs.jpg"), help="picture (%(default)s)")
    options = parser.parse_args()
    predictor = PosePredictor.from_pretrained(options.weights, device="cpu", mirror=True)
    figure = plt.figure(figsize=(3.0 * len(SHOTS), 5.6), dpi=110)
    for column, shot in enumerate(SHOTS):
        image = frame_of(options.videos, *shot)
        found = predictor.predict([image])
        assert found.joints_2d is not None
        assert found.joints_3d is not None
        person, joints_2d = around_person(image, found.joints_2d[0])
        scale = SIDE_PX / max(person.shape[:2])
        shown = cv2.resize(person, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        above = figure.add_subplot(2, len(SHOTS), column + 1)
        draw_image_with_pose(above, shown, joints_2d * scale)
        above.set_title(f"{shot[1]}, frame {shot[2]}", fontsize=9)
        below = figure.add_subplot(2, len(SHOTS), len(SHOTS) + column + 1, projection="3d")
        assert isinstance(below, Axes3D)
        draw_pose_3d(below, found.joints_3d[0])
        frame_pose_3d(below, [found.joints_3d[0]], azimuth=35.0)
    figure.tight_layout()
    figure.savefig(options.out, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
