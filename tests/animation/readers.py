"""Read exported motions with third-party software: (T, 17, 3) in the file's unit and axes."""

from pathlib import Path

import numpy as np

from pose3d.skeleton import MPI_INF_3DHP_17

NAMES = MPI_INF_3DHP_17.names


def read_bvh(path: Path) -> np.ndarray:
    """Read a BVH file with bvhio."""
    import bvhio

    root = bvhio.readAsHierarchy(str(path))
    joints = {joint.Name: joint for joint, _, _ in root.layout()}
    count = len(root.Keyframes)
    poses = np.zeros((count, 17, 3))
    for frame in range(count):
        root.loadPose(frame)
        poses[frame] = [tuple(joints[name].PositionWorld) for name in NAMES]
    return poses


def read_c3d(path: Path) -> np.ndarray:
    """Read a C3D file with ezc3d; NaN where a point is invalid."""
    import ezc3d

    file = ezc3d.c3d(str(path))
    labels = file["parameters"]["POINT"]["LABELS"]["value"]
    points = file["data"]["points"][:3].transpose(2, 1, 0)
    points[file["data"]["meta_points"]["residuals"][0].T < 0] = np.nan
    return points[:, [labels.index(name) for name in NAMES]]


def read_trc(path: Path) -> np.ndarray:
    """Read with numpy, by the names in the header."""
    lines = path.read_text().splitlines()
    names = [name for name in lines[3].split("\t")[2:] if name]
    table = np.genfromtxt(lines[6:], delimiter="\t")
    points = table[:, 2:].reshape(len(table), len(names), 3)
    return points[:, [names.index(name) for name in NAMES]]


def read_csv(path: Path) -> np.ndarray:
    """Read with numpy."""
    table = np.genfromtxt(path, delimiter=",", names=True)
    unit = "mm" if "neck_x_mm" in table.dtype.names else "m"
    return np.stack([np.stack([table[f"{name}_{a}_{unit}"] for a in "xyz"], -1) for name in NAMES], 1)


def read_glb(path: Path) -> np.ndarray:
    """Read a GLB file with pygltflib: the nodes' animated matrices, multiplied along the tree as in the standard."""
    import pygltflib
    from scipy.spatial.transform import Rotation

    file = pygltflib.GLTF2().load(str(path))
    blob = file.binary_blob()

    def values(number: int) -> np.ndarray:
        accessor = file.accessors[number]
        view = file.bufferViews[accessor.bufferView]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor.type]
        return np.frombuffer(blob, np.float32, accessor.count * width, view.byteOffset).reshape(-1, width)

    animation = file.animations[0]
    count = file.accessors[animation.samplers[0].input].count
    local = np.tile(np.eye(4), (count, len(file.nodes), 1, 1))
    for channel in animation.channels:
        output = values(animation.samplers[channel.sampler].output)
        if channel.target.path == "translation":
            local[:, channel.target.node, :3, 3] = output
        else:
            local[:, channel.target.node, :3, :3] = Rotation.from_quat(output).as_matrix()
    world: dict[int, np.ndarray] = {}

    def visit(node: int, above: np.ndarray) -> None:
        world[node] = above @ local[:, node]
        for child in file.nodes[node].children or ():
            visit(child, world[node])

    for root in file.scenes[0].nodes:
        visit(root, np.tile(np.eye(4), (count, 1, 1)))
    names = [node.name for node in file.nodes]
    return np.stack([world[names.index(name)][:, :3, 3] for name in NAMES], axis=1)


READERS = {"bvh": read_bvh, "glb": read_glb, "trc": read_trc, "c3d": read_c3d, "csv": read_csv}
