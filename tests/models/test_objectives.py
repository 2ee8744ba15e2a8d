"""Targets of the outputs, computed by hand, and the weighting by the phase table."""

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.geometry.decode import DecodeConfig, crop_view_rotation, rotate
from pose3d.losses import euclidean_loss, part_label_loss
from pose3d.models.objectives import output_losses, total_loss
from pose3d.models.outputs import Output
from pose3d.models.targets import HeatmapTarget, PartLabelTarget, PoseTarget
from pose3d.schedule import Phase
from pose3d.skeleton import MPI_INF_3DHP_17
from tests.models.nets import fusion, pose2d, pose3d


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    visible = torch.ones(2, 17, dtype=torch.bool)
    visible[1, 3] = False
    return {
        "image": torch.zeros(2, 3, 64, 64),
        "joints_2d_crop": torch.rand(2, 17, 2, generator=generator) * 63,
        "visible": visible,
        "joints_3d": torch.randn(2, 17, 3, generator=generator) * 300,
        "has_3d": torch.tensor([True, False]),
    }


def columns(net):
    return {output.key: output.columns for output in net.outputs if output.loss is not None}


def test_pose_losses_compare_each_modality_in_the_loss_unit(batch):
    outputs = [Output(x, PoseTarget(x, 100.0)) for x in ("P", "O1", "O2")]
    preds = {output.key: torch.randn(2, 17, 3) for output in outputs}
    losses = output_losses(outputs, preds, batch)
    parents = {"P": None, "O1": MPI_INF_3DHP_17.parents_o1, "O2": MPI_INF_3DHP_17.parents_o2}
    for modality in preds:
        expected = 0.0
        # Only the first sample has a 3D label; N stays the batch size.
        for joint in range(17):
            target = batch["joints_3d"][0, joint].clone()
            if parents[modality] is not None:
                target -= batch["joints_3d"][0, parents[modality][joint]]
            expected += float(((preds[modality][0, joint] - target / 100.0) ** 2).sum()) / (2 * 2)
        assert float(losses[modality]) == pytest.approx(expected, rel=1e-5)


def test_poses_come_back_in_millimetres(batch):
    for modality in ("P", "O1", "O2"):
        target = PoseTarget(modality, 100.0)
        pose = batch["joints_3d"] - batch["joints_3d"][:, 14:15]
        learned, _ = target(pose.shape, {**batch, "joints_3d": pose})
        torch.testing.assert_close(target.to_mm(learned), pose, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("view", "axes"), [("yaw", [0]), ("full", [0, 1])])
def test_targets_in_the_view_of_the_crop_are_turned_back_by_the_test(batch, view, axes):
    camera = torch.tensor([[400.0, 0, 150], [0, 400, 120], [0, 0, 1]]).expand(2, 3, 3)
    pose = batch["joints_3d"] - batch["joints_3d"][:, 14:15]
    joints_2d = 10 * torch.randn(2, 17, 2, generator=torch.Generator().manual_seed(1)) + torch.tensor([450.0, 220.0])
    joints_2d[1, 3] = torch.nan  # not visible in the fixture
    seen = {**batch, "joints_3d": pose, "joints_2d_img": joints_2d, "intrinsics": camera}
    target = PoseTarget("P", 100.0, view)
    learned, _ = target(pose.shape, seen)
    # The ray to the centroid of the visible joints, and how far it is from (0, 0, 1).
    centre = torch.stack([joints_2d[0].mean(0), joints_2d[1][batch["visible"][1]].mean(0)])
    ray = torch.cat([(centre - torch.tensor([150.0, 120.0])) / 400, torch.ones(2, 1)], dim=1)
    ray[:, [axis for axis in (0, 1) if axis not in axes]] = 0
    ray = ray / ray.norm(dim=1, keepdim=True)
    # What lies along the ray lies straight ahead in the view of the crop, and lengths stay.
    along = {**seen, "joints_3d": 500 * ray.unsqueeze(1).expand(2, 17, 3)}
    ahead = torch.tensor([0.0, 0.0, 5.0]).expand(2, 17, 3)
    torch.testing.assert_close(target(pose.shape, along)[0], ahead, atol=1e-5, rtol=0)
    torch.testing.assert_close(learned.norm(dim=-1) * 100, pose.norm(dim=-1), rtol=1e-4, atol=1e-2)
    # The decode of the test, given the true joints, restores the pose.
    rotation = crop_view_rotation(DecodeConfig(rotation=view), centre.unsqueeze(1), torch.eye(3), 64, camera)
    torch.testing.assert_close(rotate(target.to_mm(learned), rotation), pose, atol=1e-2, rtol=0)


def test_the_view_needs_a_camera_and_joints(batch):
    with pytest.raises(PoseError, match="no joints_2d_img, which the view of the crop"):
        PoseTarget("P", 100.0, "full")(torch.Size((2, 17, 3)), batch)


def test_every_pose_of_a_network_is_learned_in_its_view():
    below = pose3d(target_view="yaw")
    for net in (below, fusion(below)):
        views = {output.target.view for output in net.outputs if isinstance(output.target, PoseTarget)}
        assert views == {"yaw"}


def test_heatmap_losses_peak_at_the_joints_and_skip_what_has_no_label(batch):
    x, y = batch["joints_2d_crop"].unbind(-1)
    cells = torch.arange(4)

    def gaussian(coordinate):
        return torch.exp(-((cells - ((coordinate + 0.5) / 16 - 0.5)[..., None]) ** 2) / 2)

    ideal = gaussian(y)[..., :, None] * gaussian(x)[..., None, :]
    wrong_where_unlabelled = ideal.clone()
    wrong_where_unlabelled[1, 3] = 7.0
    answers = {"H": wrong_where_unlabelled, "Hsum": ideal[:, :15] + 0.5}
    losses = output_losses([Output(key, HeatmapTarget()) for key in answers], answers, batch)
    assert float(losses["H"]) == pytest.approx(0, abs=1e-8)
    # 29 labelled maps of 16 cells, each off by 0.5, over 2 N.
    assert float(losses["Hsum"]) == pytest.approx(29 * 16 * 0.25 / 4, rel=1e-5)


def test_a_target_that_outputs_share_is_computed_once(batch):
    calls = []

    class Counted(PoseTarget):
        def __call__(self, shape, batch):
            calls.append(shape)
            return super().__call__(shape, batch)

    pose = torch.zeros(2, 17, 3)
    output_losses([Output(key, Counted("P", 100.0)) for key in "ab"], {"a": pose, "b": pose}, batch)
    assert len(calls) == 1


def test_columns_stand_for_every_modality():
    found = columns(pose3d(part_labels=True))
    assert {k for k, c in found.items() if c == ("Xdeep",)} == {"Pdeep", "O1deep", "O2deep"}
    assert {k for k, c in found.items() if c == ("X4b20",)} == {"P4b20", "O14b20", "O24b20"}
    assert (found["H"], found["PL"]) == (("H",), ("PL",))
    main_text = columns(pose3d(modalities=("P",), intermediate_taps=("res3b3", "res4b22")))
    assert (main_text["P3b3"], main_text["P4b22"]) == (("X4b5",), ("X4b20",))
    assert columns(fusion()) == {"Pfused": ("Pfused",)}


def test_without_skips_the_one_loss_takes_the_weight_of_the_sum():
    """Base of supplement 2, and its control, which adds the weight of Xdeep."""
    phase = Phase(1, 0.1, {"Xdeep": 0.5, "Xsum": 100.0, "X4b5": 1, "X4b20": 1, "H": 1, "Hdeep": 0.01, "Hsum": 1})

    def factor(net, key):
        return next(output.factor(phase) for output in net.outputs if output.key == key)

    assert factor(pose3d(), "Pdeep") == 0.5
    assert factor(pose3d(skips="regular"), "Psum") == 100
    assert factor(pose3d(skips="none"), "Pdeep") == 100
    assert factor(pose3d(skips="none", loss_weight_control=True), "Pdeep") == 100.5
    assert (factor(pose2d(), "Hdeep"), factor(pose2d(skips="none"), "Hdeep")) == (0.01, 1)


def test_the_total_weighs_each_loss_by_its_column():
    phase = Phase(1, 0.1, {"Xdeep": 50.0, "Xsum": 100.0, "H": 0.1})
    losses = {"Pdeep": 1.0, "O1deep": 2.0, "Psum": 4.0, "H": 8.0}
    net = pose3d(modalities=("P", "O1"), domain=True, domain_weight=3.0)
    total = total_loss(net.outputs, {key: torch.tensor(loss) for key, loss in losses.items()}, phase)
    assert float(total) == pytest.approx(50 * 1 + 50 * 2 + 100 * 4 + 0.1 * 8)
    # The domain loss has a weight of its own, and no column.
    assert float(total_loss(net.outputs, {"domain": torch.tensor(2.0)}, phase)) == 6


def test_a_loss_without_a_weight_is_refused():
    with pytest.raises(PoseError, match="no weight for Hsum"):
        total_loss(pose2d().outputs, {"Hsum": torch.tensor(1.0)}, Phase(1, 0.1, {"Hdeep": 1.0}))


def test_part_labels_are_learned_as_one_hot_maps(batch):
    labels = torch.randint(0, 25, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    preds = torch.rand(2, 25, 4, 4)
    maps = torch.stack([(labels == part) * 1.0 for part in range(25)], dim=1)
    outputs = [output for output in pose3d(part_labels=True).outputs if output.key == "PL"]
    loss = output_losses(outputs, {"PL": preds}, {**batch, "part_labels": labels})["PL"]
    assert float(loss) == pytest.approx(float(((preds - maps) ** 2).sum()) / 4, rel=1e-5)
    assert float(loss) == pytest.approx(float(euclidean_loss(preds, maps)))


def test_part_labels_by_cross_entropy_count_labelled_samples_only(batch):
    labels = torch.randint(0, 25, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    preds = torch.randn(2, 25, 4, 4)
    likely = preds.log_softmax(1).gather(1, labels[:, None])
    assert float(part_label_loss(preds, labels)) == pytest.approx(-float(likely.mean()), rel=1e-5)
    some = Output("PL", PartLabelTarget(labelled_only=True), part_label_loss)
    loss = output_losses([some], {"PL": preds}, {**batch, "part_labels": labels})["PL"]
    assert float(loss) == pytest.approx(-float(likely[0].mean()), rel=1e-5)


def test_what_a_batch_lacks_is_named(batch):
    net = pose3d(part_labels=True)
    answers = {output.key: torch.zeros(2, 17, 3) for output in net.outputs}
    answers |= {"H": torch.zeros(2, 17, 4, 4), "PL": torch.zeros(2, 25, 4, 4)}
    with pytest.raises(PoseError, match="no part labels"):
        output_losses(net.outputs, answers, batch)
    for key, what in (("joints_3d", "3D poses"), ("joints_2d_crop", "heatmaps")):
        with pytest.raises(PoseError, match=f"no {key}, which {what} are learned from"):
            output_losses(pose3d().outputs, answers, {k: v for k, v in batch.items() if k != key})


def test_domain_adaptation_takes_unlabelled_images_as_images_only(batch):
    """The 2D labels of samples without 3D labels are not used, and the 3D labels define the domains."""
    adapted = [o for o in pose3d(domain=True).outputs if o.key in ("H", "domain")]
    answers = {"H": torch.rand(2, 17, 4, 4), "domain": torch.tensor([0.3, -0.8])}
    losses = output_losses(adapted, answers, batch)
    logits = answers["domain"]
    expected = (torch.log1p(torch.exp(logits[0])) + torch.log1p(torch.exp(-logits[1]))) / 2
    assert float(losses["domain"]) == pytest.approx(float(expected), rel=1e-5)
    elsewhere = {**batch, "joints_2d_crop": batch["joints_2d_crop"].clone()}
    elsewhere["joints_2d_crop"][1] += 9
    assert torch.equal(output_losses(adapted, answers, elsewhere)["H"], losses["H"])
    plain = [o for o in pose3d().outputs if o.key == "H"]
    assert not torch.equal(output_losses(plain, answers, elsewhere)["H"], output_losses(plain, answers, batch)["H"])
