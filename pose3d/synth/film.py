"""A film of the embedded data set: one person, one static camera, consecutive frames with exact labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from pose3d.synth.bodies import load_bodies, pose_body, universal_scale
from pose3d.synth.cameras import Camera, look_at, pinhole
from pose3d.synth.motion import sample_clip
from pose3d.synth.scenes import depict
from pose3d.synth.staging import Stage, generator
from pose3d.synth.worlds import Shot, world

_RELEVANT = remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)


@dataclass(frozen=True)
class FilmFrame:
    """One frame with its labels."""

    image: np.ndarray
    """(H, W, 3) uint8 RGB."""
    joints_3d: np.ndarray
    """(17, 3) mm, camera axes."""
    joints_2d: np.ndarray
    """(17, 2) px."""


@dataclass(frozen=True)
class Film:
    """Frames of the person of `sequence` of the world `test` during `activity` (1 to 7). Iterable."""

    frames: int
    sequence: int = 2
    activity: int = 2
    fps: float = 25.0
    seed: int = 0
    size: tuple[int, int] = (1920, 1080)
    focal: float = 1650.0
    height_m: float = 1.5
    """Height of the camera."""
    distance_m: float = 5.5
    pitch_deg: float | None = None
    """Downward pitch of the camera; None: it looks at a point 0.9 m above the floor."""
    roll_deg: float = 0.0

    @property
    def camera(self) -> Camera:
        """The camera; world coordinates in mm, z up, floor at z = 0."""
        eye = 1000 * np.array([0.0, -self.distance_m, self.height_m])
        drop = self.height_m - 0.9
        if self.pitch_deg is not None:
            drop = self.distance_m * np.tan(np.radians(self.pitch_deg))
        target = eye + 1000 * np.array([0.0, self.distance_m, -drop])
        return Camera(pinhole(self.focal, self.size), look_at(eye, target, self.roll_deg), self.size)

    @property
    def body_height_mm(self) -> float:
        """Height of the standing person in mm."""
        return 1000 * float(load_bodies().height[world("test").sequences[self.sequence].body])

    def __iter__(self) -> Iterator[FilmFrame]:
        described = world("test")
        # Clothes and place are those of the sequence, as in the pictures of the world `test`.
        body = described.sequences[self.sequence].body
        clip = sample_clip(self.activity, self.frames, generator(self.seed, "film"), fps=self.fps)
        bodies, camera = load_bodies(), self.camera
        clip = replace(clip, root_xy=clip.root_xy - clip.root_xy.mean(axis=0))
        for number in range(self.frames):
            posed = pose_body(bodies, body, clip.local[number], clip.root_xy[number], float(clip.airborne[number]))
            forward = -clip.local[number, 0, :, 1]
            heading = float(np.arctan2(forward[0], -forward[1]))
            staged = Stage(posed, camera, clip, heading, universal_scale(bodies, body), bool(bodies.woman[body]))
            shot = Shot(index=number, sequence=self.sequence, clip=0, clip_frame=number, camera=0)
            image, _ = depict(described, shot, staged, self.seed)
            pixels, joints = camera.project(1000.0 * posed.joints_28.astype(float))
            yield FilmFrame(image, joints[_RELEVANT], pixels[_RELEVANT])
