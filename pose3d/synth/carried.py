"""Things that people carry or stand on: backpacks, balls, sticks, bags, phones, mats, platforms with rails."""

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_28
from pose3d.synth.bodies import PosedBody
from pose3d.synth.props import ball, box, rod, turned_box
from pose3d.synth.render import Material, Mesh
from pose3d.synth.textures import cloth, surface
from pose3d.synth.worlds import Range

_AT = {name: i for i, name in enumerate(MPI_INF_3DHP_28.names)}


def _material(textures: Range, rng: np.random.Generator, gloss: float = 0.05) -> Material:
    texture = cloth(int(rng.integers(*textures)))
    return Material(texture=texture, tile_m=float(rng.uniform(0.15, 0.5)), gloss=gloss)


def backpack(posed: PosedBody, textures: Range, rng: np.random.Generator) -> Mesh:
    """A backpack."""
    j = posed.joints_28
    up = j[_AT["neck"]] - j[_AT["spine"]]
    length = float(np.linalg.norm(up))
    up /= length
    left = j[_AT["l_shoulder"]] - j[_AT["r_shoulder"]]
    left -= up * (left @ up)
    left /= np.linalg.norm(left)
    axes = np.stack((left, np.cross(left, up), up))  # left, forward, up
    half = np.array([rng.uniform(0.10, 0.16), rng.uniform(0.05, 0.10), rng.uniform(0.13, 0.22)])
    centre = j[_AT["spine"]] + up * (length - half[2] - 0.02) - axes[1] * (half[1] + 0.095)
    return turned_box(centre, half, axes, _material(textures, rng))


def in_hand(posed: PosedBody, textures: Range, rng: np.random.Generator) -> Mesh:
    """A ball, a stick, a bag or a small object in one hand."""
    side = "l" if rng.random() < 0.5 else "r"
    wrist, hand = posed.joints_28[_AT[f"{side}_wrist"]], posed.joints_28[_AT[f"{side}_hand"]]
    along = (hand - wrist) / np.linalg.norm(hand - wrist)
    kind = rng.choice(("ball", "stick", "bag", "thing"), p=(0.3, 0.3, 0.2, 0.2))
    material = _material(textures, rng)
    if kind == "ball":
        radius = float(rng.uniform(0.035, 0.13))
        return ball(hand + along * (0.05 + radius), radius, material)
    if kind == "stick":
        direction = np.cross(along, rng.normal(size=3))
        direction /= np.linalg.norm(direction)
        grip = hand + 0.03 * along
        return rod(grip - direction * rng.uniform(0.05, 0.4), grip + direction * rng.uniform(0.3, 1.1), 0.014, material)
    if kind == "bag":
        half = np.array([rng.uniform(0.12, 0.2), rng.uniform(0.04, 0.1), rng.uniform(0.12, 0.2)])
        return box(hand - (0, 0, half[2] + 0.05), half, rng.uniform(0, np.pi), material)
    half = rng.uniform(0.02, 0.09, 3)
    return box(hand + along * 0.06, half, rng.uniform(0, np.pi), material)


def platform(posed: PosedBody, textures: Range, rng: np.random.Generator) -> list[Mesh]:
    """A mat or a low platform under the person, with rails as on a treadmill in 40 % of cases."""
    middle = posed.vertices[::40].mean(0).astype(float) * (1, 1, 0)
    half = np.array([rng.uniform(0.35, 0.9), rng.uniform(0.7, 1.3), float(rng.choice((0.006, 0.08, 0.2)))])
    yaw = rng.uniform(0, np.pi)
    material = Material(texture=surface(int(rng.integers(*textures))), tile_m=float(rng.uniform(0.3, 1.2)), gloss=0.05)
    meshes = [box(middle - (0, 0, half[2] + 0.002), half, yaw, material)]
    if rng.random() < 0.4:
        shade = float(rng.choice((0.05, 0.3, 0.7)))
        bar = Material((shade, shade, shade), gloss=0.3, sharpness=40)
        c, s = np.cos(yaw), np.sin(yaw)
        across, along = np.array([c, s, 0]), np.array([-s, c, 0])
        height, radius = rng.uniform(0.8, 1.1), float(rng.uniform(0.015, 0.03))
        for sign in (-1, 1):
            start, end = (middle + sign * across * half[0] + along * half[1] * t for t in (1.0, rng.uniform(-0.6, 0.6)))
            lift = np.array([0, 0, height])
            meshes += [rod(start, start + lift, radius, bar), rod(start + lift, end + lift, radius, bar)]
        lift = np.array([0, 0, height])
        front = middle + along * half[1] + lift
        meshes.append(rod(front - across * half[0], front + across * half[0], radius, bar))
    return meshes
