"""The z-buffer: the triangle that is visible at each sample, compiled.

Triangles are drawn in a fixed order by one thread, so that the result is the same in every process.
"""

import numpy as np

from pose3d.synth.compiled import compiled

NOTHING = -1
"""Face id of a sample that shows no triangle."""


@compiled
def project(vertices, projection, near):
    """Screen position and nearness (V, 3) float32 of world points (V, 3).

    `projection` (3, 4) takes homogeneous world points to (x w, y w, w) in samples, w being the depth in metres;
    nearness is 1 / w, and 0 for points nearer than `near`, whose triangles are left out.
    """
    out = np.empty((vertices.shape[0], 3), np.float32)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        w = projection[2, 0] * x + projection[2, 1] * y + projection[2, 2] * z + projection[2, 3]
        if w < near:
            out[i, 0], out[i, 1], out[i, 2] = 0, 0, 0
            continue
        out[i, 0] = (projection[0, 0] * x + projection[0, 1] * y + projection[0, 2] * z + projection[0, 3]) / w
        out[i, 1] = (projection[1, 0] * x + projection[1, 1] * y + projection[1, 2] * z + projection[1, 3]) / w
        out[i, 2] = 1 / w
    return out


@compiled
def project_parallel(vertices, projection):
    """Column, row and nearness (V, 3) float32 of world points (V, 3) by a parallel `projection` (3, 4)."""
    out = np.empty((vertices.shape[0], 3), np.float32)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        for k in range(3):
            out[i, k] = projection[k, 0] * x + projection[k, 1] * y + projection[k, 2] * z + projection[k, 3]
    return out


@compiled
def draw(points, faces, one_sided, shape):
    """Draw triangles into a buffer of `shape` (h, w): face ids (h, w) int32 and nearness (h, w) float32.

    `points` (V, 3) float32: x and y in samples (sample centres at integers), nearness (larger is nearer, 0 is not
    drawn). Faces (F, 3) marked in `one_sided` (F,) are skipped when they face away from the viewer. A sample shows the
    nearest triangle that contains its centre, the first one if several are equally near.
    """
    height, width = shape
    face_id = np.full((height, width), NOTHING, np.int32)
    nearness = np.zeros((height, width), np.float32)
    one = np.float32(1)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        az, bz, cz = points[a, 2], points[b, 2], points[c, 2]
        if az <= 0 or bz <= 0 or cz <= 0:
            continue
        ax, ay = points[a, 0], points[a, 1]
        bx, by = points[b, 0], points[b, 1]
        cx, cy = points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area == 0 or (area > 0 and one_sided[f]):
            continue
        left, right = min(ax, bx, cx), max(ax, bx, cx)
        top, bottom = min(ay, by, cy), max(ay, by, cy)
        if right < 0 or bottom < 0 or left > width - 1 or top > height - 1:
            continue
        x0, x1 = int(np.ceil(max(left, np.float32(0)))), int(np.floor(min(right, np.float32(width - 1))))
        y0, y1 = int(np.ceil(max(top, np.float32(0)))), int(np.floor(min(bottom, np.float32(height - 1))))
        if x0 > x1 or y0 > y1:
            continue
        inverse = one / area
        # weights of corners b and c, and nearness, are linear on the screen
        b_dx, b_dy = (cy - ay) * inverse, -(cx - ax) * inverse
        c_dx, c_dy = -(by - ay) * inverse, (bx - ax) * inverse
        z_dx = b_dx * (bz - az) + c_dx * (cz - az)
        for y in range(y0, y1 + 1):
            dx, dy = np.float32(x0) - ax, np.float32(y) - ay
            wb = b_dx * dx + b_dy * dy
            wc = c_dx * dx + c_dy * dy
            z = az + wb * (bz - az) + wc * (cz - az)
            for x in range(x0, x1 + 1):
                if wb >= 0 and wc >= 0 and wb + wc <= one and z > nearness[y, x]:
                    nearness[y, x] = z
                    face_id[y, x] = f
                wb += b_dx
                wc += c_dx
                z += z_dx
    return face_id, nearness
