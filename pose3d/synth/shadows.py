"""Shadows of the lamp, ambient occlusion, and contact shadows on the floor.

The lamp's shadows come from a shadow map, drawn by the z-buffer with a parallel projection.
"""

import numpy as np

from pose3d.synth.compiled import compiled

_SKY_CELLS = 64


@compiled
def lit_share(shadow_map, light_projection, x, y, z, reach):
    """Share 0..1 of the lamp that reaches a world point, by (2 reach + 1)^2 samples of the shadow map.

    `shadow_map` (S, S) nearness to the lamp, `light_projection` (3, 4) to column, row and nearness.
    """
    size = shadow_map.shape[0]
    column = (
        light_projection[0, 0] * x + light_projection[0, 1] * y + light_projection[0, 2] * z + light_projection[0, 3]
    )
    row = light_projection[1, 0] * x + light_projection[1, 1] * y + light_projection[1, 2] * z + light_projection[1, 3]
    near = light_projection[2, 0] * x + light_projection[2, 1] * y + light_projection[2, 2] * z + light_projection[2, 3]
    if column < 0 or row < 0 or column > size - 1 or row > size - 1:
        return np.float32(1)
    c, r = int(column), int(row)
    fc, fr = column - c, row - r
    # a box filter with fractional weights at its border, so that the edge of the shadow moves smoothly
    lit, total = np.float32(0), np.float32(0)
    for dr in range(-reach, reach + 2):
        wr = np.float32(1)
        if dr == -reach:
            wr = 1 - fr
        elif dr == reach + 1:
            wr = fr
        rr = min(max(r + dr, 0), size - 1)
        for dc in range(-reach, reach + 2):
            w = wr
            if dc == -reach:
                w = wr * (1 - fc)
            elif dc == reach + 1:
                w = wr * fc
            cc = min(max(c + dc, 0), size - 1)
            total += w
            nearest = shadow_map[rr, cc]
            if nearest == 0 or nearest <= near:  # 0: nothing drawn there
                lit += w
    return lit / total


@compiled
def sky_visibility(vertices, normals, directions, centre, radius, bias):
    """Share (V,) float32 of the sky's light that reaches each vertex past all others.

    The sky is `directions` (D, 3), unit vectors, weighed by how much they face the surface. For each of them the
    vertices are splatted into a small map of nearness that spans `radius` m around `centre` (3,); a vertex is hidden
    where the map is nearer by more than `bias` m.
    """
    count, size = len(vertices), _SKY_CELLS
    seen, total = np.zeros(count, np.float32), np.full(count, np.float32(1e-6))
    column, row, near = np.empty(count, np.float32), np.empty(count, np.float32), np.empty(count, np.float32)
    scale = np.float32(size - 4) / (np.float32(2) * radius)
    middle = np.float32(size / 2)
    for d in range(len(directions)):
        dx, dy, dz = directions[d, 0], directions[d, 1], directions[d, 2]
        # two axes across the direction
        ax, ay, az = np.float32(0), dz, -dy
        if abs(dx) > np.float32(0.8):
            ax, ay, az = -dz, np.float32(0), dx
        length = np.sqrt(ax * ax + ay * ay + az * az)
        ax, ay, az = ax / length * scale, ay / length * scale, az / length * scale
        bx, by, bz = dy * az - dz * ay, dz * ax - dx * az, dx * ay - dy * ax
        nearest = np.full((size, size), np.float32(-1e9))
        for i in range(count):
            x, y, z = vertices[i, 0] - centre[0], vertices[i, 1] - centre[1], vertices[i, 2] - centre[2]
            u, v = ax * x + ay * y + az * z + middle, bx * x + by * y + bz * z + middle
            w = dx * x + dy * y + dz * z
            column[i], row[i], near[i] = u, v, w
            r, c = int(v - np.float32(0.5)), int(u - np.float32(0.5))  # the four cells around
            for rr in range(r, r + 2):
                for cc in range(c, c + 2):
                    if nearest[rr, cc] < w:
                        nearest[rr, cc] = w
        for i in range(count):
            facing = normals[i, 0] * dx + normals[i, 1] * dy + normals[i, 2] * dz + np.float32(0.1)
            if facing <= 0:
                continue
            total[i] += facing
            u, v, limit = column[i] - np.float32(0.5), row[i] - np.float32(0.5), near[i] + bias
            r, c = int(v), int(u)
            fr, fc = v - np.float32(r), u - np.float32(c)
            one = np.float32(1)
            free = np.float32(0)
            if nearest[r, c] <= limit:
                free += (one - fr) * (one - fc)
            if nearest[r, c + 1] <= limit:
                free += (one - fr) * fc
            if nearest[r + 1, c] <= limit:
                free += fr * (one - fc)
            if nearest[r + 1, c + 1] <= limit:
                free += fr * fc
            seen[i] += facing * free
    return seen / total


@compiled
def contact_grid(vertices, corner, cell, cells):
    """Darkness (cells, cells) 0..1 of the floor under and close to low vertices, softened: blocked sky light."""
    grid = np.zeros((cells, cells), np.float32)
    for i in range(vertices.shape[0]):
        z = max(vertices[i, 2], np.float32(0))
        if z > 0.5:
            continue
        r = int((vertices[i, 1] - corner[1]) / cell)
        c = int((vertices[i, 0] - corner[0]) / cell)
        if 0 <= r < cells and 0 <= c < cells:
            dark = np.exp(-z * np.float32(7))
            if dark > grid[r, c]:
                grid[r, c] = dark
    for _ in range(3):
        blurred = np.zeros_like(grid)
        for r in range(1, cells - 1):
            for c in range(1, cells - 1):
                s = np.float32(0)
                for dr in range(-1, 2):
                    for dc in range(-1, 2):
                        s += grid[r + dr, c + dc]
                blurred[r, c] = s / 9
        grid = blurred
    return grid


@compiled
def floor_light(rays, eye, key, sky, shade_map, light_projection, grid, corner, cell, shape):
    """Light on the floor z = 0 seen at each pixel relative to the empty floor, (h, w) 0..1; 1 where no floor is seen.

    `rays` (3, 3) takes a pixel (x, y, 1) to the world direction of its ray; `key` and `sky` are the strengths of lamp
    and sky on the floor; `shade_map` (S, S) the share of the lamp that something above the floor takes away; `grid` the
    contact darkness with its `corner` (2,) m and `cell` m.
    """
    height, width = shape
    out = np.ones((height, width), np.float32)
    size = shade_map.shape[0]
    cells = grid.shape[0]
    for y in range(height):
        for x in range(width):
            dz = rays[2, 0] * x + rays[2, 1] * y + rays[2, 2]
            if dz * eye[2] >= 0:
                continue
            t = -eye[2] / dz
            px = eye[0] + t * (rays[0, 0] * x + rays[0, 1] * y + rays[0, 2])
            py = eye[1] + t * (rays[1, 0] * x + rays[1, 1] * y + rays[1, 2])
            share = np.float32(1)
            column = light_projection[0, 0] * px + light_projection[0, 1] * py + light_projection[0, 3]
            row = light_projection[1, 0] * px + light_projection[1, 1] * py + light_projection[1, 3]
            if 0 <= column < size - 1 and 0 <= row < size - 1:
                c, r = int(column), int(row)
                fx, fy = column - c, row - r
                share -= (shade_map[r, c] * (1 - fx) + shade_map[r, c + 1] * fx) * (1 - fy)
                share -= (shade_map[r + 1, c] * (1 - fx) + shade_map[r + 1, c + 1] * fx) * fy
            dark = np.float32(0)
            gx, gy = (px - corner[0]) / cell - np.float32(0.5), (py - corner[1]) / cell - np.float32(0.5)
            if 0 <= gx < cells - 1 and 0 <= gy < cells - 1:
                c, r = int(gx), int(gy)
                fx, fy = gx - c, gy - r
                dark = (grid[r, c] * (1 - fx) + grid[r, c + 1] * fx) * (1 - fy)
                dark += (grid[r + 1, c] * (1 - fx) + grid[r + 1, c + 1] * fx) * fy
            out[y, x] = (sky * (1 - np.float32(0.8) * dark) + key * share) / (sky + key)
    return out
