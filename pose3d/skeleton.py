"""Joint sets, kinematic parents, left/right flips and remaps between sets.

Orders and parents follow the official tools of each data set. The 17 "relevant" joints of MPI-INF-3DHP are the order
of everything in this package: predictions, targets, metrics. Order-1 and order-2 parents are those of paper Fig. 2;
both hips have the spine as their order-2 parent, so order 2 is not simply the parent of the parent.
"""

from dataclasses import dataclass

import numpy as np

from pose3d.errors import PoseError


@dataclass(frozen=True)
class JointSet:
    """A named, ordered set of joints.

    `parents_o1` and `parents_o2` hold one joint index per joint, the root being its own parent; they are empty for sets
    that only carry labels. `flip[j]` is the joint that joint `j` becomes in a mirrored image.
    """

    name: str
    names: tuple[str, ...]
    flip: tuple[int, ...]
    root: int
    parents_o1: tuple[int, ...] = ()
    parents_o2: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def index(self, joint: str) -> int:
        """Index of a joint by name."""
        if joint not in self.names:
            raise PoseError(f"joint set {self.name} has no joint {joint!r}; it has {', '.join(self.names)}")
        return self.names.index(joint)


def _mirrored(names: tuple[str, ...]) -> tuple[int, ...]:
    """Flip permutation from names: `l_x` and `r_x` (or `left_x`, `right_x`) change places."""
    swap = {"l_": "r_", "r_": "l_", "left_": "right_", "right_": "left_"}

    def partner(name: str) -> str:
        for side, other in swap.items():
            if name.startswith(side) and other + name[len(side) :] in names:
                return other + name[len(side) :]
        return name

    return tuple(names.index(partner(name)) for name in names)


def _joint_set(name: str, names: str, root: str, o1: str = "", o2: str = "") -> JointSet:
    """Build a set from space-separated joint names and parent names."""
    joints = tuple(names.split())
    parents = [tuple(joints.index(p) for p in order.split()) for order in (o1, o2)]
    return JointSet(name, joints, _mirrored(joints), joints.index(root), *parents)


MPI_INF_3DHP_28 = _joint_set(
    "mpi_inf_3dhp_28",
    "spine3 spine4 spine2 spine pelvis neck head head_top "
    "l_clavicle l_shoulder l_elbow l_wrist l_hand r_clavicle r_shoulder r_elbow r_wrist r_hand "
    "l_hip l_knee l_ankle l_foot l_toe r_hip r_knee r_ankle r_foot r_toe",
    root="pelvis",
    o1="spine2 spine3 spine pelvis pelvis spine4 neck head "
    "neck l_clavicle l_shoulder l_elbow l_wrist neck r_clavicle r_shoulder r_elbow r_wrist "
    "pelvis l_hip l_knee l_ankle l_foot pelvis r_hip r_knee r_ankle r_foot",
    o2="spine spine2 pelvis pelvis pelvis spine3 spine4 neck "
    "spine4 neck l_clavicle l_shoulder l_elbow spine4 neck r_clavicle r_shoulder r_elbow "
    "spine pelvis l_hip l_knee l_ankle spine pelvis r_hip r_knee r_ankle",
)

MPI_INF_3DHP_17 = _joint_set(
    "mpi_inf_3dhp_17",
    "head_top neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist "
    "r_hip r_knee r_ankle l_hip l_knee l_ankle pelvis spine head",
    root="pelvis",
    o1="neck spine neck r_shoulder r_elbow neck l_shoulder l_elbow "
    "pelvis r_hip r_knee pelvis l_hip l_knee pelvis pelvis neck",
    o2="spine pelvis spine neck r_shoulder spine neck l_shoulder "
    "spine pelvis r_hip spine pelvis l_hip pelvis pelvis spine",
)

# The 14 joints that 2D and 3D sets share (paper section 5, "joints 1-14"); with the pelvis the 15 maps of 2DPoseNet.
COMMON_14 = _joint_set("common_14", " ".join(MPI_INF_3DHP_17.names[:14]), root="neck")
POSE2D_15 = _joint_set("pose2d_15", " ".join(MPI_INF_3DHP_17.names[:15]), root="pelvis")

# Human3.6M without its repeated and unused entries; `spine1` and `thorax` carry the names of their 3DHP counterparts.
H36M_17 = _joint_set(
    "h36m_17",
    "pelvis r_hip r_knee r_ankle l_hip l_knee l_ankle spine neck head head_top "
    "l_shoulder l_elbow l_wrist r_shoulder r_elbow r_wrist",
    root="pelvis",
)

# The 32 columns of Human3.6M's own files; those that repeat another joint are numbered instead of named.
H36M_32 = _joint_set(
    "h36m_32",
    "pelvis r_hip r_knee r_ankle r_foot r_toe l_hip l_knee l_ankle l_foot l_toe "
    "repeat_11 spine neck head head_top repeat_16 l_shoulder l_elbow l_wrist repeat_20 repeat_21 l_hand repeat_23 "
    "repeat_24 r_shoulder r_elbow r_wrist repeat_28 repeat_29 r_hand repeat_31",
    root="pelvis",
)

# Decision D6: `neck` is MPII's upper_neck, the joint its official score uses.
MPII_16 = _joint_set(
    "mpii_16",
    "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax neck head_top "
    "r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist",
    root="pelvis",
)

# LSP labels no pelvis; the readers add the middle of the hips (decision D6).
LSP_14 = _joint_set(
    "lsp_14",
    "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist neck head_top",
    root="neck",
)

HUMANEVA_15 = _joint_set(
    "humaneva_15",
    "pelvis neck l_shoulder l_elbow l_wrist r_shoulder r_elbow r_wrist l_hip l_knee l_ankle r_hip r_knee r_ankle head",
    root="pelvis",
)

# ASPset-510: the 17 names of MPI-INF-3DHP in another order.
ASPSET_17 = _joint_set(
    "aspset_17",
    "r_ankle r_knee r_hip r_wrist r_elbow r_shoulder l_ankle l_knee l_hip l_wrist l_elbow l_shoulder "
    "head_top head neck spine pelvis",
    root="pelvis",
)

# COCO's person keypoints: no neck, no head top, no pelvis.
COCO_17 = _joint_set(
    "coco_17",
    "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist "
    "l_hip r_hip l_knee r_knee l_ankle r_ankle",
    root="nose",
)

JOINT_SETS = {
    s.name: s
    for s in (
        MPI_INF_3DHP_28, MPI_INF_3DHP_17, COMMON_14, POSE2D_15, H36M_17, H36M_32, MPII_16, LSP_14, HUMANEVA_15,
        ASPSET_17, COCO_17,
    )
}  # fmt: skip


def joint_set(name: str) -> JointSet:
    """A joint set by name; an unknown name is a PoseError that lists the known ones."""
    if name not in JOINT_SETS:
        raise PoseError(f"unknown joint set {name!r}; known are {', '.join(JOINT_SETS)}")
    return JOINT_SETS[name]


def remap(source: JointSet, target: JointSet) -> np.ndarray:
    """For each joint of `target`, its index in `source` or -1 where `source` has no such joint, (J_target,) int64.

    `labels[:, remap(source, target)]` reorders labels where no entry is -1.
    """
    return np.array([source.names.index(n) if n in source.names else -1 for n in target.names], dtype=np.int64)
