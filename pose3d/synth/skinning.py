"""Linear blend skinning and vertex normals, compiled: the two loops over all vertices of a body."""

import numpy as np

from pose3d.synth.compiled import compiled


@compiled
def skin(vertices, weights, weight_bones, rotations, offsets):
    """Posed vertices (V, 3) float32: the weighted mean of `rotations[b] @ v + offsets[b]` over each vertex' bones.

    `vertices` (V, 3) at rest, `weights` and `weight_bones` (V, 4) with weights in descending order that sum to one.
    """
    out = np.empty_like(vertices)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        px, py, pz = np.float32(0), np.float32(0), np.float32(0)
        for k in range(4):
            w = weights[i, k]
            if w == 0:
                break
            b = weight_bones[i, k]
            r, t = rotations[b], offsets[b]
            px += w * (r[0, 0] * x + r[0, 1] * y + r[0, 2] * z + t[0])
            py += w * (r[1, 0] * x + r[1, 1] * y + r[1, 2] * z + t[1])
            pz += w * (r[2, 0] * x + r[2, 1] * y + r[2, 2] * z + t[2])
        out[i, 0], out[i, 1], out[i, 2] = px, py, pz
    return out


@compiled
def vertex_normals(vertices, faces):
    """Unit normals (V, 3) float32: area-weighted means of the normals of the faces (F, 3) around each vertex."""
    out = np.zeros_like(vertices)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            out[i, 0] += nx
            out[i, 1] += ny
            out[i, 2] += nz
    for i in range(out.shape[0]):
        length = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2) + np.float32(1e-20)
        out[i, 0] /= length
        out[i, 1] /= length
        out[i, 2] /= length
    return out


@compiled
def bounds(vertices):
    """Smallest and largest coordinates, (2, 3) float32, of vertices (V, 3)."""
    out = np.empty((2, 3), np.float32)
    for k in range(3):
        low, high = vertices[0, k], vertices[0, k]
        for i in range(vertices.shape[0]):
            value = vertices[i, k]
            if value < low:
                low = value
            if value > high:
                high = value
        out[0, k], out[1, k] = low, high
    return out
