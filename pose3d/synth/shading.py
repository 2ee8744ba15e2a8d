"""Light on what the z-buffer shows: sky and ground light, one lamp with shadows, cloth textures, a little gloss.

All colours here are linear. Every output pixel gathers its samples; samples of one triangle are shaded once, at their
middle.
"""

import numpy as np

from pose3d.synth.compiled import compiled
from pose3d.synth.raster import NOTHING

# columns of the material table
RED, GREEN, BLUE, GLOSS, SHARPNESS, WRAP, TILE, TEXTURE, SIDE, MATERIAL_COLUMNS = range(10)

# rows of the light table, three numbers each: direction to the lamp, its colour, sky light, ground light
LAMP, KEY, SKY, GROUND = range(4)


@compiled
def lit_share(shadow_map, light_projection, x, y, z, reach):
    """Share 0..1 of the lamp that reaches a world point, by (2 reach + 1)^2 looks into the shadow map.

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
    # a box of looks whose border counts in part, so that the shadow's edge moves smoothly with the point
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
def _texel(textures, offset, side, u, v):
    """Bilinear look into a square tile that repeats; u and v count tiles."""
    x, y = u * side - np.float32(0.5), v * side - np.float32(0.5)
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = int(fx) % side, int(fy) % side
    x1, y1 = (x0 + 1) % side, (y0 + 1) % side
    fx, fy = x - fx, y - fy
    a, b = offset + y0 * side, offset + y1 * side
    wa, wb, wc, wd = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
    p, q, r, s = textures[a + x0], textures[a + x1], textures[b + x0], textures[b + x1]
    return (
        wa * p[0] + wb * q[0] + wc * r[0] + wd * s[0],
        wa * p[1] + wb * q[1] + wc * r[1] + wd * s[1],
        wa * p[2] + wb * q[2] + wc * r[2] + wd * s[2],
    )


@compiled
def shade(
    face_id, points, vertices, normals, tints, faces, face_material, uv, materials, regions, textures, light, eye,
    shadow_map, light_projection, bias, samples, box, rgb, alpha, region,
):  # fmt: skip
    """Fill `rgb` (h, w, 3) linear and multiplied by `alpha` (h, w), and `region` (h, w) flags, inside `box`.

    `face_id` (h s, w s) and `points` (V, 3) are the z-buffer and its corners for s = `samples` a side; `box` is x0, y0,
    x1, y1 in output pixels, ends excluded. A flag is set where half of a pixel's samples or more carry it.
    """
    n = samples * samples
    faces_here = np.empty(n, np.int32)
    lamp_x, lamp_y, lamp_z = light[LAMP, 0], light[LAMP, 1], light[LAMP, 2]
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            covered = 0
            for k in range(n):
                f = face_id[y * samples + k // samples, x * samples + k % samples]
                faces_here[k] = f
                if f != NOTHING:
                    covered += 1
            if covered == 0:
                continue
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            flags = np.zeros(8, np.int32)
            for k in range(n):
                f = faces_here[k]
                if f == NOTHING:
                    continue
                sx, sy, count = 0, 0, 0
                for m in range(k, n):
                    if faces_here[m] == f:
                        sx += m % samples
                        sy += m // samples
                        count += 1
                        faces_here[m] = NOTHING
                px = np.float32(x * samples) + np.float32(sx) / count
                py = np.float32(y * samples) + np.float32(sy) / count

                a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
                bx, by = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
                cx, cy = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1]
                dx, dy = px - points[a, 0], py - points[a, 1]
                area = bx * cy - cx * by
                wb = (dx * cy - cx * dy) / area * points[b, 2]
                wc = (bx * dy - dx * by) / area * points[c, 2]
                wa = (1 - (dx * cy - cx * dy) / area - (bx * dy - dx * by) / area) * points[a, 2]
                total = 1 / (wa + wb + wc)
                wa, wb, wc = wa * total, wb * total, wc * total

                nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
                ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
                nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
                vx = wa * vertices[a, 0] + wb * vertices[b, 0] + wc * vertices[c, 0]
                vy = wa * vertices[a, 1] + wb * vertices[b, 1] + wc * vertices[c, 1]
                vz = wa * vertices[a, 2] + wb * vertices[b, 2] + wc * vertices[c, 2]
                ex, ey, ez = eye[0] - vx, eye[1] - vy, eye[2] - vz
                inverse = 1 / np.sqrt(ex * ex + ey * ey + ez * ez)
                ex, ey, ez = ex * inverse, ey * inverse, ez * inverse
                inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
                if area > 0:  # the inside of a sleeve or a skirt
                    inverse = -inverse
                nx, ny, nz = nx * inverse, ny * inverse, nz * inverse

                m = face_material[f]
                wrap = materials[m, WRAP]
                cosine = nx * lamp_x + ny * lamp_y + nz * lamp_z
                direct = max((cosine + wrap) / (1 + wrap), np.float32(0))
                share = np.float32(0)
                if direct > 0:
                    share = lit_share(shadow_map, light_projection, vx + bias * nx, vy + bias * ny, vz + bias * nz, 1)
                up = np.float32(0.5) + np.float32(0.5) * nz
                gloss = np.float32(0)
                if share > 0 and materials[m, GLOSS] > 0 and cosine > 0:
                    hx, hy, hz = lamp_x + ex, lamp_y + ey, lamp_z + ez
                    half = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
                    gloss = materials[m, GLOSS] * max(half, np.float32(0)) ** materials[m, SHARPNESS] * share
                tr, tg, tb = np.float32(1), np.float32(1), np.float32(1)
                side = int(materials[m, SIDE])
                if side > 0:
                    u = (wa * uv[f, 0, 0] + wb * uv[f, 1, 0] + wc * uv[f, 2, 0]) / materials[m, TILE]
                    v = (wa * uv[f, 0, 1] + wb * uv[f, 1, 1] + wc * uv[f, 2, 1]) / materials[m, TILE]
                    tr, tg, tb = _texel(textures, int(materials[m, TEXTURE]), side, u, v)
                tr *= (wa * tints[a, 0] + wb * tints[b, 0] + wc * tints[c, 0]) * materials[m, RED]
                tg *= (wa * tints[a, 1] + wb * tints[b, 1] + wc * tints[c, 1]) * materials[m, GREEN]
                tb *= (wa * tints[a, 2] + wb * tints[b, 2] + wc * tints[c, 2]) * materials[m, BLUE]
                lamp = direct * share
                ir = light[GROUND, 0] + (light[SKY, 0] - light[GROUND, 0]) * up + lamp * light[KEY, 0]
                ig = light[GROUND, 1] + (light[SKY, 1] - light[GROUND, 1]) * up + lamp * light[KEY, 1]
                ib = light[GROUND, 2] + (light[SKY, 2] - light[GROUND, 2]) * up + lamp * light[KEY, 2]
                red += count * (tr * ir + gloss * light[KEY, 0])
                green += count * (tg * ig + gloss * light[KEY, 1])
                blue += count * (tb * ib + gloss * light[KEY, 2])
                for bit in range(8):
                    if regions[m] >> bit & 1:
                        flags[bit] += count
            rgb[y, x, 0] = red / n
            rgb[y, x, 1] = green / n
            rgb[y, x, 2] = blue / n
            alpha[y, x] = np.float32(covered) / n
            value = 0
            for bit in range(8):
                if 2 * flags[bit] >= n:
                    value |= 1 << bit
            region[y, x] = value


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
def floor_light(rays, eye, light, shadow_map, light_projection, grid, corner, cell, shape):
    """Light on the floor z = 0 seen at each pixel relative to the empty floor, (h, w) 0..1; 1 where no floor is seen.

    `rays` (3, 3) takes a pixel (x, y, 1) to the world direction of its ray.
    """
    height, width = shape
    out = np.ones((height, width), np.float32)
    key = light[KEY].sum() * max(light[LAMP, 2], np.float32(0))
    sky = light[SKY].sum() + np.float32(1e-6)
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
            if key > 0:
                share = lit_share(shadow_map, light_projection, px, py, np.float32(0), 2)
            dark = np.float32(0)
            gx, gy = (px - corner[0]) / cell - np.float32(0.5), (py - corner[1]) / cell - np.float32(0.5)
            if 0 <= gx < cells - 1 and 0 <= gy < cells - 1:
                c, r = int(gx), int(gy)
                fx, fy = gx - c, gy - r
                dark = (grid[r, c] * (1 - fx) + grid[r, c + 1] * fx) * (1 - fy)
                dark += (grid[r + 1, c] * (1 - fx) + grid[r + 1, c + 1] * fx) * fy
            out[y, x] = (sky * (1 - np.float32(0.8) * dark) + key * share) / (sky + key)
    return out
