import pytest
import torch
from torch import nn

from pose3d.data.normalise import SCHEMES
from pose3d.errors import PoseError
from pose3d.models.backbone import BACKBONES, IMAGE_MEAN, IMAGE_STD, Trunk, tap_blocks
from pose3d.models.config import TAPS
from pose3d.torchvision_ops import import_timm

timm = import_timm()

SMALL = [name for name in BACKBONES if name not in ("resnet101", "resnet50", "resnet34")]


def taps(name):
    with torch.device("meta"):
        return tap_blocks(BACKBONES[name], timm.create_model(name))[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet101", ["layer2.3", "layer3.5", "layer3.20", "layer3.22"]),  # the paper's own
        ("resnet50", ["layer2.3", "layer3.1", "layer3.4", "layer3.5"]),
        ("resnet18", ["layer2.1", "layer3.0", "layer3.1", "layer3.1"]),
        ("regnetx_008", ["s2.b3", "s3.b2", "s3.b6", "s3.b7"]),
        ("mobilenetv2_100", ["blocks.2.2", "blocks.3.1", "blocks.4.1", "blocks.4.2"]),
        ("tf_efficientnet_lite0", ["blocks.2.1", "blocks.3.1", "blocks.4.1", "blocks.4.2"]),
        ("mobilenetv3_small_100", ["blocks.1.1", "blocks.2.1", "blocks.3.0", "blocks.3.1"]),
    ],
)
def test_taps_lie_at_the_same_share_of_the_way(name, expected):
    assert [taps(name)[word] for word in TAPS] == expected


@pytest.mark.parametrize("name", SMALL)
def test_taps_have_the_papers_strides_and_nothing_lies_behind(name):
    trunk = Trunk(name, weights=None)
    assert trunk.strides == {"res3b3": 8, "res4b5": 16, "res4b20": 16, "res4b22": 16}
    found = trunk(torch.randn(2, 3, 96, 64))
    assert {k: v.shape for k, v in found.items()} == {
        k: (2, trunk.channels[k], 96 // trunk.strides[k], 64 // trunk.strides[k]) for k in TAPS
    }
    found["res4b22"].square().sum().backward()
    assert [n for n, p in trunk.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("name", ["resnet18", "regnetx_004", "tf_efficientnet_lite0", "mobilenetv3_small_100"])
def test_taps_are_timms_own_features(name):
    full = timm.create_model(name, features_only=True, out_indices=(2, 3)).eval()
    trunk = Trunk(name, weights=None).eval()
    own = timm.create_model(name)
    trunk.load_state_dict({k: v for k, v in own.state_dict().items() if k in trunk.state_dict()})
    prefixless = {k.replace(".", "_", 1) if k.startswith("blocks.") else k: v for k, v in own.state_dict().items()}
    full.load_state_dict(
        {
            k: prefixless.get(k, own.state_dict().get(k))
            for k in full.state_dict()
            if k in prefixless or k in own.state_dict()
        }
    )
    image = torch.randn(1, 3, 64, 64)
    adapted = image if trunk.scale is None else image * trunk.scale + trunk.shift
    stride8, stride16 = full(adapted)
    found = trunk(image)
    assert torch.equal(found["res3b3"], stride8)
    assert torch.equal(found["res4b22"], stride16)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_level_3_ends_at_stride_8_and_level_4_at_stride_16(name):
    with torch.device("meta"):
        full, trunk = timm.create_model(name), Trunk(name, weights=None)
    assert trunk.strides == {"res3b3": 8, "res4b5": 16, "res4b20": 16, "res4b22": 16}
    assert set(trunk.state_dict()) <= set(full.state_dict())


def test_networks_of_other_statistics_get_theirs():
    trunk = Trunk("tf_efficientnet_lite0", weights=None)
    pixels = torch.rand(1, 3, 8, 8)
    normalised = (pixels - torch.tensor(IMAGE_MEAN).view(3, 1, 1)) / torch.tensor(IMAGE_STD).view(3, 1, 1)
    torch.testing.assert_close(normalised * trunk.scale + trunk.shift, 2 * pixels - 1)
    assert Trunk("resnet10t", weights=None).scale is None
    assert SCHEMES["imagenet"] == (IMAGE_MEAN, IMAGE_STD, False)


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_batch_norm_survives_train(frozen):
    trunk = Trunk("resnet10t", weights=None, freeze_batchnorm=frozen)
    before = {k: v.clone() for k, v in trunk.state_dict().items() if "running" in k}
    for mode in (True, False, True):
        trunk.train(mode)
    trunk(torch.randn(2, 3, 64, 64))["res4b22"].sum().backward()
    norms = [m for m in trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(m.training != frozen for m in norms)
    assert all(m.weight.grad is not None for m in norms), "scale and offset stay trainable"
    assert all(torch.equal(before[k], trunk.state_dict()[k]) == frozen for k in before)


def test_unknown_backbone_names_the_known_ones():
    with pytest.raises(PoseError, match=r"'vgg16'.*resnet101.*tf_efficientnet_lite0"):
        Trunk("vgg16")
    with pytest.raises(PoseError, match="tag"):
        Trunk("resnet18.no_such_tag", weights=None)


def test_trunk_compiles_in_one_graph():
    trunk = Trunk("resnet10t", weights=None).eval()
    image = torch.randn(1, 3, 64, 64)
    compiled = torch.compile(trunk, backend="eager", fullgraph=True)
    assert all(torch.equal(a, b) for a, b in zip(trunk(image).values(), compiled(image).values(), strict=True))


def test_the_stride_moves_to_the_first_convolution_as_in_caffe():
    """Decision L9: the same tensors by name, the same shapes of every tap, other strides inside."""
    ours, caffe = Trunk("resnet50", weights=None), Trunk("resnet50", weights=None, stride_on="1x1")
    assert ours.state_dict().keys() == caffe.state_dict().keys()
    assert (ours.channels, ours.strides) == (caffe.channels, caffe.strides)
    block = caffe.get_submodule("layer2.0")
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))
    with pytest.raises(PoseError, match="has no bottleneck blocks"):
        Trunk("resnet18", weights=None, stride_on="1x1")
