"""P, O1 and O2 against plain loops over the parents, and round trips."""

import pytest
import torch

from pose3d.geometry.kinematics import FROM_MODALITY, TO_MODALITY, from_o1, from_o2, to_o1, to_o2
from pose3d.skeleton import MPI_INF_3DHP_17 as J17


@pytest.fixture
def poses():
    generator = torch.Generator().manual_seed(0)
    # Multiples of 1/8 mm: sums and differences of them are exact in float32.
    pose = torch.randint(-8000, 8000, (5, 17, 3), generator=generator).float() / 8
    return pose - pose[:, J17.root : J17.root + 1]


@pytest.mark.parametrize(("relative", "parents"), [(to_o1, J17.parents_o1), (to_o2, J17.parents_o2)])
def test_relative_poses_are_differences_to_the_parent(poses, relative, parents):
    result = relative(poses)
    for b in range(len(poses)):
        for j, parent in enumerate(parents):
            assert torch.equal(result[b, j], poses[b, j] - poses[b, parent])


@pytest.mark.parametrize(("there", "back"), [(to_o1, from_o1), (to_o2, from_o2)])
def test_there_and_back_is_exact(poses, there, back):
    assert torch.equal(back(there(poses)), poses)
    assert torch.equal(there(back(poses)), poses)


@pytest.mark.parametrize(("back", "parents"), [(from_o1, J17.parents_o1), (from_o2, J17.parents_o2)])
def test_absolute_poses_are_sums_along_the_chain(poses, back, parents):
    result = back(poses)
    for j in range(17):
        total, joint = torch.zeros(5, 3), j
        while joint != J17.root:
            total, joint = total + poses[:, joint], parents[joint]
        assert torch.equal(result[:, j], total)


def test_modalities_rotate_with_the_pose(poses):
    poses = poses.double()
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)).double())[0]
    for name, to_modality in TO_MODALITY.items():
        torch.testing.assert_close(to_modality(poses @ rotation.T), to_modality(poses) @ rotation.T)
        torch.testing.assert_close(FROM_MODALITY[name](to_modality(poses)), poses)


def test_gradients_flow_through_both_ways(poses):
    pose = poses.double()[:1].requires_grad_()
    assert torch.autograd.gradcheck(lambda p: from_o2(to_o1(p)), (pose,))
