"""Many rendered films with known truth: how far off are the upward direction and the distance?

    python scripts/films.py render runs/films --count 16 --seed 3
    python scripts/films.py predict runs/films
    python scripts/films.py score runs/films

People, places, pitches of -10 to 30 degrees (positive looks down), rolls of up to 5 degrees and distances of 4.5 to 7 m
are drawn at random. Films and predictions that exist already are kept.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from pose3d.app import main as pose3d
from pose3d.command_parser import CommandParser
from pose3d.predict.place.place import SURE
from pose3d.predictions import read_predictions
from pose3d.synth.film import Film
from pose3d.synth.worlds import world
from scripts.film import errors, render, truth_of

ACTIVITIES = (1, 2, 4, 6, 7, 1, 3, 1)
SIZE, FOCAL, FRAMES = (960, 540), 825.0, 125


def films(count: int, seed: int) -> list[Film]:
    """The films of a seed; more of them do not change the first ones."""
    rng = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        pitch, roll, distance = rng.uniform(-10, 30), rng.uniform(0, 5) * rng.choice([-1, 1]), rng.uniform(4.5, 7.0)
        below, sequence, own_seed = (
            rng.uniform(-4, 4),
            int(rng.integers(len(world("test").sequences))),
            int(rng.integers(1000)),
        )
        height = max(0.25, 0.9 + distance * np.tan(np.radians(pitch + below)))
        activity = ACTIVITIES[number % len(ACTIVITIES)]
        drawn.append(
            Film(
                FRAMES,
                sequence,
                activity,
                25.0,
                own_seed,
                SIZE,
                FOCAL,
                height,
                distance,
                pitch_deg=pitch,
                roll_deg=roll,
            )
        )
    return drawn


def render_all(folder: Path, count: int, seed: int) -> None:
    """Write the videos, their truth, and what is known of each as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, film in enumerate(films(count, seed)):
        video = folder / f"f{number:02d}.mp4"
        if not video.with_suffix(".json").exists():
            render(video, film)
            about = {"activity": film.activity, "stature": film.body_height_mm}
            video.with_suffix(".json").write_text(json.dumps(about))


def predict_all(folder: Path) -> None:
    """Run `pose3d predict --smooth` on each, with true height and camera."""
    for video in _videos(folder):
        out = video.with_suffix("")
        if not (out / "refined.npz").exists():
            stature = json.loads(video.with_suffix(".json").read_text())["stature"]
            camera = f"{FOCAL:g},{FOCAL:g},{(SIZE[0] - 1) / 2},{(SIZE[1] - 1) / 2}"
            known = ["--intrinsics", camera, "--height", f"{stature / 1000:.3f}", "--runtime", "float32"]
            pose3d(["predict", str(video), "--smooth", *known, "--out", str(out)])


def score_all(folder: Path) -> list[str]:
    """A line for each film that was predicted, and one for all."""
    lines, ups, distances = [], list[float](), list[float]()
    for video in _videos(folder):
        if not (video.with_suffix("") / "refined.npz").exists():
            continue
        truth = np.load(truth_of(video))
        found = read_predictions(video.with_suffix("") / "refined.npz")
        assert found.confidence is not None
        sure = found.confidence.mean(axis=1) >= SURE
        assert found.translation is not None
        found.translation[~sure] = np.nan  # a person who is hardly seen has no distance
        off = errors(found, truth["joints"], truth["up"])
        up, distance = off["up_deg"], off["distance_p90"]
        ups.append(up)
        distances.append(distance)
        pitch = np.degrees(np.arcsin(-truth["up"][2]))
        activity = json.loads(video.with_suffix(".json").read_text())["activity"]
        lines.append(
            f"{video.stem}: activity {activity}, pitch {pitch:.0f}; up {up:.1f} degrees; distance "
            f"{off['distance']:+.1f} %, 90 % of the frames within {distance:.1f} %"
        )
    low, middle, high = np.quantile(ups, (0.25, 0.5, 0.75))
    lines.append(
        f"{len(ups)} films: up {middle:.1f} degrees in the median (quartiles {low:.1f} to {high:.1f}), within 2 "
        f"degrees in {sum(up <= 2 for up in ups)}; 90 % of the frames' distances within {np.median(distances):.1f} % "
        f"in the median film, within 5 % in {sum(each <= 5 for each in distances)}"
    )
    return lines


def _videos(folder: Path) -> list[Path]:
    return sorted(path.with_suffix(".mp4") for path in folder.glob("f*.json"))


def main(argv: list[str] | None = None) -> int:
    """Run one of the three."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("render", "predict", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args(argv)
    if args.do == "render":
        render_all(args.folder, args.count, args.seed)
    elif args.do == "predict":
        predict_all(args.folder)
    else:
        print("\n".join(score_all(args.folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
