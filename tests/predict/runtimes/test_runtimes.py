"""Runtimes give the network's outputs, and the choice between them follows the measurements."""

import importlib.util
from types import SimpleNamespace

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.predict.export import random_crops
from pose3d.predict.networks import load_deployed
from pose3d.predict.runtimes import RUNTIMES, choice, use_runtime
from pose3d.predict.runtimes.choice import FLOAT32, Measured, disagreement
from pose3d.pretrained import RELEASED_FOLDER

SIZE = 160
CROPS = random_crops(1, SIZE, seed=3)


@pytest.fixture
def net():
    return load_deployed(RELEASED_FOLDER / "stage3.safetensors")


@pytest.fixture(scope="module")
def reference():
    with torch.inference_mode():
        return load_deployed(RELEASED_FOLDER / "stage3.safetensors")(random_crops(3, SIZE, seed=4))


@pytest.mark.parametrize(
    ("name", "most_mm"),
    [
        ("bfloat16", 20),
        ("openvino", 0.01),
        ("openvino-bfloat16", 20),
        pytest.param("onnxruntime", 0.01, marks=pytest.mark.slow),
        pytest.param("compiled", 20, marks=pytest.mark.slow),
    ],
)
def test_a_named_runtime_gives_the_networks_answers(net, reference, name, most_mm):
    for package in choice.KINDS[name].needs:
        pytest.importorskip(package)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    use_runtime(net, name)
    with torch.inference_mode():
        net(CROPS)
        answers = net(random_crops(3, SIZE, seed=4))
        again = net(random_crops(3, SIZE, seed=5))
    assert answers.keys() == reference.keys()
    assert all(answer.dtype == torch.float32 for answer in answers.values())
    assert (answers["joints_3d"] - reference["joints_3d"]).norm(dim=-1).mean() < most_mm
    assert (again["joints_3d"] - answers["joints_3d"]).abs().max() > 1  # another answer for other crops
    assert (answers["heatmaps"] - reference["heatmaps"]).abs().mean() < 0.02
    # The network itself stays as it was.
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert net.answers(CROPS)["joints_3d"].dtype == torch.float32


@pytest.fixture
def clock(monkeypatch):
    """The clock that passes are measured with; it goes when a test says so."""
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(choice, "time", clock)
    return clock


def slow(clock, net, seconds, off_mm=0.0):
    """A runtime that takes so long, and whose joints are off by so much along x."""

    def run(crops):
        clock.now += seconds
        answers = net.answers(crops)
        return answers | {"joints_3d": answers["joints_3d"] + torch.tensor([off_mm, 0.0, 0.0])}

    return run


def kinds(monkeypatch, **made):
    monkeypatch.setattr(choice, "KINDS", made)


def test_the_fastest_that_agrees_is_chosen(net, clock, monkeypatch):
    def broken(net, size):
        raise RuntimeError("no such\ninstruction")

    net.answers = slow_answers(clock, net.answers)
    kinds(
        monkeypatch,
        wrong=choice.Kind(lambda net, size: slow(clock, quick(net), 0.0, off_mm=40)),
        broken=choice.Kind(broken),
        missing=choice.Kind(broken, needs=("a_package_that_nobody_has",)),
        good=choice.Kind(lambda net, size: slow(clock, quick(net), 0.001)),
        slower=choice.Kind(lambda net, size: slow(clock, quick(net), 0.4)),
    )
    said = []
    use_runtime(net, "auto", say=said.append)
    with torch.inference_mode():
        answers = net(CROPS)
    assert isinstance(net.runtime, Measured)
    assert net.runtime.name == "good"
    assert set(net.runtime.seconds) == {FLOAT32, "good", "slower"}
    assert disagreement(answers, quick(net).answers(CROPS)) is None
    assert len(said) == 1
    assert said[0].startswith("3D network by good: ")


def slow_answers(clock, answers):
    def run(crops):
        clock.now += 0.2
        return answers(crops)

    run.quick = answers
    return run


def quick(net):
    """The network without the delay that a test gave it."""
    copied = choice._plain(net)
    copied.answers = net.answers.quick
    return copied


def test_a_preparation_that_does_not_pay_is_left_out(net, clock, monkeypatch):
    prepared, net.answers = [], slow_answers(clock, net.answers)

    def make(net, size):
        prepared.append(size)
        return net.answers

    kinds(monkeypatch, costly=choice.Kind(make, seconds=1000.0, saves=0.5))
    for calls, times in ((100, 0), (1e9, 1)):
        use_runtime(net, "auto", calls)
        with torch.inference_mode():
            net(CROPS)
        assert prepared == [SIZE] * times


def test_a_runtime_that_fails_later_is_given_up(net, clock, monkeypatch):
    net.answers = slow_answers(clock, net.answers)

    def make(slowed, size):
        def run(crops):
            if len(crops) > 1:
                raise ValueError("only one")
            return quick(net).answers(crops)

        return run

    kinds(monkeypatch, picky=choice.Kind(make))
    said = []
    use_runtime(net, "auto", say=said.append)
    with torch.inference_mode():
        net(CROPS)
        assert net.runtime.name == "picky"
        assert net(random_crops(2, SIZE, seed=0))["joints_3d"].shape == (2, 17, 3)
    assert net.runtime.name == FLOAT32
    assert said[-1] == "picky failed (only one); going on with float32"


def test_mistakes(net, monkeypatch):
    with pytest.raises(PoseError, match="there is no runtime tensorrt"):
        use_runtime(net, "tensorrt")
    find = importlib.util.find_spec
    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == "openvino" else find(name))
    with pytest.raises(PoseError, match="needs openvino"):
        use_runtime(net, "openvino")
    assert RUNTIMES[:2] == ("auto", "float32")
