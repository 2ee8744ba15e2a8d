"""Shading of the visible samples: ambient light, one lamp with shadows, textures, specular highlights.

All colours are linear. Each output pixel averages its samples; samples of the same triangle are shaded once, at their
centre.
"""

import numpy as np

from pose3d.synth.compiled import compiled
from pose3d.synth.raster import NOTHING
from pose3d.synth.shadows import lit_share

# columns of the material table
RED, GREEN, BLUE, GLOSS, SHARPNESS, WRAP, FOLDS, TILE, TEXTURE, SIDE, MATERIAL_COLUMNS = range(11)

# rows of the light table, three numbers each: direction to the lamp, its colour, sky light, ground light
LAMP, KEY, SKY, GROUND = range(4)


# Folds: waves over the cloth (radians a metre along u and v, phase) and the way each tips the surface (x, y, z).
_WAVES = np.array(
    [
        (31, 67, 0.3, 0.5, -0.3, 0.8), (-58, 83, 1.9, -0.6, 0.5, 0.6), (92, 24, 4.1, 0.9, 0.3, -0.2),
        (-17, 126, 2.6, 0.1, 0.4, 0.9), (74, -109, 5.2, 0.7, 0.6, 0.3), (139, 55, 0.9, -0.8, 0.5, 0.1),
    ],
    np.float32,
)  # fmt: skip


@compiled
def _fold(u, v):
    """Change of the surface normal by folds at (u, v) m of the cloth: a vector of about unit length."""
    x, y, z = np.float32(0), np.float32(0), np.float32(0)
    bend = np.sin(np.float32(19) * u + np.float32(13) * v)  # bent waves look more natural
    for k in range(len(_WAVES)):
        slope = np.sin(_WAVES[k, 0] * u + _WAVES[k, 1] * v + _WAVES[k, 2] + np.float32(1.7) * bend)
        slope = slope * slope * slope
        x += slope * _WAVES[k, 3]
        y += slope * _WAVES[k, 4]
        z += slope * _WAVES[k, 5]
    return x, y, z


@compiled
def _texel(textures, offset, side, u, v):
    """Bilinear sample of a repeated square tile; u and v are in tiles."""
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
    face_id, points, vertices, normals, tints, visibility, faces, face_material, uv, materials, regions, textures,
    light, eye, shadow_map, light_projection, bias, samples, box, rgb, alpha, region,
):  # fmt: skip
    """Fill `rgb` (h, w, 3) linear and multiplied by `alpha` (h, w), and `region` (h, w) flags, inside `box`.

    `face_id` (h s, w s) and `points` (V, 3) are the z-buffer and its corners for s = `samples` a side; `box` is x0, y0,
    x1, y1 in output pixels, ends excluded. A flag is set where half of a pixel's samples or more carry it.
    """
    n = samples * samples
    faces_here = np.empty(n, np.int32)
    flags = np.empty(8, np.int32)
    one, part = np.float32(1), np.float32(1) / np.float32(n)
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
            flags[:] = 0
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
                px = np.float32(x * samples) + np.float32(sx) / np.float32(count)
                py = np.float32(y * samples) + np.float32(sy) / np.float32(count)

                a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
                bx, by = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
                cx, cy = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1]
                dx, dy = px - points[a, 0], py - points[a, 1]
                area = bx * cy - cx * by
                inverse = one / area
                wb, wc = (dx * cy - cx * dy) * inverse, (bx * dy - dx * by) * inverse
                wa = (one - wb - wc) * points[a, 2]
                wb, wc = wb * points[b, 2], wc * points[c, 2]
                total = one / (wa + wb + wc)
                wa, wb, wc = wa * total, wb * total, wc * total

                nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
                ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
                nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
                vx = wa * vertices[a, 0] + wb * vertices[b, 0] + wc * vertices[c, 0]
                vy = wa * vertices[a, 1] + wb * vertices[b, 1] + wc * vertices[c, 1]
                vz = wa * vertices[a, 2] + wb * vertices[b, 2] + wc * vertices[c, 2]
                ex, ey, ez = eye[0] - vx, eye[1] - vy, eye[2] - vz
                inverse = one / np.sqrt(ex * ex + ey * ey + ez * ez)
                ex, ey, ez = ex * inverse, ey * inverse, ez * inverse
                inverse = one / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
                if area > 0:  # the inside of a sleeve or a skirt
                    inverse = -inverse
                nx, ny, nz = nx * inverse, ny * inverse, nz * inverse

                m = face_material[f]
                u = wa * uv[f, 0, 0] + wb * uv[f, 1, 0] + wc * uv[f, 2, 0]
                v = wa * uv[f, 0, 1] + wb * uv[f, 1, 1] + wc * uv[f, 2, 1]
                if materials[m, FOLDS] > 0:
                    tx, ty, tz = _fold(u, v)
                    nx += materials[m, FOLDS] * tx
                    ny += materials[m, FOLDS] * ty
                    nz += materials[m, FOLDS] * tz
                    inverse = one / np.sqrt(nx * nx + ny * ny + nz * nz)
                    nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
                wrap = materials[m, WRAP]
                cosine = nx * lamp_x + ny * lamp_y + nz * lamp_z
                direct = max((cosine + wrap) / (one + wrap), np.float32(0))
                share = np.float32(0)
                if direct > 0:
                    share = lit_share(shadow_map, light_projection, vx + bias * nx, vy + bias * ny, vz + bias * nz, 1)
                up = np.float32(0.5) + np.float32(0.5) * nz
                gloss = np.float32(0)
                if share > 0 and materials[m, GLOSS] > 0 and cosine > 0:
                    hx, hy, hz = lamp_x + ex, lamp_y + ey, lamp_z + ez
                    half = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
                    gloss = materials[m, GLOSS] * share * max(half, np.float32(0)) ** materials[m, SHARPNESS]
                tr, tg, tb = np.float32(1), np.float32(1), np.float32(1)
                side = int(materials[m, SIDE])
                if side > 0:
                    tile = one / materials[m, TILE]
                    tr, tg, tb = _texel(textures, int(materials[m, TEXTURE]), side, u * tile, v * tile)
                tr *= (wa * tints[a, 0] + wb * tints[b, 0] + wc * tints[c, 0]) * materials[m, RED]
                tg *= (wa * tints[a, 1] + wb * tints[b, 1] + wc * tints[c, 1]) * materials[m, GREEN]
                tb *= (wa * tints[a, 2] + wb * tints[b, 2] + wc * tints[c, 2]) * materials[m, BLUE]
                lamp = direct * share
                seen = wa * visibility[a] + wb * visibility[b] + wc * visibility[c]
                from_sky, from_ground = up * seen, (one - up) * (np.float32(0.4) + np.float32(0.6) * seen)
                from_ground *= min(np.float32(0.3) + max(vz, np.float32(0)) * np.float32(3), np.float32(1))
                ir = from_ground * light[GROUND, 0] + from_sky * light[SKY, 0] + lamp * light[KEY, 0]
                ig = from_ground * light[GROUND, 1] + from_sky * light[SKY, 1] + lamp * light[KEY, 1]
                ib = from_ground * light[GROUND, 2] + from_sky * light[SKY, 2] + lamp * light[KEY, 2]
                weight = np.float32(count) * part
                red += weight * (tr * ir + gloss * light[KEY, 0])
                green += weight * (tg * ig + gloss * light[KEY, 1])
                blue += weight * (tb * ib + gloss * light[KEY, 2])
                for bit in range(8):
                    if (regions[m] >> bit) & 1:
                        flags[bit] += count
            rgb[y, x, 0] = red
            rgb[y, x, 1] = green
            rgb[y, x, 2] = blue
            alpha[y, x] = np.float32(covered) * part
            value = 0
            for bit in range(8):
                if 2 * flags[bit] >= n:
                    value |= 1 << bit
            region[y, x] = value
