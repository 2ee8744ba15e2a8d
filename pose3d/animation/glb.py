"""GLB (binary glTF 2.0): an animated skeleton with a mesh of its bones; metres and y up, as glTF demands.

The skeleton is that of `pose3d.animation.rig`. Translations are animated beside rotations, so that positions are exact
also where bones change their length. Written with pygltflib.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pose3d.animation.bone_mesh import bone_mesh
from pose3d.animation.motion import Motion
from pose3d.animation.rig import NAMES, PARENTS, fit_rig


def write_glb(path: Path, motion: Motion) -> None:
    """Write a motion; gaps hold the last pose."""
    import pygltflib as gltf
    from scipy.spatial.transform import Rotation

    rig = fit_rig(motion.held().turned("y").joints)
    frames, bones = rig.positions.shape[:2]
    quaternions = Rotation.from_matrix(rig.local_rotations().reshape(-1, 3, 3)).as_quat().reshape(frames, bones, 4)
    quaternions = _continuous(quaternions)
    translations = rig.local_positions() / 1000
    rest = _rest_positions(rig.offsets) / 1000
    mesh = bone_mesh(rest)
    data = _Buffer(gltf)
    inverse = np.tile(np.eye(4, dtype=np.float32), (bones, 1, 1))
    inverse[:, :3, 3] = -rest
    inverse_binds = data.add(_columns(inverse), "MAT4")
    attributes = gltf.Attributes(
        POSITION=data.add(mesh.vertices, "VEC3", bounds=True),
        NORMAL=data.add(mesh.normals, "VEC3"),
        JOINTS_0=data.add(mesh.bones, "VEC4"),
        WEIGHTS_0=data.add(mesh.weights, "VEC4"),
    )
    primitive = gltf.Primitive(attributes=attributes, indices=data.add(mesh.faces, "SCALAR"), material=0)
    times = data.add(np.arange(frames, dtype=np.float32) / motion.fps, "SCALAR", bounds=True)
    animation = gltf.Animation(name="motion")
    for bone in range(bones):
        for kind, values, shape in (("translation", translations, "VEC3"), ("rotation", quaternions, "VEC4")):
            output = data.add(np.ascontiguousarray(values[:, bone], np.float32), shape)
            animation.samplers.append(gltf.AnimationSampler(input=times, output=output, interpolation="LINEAR"))
            target = gltf.AnimationChannelTarget(node=bone, path=kind)
            animation.channels.append(gltf.AnimationChannel(sampler=len(animation.samplers) - 1, target=target))
    nodes = [
        gltf.Node(
            name=name,
            translation=(rest[i] - (rest[PARENTS[i]] if PARENTS[i] >= 0 else 0)).tolist(),
            children=[child for child, parent in enumerate(PARENTS) if parent == i],
        )
        for i, name in enumerate(NAMES)
    ]
    nodes.append(gltf.Node(name="bones", mesh=0, skin=0))
    grey = gltf.PbrMetallicRoughness(baseColorFactor=[0.75, 0.78, 0.82, 1.0], metallicFactor=0.0, roughnessFactor=0.8)
    model = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator="pose3d"),
        scene=0,
        scenes=[gltf.Scene(nodes=[0, bones])],
        nodes=nodes,
        meshes=[gltf.Mesh(name="bones", primitives=[primitive])],
        skins=[gltf.Skin(joints=list(range(bones)), skeleton=0, inverseBindMatrices=inverse_binds)],
        materials=[gltf.Material(pbrMetallicRoughness=grey)],
        animations=[animation],
        accessors=data.accessors,
        bufferViews=data.views,
        buffers=[gltf.Buffer(byteLength=len(data.content))],
    )
    model.set_binary_blob(bytes(data.content))
    model.save_binary(str(path))


class _Buffer:
    """The binary part of a file, filled array by array."""

    def __init__(self, gltf: ModuleType) -> None:
        self.gltf, self.content = gltf, bytearray()
        self.views: list[Any] = []
        self.accessors: list[Any] = []

    def add(self, values: np.ndarray, shape: str, bounds: bool = False) -> int:
        """Append an array and return the number of its accessor."""
        kinds = {"float32": self.gltf.FLOAT, "uint16": self.gltf.UNSIGNED_SHORT, "uint32": self.gltf.UNSIGNED_INT}
        self.content.extend(b"\0" * (-len(self.content) % 4))
        raw = np.ascontiguousarray(values).tobytes()
        self.views.append(self.gltf.BufferView(buffer=0, byteOffset=len(self.content), byteLength=len(raw)))
        self.content.extend(raw)
        accessor = self.gltf.Accessor(bufferView=len(self.views) - 1, count=len(values), type=shape)
        accessor.componentType = kinds[values.dtype.name]
        if bounds:
            accessor.min = np.atleast_1d(values.min(axis=0)).tolist()
            accessor.max = np.atleast_1d(values.max(axis=0)).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _rest_positions(offsets: np.ndarray) -> np.ndarray:
    """(B, 3) of the rest pose, the root where the feet reach the floor."""
    rest = np.zeros_like(offsets)
    for bone, parent in enumerate(PARENTS):
        rest[bone] = offsets[bone] + (rest[parent] if parent >= 0 else 0)
    rest[:, 1] -= rest[:, 1].min()
    return rest


def _columns(matrices: np.ndarray) -> np.ndarray:
    """Matrices column by column, as glTF stores them."""
    return np.ascontiguousarray(matrices.transpose(0, 2, 1).reshape(len(matrices), 16))


def _continuous(quaternions: np.ndarray) -> np.ndarray:
    """Quaternions (T, B, 4) with signs that are continuous over time."""
    out = quaternions.copy()
    for t in range(1, len(out)):
        turned = (out[t] * out[t - 1]).sum(axis=-1, keepdims=True) < 0
        out[t] = np.where(turned, -out[t], out[t])
    return out
