"""Cutting shells along smooth lines: hems, cuffs, collars.

A shell is a part of a body's mesh. Where a cut crosses an edge it adds a vertex on it, so that hems are smooth; the
vertex keeps its position on the edge when the body moves.
"""

from dataclasses import dataclass

import numpy as np

from pose3d.synth.compiled import compiled


@dataclass(frozen=True)
class Shell:
    """Part of a mesh with cuts.

    `faces` (F, 3) and `uv` (F, 3, 2) of a mesh with V vertices; indices from V on are cut vertices: number V + k lies
    on the way from vertex `edges[k, 0]` to `edges[k, 1]`, at `share[k]` of it. `values` (V + cuts, D) are the
    coordinates that cuts refer to.
    """

    faces: np.ndarray
    uv: np.ndarray
    values: np.ndarray
    edges: np.ndarray
    share: np.ndarray

    @staticmethod
    def whole(faces: np.ndarray, values: np.ndarray, uv: np.ndarray | None = None) -> "Shell":
        """A shell without cuts."""
        if uv is None:
            uv = np.zeros((len(faces), 3, 2), np.float32)
        return Shell(faces.astype(np.int64), uv, values, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))

    def cut(self, column: int, level: float, keep: str) -> "Shell":
        """Keep the part that lies "below" or "above" `level` of a coordinate."""
        sign = -1.0 if keep == "above" else 1.0
        signed = sign * (self.values[:, column] - level)
        inside = signed[self.faces] < 0
        count = inside[:, 0].astype(np.int8) + inside[:, 1] + inside[:, 2]  # faster than a sum over three
        kept = [self.faces[count == 3]]
        kept_uv = [self.uv[count == 3]]
        crossing = (count == 1) | (count == 2)
        faces, uv = self.faces[crossing], self.uv[crossing]
        # rotate the corners of each crossing face so that the one alone on its side comes first
        alone = np.where(count[crossing] == 1, inside[crossing].argmax(1), (~inside[crossing]).argmax(1))
        turn = (alone[:, None] + np.arange(3)) % 3
        faces = np.take_along_axis(faces, turn, 1)
        uv = np.take_along_axis(uv, turn[..., None], 1)
        pairs = np.sort(faces[:, [[0, 1], [0, 2]]].reshape(-1, 2), axis=1)
        keys, which = np.unique(pairs[:, 0] * len(self.values) + pairs[:, 1], return_inverse=True)
        edges = np.stack(np.divmod(keys, len(self.values)), 1)
        new = len(self.values) + which.reshape(-1, 2)
        share = signed[edges[:, 0]] / (signed[edges[:, 0]] - signed[edges[:, 1]])
        reach = signed[faces[:, :1]] / (signed[faces[:, :1]] - signed[faces[:, 1:]])  # (n, 2), from the lone corner
        new_uv = uv[:, :1] + reach[..., None] * (uv[:, 1:] - uv[:, :1])
        tip = count[crossing] == 1
        kept += [np.column_stack([faces[tip, 0], new[tip]])]
        kept_uv += [np.concatenate([uv[tip, :1], new_uv[tip]], 1)]
        far, far_uv = ~tip, uv[~tip]
        kept += [
            np.column_stack([new[far, 0], faces[far, 1], faces[far, 2]]),
            np.column_stack([new[far, 0], faces[far, 2], new[far, 1]]),
        ]
        kept_uv += [
            np.stack([new_uv[far, 0], far_uv[:, 1], far_uv[:, 2]], 1),
            np.stack([new_uv[far, 0], far_uv[:, 2], new_uv[far, 1]], 1),
        ]
        a, b = self.values[edges[:, 0]], self.values[edges[:, 1]]
        return Shell(
            np.concatenate(kept),
            np.concatenate(kept_uv).astype(np.float32),
            np.concatenate([self.values, a + share[:, None] * (b - a)]),
            np.concatenate([self.edges, edges]),
            np.concatenate([self.share, share.astype(np.float32)]),
        )


@compiled
def place_cuts(vertices, first, edges, share):
    """Fill the rows of `vertices` (n, 3) from `first` on: cut vertices on their edges, in order, as later ones may
    use earlier ones."""
    for k in range(len(edges)):
        a, b, t = edges[k, 0], edges[k, 1], share[k]
        for i in range(3):
            vertices[first + k, i] = (1 - t) * vertices[a, i] + t * vertices[b, i]
