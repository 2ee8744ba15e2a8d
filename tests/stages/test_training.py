"""How the stages learn: optimiser, rates, multipliers, loss weights, averaged weights, interruption."""

import json
import logging
import signal

import pytest
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from pose3d.batch import complete
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.errors import PoseError
from pose3d.geometry.decode import DecodeConfig
from pose3d.geometry.kinematics import to_o1, to_o2
from pose3d.heatmaps import cells_from_crop, render_heatmaps
from pose3d.models import Pose2DConfig, Pose2DNet, Pose3DConfig
from pose3d.models.objectives import total_loss
from pose3d.models.targets import PoseTarget
from pose3d.schedule import Phase, Schedule
from stages import Stage1, Stage2
from stages.cli import main
from stages.optimizers import base_rate, build_optimizer, parameter_groups
from stages.precision import auto_precision, cpu_has_bfloat16

QUIET = ("--test_after_fit", "false")


@pytest.fixture(scope="module")
def net():
    return Pose2DNet(Pose2DConfig("mobilenetv3_small_100"))


def test_every_parameter_has_one_group(net):
    groups = parameter_groups(net, {"trunk": 0.1, "res5a": 1, "new": 2})
    assert [g["name"] for g in groups] == ["trunk", "res5a", "new"]
    grouped = [id(p) for g in groups for p in g["params"]]
    assert sorted(grouped) == sorted(id(p) for p in net.parameters())
    assert {id(p) for p in net.trunk.parameters()} == {id(p) for p in groups[0]["params"]}


def test_unknown_groups_are_refused(net):
    with pytest.raises(PoseError, match="name trained, new, this network has the groups trunk, res5a, new"):
        parameter_groups(net, {"trained": 0.1, "new": 1})


def test_rates_are_base_times_multiplier_at_every_step(net):
    schedule = Schedule("s", (Phase(2, 0.1, {"H": 1}), Phase(2, 0.01, {"H": 1})))
    optimizer = build_optimizer(net, "adamw", {"trunk": 0.001, "res5a": 1, "new": 2}, None)
    scheduler = base_rate(optimizer, schedule)
    for base in (0.1, 0.1, 0.01, 0.01, 0.01):
        rates = {g["name"]: g["lr"] for g in optimizer.param_groups}
        assert rates == pytest.approx({"trunk": base * 0.001, "res5a": base, "new": base * 2})
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("eps", [None, 1e-8])
def test_adadelta_is_caffes(net, eps):
    """Caffe's solver in a plain loop (decision L3); torch's default eps is 1e-6, Caffe's delta 1e-8.

    L2 in the gradient, momentum as rho, `delta` under both roots, the rate multiplies the step.
    """
    parameter = torch.nn.Parameter(torch.tensor([0.7]))

    class One(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = parameter

        def lr_groups(self):
            return {"new": ["w"]}

    optimizer = build_optimizer(One(), "adadelta", {"new": 1.0}, eps=eps)
    optimizer.param_groups[0]["lr"] = rate = 0.05
    w, squares, steps, eps = 0.7, 0.0, 0.0, eps or 1e-6
    for gradient in (0.3, -0.2, 0.9):
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        g = gradient + 0.005 * w
        squares = 0.9 * squares + 0.1 * g * g
        delta = g * (steps + eps) ** 0.5 / (squares + eps) ** 0.5
        steps = 0.9 * steps + 0.1 * delta * delta
        w -= rate * delta
        assert float(parameter.detach()) == pytest.approx(w, rel=1e-5)


def test_multipliers_scale_the_update_that_each_group_takes(workshop):
    """Measured on the weights: one step at multiplier 0, 0.01 and 1 of the trunk."""
    states = {}
    for multiplier in ("0", "0.01", "1"):
        run = workshop.root / multiplier
        flags = ("--run_dir", str(run), "--trainer.max_steps", "1", "--model.lr_multipliers.trunk", multiplier)
        assert workshop.fit(1, *QUIET, *flags) == 0
        states[multiplier] = read_checkpoint(run / "last.ckpt")["state_dict"]
    learned = [k for k, v in states["0"].items() if v.is_floating_point() and "running" not in k]

    def update(prefix, multiplier):
        moved = [states[multiplier][k] - states["0"][k] for k in learned if k.startswith(prefix)]
        return torch.cat([m.flatten() for m in moved]).norm()

    assert update("net.trunk.", "1") > 0
    assert float(update("net.trunk.", "0.01") / update("net.trunk.", "1")) == pytest.approx(0.01, rel=0.05)
    # The other groups' rate did not change.
    assert update("net.res5a.", "1") == update("net.taper.", "1") == 0


def test_the_fusion_moves_what_was_trained_at_its_own_rate(pipeline):
    before = read_checkpoint(pipeline.root / "stage2" / "best.ckpt")["state_dict"]
    after = read_checkpoint(pipeline.root / "stage3" / "last.ckpt")["state_dict"]
    moved = [
        (after[k] - before[k.replace("pose3d.", "")]).abs().max()
        for k in after
        if k.startswith("net.pose3d.stubs.") and k.endswith("weight")
    ]
    # AdamW's first steps are about as large as the rate: six of at most 1e-3 x 1e-4 (and weight decay).
    assert 0 < max(moved) < 6e-7


def test_the_loss_uses_the_weights_of_the_step_also_after_resuming(workshop, monkeypatch):
    seen = []

    def recording(outputs, losses, phase):
        seen.append(phase)
        return total_loss(outputs, losses, phase)

    monkeypatch.setattr("stages.base.total_loss", recording)
    run = workshop.root / "run"
    flags = (*QUIET, "--run_dir", str(run), "--model.iterations_scale", "0.67")
    assert workshop.fit(1, *flags, "--trainer.max_steps", "3") == 0
    assert workshop.fit(1, *flags, "--ckpt_path", str(run / "last.ckpt")) == 0
    first, second = Schedule.load(workshop.root / "schedule1.yaml").scaled(0.67).phases
    assert (first.iterations, second.iterations) == (2, 2)
    assert seen == [first, first, second, second]


def test_predictions_are_millimetres_of_the_root_relative_pose_whatever_the_modality(workshop):
    """A perfect network, in decimetres and in the frame of each modality, gives the target three times."""
    stage = Stage2(
        schedule=str(workshop.root / "schedule2.yaml"),
        net=Pose3DConfig("mobilenetv3_small_100", image_size=64),
        weights=None,
        decode=DecodeConfig("off"),
    )
    target = torch.randn(2, 17, 3) * 300
    target -= target[:, 14:15]
    right = {"Pdeep": target / 100, "O1deep": to_o1(target) / 100, "O2deep": to_o2(target) / 100}
    right["H"] = torch.rand(2, 17, 4, 4)
    stage.net.forward = lambda image: right
    batch = {
        "image": torch.zeros(2, 3, 64, 64),
        "crop_from_img": torch.eye(3).expand(2, 3, 3),
        "intrinsics": torch.tensor([[500.0, 0, 32], [0, 500.0, 32], [0, 0, 1]]).expand(2, 3, 3),
    }
    predictions = stage.predict_step(batch)
    for name in ("joints_3d", "joints_3d_P", "joints_3d_O1", "joints_3d_O2"):
        torch.testing.assert_close(predictions[name], target, atol=1e-3, rtol=0)


def test_the_test_turns_poses_back_as_the_targets_were_turned(workshop):
    """A network that is perfect in the view of the crop is perfect in camera axes; other axes are refused."""
    net = Pose3DConfig("mobilenetv3_small_100", image_size=64, target_view="full")
    given = {"schedule": str(workshop.root / "schedule2.yaml"), "net": net, "weights": None}
    with pytest.raises(PoseError, match=r"'full' \(net.target_view\), but decode.rotation is 'yaw'"):
        Stage2(**given)
    stage = Stage2(**given, decode=DecodeConfig(rotation="full"))
    joints_3d = torch.randn(1, 17, 3) * 300
    joints_3d = joints_3d - joints_3d[:, 14:15]
    batch = {
        "image": torch.zeros(1, 3, 64, 64),
        "intrinsics": torch.tensor([[[60.0, 0, -40], [0, 60.0, 90], [0, 0, 1]]]),
        "joints_2d_img": torch.full((1, 17, 2), 23.5),
        "joints_3d": joints_3d,
    }
    batch = complete(batch)
    right = {
        output.key: output.target(torch.Size((1, 17, 3)), batch)[0]
        for output in stage.outputs
        if isinstance(output.target, PoseTarget)
    }
    cells = cells_from_crop(batch["joints_2d_crop"])
    right["H"] = render_heatmaps(cells, batch["visible"], (4, 4))
    assert not torch.allclose(right["Pdeep"] * 100, joints_3d, atol=50)
    stage.net.forward = lambda image: right
    torch.testing.assert_close(stage.predict_step(batch)["joints_3d"], joints_3d, atol=0.05, rtol=0)


def test_averaged_weights_are_validated_saved_and_lie_between(workshop):
    plain, averaged = workshop.root / "plain", workshop.root / "averaged"
    assert workshop.fit(1, *QUIET, "--run_dir", str(plain)) == 0
    assert workshop.fit(1, *QUIET, "--run_dir", str(averaged), "--average_decay", "0.5") == 0
    final = read_checkpoint(plain / "last.ckpt")["state_dict"]
    content = read_checkpoint(averaged / "last.ckpt")
    name = "net.res5a.shortcut.0.weight"
    # Training itself is untouched by the average.
    assert torch.equal(content["current_model_state"][name], final[name])
    assert not torch.equal(content["state_dict"][name], final[name])


def test_a_run_of_averaged_weights_tests_the_average(workshop):
    run = workshop.root / "run"
    assert workshop.fit(1, "--run_dir", str(run), "--average_decay", "0.9", "--validations", "1") == 0
    fitted = json.loads((run / "metrics.json").read_text())
    state = read_checkpoint(run / "best.ckpt")["state_dict"]
    stage = Stage1.load_from_checkpoint(run / "best.ckpt", map_location="cpu", weights_only=True)
    assert all(torch.equal(v, state[k]) for k, v in stage.state_dict().items())
    again = workshop.root / "again"
    arguments = ["--ckpt_path", str(run / "best.ckpt"), "--run_dir", str(again)]
    assert main(["test", "--config", str(workshop.config(1)), *arguments]) == 0
    assert json.loads((again / "metrics.json").read_text()) == fitted


@pytest.mark.parametrize(("signalled", "code"), [(KeyboardInterrupt, 130), (SIGTERMException, 143)])
def test_stopped_runs_keep_their_last_state(workshop, monkeypatch, caplog, signalled, code):
    step = Stage1.training_step

    def interrupted(self, batch, batch_idx):
        if self.global_step == 4:
            raise signalled
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Stage1, "training_step", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    try:
        assert workshop.fit(1) == code
    finally:
        signal.signal(signal.SIGINT, handler)
    content = read_checkpoint(workshop.root / "stage1" / "last.ckpt")
    assert content[PROVENANCE]["step"] == 4
    assert "go on with --ckpt_path" in caplog.text


def test_a_new_run_moves_the_old_one_aside_only_when_it_trains(workshop, capsys):
    assert workshop.fit(1, *QUIET) == 0
    folder = workshop.root / "stage1"
    old = (folder / "best.ckpt").read_bytes()
    assert workshop.fit(1, *QUIET, "--data.train_files", '["none.h5"]') == 2
    assert "no data at none.h5" in capsys.readouterr().err
    assert (folder / "best.ckpt").read_bytes() == old
    assert workshop.fit(1, *QUIET, "--seed_everything", "1") == 0
    assert (folder / "previous" / "best.ckpt").read_bytes() == old
    assert (folder / "best.ckpt").read_bytes() != old


def test_without_a_test_set_training_ends_well_and_says_so(workshop, capsys):
    assert workshop.fit(1, "--data.test_file=null", "--data.val_subjects=last") == 0
    assert "Skipping test: data.test_file is not set" in capsys.readouterr().out
    assert (workshop.root / "stage1" / "best.ckpt").is_file()
    assert not (workshop.root / "stage1" / "metrics.json").exists()


def test_the_same_seed_gives_the_same_weights(workshop):
    states = []
    for name in ("a", "b"):
        assert workshop.fit(1, *QUIET, "--run_dir", str(workshop.root / name)) == 0
        states.append(read_checkpoint(workshop.root / name / "last.ckpt")["state_dict"])
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def test_precision_is_chosen_by_what_the_machine_has(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for probe in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, probe, lambda: False, raising=False)
    assert auto_precision("cpu")[0] == "32-true"
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert auto_precision("cpu")[0] == "bf16-mixed"
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert not cpu_has_bfloat16()


def test_an_explicit_precision_wins(workshop, caplog):
    with caplog.at_level(logging.INFO, "stages"):
        assert workshop.fit(1, *QUIET, "--trainer.precision", "bf16-mixed", "--trainer.max_steps", "1") == 0
        assert "precision" not in caplog.text
        assert workshop.fit(1, *QUIET, "--trainer.precision", "null", "--trainer.max_steps", "1") == 0
        assert "precision" in caplog.text


@pytest.mark.parametrize("command", ["fit", "test"])
def test_an_unwritable_run_folder_is_told_before_the_work(pipeline, workshop, capsys, command):
    (workshop.root / "file").write_text("kept")
    flags = [f"--run_dir={workshop.root / 'file' / 'run'}"]
    flags += [f"--ckpt_path={pipeline.root / 'stage1' / 'best.ckpt'}"] if command == "test" else []
    assert main([command, "--config", str(workshop.config(1)), *flags]) == 2
    error = capsys.readouterr().err
    assert "cannot write" in error
    assert "is a file, not a folder" in error
    assert (workshop.root / "file").read_text() == "kept"
