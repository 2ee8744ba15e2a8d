"""Clothes, shoes, hair and skin colour on a posed body.

Garments are shells around the skin that share its bones: tights cut to length for tops, trousers and shoes, a skirt,
hair. They are offset along the normals, more for loose garments, with folds. Covered skin is removed.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from pose3d.synth.bodies import Bodies, PosedBody, load_bodies
from pose3d.synth.cutting import Shell, place_cuts
from pose3d.synth.outfit import HAIR, LEGS, SKIRTS, SLEEVES, Outfit
from pose3d.synth.render import LOWER, PERSON, UPPER, Material, Mesh
from pose3d.synth.skin import skin_tint, smooth_noise
from pose3d.synth.skinning import vertex_normals

_ARM, _BODY, _NECK, _HAIRLINE = range(4)
_MARGIN = {_ARM: 0.14, _BODY: 0.08, _NECK: 0.02}  # overlap of skin and cloth
SKIN, TOP, BOTTOM, SHOES, HAIR_MATERIAL = range(5)


@dataclass(frozen=True)
class Dressing:
    """An outfit as a mesh that fits every body; `mesh` puts it on a posed one.

    The first vertices are copies of the body's vertices `source` (n,), offset by `offset` (n,) m; cut vertices follow.
    """

    source: np.ndarray
    offset: np.ndarray
    edges: np.ndarray
    share: np.ndarray
    faces: np.ndarray
    face_material: np.ndarray
    uv: np.ndarray
    one_sided: np.ndarray
    tint: np.ndarray
    materials: tuple[Material, ...]
    normal_faces: np.ndarray

    def mesh(self, posed: PosedBody) -> Mesh:
        """The dressed person, ready to render."""
        normals = vertex_normals(posed.vertices, self.normal_faces)
        count = len(self.source)
        vertices = np.empty((count + len(self.edges), 3), np.float32)
        vertices[:count] = posed.vertices[self.source] + self.offset[:, None] * normals[self.source]
        place_cuts(vertices, count, self.edges, self.share)
        return Mesh(
            vertices, self.faces, self.face_material, self.materials, self.uv, self.tint, one_sided=self.one_sided
        )


@dataclass(frozen=True)
class _Layer:
    """A shell, its material, and its distance from the skin and tint for each body vertex."""

    shell: Shell
    material: int
    offset: np.ndarray
    tint: np.ndarray
    one_sided: bool = False


def dress(bodies: Bodies, outfit: Outfit) -> Dressing:
    """Cut and layer the garments of an outfit, once for all bodies (a few milliseconds)."""
    if outfit.skirt != "none":  # a skirt sits on the waist, over the top and over briefs
        loose = (outfit.looseness[0], 0.0)
        outfit = replace(outfit, legs="briefs", tucked=True, hem=max(outfit.hem, 0.18), looseness=loose)
    count = len(bodies.cuts)
    folds = smooth_noise(bodies.mean, outfit.folds)
    white = np.ones((count, 3), np.float32)
    bare = np.zeros(count, np.float32)
    layers = [_Layer(_skin(bodies, outfit), SKIN, bare, skin_tint(bodies, outfit), one_sided=True)]
    top_offset, bottom_offset = _standoff(bodies, outfit, folds)
    if outfit.top:
        layers.append(_Layer(_top(bodies, outfit), TOP, top_offset, white))
    layers.append(_Layer(_bottom(bodies, outfit), BOTTOM, bottom_offset, white))
    if outfit.skirt != "none":
        skirt = Shell.whole(bodies.faces["skirt"], bodies.cuts, bodies.uv["skirt"])
        skirt = skirt.cut(_BODY, SKIRTS[outfit.skirt], "above")
        layers.append(_Layer(skirt, BOTTOM, (0.012 + 0.02 * folds).astype(np.float32), white))
    if outfit.shoes is not None:
        shoe = Shell.whole(bodies.faces["tights"], bodies.cuts).cut(_BODY, outfit.shoe_top, "below")
        layers.append(_Layer(shoe, SHOES, np.full(count, 0.007, np.float32), white))
    if outfit.hair not in ("none", "cropped"):
        strands = np.random.default_rng(outfit.folds).uniform(0.7, 1.25, (count, 1)).astype(np.float32) * white
        inward = bodies.cuts[:, _HAIRLINE]
        volume = 0.002 + (0.014 + 0.012 * folds) * np.clip(inward / 0.035, 0, 1)
        layers.append(_Layer(_cap(), HAIR_MATERIAL, volume.astype(np.float32), strands))
        if outfit.hair != "short":
            hanging = Shell.whole(bodies.faces["hair"], bodies.cuts, bodies.uv["hair"])
            hanging = hanging.cut(_BODY, HAIR[outfit.hair], "above").cut(_HAIRLINE, 0.0, "above")
            clear = 0.006 + 0.028 * np.clip((1.15 - bodies.cuts[:, _BODY]) / 0.3, 0, 1)  # of the clothed back
            layers.append(_Layer(hanging, HAIR_MATERIAL, clear.astype(np.float32), strands))
    cloth = {"gloss": 0.015, "sharpness": 8.0}
    folded = [0.04 + 0.12 * x for x in outfit.looseness]
    materials = (
        Material(outfit.skin, PERSON, gloss=0.05, sharpness=14, wrap=0.18),
        Material(
            outfit.top_color if outfit.top_texture is None else (1, 1, 1), PERSON | UPPER,
            outfit.top_texture, outfit.tile_m[0], folds=folded[0], **cloth,
        ),
        Material(
            outfit.bottom_color if outfit.bottom_texture is None else (1, 1, 1), PERSON | LOWER,
            outfit.bottom_texture, outfit.tile_m[1], folds=folded[1], **cloth,
        ),
        Material(outfit.shoes or (0, 0, 0), PERSON, gloss=0.08, sharpness=25),
        Material(outfit.hair_color, PERSON, gloss=0.06, sharpness=12, wrap=0.1),
    )  # fmt: skip
    return _join(layers, materials, _normal_faces())


# What depends on the mesh topology alone is computed once.


@cache
def _normal_faces() -> np.ndarray:
    """Faces that the normals of the garments' vertices are taken from."""
    bodies = load_bodies()
    scalp = bodies.faces["body"][_all(bodies.cuts[:, _HAIRLINE] > -0.02, bodies.faces["body"])]
    return np.concatenate([scalp, *(bodies.faces[k] for k in ("tights", "skirt", "hair"))])


@cache
def _cap() -> Shell:
    """The hairy part of the head."""
    bodies = load_bodies()
    body = bodies.faces["body"]
    near = ~_all(bodies.cuts[:, _HAIRLINE] <= 0, body)
    return Shell.whole(body[near], bodies.cuts).cut(_HAIRLINE, 0.0, "above")


def _all(marked: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Which faces (F, 3) have all corners among the `marked` (V,) vertices."""
    return np.asarray(marked[faces[:, 0]] & marked[faces[:, 1]] & marked[faces[:, 2]])


def _standoff(bodies: Bodies, outfit: Outfit, folds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances (V,) m of top and bottom from the skin; where they overlap, the outer one is farther away."""
    body, loose = bodies.cuts[:, _BODY], 0.5 + 0.5 * folds
    drape = np.clip((1.15 - body) / 0.7, 0, 1)  # close at the shoulders, free at the hem
    wide = 0.022 * outfit.looseness[1] * loose
    if outfit.tucked or not outfit.top:
        drape *= np.clip((body - outfit.hem) / 0.3, 0, 1)
        top = 0.003 + 0.022 * outfit.looseness[0] * drape * loose
        bottom = np.maximum(0.008 + 0.8 * wide, top + 0.004)
    else:
        under_top = np.clip((body - outfit.hem) / 0.25 + 1, 0, 1)
        bottom = 0.003 + 0.4 * wide + (0.005 + 0.4 * wide) * (1 - under_top)
        top = np.maximum(0.006 + 0.022 * outfit.looseness[0] * drape * loose, bottom + 0.005 * (body < 0.6))
    return top.astype(np.float32), bottom.astype(np.float32)


def _waist(outfit: Outfit) -> float:
    """Where trousers end: outside a tucked top a little above its hem, else hidden under the top."""
    if outfit.waist is not None:
        return outfit.waist
    return outfit.hem + 0.06 if outfit.tucked else max(outfit.hem + 0.14, 0.3)


def _top(bodies: Bodies, outfit: Outfit) -> Shell:
    shell = Shell.whole(bodies.faces["tights"], bodies.cuts, bodies.uv["tights"])
    shell = shell.cut(_ARM, SLEEVES[outfit.sleeves], "below").cut(_BODY, outfit.hem, "above")
    return shell.cut(_NECK, -outfit.collar, "below")


def _bottom(bodies: Bodies, outfit: Outfit) -> Shell:
    shell = Shell.whole(bodies.faces["tights"], bodies.cuts, bodies.uv["tights"])
    return shell.cut(_ARM, -0.5, "below").cut(_BODY, _waist(outfit), "below").cut(_BODY, LEGS[outfit.legs], "above")


def _skin(bodies: Bodies, outfit: Outfit) -> Shell:
    """The skin that is not covered by cloth."""
    arm, body, neck = bodies.cuts[:, :_HAIRLINE].T
    covered = np.zeros(len(arm), bool)
    if outfit.top:
        covered |= (
            (arm < SLEEVES[outfit.sleeves] - _MARGIN[_ARM])
            & (body > outfit.hem + _MARGIN[_BODY])
            & (neck < -outfit.collar - _MARGIN[_NECK])
        )
    legs = LEGS[outfit.legs]
    top_of_legs = _waist(outfit) - _MARGIN[_BODY]
    if outfit.top and outfit.waist is None:
        top_of_legs += 2 * _MARGIN[_BODY]  # trousers and top overlap
    covered |= (arm < -0.5) & (body < top_of_legs) & (body > legs + _MARGIN[_BODY])
    if outfit.shoes is not None:
        covered |= body < -2.03
    faces = bodies.faces["body"]
    return Shell.whole(faces[~_all(covered, faces)], bodies.cuts)


def _join(layers: list[_Layer], materials: tuple[Material, ...], normal_faces: np.ndarray) -> Dressing:
    """Join the layers into one mesh; each has its own copies of the vertices that it uses."""
    source, offset, tint, faces, uv, face_material, one_sided, edges, share = ([] for _ in range(9))
    vertices = [_used(layer.shell) for layer in layers]
    count = sum(map(len, vertices))
    first, first_cut = 0, count
    for layer, used in zip(layers, vertices, strict=True):
        shell, total = layer.shell, len(layer.offset)
        number = np.full(len(shell.values), -1)
        number[used] = first + np.arange(len(used))
        number[total:] = first_cut + np.arange(len(shell.edges))
        source.append(used)
        offset.append(layer.offset[used])
        tint.append(layer.tint[used])
        faces.append(number[shell.faces])
        uv.append(shell.uv)
        face_material.append(np.full(len(shell.faces), layer.material, np.int32))
        one_sided.append(np.full(len(shell.faces), layer.one_sided))
        edges.append(number[shell.edges])
        share.append(shell.share)
        first += len(used)
        first_cut += len(shell.edges)
    return Dressing(
        source=np.concatenate(source),
        offset=np.concatenate(offset),
        edges=np.concatenate(edges),
        share=np.concatenate(share),
        faces=np.concatenate(faces).astype(np.int32),
        face_material=np.concatenate(face_material),
        uv=np.concatenate(uv),
        one_sided=np.concatenate(one_sided),
        tint=np.concatenate([*tint, np.ones((first_cut - count, 3), np.float32)]),
        materials=materials,
        normal_faces=normal_faces,
    )


def _used(shell: Shell) -> np.ndarray:
    """Body vertices that a shell's faces or cut edges touch, sorted."""
    total = len(shell.values) - len(shell.edges)
    touched = np.zeros(len(shell.values), bool)
    touched[shell.faces] = True
    touched[shell.edges] = True
    return np.flatnonzero(touched[:total])
