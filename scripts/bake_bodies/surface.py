"""Coordinates on the surface of the mean body: where garments end, cloth textures, and paint on the skin."""

import numpy as np

from scripts.bake_bodies.skinning import KEPT_BONES

PAINTS = ("lips", "brow", "scalp", "beard", "eye_white", "iris")


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
