"""Evaluation protocols as data: the official ones and the variants met in the literature.

Published numbers of one method differ by several points because joint set, thresholds or alignment differ; so each
number names its protocol (decision M5), and each protocol is one entry here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pose3d.errors import PoseError
from pose3d.metrics.functional import AUC_THRESHOLDS, PCK_THRESHOLD, Alignment
from pose3d.suggestions import closest

AUC_THRESHOLDS_200: tuple[float, ...] = tuple(float(t) for t in range(0, 201, 5))


@dataclass(frozen=True)
class Protocol:
    """One way of scoring."""

    name: str
    title: str
    kind: Literal["3d", "humaneva", "aspset510", "mpii", "lsp"] = "3d"
    joints: int = 17
    """MPJPE: 17, 16 (no root) or 14."""
    pck_joints: int = 14
    alignment: Alignment = "none"
    threshold: float = PCK_THRESHOLD
    auc_thresholds: tuple[float, ...] = AUC_THRESHOLDS
    continuous_auc: bool = False
    inclusive: bool = False
    every: int = 1
    """Sampling: frames whose number is a multiple of this."""
    skeleton: Literal["universal", "true", "scaled"] = "universal"
    """Ground truth: universal; the subject's own size; or the subject's own size, predictions scaled to it by one
    factor per subject ("S" in Table 4, decision M6)."""
    tables: tuple[str, ...] = ("scene", "activity", "sequence", "joint group")
    activity_mean: bool = False

    def rules(self) -> str:
        """The rules in one line, as printed under every table."""
        if self.kind in ("mpii", "lsp"):
            reference = "head size" if self.kind == "mpii" else "torso"
            limit = 0.5 if self.kind == "mpii" else 0.2
            return f"14 joints, distance <= {limit} {reference}, AUC over 0:0.01:{limit}"
        sign = "<=" if self.inclusive else "<"
        auc = "continuous 0..{1:g}" if self.continuous_auc else "{0} thresholds 0..{1:g}"
        auc = auc.format(len(self.auc_thresholds), self.auc_thresholds[-1])
        alignment = {"none": "no alignment", "root": "re-rooted", "procrustes": "aligned R,S,T per frame"}.get(
            self.alignment, "aligned S per frame" if self.alignment == "scale" else "aligned S,T per frame"
        )
        skeleton = {
            "universal": "universal skeleton",
            "true": "true skeleton, predictions not scaled",
            "scaled": "true skeleton, predictions scaled by one factor per subject",
        }[self.skeleton]
        frames = "every frame" if self.every == 1 else f"every {self.every}th frame"
        if self.kind == "aspset510":
            scale = "910 mm from knee to neck" if self.skeleton == "universal" else "the subject's own size"
            return f"MPJPE and PCK 17 joints <= {self.threshold:g} mm, mean of each pose first; {scale}; {frames}"
        return (
            f"MPJPE {self.joints} joints; PCK {self.pck_joints} joints {sign} {self.threshold:g} mm; AUC {auc}; "
            f"{alignment}; {skeleton}; {frames}"
        )


_3DHP = Protocol("3dhp", "official MPI-INF-3DHP")
# The total is the mean over frames, the mean over activities stands beside it (decision M4).
_H36M = Protocol("h36m", "J17, every 64th frame (Table 2)", every=64, tables=("activity",), activity_mean=True)
_HUMANEVA = Protocol("humaneva", "P[G], 14 joints, true skeleton", kind="humaneva", joints=14, skeleton="true")
_ASPSET = Protocol(
    "aspset510", "official ASPset-510, test at 10 frames/s", kind="aspset510", pck_joints=17, inclusive=True, every=5,
    skeleton="true",
)  # fmt: skip

PROTOCOLS: dict[str, Protocol] = {
    p.name: p
    for p in (
        _3DHP,
        replace(_3DHP, name="3dhp-root", title="re-rooted at the pelvis", alignment="root"),
        replace(_3DHP, name="3dhp-j17", title="PCK and AUC over 17 joints", pck_joints=17),
        replace(_3DHP, name="3dhp-le", title="<= instead of <", inclusive=True),
        replace(_3DHP, name="3dhp-200", title="AUC up to 200 mm", auc_thresholds=AUC_THRESHOLDS_200),
        replace(
            _3DHP, name="3dhp-continuous", title="AUC of the continuous curve, <=", continuous_auc=True, inclusive=True
        ),
        replace(_3DHP, name="3dhp-scale", title="N-MPJPE", alignment="scale"),
        replace(_3DHP, name="3dhp-pa", title="PA-MPJPE and PA-PCK", alignment="procrustes"),
        replace(_3DHP, name="3dhp-true", title="ground truth of true size (annot3)", skeleton="true"),
        _H36M,
        replace(_H36M, name="h36m-all", title="J17, every frame", every=1),
        replace(_H36M, name="h36m-10", title="J17, every 10th frame", every=10),
        replace(_H36M, name="h36m-j16", title="J16 (no root)", joints=16),
        replace(_H36M, name="h36m-j14", title="J14", joints=14),
        replace(_H36M, name="h36m-scale", title="J17, N-MPJPE", alignment="scale"),
        replace(_H36M, name="h36m-j17-a", title="J17,A (protocol 2)", alignment="procrustes"),
        replace(_H36M, name="h36m-j14-a", title="J14,B,A (Table 4)", joints=14, alignment="procrustes"),
        replace(_H36M, name="h36m-s", title="J17,B,S (Table 4)", skeleton="scaled"),
        _HUMANEVA,
        replace(_HUMANEVA, name="humaneva-st", title="14 joints, S,T", kind="3d", alignment="scale_translation"),
        replace(_HUMANEVA, name="humaneva-rst", title="14 joints, R,S,T", kind="3d", alignment="procrustes"),
        _ASPSET,
        replace(_ASPSET, name="aspset510-univ", title="universal scale", skeleton="universal"),
        Protocol("mpii", "PCKh@0.5 and AUC", kind="mpii"),
        Protocol("lsp", "PCK@0.2 and AUC", kind="lsp"),
    )
}


def find_protocol(name: str, known: Iterable[str] = tuple(PROTOCOLS)) -> Protocol:
    """A protocol by name; an unknown name is a PoseError with the closest names."""
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    close = closest(name, known, cutoff=0.3) or list(known)
    raise PoseError(f"unknown protocol {name!r}; the closest are {', '.join(close)}; `all` prints every one")
