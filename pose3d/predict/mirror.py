"""Average a network's outputs for a crop and for its mirror image: twice the time, an error a few per cent lower."""

from torch import Tensor

from pose3d.predict.networks import Deployed3D
from pose3d.skeleton import MPI_INF_3DHP_17

FLIP = list(MPI_INF_3DHP_17.flip)


def mirrored_average(net: Deployed3D, crops: Tensor) -> dict[str, Tensor]:
    """The outputs of `net` for crops (B, S, S, 3), averaged with the mirrored outputs for the mirrored crops."""
    plain, mirrored = net(crops), net(crops.flip(2))
    back = mirrored["joints_3d"][:, FLIP] * crops.new_tensor([-1, 1, 1], dtype=mirrored["joints_3d"].dtype)
    answer = {"joints_3d": (plain["joints_3d"] + back) / 2}
    if "heatmaps" in plain:
        answer["heatmaps"] = (plain["heatmaps"] + mirrored["heatmaps"][:, FLIP].flip(3)) / 2
    return answer
