"""Pose as P (relative to the root), O1 and O2 (relative to order-1 and order-2 parents), paper section 3.2.2.

Each is a linear map of the others: O = P - P[parents], and back by adding up the chain from the root. All functions
take and return (..., 17, 3) tensors in any unit; the root's row is zero in all three.
"""

import torch
from torch import Tensor

from pose3d.skeleton import MPI_INF_3DHP_17


def _absolute_from_relative(parents: tuple[int, ...], root: int) -> Tensor:
    """(J, J) float64 matrix of P: the sum of O along the chain from each joint to the root, whose row of O is P's."""
    matrix = torch.zeros(len(parents), len(parents), dtype=torch.float64)
    for joint in range(len(parents)):
        link = joint
        while link != root:
            matrix[joint, link] = 1.0
            link = parents[link]
        matrix[joint, root] = 1.0
    return matrix


# Made when the module is loaded, so that exported networks hold them as constants.
_FROM_O1 = _absolute_from_relative(MPI_INF_3DHP_17.parents_o1, MPI_INF_3DHP_17.root)
_FROM_O2 = _absolute_from_relative(MPI_INF_3DHP_17.parents_o2, MPI_INF_3DHP_17.root)


def _apply(matrix: Tensor, pose: Tensor) -> Tensor:
    return torch.einsum("ij,...jk->...ik", matrix.to(pose), pose)


def to_o1(pose: Tensor) -> Tensor:
    """Root-relative joints (..., 17, 3) to joints relative to their order-1 parents."""
    return pose - pose[..., MPI_INF_3DHP_17.parents_o1, :]


def to_o2(pose: Tensor) -> Tensor:
    """Root-relative joints (..., 17, 3) to joints relative to their order-2 parents."""
    return pose - pose[..., MPI_INF_3DHP_17.parents_o2, :]


def from_o1(pose_o1: Tensor) -> Tensor:
    """Order-1 relative joints (..., 17, 3) back to root-relative ones."""
    return _apply(_FROM_O1, pose_o1)


def from_o2(pose_o2: Tensor) -> Tensor:
    """Order-2 relative joints (..., 17, 3) back to root-relative ones."""
    return _apply(_FROM_O2, pose_o2)


TO_MODALITY = {"P": lambda pose: pose, "O1": to_o1, "O2": to_o2}
"""Root-relative pose -> the named modality."""

FROM_MODALITY = {"P": lambda pose: pose, "O1": from_o1, "O2": from_o2}
"""The named modality -> root-relative pose."""
