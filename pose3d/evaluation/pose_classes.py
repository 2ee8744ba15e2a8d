"""Pose classes (paper Fig. 5, section 6.1): 20 K-means clusters of the test poses, grouped by a stated rule.

The paper grouped the clusters visually; here a rule on the centroid does, so that the classes are reproducible. Poses
are rotated about the vertical axis until the hips lie along x, so that clusters are postures and not headings.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from pose3d.errors import PoseError
from pose3d.files import whole_file
from pose3d.skeleton import MPI_INF_3DHP_17
from pose3d.viz import draw_pose_3d, frame_pose_3d

NUM_CLUSTERS = 20
CLASSES = ("Stand/Walk", "Sit", "Crouch")
RULE = (
    "Stand/Walk: pelvis at least 0.75 leg lengths above the ankles and neck at least 0.5 trunk lengths above the "
    "pelvis; Sit: lower (0.2 to 0.75), neck at least 0.7 trunk lengths above the pelvis, knees no higher than half a "
    "leg above it; Crouch: everything else (squatting, bent over, on the floor)"
)

_J = {name: i for i, name in enumerate(MPI_INF_3DHP_17.names)}


def facing(poses: np.ndarray) -> np.ndarray:
    """Poses (N, 17, 3) rotated about the camera's y axis so that right hip to left hip points along +x."""
    hips = poses[:, _J["l_hip"]] - poses[:, _J["r_hip"]]
    length = np.hypot(hips[:, 0], hips[:, 2])
    cos, sin = (np.where(length > 0, hips[:, c] / np.maximum(length, 1e-9), c == 0) for c in (0, 2))
    turn = np.zeros((len(poses), 3, 3))
    turn[:, 0, 0], turn[:, 0, 2], turn[:, 1, 1], turn[:, 2, 0], turn[:, 2, 2] = cos, sin, 1.0, -sin, cos
    return np.einsum("nij,nkj->nki", turn, poses.astype(np.float64))


def pose_class(centroid: np.ndarray, leg: float, trunk: float) -> int:
    """Class of one centroid (17, 3) mm by RULE; y points down, `leg` and `trunk` are mean lengths of the data set."""
    ankles = (centroid[_J["l_ankle"], 1] + centroid[_J["r_ankle"], 1]) / 2
    knees = (centroid[_J["l_knee"], 1] + centroid[_J["r_knee"], 1]) / 2
    pelvis = centroid[_J["pelvis"], 1]
    height, upright = (ankles - pelvis) / leg, (pelvis - centroid[_J["neck"], 1]) / trunk
    if height >= 0.75 and upright >= 0.5:
        return 0
    if 0.2 <= height < 0.75 and upright >= 0.7 and (pelvis - knees) / leg <= 0.5:
        return 1
    return 2


def classify(target: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cluster true poses (N, 17, 3) mm: class of each frame (N,), cluster of each frame (N,), centroids (20, 17, 3)."""
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        raise PoseError(
            "pose classes need scikit-learn; install it with: pip install 'pose3d-lightning[eval]'"
        ) from error
    poses = facing(target)
    if len(np.unique(poses.reshape(len(poses), -1).round(3), axis=0)) < NUM_CLUSTERS:
        raise PoseError(f"{len(poses)} frames hold fewer than {NUM_CLUSTERS} different poses; use a larger test set")
    fitted = KMeans(NUM_CLUSTERS, n_init=4, random_state=seed).fit(poses.reshape(len(poses), -1))
    centroids = fitted.cluster_centers_.reshape(-1, 17, 3)

    def mean_length(*chain: str) -> float:
        return float(sum(np.linalg.norm(poses[:, _J[a]] - poses[:, _J[b]], axis=1).mean() for a, b in pairwise(chain)))

    leg = (mean_length("l_hip", "l_knee", "l_ankle") + mean_length("r_hip", "r_knee", "r_ankle")) / 2
    trunk = mean_length("pelvis", "spine", "neck")
    classes = np.array([pose_class(c, leg, trunk) for c in centroids])
    return classes[fitted.labels_], fitted.labels_.astype(np.int64), centroids


def draw_classes(path: Path, classes: np.ndarray, clusters: np.ndarray, centroids: np.ndarray) -> None:
    """Draw the centroids by class, each with its share of the frames (as paper Fig. 5)."""
    from matplotlib.figure import Figure

    of_cluster = np.array([classes[clusters == k][0] for k in range(len(centroids))])
    share = np.bincount(clusters, minlength=len(centroids)) / len(clusters)
    figure = Figure(figsize=(14, 9), layout="constrained")
    for place, k in enumerate(sorted(range(len(centroids)), key=lambda k: (of_cluster[k], -share[k]))):
        ax = figure.add_subplot(4, 5, place + 1, projection="3d")
        draw_pose_3d(ax, centroids[k])
        frame_pose_3d(ax, [centroids[k]], azimuth=25)
        ax.set_title(f"{CLASSES[of_cluster[k]]} · {share[k]:.1%}", fontsize=9)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110)
