"""Part labels of the embedded data set lie on the limbs that they name."""

from dataclasses import replace

import numpy as np
import pytest

from pose3d.data.schema import PERSON
from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.bodies import load_bodies
from pose3d.synth.layouts.body_parts import BONES_OF_PART, part_labels
from pose3d.synth.layouts.filming import Settings, shot_of, staged_for
from pose3d.synth.scenes import depict
from pose3d.synth.worlds import world

SIDE = 160
LAB = world("lab3d")
SEGMENTS = {"head": ("neck", "head_top")} | {
    f"{s}_{part}": (f"{s}_{start}", f"{s}_{end}")
    for s in "lr"
    for part, start, end in (
        ("upper_arm", "shoulder", "elbow"), ("lower_arm", "elbow", "wrist"), ("hand", "wrist", "hand"),
        ("thigh", "hip", "knee"), ("shin", "knee", "ankle"), ("ankle", "knee", "ankle"), ("foot", "ankle", "toe"),
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def shots():
    """Labels, silhouette and projected joints of people who walk, sit and pose, from every camera."""
    seen = []
    for number, frame, index in [(n, f, (n + f) % 4) for n in range(3) for f in (3, 60, 200)]:
        whole = LAB.cameras(LAB.sequences[number])[index]
        camera = whole.window((np.array(whole.size) - 1) / 2, float(whole.size[0]), (SIDE, SIDE))
        shot = shot_of(LAB, number, frame, index)
        staged = replace(staged_for(LAB, shot, Settings(1, 0, SIDE), camera), camera=camera)
        silhouette = depict(LAB, shot, staged, 0)[1] & PERSON > 0
        joints = camera.project(1000.0 * staged.posed.joints_28)[0]
        seen.append((part_labels(staged.posed, camera, silhouette), silhouette, joints))
    return seen


def test_every_bone_belongs_to_one_of_24_parts():
    bones = [bone for bones in BONES_OF_PART.values() for bone in bones]
    assert len(BONES_OF_PART) == 24
    assert sorted(bones) == sorted(load_bodies().bones)


def test_labels_and_silhouette_have_the_same_outline(shots):
    for labels, silhouette, _ in shots:
        np.testing.assert_array_equal(labels > 0, silhouette)
    assert set(np.unique([labels for labels, _, _ in shots])) == set(range(25))


def distance(points, start, end):
    """(N,) px from points (N, 2) to a segment."""
    along = end - start
    t = np.clip((points - start) @ along / max(along @ along, 1e-9), 0, 1)
    return np.linalg.norm(points - start - t[:, None] * along, axis=1)


def test_limbs_carry_their_own_labels(shots):
    """Pixels of a part lie along its bone, and nearer to it than to the same bone of the other side."""
    names, index = list(BONES_OF_PART), MPI_INF_3DHP_28.index
    compared = 0
    for labels, silhouette, joints in shots:
        height = np.ptp(np.flatnonzero(silhouette.any(axis=1)))
        for part, ends in SEGMENTS.items():
            points = np.argwhere(labels == names.index(part) + 1)[:, ::-1]
            if len(points) < 8:
                continue  # hidden
            own = distance(points, *joints[[index(end) for end in ends]])
            assert np.median(own) < 0.07 * height, part
            if part[1] == "_":
                mirrored = [index(("r" if end[0] == "l" else "l") + end[1:]) for end in ends]
                apart = distance(joints[[index(end) for end in ends]], *joints[mirrored]).min()
                if apart > 0.15 * height:
                    assert np.median(distance(points, *joints[mirrored])) > np.median(own), part
                    compared += 1
    assert compared > 20
