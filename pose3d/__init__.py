"""Monocular 3D human pose estimation after Mehta et al. 2017 (MPI-INF-3DHP): networks, losses, metrics, data.

Importing the package loads none of its heavy parts; take what you need from the submodules, for example
`from pose3d.metrics import MPJPE` or `from pose3d.models import Pose3DNet`.
"""

from pose3d.deferred_torchmetrics import defer_torchmetrics

defer_torchmetrics()

__version__ = "0.1.0"
