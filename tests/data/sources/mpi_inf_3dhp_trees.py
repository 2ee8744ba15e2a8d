"""Small official trees of MPI-INF-3DHP: the same names, keys, cells, types and units as the originals."""

from pathlib import Path

import cv2
import h5py
import numpy as np
from scipy.io import savemat

from tests.data.sources.scene import SceneCamera, picture, walk, write_video

UNIVERSAL = 1.07
CHEST = (0, 2, 4, 7, 8)


def camera(number: int) -> SceneCamera:
    return SceneCamera(angle=0.4 * number)


def cell(rows: list[np.ndarray]) -> np.ndarray:
    """A MATLAB column cell."""
    cells = np.empty((len(rows), 1), object)
    cells[:, 0] = rows
    return cells


def calibration_text(cameras: list[SceneCamera]) -> str:
    lines = ["Skeletool Camera Calibration File V1.0"]
    for number, cam in enumerate(cameras):
        intrinsic = np.eye(4)
        intrinsic[:3, :3] = cam.intrinsics
        lines += [
            f"name          {number}",
            "  sensor      10 10",
            f"  size        {cam.size[0]} {cam.size[1]}",
            "  animated    0",
            "  intrinsic   " + " ".join(f"{v:.7f}" for v in intrinsic.ravel()) + " ",
            "  extrinsic   " + " ".join(f"{v:.7f}" for v in cam.cam_from_world.ravel()) + " ",
            "  radial      0",
        ]
    return "\n".join(lines) + "\n"


def masks(joints_2d: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Foreground: red bright on the person's box, green dark on its upper half, blue dark on its lower half.

    Chair: red dark in the lower left corner of the image.
    """
    x0, y0 = np.clip(joints_2d.min(axis=0), 0, size).astype(int)
    x1, y1 = np.clip(joints_2d.max(axis=0), 0, size).astype(int)
    middle = (y0 + y1) // 2
    foreground = np.zeros((size[1], size[0], 3), np.uint8)
    foreground[..., :2] = 255
    foreground[y0:y1, x0:x1, 2] = 255
    foreground[y0:middle, x0:x1, 1] = 0
    foreground[middle:y1, x0:x1, 0] = 0
    chair = np.full_like(foreground, 255)
    chair[-30:, :30] = 0
    return foreground, chair


def write_train(root: Path, num_frames: int = 6, subjects=range(1, 9), step_mm: float = 130.0) -> None:
    """S*/Seq*/ with the videos of the five chest cameras and the labels of all fourteen."""
    cameras = [camera(number) for number in range(14)]
    for subject in subjects:
        for number in (1, 2):
            folder = root / f"S{subject}" / f"Seq{number}"
            folder.mkdir(parents=True)
            world = walk(num_frames, seed=subject * 10 + number, step_mm=step_mm)
            seen = [cam.see(world) for cam in cameras]
            universal = [points[:, 4:5] + (points - points[:, 4:5]) * UNIVERSAL for _, points in seen]
            savemat(
                folder / "annot.mat",
                {
                    "annot2": cell([pixels.reshape(num_frames, 56) for pixels, _ in seen]),
                    "annot3": cell([points.reshape(num_frames, 84) for _, points in seen]),
                    "univ_annot3": cell([points.reshape(num_frames, 84) for points in universal]),
                    "cameras": np.arange(14, dtype=np.uint8)[None],
                    "frames": np.arange(num_frames)[:, None],
                },
            )
            (folder / "camera.calibration").write_text(calibration_text(cameras))
            for index in CHEST:
                pixels, size = seen[index][0], cameras[index].size
                write_video(
                    folder / "imageSequence" / f"video_{index}.avi",
                    [picture(frame, pixels[frame], size) for frame in range(num_frames)],
                )
                both = [masks(pixels[frame], size) for frame in range(num_frames)]
                write_video(folder / "FGmasks" / f"video_{index}.avi", [foreground for foreground, _ in both])
                write_video(folder / "ChairMasks" / f"video_{index}.avi", [chair for _, chair in both])


def write_test(root: Path, num_frames: int = 5, nested: int = 1) -> dict[int, dict[str, np.ndarray]]:
    """mpi_inf_3dhp_test_set/TS*/, the folder name `nested` times; the labels of each sequence."""
    for _ in range(nested):
        root = root / "mpi_inf_3dhp_test_set"
    labels = {}
    for number in range(1, 7):
        cam = SceneCamera(angle=0.5 * number, size=(160, 160) if number <= 4 else (192, 108))
        images = root / f"TS{number}" / "imageSequence"
        images.mkdir(parents=True)
        order = [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]
        pixels, points = cam.see(walk(num_frames, seed=number)[:, order])
        universal = points[:, 14:15] + (points - points[:, 14:15]) * UNIVERSAL
        valid = np.ones((num_frames, 1))
        valid[1] = 0
        activity = np.full((num_frames, 1), 1 + number % 7, dtype=np.float64)
        with h5py.File(root / f"TS{number}" / "annot_data.mat", "w", userblock_size=512) as file:
            file["annot2"] = pixels[:, None]
            file["annot3"] = points[:, None]
            file["univ_annot3"] = universal[:, None]
            file["valid_frame"] = valid
            file["activity_annotation"] = activity
        for frame in range(num_frames):
            cv2.imwrite(str(images / f"img_{frame + 1:06d}.jpg"), picture(frame, pixels[frame], cam.size))
        labels[number] = {"pixels": pixels, "points": points, "universal": universal, "valid": valid[:, 0] == 1,
                          "intrinsics": cam.intrinsics}  # fmt: skip
    return labels
