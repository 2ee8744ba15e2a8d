"""Cameras of the worlds: the studio (14), the lab (4), outdoors (1), rotated test cameras, and random ones.

World z up; camera axes x right, y down, z forward; millimetres and pixels, pixel centres at integers (decision G4).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `intrinsics` (3, 3) px, `cam_from_world` (4, 4) mm, `size` (width, height) px."""

    intrinsics: np.ndarray
    cam_from_world: np.ndarray
    size: tuple[int, int]

    def project(self, points_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (..., 2) and camera coordinates (..., 3) mm of world points (..., 3) mm."""
        in_camera = points_mm @ self.cam_from_world[:3, :3].T + self.cam_from_world[:3, 3]
        homogeneous = in_camera @ self.intrinsics.T
        return homogeneous[..., :2] / homogeneous[..., 2:], in_camera

    def window(self, centre: np.ndarray, width: float, size: tuple[int, int]) -> "Camera":
        """Crop the image to `width` px around pixel `centre` and resize it to `size`.

        The camera keeps its pose and gets other intrinsics, so labels stay exact.
        """
        scale = size[0] / width
        middle = (np.array(size) - 1) / 2
        intrinsics = self.intrinsics.copy()
        intrinsics[:2] *= scale
        intrinsics[:2, 2] = scale * (self.intrinsics[:2, 2] - centre) + middle
        return Camera(intrinsics, self.cam_from_world, size)

    def turned(self, yaw: float, pitch: float) -> "Camera":
        """Rotate the camera about its centre: `yaw` degrees to the right, then `pitch` degrees down."""
        a, b = np.radians(yaw), np.radians(pitch)
        turn = np.eye(4)
        turn[:3, :3] = [[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]]
        nod = np.eye(4)
        nod[1:3, 1:3] = [[np.cos(b), -np.sin(b)], [np.sin(b), np.cos(b)]]
        return Camera(self.intrinsics, nod @ turn @ self.cam_from_world, self.size)


def look_at(eye: np.ndarray, target: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """`cam_from_world` (4, 4) of a camera at `eye` that looks at `target`, both mm; `roll` in degrees."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    pose = np.eye(4)
    pose[:3, :3] = np.stack((c * right + s * down, c * down - s * right, forward))
    pose[:3, 3] = -pose[:3, :3] @ eye
    return pose


def pinhole(focal: float, size: tuple[int, int], centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Intrinsics (3, 3) with the principal point `centre` px off the image centre."""
    cx, cy = (size[0] - 1) / 2 + centre[0], (size[1] - 1) / 2 + centre[1]
    return np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1.0]])


def _around(azimuth: float, height: float, distance: float, target_height: float) -> np.ndarray:
    """`cam_from_world` (mm) of a camera on a circle around the origin; arguments in metres and degrees."""
    a = np.radians(azimuth)
    eye = 1000 * np.array([distance * np.cos(a), distance * np.sin(a), height])
    return look_at(eye, np.array([0, 0, 1000 * target_height]))


CHEST_CAMERAS = (0, 2, 4, 7, 8)
"""Decision D3: the five cameras at chest height."""

# id: azimuth in degrees, height m, distance m, height of the target m
_STUDIO = {
    0: (10, 1.30, 4.2, 0.95),
    1: (46, 3.60, 3.0, 0.90),
    2: (84, 1.75, 4.1, 0.90),
    3: (120, 3.80, 3.1, 0.90),
    4: (155, 1.05, 4.4, 0.95),
    5: (190, 3.60, 3.2, 0.90),
    6: (262, 3.70, 3.0, 0.90),
    7: (226, 1.95, 4.2, 0.90),
    8: (300, 1.45, 4.0, 0.95),
    9: (336, 3.80, 3.1, 0.90),
    10: (28, 0.45, 3.8, 1.05),
    11: (0, 4.60, 0.5, 0.80),
    12: (120, 4.70, 0.6, 0.80),
    13: (240, 4.60, 0.6, 0.80),
}


def studio(offset: tuple[float, float] = (0.3, 4.2)) -> tuple[Camera, ...]:
    """The 14 cameras of MPI-INF-3DHP: five chest high, five looking down, one low, three overhead.

    2048 x 2048 px, focal length 1497.7 px; `offset` shifts all principal points.
    """
    size = (2048, 2048)
    return tuple(Camera(pinhole(1497.7, size, offset), _around(*_STUDIO[i]), size) for i in range(14))


def studio_test() -> tuple[Camera, ...]:
    """The camera of the test sequences in the studio: a viewpoint that no training camera has."""
    size = (2048, 2048)
    return (Camera(pinhole(1500.2, size, (-6.6, 19.0)), _around(52, 1.55, 4.3, 0.92), size),)


def lab() -> tuple[Camera, ...]:
    """Four cameras in the corners of the lab, 1000 x 1000 px, as in Human3.6M."""
    size = (1000, 1000)
    corners = ((42, 1.55, 4.9), (137, 1.62, 5.2), (222, 1.52, 4.8), (318, 1.58, 5.0))
    return tuple(Camera(pinhole(1145.0, size, (6.0, 8.0)), _around(*c, 0.9), size) for c in corners)


def outdoor_test() -> tuple[Camera, ...]:
    """The outdoor test camera: 1920 x 1080 px, a longer lens, farther away."""
    size = (1920, 1080)
    return (Camera(pinhole(1684.0, size, (-19.6, 20.6)), _around(75, 1.45, 5.6, 0.95), size),)


# Rotations (yaw, pitch) in degrees of the cameras of TS1..TS6 in the world `test_wide`: the people of MPI-INF-3DHP's
# test set are up to 34 degrees off the optical axis.
_TURNS = ((-24, 3), (17, -4), (25, 2), (-12, -3), (22, 4), (-26, -2))


def studio_wide() -> tuple[Camera, ...]:
    """The studio test camera with six rotations, one for each sequence of `test_wide`."""
    return tuple(studio_test()[0].turned(*turn) for turn in _TURNS)


def outdoor_wide() -> tuple[Camera, ...]:
    """The outdoor test camera with six rotations, one for each sequence of `test_wide`."""
    return tuple(outdoor_test()[0].turned(*turn) for turn in _TURNS)


def wild(rng: np.random.Generator, target: np.ndarray) -> Camera:
    """Draw a camera around `target` (3,) mm: elevation -10..35 degrees, field of view 30..70 degrees, some roll."""
    size = (2048, 2048)
    view = rng.uniform(30, 70)
    focal = size[0] / 2 / np.tan(np.radians(view) / 2)
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.triangular(-10, 6, 35))
    distance = 1000 * rng.uniform(1.25, 1.9) / np.tan(np.radians(view) / 2)
    way = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    eye = target + distance * way
    eye[2] = max(eye[2], 150.0)  # above the floor
    return Camera(pinhole(focal, size), look_at(eye, target, rng.normal(0, 4)), size)
