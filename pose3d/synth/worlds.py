"""The worlds of the embedded data set: their people, places, clothes, cameras and activities.

A world is a list of sequences; a sequence has one subject, one outfit, one place and several cameras, and is filmed as
clips of consecutive frames. `plan` turns a number of images into shots (sequence, clip, frame, camera);
`pose3d.synth.scenes` draws one shot. Subjects, textures and places of `test` do not occur in any training world.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pose3d.errors import PoseError
from pose3d.synth import cameras
from pose3d.synth.cameras import CHEST_CAMERAS, Camera

Range = tuple[int, int]
"""First and one past the last of a range of numbers (textures, drawn places)."""

SCENE_NAMES = ("", "green screen", "studio", "outdoor")
"""Names of scene ids 0..3: 1 to 3 as in the 3DHP test set, 0 for worlds without scenes."""

SHARE = {1: 0.26, 2: 0.16, 3: 0.13, 4: 0.13, 5: 0.08, 6: 0.12, 7: 0.12}
"""How often each activity occurs: mostly upright, floor poses a minority."""


@dataclass(frozen=True)
class Look:
    """Source of the appearance of a world; looks for training and for testing have nothing in common.

    `textures` and `drawn_places` are ranges of texture and place numbers, `panoramas` names of photographed places.
    `lamp`: number of the lamp that lights every take under a roof; None: each take has its own light.
    `kinds`: shares of the backgrounds "room", "photographed", "drawn", "flat" and "green".
    """

    textures: Range
    kinds: tuple[tuple[str, float], ...]
    drawn_places: Range = (0, 0)
    panoramas: tuple[str, ...] = ()
    lamp: int | None = None


@dataclass(frozen=True)
class Sequence:
    """One take: `body` is the index of the person's body, `subject` the id in the labels, `activities` ids 1..7.

    `blend`: indices of bodies; each picture shows a new body, a blend of some of these.
    """

    name: str
    subject: int
    body: int
    activities: tuple[int, ...]
    look: Look
    cameras: tuple[int, ...] = ()
    scene: int = 0
    plain: bool = False
    tight: bool = False
    augmentable: tuple[str, ...] = ()
    blend: tuple[int, ...] = ()


@dataclass(frozen=True)
class World:
    """Sequences and how they are filmed.

    `rig()` returns the cameras that `Sequence.cameras` refers to; without a rig each shot has its own camera. A clip
    has `frames` frames, `interval` s apart (so that joints move by more than 200 mm between them, decision D2), each
    seen by `views` of the sequence's cameras. `one_outfit`: clothes and place stay the same for a whole sequence.
    `share`: how often each activity occurs. `candid`: like snapshots, with random cameras, truncated or partly hidden
    people, and a cheap sensor. `repeats`: the world whose people, motion and places this one shows again, shot by shot.
    """

    name: str
    sequences: tuple[Sequence, ...]
    rig: Callable[[], tuple[Camera, ...]] | None = None
    outdoor_rig: Callable[[], tuple[Camera, ...]] | None = None
    frames: int = 6
    interval: float = 0.6
    views: int = 1
    three_d: bool = True
    masks: bool = False
    one_outfit: bool = True
    weights: tuple[float, ...] = ()
    share: tuple[tuple[int, float], ...] = tuple(SHARE.items())
    candid: bool = False
    repeats: str = ""

    @property
    def key(self) -> str:
        """The name that seeds this world's random numbers."""
        return self.repeats or self.name

    def shares(self, sequence: Sequence) -> dict[int, float]:
        """How much of its subject's time a sequence spends on each of its activities.

        An activity that two takes have in common is split between them, so that each subject's activities have the
        shares of `share`.
        """
        share = dict(self.share)
        takes = [s for s in self.sequences if s.subject == sequence.subject]
        total = sum(share[a] for a in {a for s in takes for a in s.activities})
        return {a: share[a] / total / sum(a in s.activities for s in takes) for a in sequence.activities}

    def weight(self, number: int) -> float:
        """Share of the world's images that sequence `number` gets; by default subjects have equal shares."""
        if self.weights:
            return self.weights[number]
        subjects = len({s.subject for s in self.sequences})
        return sum(self.shares(self.sequences[number]).values()) / subjects

    def cameras(self, sequence: Sequence) -> tuple[Camera, ...]:
        """The cameras of one sequence; empty if each shot has its own."""
        rig = self.outdoor_rig if sequence.scene == 3 and self.outdoor_rig else self.rig
        return _cached(rig) if rig else ()


@lru_cache(maxsize=8)
def _cached(rig: Callable[[], tuple[Camera, ...]]) -> tuple[Camera, ...]:
    return rig()


@dataclass(frozen=True)
class Shot:
    """One image of a world: `clip` counts within the sequence, `frame` within the sequence, `camera` is an id."""

    index: int
    sequence: int
    clip: int
    clip_frame: int
    camera: int

    def frame(self, world: World) -> int:
        """Frame number within the sequence."""
        return self.clip * world.frames + self.clip_frame


_WILD = Look(
    textures=(0, 4000),
    kinds=(("room", 0.34), ("photographed", 0.36), ("drawn", 0.16), ("flat", 0.14)),
    drawn_places=(0, 400),
    panoramas=(
        "apartment", "bridge", "dawn", "esplanade", "forest", "hall", "lab", "lobby",
        "night", "sky", "studio", "sunrise", "sunset", "venice", "workshop",
    ),
)  # fmt: skip
_WILD_3D = replace(
    _WILD, kinds=(("room", 0.36), ("photographed", 0.46), ("drawn", 0.08), ("flat", 0.10)), drawn_places=(0, 1000)
)
_LAB = Look(textures=(4000, 4200), kinds=(("room", 1.0),), drawn_places=(1000, 1001))
_STUDIO = Look(textures=(4200, 5000), kinds=(("green", 1.0),))
_TEST_GREEN = Look(textures=(8000, 8100), kinds=(("green", 1.0),))
_TEST_HALL = Look(textures=(8100, 8200), kinds=(("photographed", 1.0),), panoramas=("warehouse",))
_TEST_ROOM = Look(textures=(8200, 8300), kinds=(("room", 1.0),), drawn_places=(2000, 2001))
_TEST_PARK = Look(textures=(8300, 8400), kinds=(("photographed", 1.0),), panoramas=("park",))
_TEST_CITY = Look(textures=(8400, 8500), kinds=(("photographed", 1.0),), panoramas=("city",))

_ALL = (1, 2, 3, 4, 5, 6, 7)


def _wild() -> World:
    """In the wild, 2D labels only: nine subjects to train, two to validate; everything varies from image to image."""
    sequences = [Sequence("train", 1 + i, 15 + i, _ALL, _WILD) for i in range(9)]
    sequences += [Sequence("validation", 10 + i, 24 + i, _ALL, _WILD) for i in range(2)]
    named = tuple(Sequence(f"{s.name}/S{s.subject}", s.subject, s.body, s.activities, s.look) for s in sequences)
    weights = (0.9 / 9,) * 9 + (0.1 / 2,) * 2
    return World("wild2d", named, frames=1, three_d=False, one_outfit=False, weights=weights)


def _lab(look: Look = _LAB, name: str = "lab3d", repeats: str = "") -> World:
    """A marker-based lab as in Human3.6M: one room, four cameras, tight plain clothes, subjects 9 and 11 to test."""
    subjects = (1, 5, 6, 7, 8, 9, 11)
    sequences = tuple(
        Sequence(f"S{s}/{take}", s, 8 + i, activities, look, (0, 1, 2, 3), plain=True, tight=True)
        for i, s in enumerate(subjects)
        for take, activities in (("Walking", (1, 7)), ("Sitting", (3, 4)), ("Posing", (2, 5, 6, 7)))
    )
    return World(name, sequences, rig=cameras.lab, repeats=repeats)


def _plain_lab() -> World:
    """The lab of `lab3d`, people and motion included, under one light that never changes."""
    return _lab(replace(_LAB, lamp=0), "plainlab3d", repeats="lab3d")


_RECOLOURED = {"S2/Seq2", "S3/Seq2", "S5/Seq2", "S6/Seq2", "S7/Seq1", "S8/Seq1"}
_UPPER_ONLY = {"S1/Seq2", "S4/Seq2"}


def _augmentable(name: str) -> tuple[str, ...]:
    """The parts of a studio sequence that augmentation may replace, as in the official table of MPI-INF-3DHP."""
    if name in _UPPER_ONLY:
        return ("chair", "upper")
    return ("background", "chair", "upper", "lower") if name in _RECOLOURED else ("background", "chair")


def _studio() -> World:
    """The green-screen studio of MPI-INF-3DHP: 8 subjects x 2 sequences, 14 cameras, five chest-high ones used."""
    sequences = []
    for subject in range(1, 9):
        for name, activities in ((f"S{subject}/Seq1", (1, 2, 3, 4)), (f"S{subject}/Seq2", (5, 6, 3, 7))):
            parts = _augmentable(name)
            plain = "upper" in parts
            sequences.append(
                Sequence(
                    name, subject, subject - 1, activities, _STUDIO, CHEST_CAMERAS, 1, plain=plain, augmentable=parts
                )
            )
    return World("studio3d", tuple(sequences), rig=cameras.studio, masks=True)


def _test_sequences(cameras_of: Callable[[int], tuple[int, ...]]) -> tuple[Sequence, ...]:
    """Six sequences as in the 3DHP test set: two with green screen, two in a studio without, two outdoors."""
    looks = (_TEST_GREEN, _TEST_GREEN, _TEST_HALL, _TEST_ROOM, _TEST_PARK, _TEST_CITY)
    scenes = (1, 1, 2, 2, 3, 3)
    return tuple(
        Sequence(f"TS{i + 1}", i + 1, 26 + i, _ALL if scene < 3 else (1, 2, 4, 5, 6, 7), look, cameras_of(i), scene)
        for i, (look, scene) in enumerate(zip(looks, scenes, strict=True))
    )


def _test() -> World:
    """The test set, with cameras that are aimed at the person."""
    sequences = _test_sequences(lambda _: (0,))
    return World("test", sequences, rig=cameras.studio_test, outdoor_rig=cameras.outdoor_test)


def _test_wide() -> World:
    """The shots of `test` with rotated cameras, so that people are off-axis and perspective correction matters."""
    sequences = _test_sequences(lambda i: (i,))
    return World("test_wide", sequences, rig=cameras.studio_wide, outdoor_rig=cameras.outdoor_wide, repeats="test")


_WILD_3D_SHARE = ((1, 0.20), (2, 0.18), (3, 0.08), (4, 0.16), (5, 0.18), (6, 0.12), (7, 0.08))
_BLENDED = tuple(b for b in range(24) if b not in (7, 13, 14))
_HELD_OUT = (7, 13, 14, 24, 25)  # studio S8, lab S9 and S11, the wild world's validation


def _wild3d() -> World:
    """In the wild with 3D labels, to train on for photographs: any body, pose, camera, light and sensor.

    Subject 8 (4 % of the images) is blended from bodies that the other training worlds hold out for validation.
    """
    sequences = tuple(
        Sequence(f"S{subject}", subject, pool[0], _ALL, _WILD_3D, blend=pool)
        for subject, pool in ((1, _BLENDED), (8, _HELD_OUT))
    )
    return World(
        "wild3d", sequences, frames=1, one_outfit=False, weights=(0.96, 0.04), share=_WILD_3D_SHARE, candid=True
    )


WORLDS = {w.name: w for w in (_wild(), _lab(), _plain_lab(), _studio(), _wild3d(), _test(), _test_wide())}

# Images per world. The default recipes train on `quick`; `full` is for longer runs; `findings` is for the repetition of
# the paper's findings: ten thousand images each of the lab's training people and of the studio.
PRESETS = {
    "quick": {"wild2d": 4200, "lab3d": 900, "studio3d": 3600, "test": 900, "test_wide": 300},
    "full": {"wild2d": 24000, "lab3d": 12000, "studio3d": 24000, "wild3d": 24000, "test": 3000, "test_wide": 3000},
    "findings": {"wild2d": 24000, "plainlab3d": 14000, "studio3d": 10000, "test": 3000, "test_wide": 3000},
}


def world(name: str) -> World:
    """A world by name; raises PoseError for an unknown name."""
    if name not in WORLDS:
        raise PoseError(f"there is no world {name!r}; there are {', '.join(WORLDS)}")
    return WORLDS[name]


def plan(world: World, num: int) -> Iterator[Shot]:
    """Yield `num` shots, distributed over the sequences by weight; cameras alternate.

    No random numbers are used: the contents of a shot are drawn later from (seed, world, sequence, clip).
    """
    index, done = 0, 0.0
    for number, sequence in enumerate(world.sequences):
        done += world.weight(number)
        count = round(num * done) - index
        ids = sequence.cameras or (0,)
        for k in range(count):
            moment, view = divmod(k, world.views)
            clip, clip_frame = divmod(moment, world.frames)
            # 5 cameras and 6 frames a clip: the order shifts by one from clip to clip
            camera = ids[(moment + clip + view * max(1, len(ids) // world.views)) % len(ids)]
            yield Shot(index + k, number, clip, clip_frame, camera)
        index += count
