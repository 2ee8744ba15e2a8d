import pytest

from pose3d.models import Pose2DNet, Pose3DConfig, Pose3DNet
from pose3d.models.summary import format_layers, group_sizes, layers
from tests.models.nets import fusion, pose2d, pose3d


def by_name(net, **kwargs):
    return {line.name: line for line in layers(net, **kwargs)}


@pytest.mark.parametrize(
    "net", [pose2d(), pose3d(part_labels=True, domain=True), pose3d(stubs="common"), fusion()], ids=type
)
def test_every_parameter_is_on_one_line(net):
    net.train()
    modes = [m.training for m in net.modules()]
    table = layers(net, image_size=64)
    assert sum(line.parameters for line in table) == sum(p.numel() for p in net.parameters())
    assert [m.training for m in net.modules()] == modes
    assert not any(m._forward_hooks for m in net.modules())
    counted = dict.fromkeys(net.lr_groups(), 0)
    for name, p in net.named_parameters():
        (group,) = (g for g, prefixes in net.lr_groups().items() if name.startswith(tuple(prefixes)))
        counted[group] += p.numel()
    assert group_sizes(table) == counted
    assert format_layers(table).count("\n") == len(table) + len(counted) + 1


@pytest.fixture(scope="module")
def resnet101():
    return Pose3DNet(Pose3DConfig(part_labels=True))


def test_paper_profile_of_3dposenet(resnet101):
    """Paper 3.1, 3.2 and supplement 4.2 at 368x368, layer by layer; sizes by hand."""
    table = by_name(resnet101)
    for word, channels, side, stride in [
        ("res3b3", 512, 46, 8),
        ("res4b5", 1024, 23, 16),
        ("res4b20", 1024, 23, 16),
        ("res4b22", 1024, 23, 16),
        ("res5a", 1024, 23, 16),
    ]:
        (line,) = (x for x in table.values() if x.paper == word)
        assert (line.shape, line.stride) == ((channels, side, side), stride)
    res5a = 1024 * 512 + 512 * 512 * 9 + 512 * 1024 + 1024 * 1024 + 2 * (512 + 512 + 1024 + 1024)
    assert table["res5a"].parameters == res5a
    for x in ("P", "O1", "O2"):
        assert table[f"stubs.{x}.conv"].shape == (128, 12, 12)
        assert table[f"stubs.{x}.conv"].stride == 32
        assert table[f"stubs.{x}.conv"].parameters == 1024 * 128 * 25 + 2 * 128
        assert table[f"stubs.{x}.fc"].shape == (51,)
        assert table[f"stubs.{x}.fc"].parameters == 128 * 12 * 12 * 51 + 51
        assert table[f"skips.{x}.res3b3.conv"].shape == (96, 23, 23)
        assert table[f"skips.{x}.res4b20.conv"].shape == (96, 12, 12)
        assert table[f"skips.{x}.res4b20.fc"].parameters == 96 * 12 * 12 * 51 + 51
    for tap in ("res4b5", "res4b20"):
        assert table[f"intermediate.{tap}.conv"].shape == (128, 8, 8)
        assert table[f"intermediate.{tap}.conv"].stride == 48
        assert table[f"intermediate.{tap}.fc"].shape == (153,)
    assert table["heatmaps"].shape == (17, 23, 23)
    assert table["part_labels"].shape == (25, 23, 23)
    sizes = group_sizes(list(table.values()))
    assert list(sizes) == ["trunk", "res5a", "new"]
    assert sizes["trunk"] == 27_535_424  # torchvision's ResNet-101 without layer4 and fc
    assert sizes["res5a"] == res5a


def test_paper_profile_of_2dposenet():
    table = by_name(Pose2DNet())
    widths = [table[f"taper.res5{block}.{i}"].shape for block in "bc" for i in range(3)]
    assert widths == [(c, 23, 23) for c in (512, 256, 256, 128, 128, 15)]
    assert table["skips.res3b3.0"].shape == (20, 46, 46)
    assert table["skips.res4b22.0"].shape == (20, 23, 23)
    assert table["skips.res3b3.1"].shape == table["skips.res4b22.1"].shape == (15, 23, 23)


def test_paper_profile_of_fusion(resnet101):
    table = by_name(fusion(resnet101))
    assert [line.shape for name, line in table.items() if name.startswith("fusion")] == [(2048,), (1024,), (51,)]
    assert {line.group for name, line in table.items() if name.startswith("fusion")} == {"new"}
    assert {line.group for name, line in table.items() if name.startswith("pose3d")} == {"trained"}
    assert not any("skips" in name or "intermediate" in name for name in table)
