# ruff: noqa: E501  (one pose a line reads best, as in a table)
"""Key poses of the seven activities, written by hand as anatomical angles (see `pose3d.synth.angles`).

`trunk=(bend, lean, turn)` is shared between spine and chest, `look=` between neck and head. `arms`, `elbows`, `wrists`,
`legs`, `knees`, `ankles` set both sides; `l_arm`, `r_knee`, ... one side and override them. An arm or a leg is
(raise, plane, turn), see `angles`. Everything else is zero. A family is a set of poses with natural transitions between
them; in a cycle their order matters (wind-up, hit, follow-through).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pose3d.synth.angles import INDEX, clamp
from pose3d.synth.rig import CONTROLS


@dataclass(frozen=True)
class KeyPose:
    """Angles (C, 3) in degrees of one pose, and how far its lowest point is above the floor, in metres."""

    angles: np.ndarray
    air: float = 0.0


@dataclass(frozen=True)
class Family:
    """Poses of one activity (1..7) that follow one another.

    `weight` is the family's share within its activity. `free_arms`: the arms bear no weight, so they may be taken
    from another such pose. `cycle`: poses follow in the given order. `pace` multiplies the duration of each blend.
    `spread` multiplies the random change of angles.
    """

    activity: int
    weight: float
    poses: tuple[KeyPose, ...]
    free_arms: bool = False
    cycle: bool = False
    chair: bool = False
    pace: float = 1.0
    spread: float = 1.0


Angles = tuple[float, ...] | float
_DEFAULTS: dict[str, Angles] = {"arm": (8.0, 70.0, 0.0), "elbow": 12.0, "knee": 4.0}
_PARTS = {"arm": "shoulder", "elbow": "elbow", "wrist": "wrist", "clavicle": "clavicle"}
_PARTS |= {"leg": "hip", "knee": "knee", "ankle": "ankle"}


def pose(
    *, pelvis: Angles = 0.0, trunk: Angles = 0.0, look: Angles = 0.0, air: float = 0.0, **limbs: Angles
) -> KeyPose:
    """Build a key pose from the notation above."""

    def three(value: Angles) -> np.ndarray:
        return np.resize(np.array((*value, 0, 0) if isinstance(value, tuple) else (value, 0, 0), float), 3)

    angles = np.zeros((len(CONTROLS), 3))
    angles[INDEX["pelvis"]] = three(pelvis)
    angles[INDEX["spine"]], angles[INDEX["chest"]] = 0.5 * three(trunk), 0.5 * three(trunk)
    angles[INDEX["neck"]], angles[INDEX["head"]] = 0.5 * three(look), 0.5 * three(look)
    for side in "lr":
        for part, control in _PARTS.items():
            default: Angles = _DEFAULTS.get(part, 0.0)
            value = limbs.pop(f"{side}_{part}", limbs.get(f"{part}s", default))
            angles[INDEX[f"{side}_{control}"]] = three(value)
        if not angles[INDEX[f"{side}_clavicle"]].any():  # a raised arm lifts its shoulder
            angles[INDEX[f"{side}_clavicle"], 0] = np.clip(0.22 * (angles[INDEX[f"{side}_shoulder"], 0] - 60), 0, 25)
    if unknown := set(limbs) - {f"{part}s" for part in _PARTS}:
        raise ValueError(f"unknown parts of a key pose: {unknown}")
    return KeyPose(clamp(angles), air)


# Arms that recur: (raise, plane, turn) and the elbow's flexion.
HIP_ARM, HIP_ELBOW = (48, 115, -60), 95
FOLD_ARM, FOLD_ELBOW = (28, 35, -62), 108
EAR_ARM, EAR_ELBOW = (55, 55, -5), 140

STAND = Family(1, 0.42, (
    pose(),
    pose(l_leg=(5, 90, 8), r_leg=(6, 90, 10), arms=(10, 80)),
    pose(pelvis=(0, 5, 0), trunk=(2, -6, 0), l_leg=(3, -20), r_leg=(14, 20, 12), r_knee=24, l_arm=(10, 60), look=(5, 0, 25)),
    pose(pelvis=(0, -5, 0), trunk=(0, 6, 4), r_leg=(5, -20), l_leg=(16, 30, 15), l_knee=22, arms=HIP_ARM, elbows=HIP_ELBOW),
    pose(l_arm=HIP_ARM, l_elbow=HIP_ELBOW, legs=(5, 90, 10), look=(0, 0, -30)),
    pose(trunk=(-4, 0, 0), arms=(28, 170, -50), elbows=60, legs=(4, 90, 6)),
    pose(trunk=(10, 0, 0), look=(25, 0, 0), arms=(26, 20, -35), elbows=85, legs=(4, 90, 5)),
    pose(arms=(22, 130, -20), elbows=42, legs=(8, 90, 12), trunk=(-3, 0, 5)),
    pose(trunk=(0, 0, 28), look=(0, 0, 30), legs=(6, 90, 10), l_arm=(20, 150), r_arm=(18, 20), elbows=25),
    pose(l_arm=(130, 85, 45), l_elbow=140, legs=(4, 90, 8), r_arm=(8, 60)),
    pose(l_leg=(18, 0, 5), r_leg=(14, 180), l_knee=8, r_knee=12, arms=(15, 20), elbows=30),
    pose(trunk=(18, 0, 0), pelvis=(12, 0, 0), legs=(14, 10), knees=10, arms=(14, 10), look=(-18, 0, 0)),
), free_arms=True)  # fmt: skip

EXERCISE = Family(2, 0.75, (
    pose(),
    pose(arms=(165, 88, 10), elbows=12, legs=(24, 90, 8)),
    pose(arms=(90, 90), elbows=4, legs=(6, 90, 8)),
    pose(pelvis=(38, 0, 0), trunk=(12, 0, 0), look=(-20, 0, 0), legs=(105, 25, 12), knees=110, ankles=18, arms=(118, 5), elbows=8),
    pose(pelvis=(6, 0, 0), l_leg=(88, 5), l_knee=88, r_leg=(14, 180), r_knee=48, r_ankle=12, arms=HIP_ARM, elbows=HIP_ELBOW),
    pose(pelvis=(8, 0, 0), l_leg=(95, 5), l_knee=92, r_leg=(16, 180), r_knee=60, r_ankle=-15, arms=(12, 70), trunk=(4, 0, -15)),
    pose(l_arm=(168, 80), r_arm=HIP_ARM, r_elbow=HIP_ELBOW, l_elbow=20, trunk=(0, -30, 0), legs=(14, 90, 8), look=(0, -12, 0)),
    pose(pelvis=(60, 0, 0), trunk=(50, 0, 0), look=(20, 0, 0), legs=(62, 8), knees=8, arms=(90, 0), elbows=8),
    pose(pelvis=(40, 0, 0), trunk=(30, 0, 35), legs=(46, 35, 8), knees=10, l_arm=(95, 90), r_arm=(92, 70), elbows=5),
    pose(l_leg=(105, 5), l_knee=115, r_arm=(55, 0), l_arm=(35, 180), elbows=90, trunk=(6, 0, 0)),
    pose(arms=(90, 90, 85), elbows=90, legs=(10, 90, 8)),
    pose(arms=(170, 40), elbows=20, look=(-15, 0, 0), legs=(6, 90)),
    pose(arms=(20, 10, 0), elbows=135, legs=(5, 90, 5)),
    pose(trunk=(0, 0, 40), arms=(75, 80, -20), elbows=95, legs=(14, 90, 10), look=(0, 0, 15)),
    pose(l_leg=(18, 180), l_knee=132, l_arm=(38, 180), l_elbow=25, r_arm=(80, 70), r_elbow=15, pelvis=(8, 0, 0)),
    pose(pelvis=(20, 0, 6), trunk=(12, 0, 0), l_leg=(95, 55, 10), l_knee=105, l_ankle=15, r_leg=(48, 78, 8), r_knee=8, arms=(85, 10), elbows=25),
    pose(pelvis=(45, 0, 0), trunk=(6, 0, 0), look=(-25, 0, 0), legs=(62, 12, 6), knees=35, arms=(48, 5), elbows=5),
    pose(arms=(150, 60, 10), elbows=85, trunk=(0, 18, 0), legs=(16, 90, 10)),
    pose(l_arm=(92, -25, -10), l_elbow=25, r_arm=(70, -15, -40), r_elbow=110, legs=(8, 90, 8)),
), pace=0.9)  # fmt: skip

_SEAT: dict[str, Any] = {"legs": (82, 14), "knees": 84}
SIT = Family(3, 1.0, (
    pose(**_SEAT, arms=(32, 10), elbows=42),
    pose(**_SEAT, pelvis=(-12, 0, 0), trunk=(-4, 0, 0), arms=(14, 60, -30), elbows=70),
    pose(legs=(62, 10), knees=38, pelvis=(-20, 0, 0), trunk=(6, 0, 0), arms=(16, 30, -35), elbows=75, look=(8, 0, 0)),
    pose(legs=(80, 12), knees=85, pelvis=(14, 0, 0), trunk=(44, 0, 0), look=(-12, 0, 0), arms=(48, 12, -15), elbows=72),
    pose(legs=(80, 14), knees=80, pelvis=(5, 0, 0), trunk=(6, 0, 0), arms=(42, 5, -5), elbows=72, look=(14, 0, 0)),
    pose(legs=(80, 20), knees=82, trunk=(0, 0, 0), arms=FOLD_ARM, elbows=FOLD_ELBOW),
    pose(r_leg=(80, 10), r_knee=86, l_leg=(92, -12, -4), l_knee=72, pelvis=(-8, 0, 0), l_arm=(32, 0, -45), r_arm=(36, 5, -40), elbows=70),
    pose(r_leg=(80, 20), r_knee=86, l_leg=(82, 52, 42), l_knee=100, pelvis=(-6, 0, 0), l_arm=(38, 30, -20), r_arm=(30, 10, -30), elbows=58),
    pose(**_SEAT, pelvis=(-12, 0, 0), arms=(128, 85, 45), elbows=138, look=(-8, 0, 0)),
    pose(**_SEAT, l_arm=(88, 20), l_elbow=12, r_arm=(30, 10), r_elbow=45, look=(0, 0, 15)),
    pose(legs=(80, 34, 8), knees=96, pelvis=(8, 0, 0), trunk=(10, 0, 18), l_arm=(155, 40), l_elbow=20, r_arm=(34, 40, -20), r_elbow=55),
    pose(**_SEAT, l_arm=(52, 15, -22), l_elbow=128, r_arm=(30, 10, -20), r_elbow=58, look=(4, 0, 0)),
    pose(legs=(78, 16), l_knee=96, r_knee=62, trunk=(6, 10, 20), l_arm=(26, 110, 0), r_arm=(40, 20, -20), l_elbow=75, r_elbow=60, look=(0, 0, 30)),
    pose(legs=(82, 26), knees=88, pelvis=(10, 0, 0), trunk=(25, 0, 0), look=(20, 0, 0), arms=(40, 8, -22), elbows=98),
    pose(**_SEAT, l_arm=EAR_ARM, l_elbow=EAR_ELBOW, r_arm=(30, 10, -15), r_elbow=50, trunk=(4, 4, 0)),
    pose(legs=(84, 16), knees=88, pelvis=(25, 0, 0), trunk=(58, 0, 0), look=(10, 0, 0), arms=(62, 15), elbows=12),
), chair=True, pace=1.3)  # fmt: skip

_CROUCH: dict[str, Any] = {"legs": (118, 22, 10), "knees": 132, "ankles": 22}
REACH = Family(4, 0.55, (
    pose(arms=(172, 20), elbows=6, look=(-22, 0, 0), legs=(5, 90)),
    pose(l_arm=(172, 25), r_arm=(14, 80), look=(-20, 0, 8), trunk=(-4, -12, 0), l_elbow=6, r_leg=(12, 90), ankles=-25),
    pose(l_arm=(100, 10), trunk=(16, 0, -20), pelvis=(12, 0, -8), l_leg=(24, 10), r_leg=(6, 180), l_knee=14, r_arm=(20, 150), r_elbow=20),
    pose(pelvis=(58, 0, 0), trunk=(38, 0, 0), legs=(66, 14, 6), knees=24, l_arm=(100, 5), l_elbow=10, r_arm=(60, 30), r_elbow=40),
    pose(pelvis=(42, 0, 0), trunk=(22, 0, 0), look=(-10, 0, 0), legs=(92, 20, 8), knees=88, ankles=12, arms=(72, 5), elbows=18),
    pose(l_arm=(105, 90), trunk=(0, 22, 0), pelvis=(0, 6, 0), l_leg=(16, 90, 6), r_leg=(18, 90, 6), l_elbow=8, l_knee=18, look=(0, 10, 30)),
    pose(pelvis=(30, 0, 0), trunk=(30, 0, 0), look=(-20, 0, 0), legs=(38, 10), knees=16, arms=(85, 8), elbows=10),
    pose(pelvis=(25, 0, 0), trunk=(25, 20, 25), legs=(48, 25, 8), knees=46, l_arm=(55, 70), l_elbow=10, r_arm=(25, 60, -20), r_elbow=70),
    pose(arms=(95, 12), elbows=30, trunk=(5, 0, 10), l_leg=(16, 5), r_leg=(10, 180), knees=10),
    pose(l_arm=(140, 60), l_elbow=20, r_arm=(70, 20), r_elbow=60, look=(-12, 0, 18), trunk=(0, -8, 10), legs=(7, 90)),
), free_arms=False)  # fmt: skip

CROUCH = Family(4, 0.45, (
    pose(**_CROUCH, pelvis=(15, 0, 0), trunk=(34, 0, 0), arms=(52, 10), elbows=40, look=(-20, 0, 0)),
    pose(**_CROUCH, pelvis=(10, 0, 0), trunk=(24, 0, 0), l_arm=(112, 10), l_elbow=12, r_arm=(40, 20, -20), r_elbow=60, look=(-14, 0, 0)),
    pose(**_CROUCH, pelvis=(25, 0, 0), trunk=(42, 0, 0), arms=(68, 0, -8), elbows=22, look=(12, 0, 0)),
    pose(l_leg=(92, 8), l_knee=92, r_leg=(2, 0), r_knee=92, r_ankle=-10, trunk=(6, 0, 0), l_arm=(35, 5), l_elbow=45),
    pose(pelvis=(12, 0, 0), l_leg=(108, 10), l_knee=100, l_ankle=10, r_leg=(8, 0), r_knee=98, r_ankle=-10, trunk=(46, 0, 0), look=(10, 0, 0), arms=(68, 5, -10), elbows=42),
    pose(l_leg=(92, 12), l_knee=90, r_leg=(0, 0), r_knee=92, r_ankle=-12, l_arm=(150, 20), r_arm=(95, 15), elbows=15, look=(-16, 0, 0)),
    pose(legs=(4, 60), knees=92, ankles=-30, arms=(22, 20, -20), elbows=50),
    pose(legs=(60, 14), knees=142, ankles=-35, pelvis=(8, 0, 0), trunk=(14, 0, 0), arms=(35, 10), elbows=40),
    pose(pelvis=(20, 0, 0), legs=(24, 30), knees=94, ankles=-30, trunk=(20, 0, 0), arms=(90, 8), elbows=15),
), pace=1.1)  # fmt: skip

_PRONE, _SUPINE = (88, 0, 0), (-88, 0, 0)
SUPINE = Family(5, 0.2, (
    pose(pelvis=_SUPINE, arms=(16, 90), legs=(8, 90, 12)),
    pose(pelvis=_SUPINE, arms=(28, 90), legs=(48, 12), knees=92),
    pose(pelvis=_SUPINE, arms=(165, 88), legs=(14, 90, 14)),
    pose(pelvis=_SUPINE, arms=(128, 88, 60), elbows=138, legs=(46, 10), knees=90),
    pose(pelvis=_SUPINE, arms=(85, 90, 40), elbows=70, l_leg=(6, 90, 12), r_leg=(42, 40, 35), r_knee=85),
    pose(pelvis=(-78, 0, 0), trunk=(50, 0, 0), look=(20, 0, 0), legs=(52, 8), knees=88, arms=(48, 10), elbows=15),
    pose(pelvis=_SUPINE, arms=(22, 90), legs=(85, 8), knees=15, look=(10, 0, 0)),
    pose(pelvis=_SUPINE, arms=(24, 60, -50), elbows=85, legs=(100, 14), knees=110, trunk=(10, 0, 0)),
    pose(pelvis=(-112, 0, 0), trunk=(6, 0, 0), arms=(20, 90), legs=(14, 8), knees=85, look=(22, 0, 0)),
), pace=1.3)  # fmt: skip
PRONE = Family(5, 0.22, (
    pose(pelvis=_PRONE, arms=(14, 90, -40), look=(0, 0, 50), ankles=-40, legs=(6, 90)),
    pose(pelvis=_PRONE, arms=(140, 88, -40), elbows=80, ankles=-40, look=(-10, 0, 30), legs=(6, 90)),
    pose(pelvis=(80, 0, 0), trunk=(-26, 0, 0), look=(-30, 0, 0), arms=(72, 10), elbows=88, ankles=-40),
    pose(pelvis=(72, 0, 0), trunk=(0, 0, 0), look=(-22, 0, 0), arms=(80, 12), elbows=4, ankles=12),
    pose(pelvis=(84, 0, 0), look=(-20, 0, 0), arms=(62, 70, -10), elbows=95, ankles=14),
    pose(pelvis=(80, 0, 0), look=(-10, 0, 0), arms=(84, 5), elbows=90, ankles=12),
    pose(pelvis=_PRONE, l_arm=(160, 70), r_arm=(30, 90, -40), r_elbow=40, r_leg=(62, 60, 25), r_knee=85, ankles=-35, look=(0, 0, -40)),
    pose(pelvis=(74, 0, 0), look=(-15, 0, 0), arms=(86, 12), elbows=6, l_leg=(85, 15), l_knee=100, ankles=12),
), pace=1.2)  # fmt: skip
ON_SIDE = Family(5, 0.12, (
    pose(pelvis=(0, 88, 0), l_arm=(150, 10), l_elbow=40, r_arm=(25, 10, -20), r_elbow=50, l_leg=(24, 0), r_leg=(38, 0), l_knee=40, r_knee=60),
    pose(pelvis=(0, 88, 0), trunk=(24, 0, 0), arms=(70, 5), elbows=110, l_leg=(78, 0), r_leg=(88, 0), l_knee=95, r_knee=95, look=(25, 0, 0)),
    pose(pelvis=(0, 72, 0), trunk=(0, -26, 0), l_arm=(75, 70, 0), l_elbow=95, r_arm=(30, 20, -30), r_elbow=55, l_leg=(10, 0), r_leg=(22, 0), l_knee=12, r_knee=20, look=(0, -12, 0)),
    pose(pelvis=(0, 88, 0), l_arm=(165, 15), r_arm=(80, 5), r_elbow=20, l_leg=(8, 0), r_leg=(45, 0), r_knee=70, l_knee=20, look=(0, 8, 0)),
), pace=1.4)  # fmt: skip
FOUR_LEGS = Family(5, 0.14, (
    pose(pelvis=(86, 0, 0), look=(-35, 0, 0), arms=(84, 10), elbows=6, legs=(82, 8), knees=88, ankles=-35),
    pose(pelvis=(80, 0, 0), trunk=(-10, 0, 0), look=(-40, 0, 0), l_arm=(168, 10), r_arm=(80, 8), elbows=5, l_leg=(82, 8), l_knee=85, r_leg=(0, 0), r_knee=5, ankles=-35),
    pose(pelvis=(92, 0, 0), trunk=(34, 0, 0), look=(20, 0, 0), arms=(94, 8), elbows=5, legs=(88, 8), knees=95, ankles=-30),
    pose(pelvis=(72, 0, 0), trunk=(26, 0, 0), arms=(150, 10), elbows=20, legs=(118, 10), knees=138, ankles=-35, look=(10, 0, 0)),
    pose(pelvis=(118, 0, 0), trunk=(-6, 0, 0), look=(15, 0, 0), arms=(168, 15), elbows=5, legs=(86, 10), knees=8, ankles=10),
), pace=1.2)  # fmt: skip
_CROSS: dict[str, Any] = {"legs": (92, 44, 45), "knees": 122}
ON_GROUND = Family(5, 0.32, (
    pose(pelvis=(-8, 0, 0), **_CROSS, trunk=(22, 0, 0), arms=(38, 30, -20), elbows=50),
    pose(pelvis=(-4, 0, 0), **_CROSS, trunk=(10, 0, 0), arms=(30, 10, -30), elbows=85, look=(15, 0, 0)),
    pose(pelvis=(-18, 0, 0), legs=(70, 8), knees=6, trunk=(14, 0, 0), arms=(30, 165, 30), elbows=8),
    pose(pelvis=(-10, 0, 0), legs=(82, 30, 10), knees=8, trunk=(52, 0, 0), arms=(108, 8), elbows=10, look=(10, 0, 0)),
    pose(pelvis=(-20, 0, 0), legs=(120, 10), knees=120, trunk=(30, 0, 0), arms=(62, 12, -25), elbows=55, look=(5, 0, 0)),
    pose(pelvis=(-26, 0, 0), legs=(106, 14), knees=96, trunk=(6, 0, 0), arms=(34, 165, 30), elbows=12),
    pose(pelvis=(-14, 0, 0), l_leg=(78, 10), l_knee=8, r_leg=(112, 20), r_knee=108, trunk=(24, 0, -15), r_arm=(60, 20, -20), r_elbow=55, l_arm=(30, 160, 20)),
    pose(pelvis=(0, 10, 0), l_leg=(88, 50, 30), l_knee=108, r_leg=(80, 15, -30), r_knee=118, trunk=(6, -12, 0), l_arm=(32, 110, 0), r_arm=(32, 10, -20), r_elbow=50),
    pose(pelvis=(-12, 0, 0), legs=(96, 30, 20), knees=110, trunk=(28, 0, 20), l_arm=(150, 30), l_elbow=15, r_arm=(40, 20, -10), r_elbow=55, look=(-10, 0, 0)),
), pace=1.3)  # fmt: skip

_STANCE: dict[str, Any] = {"l_leg": (20, 30, 5), "r_leg": (14, 150, 15), "knees": 18}
THROW = Family(6, 0.16, (
    pose(**_STANCE, l_arm=(40, 20, -20), r_arm=(40, 20, -20), elbows=85),
    pose(pelvis=(0, 0, -40), trunk=(-10, -10, -35), r_arm=(92, 105, 85), r_elbow=92, l_arm=(88, 60), l_elbow=20, l_leg=(46, 20, 5), l_knee=50, r_leg=(6, 120, 15), r_knee=16, look=(0, 0, 40)),
    pose(pelvis=(8, 0, 0), trunk=(10, 10, 10), r_arm=(140, 70, 20), r_elbow=35, l_arm=(60, 90, -20), l_elbow=60, l_leg=(38, 0, 5), l_knee=28, r_leg=(18, 180, 10), r_knee=20, r_ankle=-25),
    pose(pelvis=(24, 0, 25), trunk=(34, 8, 30), r_arm=(60, -35, -20), r_elbow=20, l_arm=(40, 160), l_elbow=45, l_leg=(55, 5, 5), l_knee=35, r_leg=(16, 180), r_knee=45, r_ankle=-30, look=(-20, 0, -10)),
), cycle=True, pace=0.6)  # fmt: skip
KICK = Family(6, 0.15, (
    pose(**_STANCE, arms=(30, 70), elbows=40),
    pose(pelvis=(8, 0, -20), trunk=(8, 0, 15), r_leg=(25, 180, 10), r_knee=85, l_leg=(14, 10), l_knee=18, l_arm=(75, 70), r_arm=(40, 150), elbows=25),
    pose(pelvis=(-12, -6, 15), trunk=(22, 0, -15), r_leg=(92, 15), r_knee=12, l_leg=(4, 180), l_knee=14, l_arm=(70, 20), r_arm=(50, 140), elbows=30, r_ankle=-30),
    pose(pelvis=(-6, 0, 10), trunk=(10, 0, 0), r_leg=(62, -5), r_knee=62, l_leg=(6, 0), l_knee=14, arms=(45, 80), elbows=40),
    pose(pelvis=(0, 28, 40), trunk=(6, 0, -10), r_leg=(108, 60, 10), r_knee=20, l_leg=(22, 60), l_knee=12, l_arm=(45, 20, -20), r_arm=(50, 100), elbows=80),
), cycle=True, pace=0.65)  # fmt: skip
JUMP = Family(6, 0.15, (
    pose(pelvis=(36, 0, 0), trunk=(16, 0, 0), legs=(78, 14), knees=86, ankles=20, arms=(45, 178), elbows=15, look=(-20, 0, 0)),
    pose(arms=(160, 25), elbows=12, legs=(6, 180), knees=10, ankles=-45, air=0.12, look=(-10, 0, 0)),
    pose(arms=(110, 60), elbows=35, legs=(72, 18), knees=98, ankles=-25, air=0.42, trunk=(12, 0, 0)),
    pose(arms=(150, 85), elbows=20, legs=(40, 88, 10), knees=10, ankles=-30, air=0.4),
    pose(pelvis=(10, 0, 0), l_leg=(75, 5), l_knee=45, r_leg=(30, 180), r_knee=60, l_arm=(70, 150), r_arm=(95, 10), elbows=40, air=0.3, ankles=-25),
    pose(pelvis=(20, 0, 0), legs=(48, 14), knees=55, ankles=8, arms=(60, 60), elbows=30, trunk=(8, 0, 0)),
), cycle=True, pace=0.55)  # fmt: skip
_GUARD: dict[str, Any] = {"l_leg": (26, 20, 5), "r_leg": (16, 160, 20), "l_knee": 26, "r_knee": 28}
BOX = Family(6, 0.2, (
    pose(**_GUARD, trunk=(10, 0, -20), l_arm=(48, 10, -12), l_elbow=118, r_arm=(34, 20, -12), r_elbow=132),
    pose(**_GUARD, trunk=(10, 0, -30), l_arm=(88, 2, -30), l_elbow=8, r_arm=(34, 20, -12), r_elbow=132),
    pose(**_GUARD, pelvis=(6, 0, 25), trunk=(12, 0, 25), r_arm=(90, -8, -30), r_elbow=8, l_arm=(42, 15, -12), l_elbow=128),
    pose(**_GUARD, pelvis=(4, 0, 20), trunk=(8, 8, 25), r_arm=(66, 5, 10), r_elbow=105, l_arm=(40, 15, -12), l_elbow=128),
    pose(**_GUARD, pelvis=(0, 0, -20), trunk=(8, 0, -25), l_arm=(86, 60, -55), l_elbow=85, r_arm=(36, 20, -10), r_elbow=130),
    pose(**_GUARD, pelvis=(16, 0, 0), trunk=(26, 14, 0), l_arm=(50, 5, -15), l_elbow=125, r_arm=(46, 10, -12), r_elbow=128, look=(-10, 0, 0)),
), pace=0.55)  # fmt: skip
GOLF = Family(6, 0.14, (
    pose(pelvis=(28, 0, 0), trunk=(18, 0, 0), look=(10, 0, 0), legs=(38, 22, 5), knees=24, arms=(48, -12, -8), elbows=6),
    pose(pelvis=(22, 0, -40), trunk=(16, 0, -45), look=(10, 0, 35), legs=(34, 22, 5), knees=24, l_arm=(105, -45, -10), l_elbow=12, r_arm=(72, 55, 30), r_elbow=100),
    pose(pelvis=(26, -4, 25), trunk=(16, -8, 10), look=(12, 0, -20), legs=(36, 22, 5), knees=20, arms=(50, -10, -8), elbows=6),
    pose(pelvis=(4, -6, 80), trunk=(0, -8, 30), look=(0, 0, 10), l_leg=(8, 20), r_leg=(14, 150), r_knee=45, r_ankle=-30, l_arm=(98, 70, 30), l_elbow=95, r_arm=(112, -45, -10), r_elbow=35),
), cycle=True, pace=0.8)  # fmt: skip
TENNIS = Family(6, 0.2, (
    pose(pelvis=(16, 0, 0), trunk=(10, 0, 0), legs=(34, 35, 8), knees=38, arms=(42, 10, -15), elbows=72, look=(-12, 0, 0)),
    pose(pelvis=(8, 0, -45), trunk=(8, 0, -35), legs=(26, 30, 8), knees=30, r_arm=(78, 115, 10), r_elbow=35, l_arm=(72, 15, -10), l_elbow=25, look=(0, 0, 50)),
    pose(pelvis=(10, 0, 10), trunk=(8, 0, 15), l_leg=(36, 10, 5), l_knee=34, r_leg=(14, 170, 5), r_knee=25, r_arm=(72, 25, 0), r_elbow=28, l_arm=(60, 80), l_elbow=50),
    pose(pelvis=(6, 0, 35), trunk=(6, 0, 30), l_leg=(26, 10, 5), l_knee=22, r_leg=(14, 180), r_knee=40, r_ankle=-30, r_arm=(105, -38, -25), r_elbow=85, l_arm=(48, 60), l_elbow=75),
    pose(trunk=(-14, -8, -20), l_arm=(160, 20), l_elbow=5, r_arm=(100, 100, 60), r_elbow=100, legs=(18, 20), knees=28, look=(-28, 0, 20)),
    pose(trunk=(4, 14, 10), r_arm=(172, 70), r_elbow=8, l_arm=(55, 20, -30), l_elbow=95, l_leg=(12, 10), r_leg=(14, 180), ankles=-32, look=(-24, 0, 0), air=0.03),
), cycle=True, pace=0.65)  # fmt: skip

GESTURES = Family(7, 0.6, (
    pose(l_arm=EAR_ARM, l_elbow=EAR_ELBOW, look=(4, 6, 8)),
    pose(l_arm=EAR_ARM, l_elbow=EAR_ELBOW, r_arm=HIP_ARM, r_elbow=HIP_ELBOW, r_leg=(12, 20, 12), r_knee=20),
    pose(arms=FOLD_ARM, elbows=FOLD_ELBOW, legs=(5, 90, 8)),
    pose(l_arm=(88, 25), l_elbow=6, look=(0, 0, 15), legs=(5, 90, 6)),
    pose(l_arm=(120, 75, 10), l_elbow=70, legs=(5, 90, 6)),
    pose(arms=(48, 5, -20), elbows=82, legs=(5, 90, 6)),
    pose(arms=(38, 70, 40), elbows=95, clavicles=(20, 0), legs=(6, 90, 8), look=(0, 8, 0)),
    pose(l_arm=(38, 15, -30), l_elbow=138, r_arm=(26, 20, -65), r_elbow=100, look=(10, 4, 0)),
    pose(arms=(58, 12, -12), elbows=122, look=(4, 0, 0), legs=(7, 90, 6)),
    pose(arms=(108, 80, 55), elbows=78, legs=(6, 90, 6)),
    pose(arms=(42, 10, 0), elbows=78, trunk=(-6, 0, 0), legs=(6, 90, 6)),
    pose(l_arm=(50, 55, -30), l_elbow=75, r_arm=(42, 15, -45), r_elbow=100, trunk=(4, 0, 10), look=(14, 0, 20), legs=(9, 90, 8)),
    pose(l_arm=(52, 18, -18), l_elbow=126, look=(-6, 0, 0)),
    pose(l_arm=(92, 80, 30), l_elbow=128, trunk=(-3, 0, 0)),
    pose(pelvis=(30, 0, 0), trunk=(26, 0, 0), legs=(32, 5), arms=(30, 20), look=(10, 0, 0)),
    pose(arms=(80, 40), elbows=30, trunk=(-5, 0, 0), legs=(9, 90, 8)),
), free_arms=True)  # fmt: skip
DANCE = Family(7, 0.4, (
    pose(arms=(150, 80, 20), elbows=40, trunk=(0, 14, 10), pelvis=(0, -10, 0), l_leg=(14, 60, 10), l_knee=30, r_leg=(8, 90, 10)),
    pose(l_arm=(85, 85, 10), r_arm=(140, 70), elbows=30, pelvis=(0, 10, 15), trunk=(0, -16, -20), l_leg=(10, 90, 15), r_leg=(26, 30, 20), r_knee=50, r_ankle=-30),
    pose(arms=(95, 88), elbows=15, r_leg=(52, 178, 0), r_knee=15, pelvis=(32, 0, 0), l_leg=(32, 0), trunk=(-22, 0, 0), look=(-15, 0, 0), ankles=-30),
    pose(arms=(70, 60, -20), elbows=70, pelvis=(10, 6, -20), trunk=(8, -10, 25), legs=(36, 40, 15), knees=50),
    pose(l_arm=(168, 70), r_arm=(60, 100), elbows=15, l_leg=(6, 90, 8), r_leg=(58, 80, 20), r_knee=20, trunk=(0, 16, 0), pelvis=(0, 10, 0)),
    pose(arms=(165, 60), elbows=55, l_leg=(5, 0, 15), r_leg=(60, 55, 45), r_knee=110, ankles=-10),
    pose(l_arm=(30, 140, -20), r_arm=(110, 10), elbows=60, trunk=(10, 0, -25), l_leg=(36, 10), l_knee=50, r_leg=(22, 178), r_knee=30, r_ankle=-25, pelvis=(6, 0, 10)),
    pose(arms=(60, 90, -30), elbows=60, pelvis=(14, -8, 0), trunk=(-16, 8, 0), legs=(28, 60, 20), knees=35, look=(-10, 0, 0)),
), pace=0.7)  # fmt: skip

FAMILIES = (
    STAND, EXERCISE, SIT, REACH, CROUCH, SUPINE, PRONE, ON_SIDE, FOUR_LEGS, ON_GROUND,
    THROW, KICK, JUMP, BOX, GOLF, TENNIS, GESTURES, DANCE,
)  # fmt: skip
