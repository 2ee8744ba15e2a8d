"""People and cameras of the fabricated trees: labels known in closed form, images that say which frame they are."""

from dataclasses import dataclass

import cv2
import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28

# A standing person, mm, x to the person's left, y up, z forward, pelvis at the origin; order of MPI_INF_3DHP_28.
_STANDING = np.array(
    [
        (0, 330, 0), (0, 430, 0), (0, 220, 0), (0, 110, 0), (0, 0, 0), (0, 520, 0), (0, 600, 10), (0, 770, 0),
        (40, 500, 0), (170, 490, 0), (200, 220, 20), (210, -30, 60), (215, -110, 70),
        (-40, 500, 0), (-170, 490, 0), (-200, 220, 20), (-210, -30, 60), (-215, -110, 70),
        (100, -20, 0), (105, -450, 15), (110, -860, -20), (115, -900, 80), (115, -905, 130),
        (-100, -20, 0), (-105, -450, 15), (-110, -860, -20), (-115, -900, 80), (-115, -905, 130),
    ],
    dtype=np.float64,
)  # fmt: skip
assert len(_STANDING) == len(MPI_INF_3DHP_28)


def walk(num_frames: int, seed: int, step_mm: float = 130.0) -> np.ndarray:
    """(T, 28, 3) mm, world with y up: a person who turns, sways and moves `step_mm` a frame near the origin."""
    rng = np.random.default_rng(seed)
    poses = []
    for frame in range(num_frames):
        angle = 0.1 * frame + seed
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        pose = (_STANDING + rng.normal(0, 8, _STANDING.shape)) @ turn.T
        poses.append(pose + np.array([step_mm * (frame - num_frames / 2), 950, 40 * np.sin(frame)]))
    return np.array(poses)


@dataclass(frozen=True)
class SceneCamera:
    """A pinhole camera that looks at the origin from `angle` radians around the y axis."""

    angle: float
    size: tuple[int, int] = (160, 160)
    distance: float = 4000.0

    @property
    def intrinsics(self) -> np.ndarray:
        focal = 0.9 * self.size[1]
        return np.array([[focal, 0, self.size[0] / 2 + 1.5], [0, focal * 1.01, self.size[1] / 2 - 2.25], [0, 0, 1]])

    @property
    def cam_from_world(self) -> np.ndarray:
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        rotation = np.array([[cos, 0, -sin], [0, -1, 0], [-sin, 0, -cos]])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = [0, 950, self.distance]
        return matrix

    def see(self, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(..., 2) px and (..., 3) mm in camera axes."""
        matrix = self.cam_from_world
        points = world @ matrix[:3, :3].T + matrix[:3, 3]
        pixels = points @ self.intrinsics.T
        return pixels[..., :2] / pixels[..., 2:], points


def gray_level(frame: int) -> int:
    """Background of frame `frame`; differs by more than any codec blurs."""
    return 30 + 12 * (frame % 16)


def picture(frame: int, joints_2d: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) BGR: the frame's gray level, a red dot on every joint."""
    image = np.full((size[1], size[0], 3), gray_level(frame), np.uint8)
    for x, y in np.round(joints_2d).astype(int):
        cv2.circle(image, (int(x), int(y)), 2, (0, 0, 255), -1)
    return image


def frame_of(image: np.ndarray) -> int:
    """The frame (modulo 16) that a stored picture shows."""
    return round((float(np.median(image)) - 30) / 12)


def write_video(path, images: list[np.ndarray], fps: float = 25.0) -> None:
    """A motion-JPEG video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    assert writer.isOpened()
    for image in images:
        writer.write(image)
    writer.release()


def destroy_frame(path, number: int) -> None:
    """Overwrite one frame of a motion-JPEG video with zeros."""
    content = bytearray(path.read_bytes())
    place = content.index(b"movi")
    for _ in range(number + 1):
        place = content.index(b"00dc", place + 4)
    size = int.from_bytes(content[place + 4 : place + 8], "little")
    content[place + 8 : place + 8 + size] = bytes(size)
    path.write_bytes(content)
