import itertools

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.geometry.kinematics import to_o1, to_o2
from pose3d.losses import euclidean_loss
from pose3d.models import Pose3DConfig
from tests.models.nets import SIDE, candidate_key, images, misgrouped, pose3d, without_gradient

SUFFIXES = {"corrective": ("deep", "sum"), "regular": ("sum",), "none": ("deep",)}


@pytest.mark.parametrize("skips", SUFFIXES)
@pytest.mark.parametrize("stubs", ["separate", "common"])
@pytest.mark.parametrize("modalities", [("P",), ("P", "O1"), ("P", "O1", "O2")])
def test_switches_build_and_every_parameter_learns(skips, stubs, modalities):
    net = pose3d(skips=skips, stubs=stubs, modalities=modalities)
    outputs = net(images())
    poses = {x + s for x, s in itertools.product(modalities, (*SUFFIXES[skips], "4b5", "4b20"))}
    assert set(outputs) == poses | {"H"}
    assert all(outputs[k].shape == (2, 17, 3) for k in poses)
    assert outputs["H"].shape == (2, 17, SIDE // 16, SIDE // 16)
    assert {output.key for output in net.outputs} == set(outputs)
    assert without_gradient(net, outputs) == []
    assert misgrouped(net) == []


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"intermediate_taps": ("res3b3", "res4b22")}, {"P3b3", "O13b3", "O23b3", "P4b22", "O14b22", "O24b22", "H"}),
        ({"intermediate_predicts": "P"}, {"P4b5", "P4b20", "H"}),
        ({"intermediate_taps": (), "heatmaps": False}, set()),
        ({"intermediate_taps": (), "part_labels": True}, {"H", "PL"}),
        ({"intermediate_taps": (), "heatmaps": False, "domain": True}, {"domain"}),
    ],
)
def test_auxiliary_switches(switches, expected):
    net = pose3d(**switches)
    outputs = net(images())
    assert {k for k in outputs if not k.endswith(("deep", "sum"))} == expected
    assert {output.key for output in net.outputs} == set(outputs)
    assert without_gradient(net, outputs) == []
    if "PL" in expected:
        assert outputs["PL"].shape == (2, 25, SIDE // 16, SIDE // 16)
    if "domain" in expected:
        assert outputs["domain"].shape == (2,)


def test_sum_is_deep_plus_the_skips_of_its_modality():
    net = pose3d().eval()
    for stub in net.modules():
        if hasattr(stub, "fc"):
            torch.nn.init.normal_(stub.fc.weight)
    with torch.no_grad():
        outputs, taps = net(images()), net.trunk(images())
        for x in ("P", "O1", "O2"):
            extra = sum(net.skips[x][tap](taps[tap]) for tap in ("res3b3", "res4b20")).view(2, 17, 3)
            torch.testing.assert_close(outputs[f"{x}sum"], outputs[f"{x}deep"] + extra, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("skips", SUFFIXES)
@pytest.mark.parametrize(("stubs", "keep"), [("separate", True), ("common", False)])
def test_deploy_is_bit_identical_and_lean(skips, stubs, keep):
    net = pose3d(skips=skips, stubs=stubs, part_labels=True, domain=True).eval()
    names = set(net.state_dict())
    lean = net.deploy(keep_heatmaps=keep)
    with torch.no_grad():
        whole, deployed = net(images()), lean(images())
    assert set(deployed) == {candidate_key(net, x) for x in net.config.modalities} | ({"H"} if keep else set())
    assert all(torch.equal(value, whole[key]) for key, value in deployed.items())
    parts = {name.split(".")[0] for name in lean.state_dict()}
    assert parts == {"trunk", "res5a", "stubs"} | ({"skips"} if skips == "regular" else set()) | (
        {"heatmaps"} if keep else set()
    )
    assert {output.key for output in lean.outputs} == set(deployed)
    assert all(output.candidate for output in lean.outputs)
    assert set(net.state_dict()) == names, "the original is left alone"


def test_bad_switches():
    for switches, words in [
        ({"skips": "vanilla"}, "corrective, regular, none"),
        ({"stubs": "shared"}, "separate, common"),
        ({"modalities": ("O1",)}, "P must be among them"),
        ({"modalities": ("P", "O3")}, "P, O1, O2"),
        ({"intermediate_taps": ("res4b23",)}, "res4b22"),
        ({"intermediate_predicts": "O1"}, "PO1O2, P"),
        ({"intermediate_taps": ("res3b3", "res4b5", "res4b22")}, "two layers only"),
        ({"loss_weight_control": True}, "without skips"),
        ({"target_unit_mm": 0.0}, "above 0"),
    ]:
        with pytest.raises(PoseError, match=words):
            pose3d(**switches)
    with pytest.raises(PoseError, match="multiple of 16"):
        Pose3DConfig(image_size=100)


@pytest.mark.parametrize("stubs", ["separate", "common"])
def test_starts_from_the_mean_pose(stubs):
    mean = torch.randn(17, 3) * 3
    mean -= mean[14].clone()
    net = pose3d(stubs=stubs).eval()
    net.start_from(mean)
    for stub in net.modules():
        if hasattr(stub, "fc"):
            torch.nn.init.zeros_(stub.fc.weight)
    outputs = net(images())
    for x, pose in {"P": mean, "O1": to_o1(mean), "O2": to_o2(mean)}.items():
        for suffix in ("deep", "sum", "4b5", "4b20"):
            torch.testing.assert_close(outputs[x + suffix][0], pose)


def test_bfloat16_autocast_keeps_poses_fine():
    net = pose3d().eval().to(memory_format=torch.channels_last)
    image = images().to(memory_format=torch.channels_last)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        outputs = net(image)
    assert {v.dtype for v in outputs.values()} == {torch.float32}
    # A bfloat16 value has 16 zero bits at the end; poses must not have been rounded to that.
    assert (outputs["Pdeep"].view(torch.int32) & 0xFFFF).any()


def test_transferred_layers_have_the_names_of_2dposenet():
    from tests.models.nets import pose2d

    shared = {k: v.shape for k, v in pose2d().state_dict().items() if k.startswith(("trunk.", "res5a."))}
    own = {k: v.shape for k, v in pose3d().state_dict().items() if k.startswith(("trunk.", "res5a."))}
    assert shared == own


def test_overfits_four_samples():
    torch.manual_seed(0)
    net, image = pose3d(), images(4)
    pose = 3 * torch.randn(4, 17, 3)
    targets = {"P": pose, "O1": to_o1(pose), "O2": to_o2(pose)}
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    losses = []
    for _ in range(16):
        outputs = net(image)
        loss = sum(euclidean_loss(outputs[x + s], t) for x, t in targets.items() for s in ("deep", "sum"))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
