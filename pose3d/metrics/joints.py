"""Which joints a metric reads: 17, 16, 14, or a list of indices or names."""

from collections.abc import Sequence

from pose3d.errors import PoseError
from pose3d.skeleton import MPI_INF_3DHP_17, JointSet

Joints = int | Sequence[int] | Sequence[str]


def joint_indices(joints: Joints, joint_set: JointSet = MPI_INF_3DHP_17) -> tuple[int, ...]:
    """Indices into `joint_set`: 17 is all of them, 16 all but the root, 14 the first 14 (joints 1-14 of the paper)."""
    if isinstance(joints, int):
        counts = {
            len(joint_set): tuple(range(len(joint_set))),
            len(joint_set) - 1: tuple(j for j in range(len(joint_set)) if j != joint_set.root),
            14: tuple(range(14)),
        }
        if joints not in counts:
            raise PoseError(f"no set of {joints} joints is defined; use {sorted(counts)}, or list indices or names")
        return counts[joints]
    chosen = tuple(joint_set.index(j) if isinstance(j, str) else int(j) for j in joints)
    if not chosen or len(set(chosen)) != len(chosen) or not all(0 <= j < len(joint_set) for j in chosen):
        raise PoseError(f"joints {list(joints)} must be distinct and between 0 and {len(joint_set) - 1}; choose again")
    return chosen
