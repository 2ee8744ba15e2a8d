"""What outputs are compared with, by hand; and the weighting by the phase table."""

import pytest
import torch

from pose3d.errors import PoseError
from pose3d.models.objectives import heatmap_losses, pose_columns, pose_losses, total_loss
from pose3d.schedule import Phase
from pose3d.skeleton import MPI_INF_3DHP_17


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


def test_pose_losses_compare_each_modality_in_the_loss_unit(batch):
    preds = {name: torch.randn(2, 17, 3) for name in ("Pdeep", "O1sum", "O24b5", "Pfused")}
    losses = pose_losses(preds, batch, unit_mm=100.0)
    parents = {"P": None, "O1": MPI_INF_3DHP_17.parents_o1, "O2": MPI_INF_3DHP_17.parents_o2}
    for name, modality in (("Pdeep", "P"), ("O1sum", "O1"), ("O24b5", "O2"), ("Pfused", "P")):
        expected = 0.0
        # Only the first sample has a 3D label; N stays the batch size.
        for joint in range(17):
            target = batch["joints_3d"][0, joint].clone()
            if parents[modality] is not None:
                target -= batch["joints_3d"][0, parents[modality][joint]]
            expected += float(((preds[name][0, joint] - target / 100.0) ** 2).sum()) / (2 * 2)
        assert float(losses[name]) == pytest.approx(expected, rel=1e-5)


def test_heatmap_losses_peak_at_the_joints_and_skip_what_has_no_label(batch):
    x, y = batch["joints_2d_crop"].unbind(-1)
    cells = torch.arange(4)

    def gaussian(coordinate):
        return torch.exp(-((cells - ((coordinate + 0.5) / 16 - 0.5)[..., None]) ** 2) / 2)

    ideal = gaussian(y)[..., :, None] * gaussian(x)[..., None, :]
    wrong_where_unlabelled = ideal.clone()
    wrong_where_unlabelled[1, 3] = 7.0
    losses = heatmap_losses({"H": wrong_where_unlabelled, "Hsum": ideal[:, :15] + 0.5}, batch)
    assert float(losses["H"]) == pytest.approx(0, abs=1e-8)
    # 29 labelled maps of 16 cells, each off by 0.5, over 2 N.
    assert float(losses["Hsum"]) == pytest.approx(29 * 16 * 0.25 / 4, rel=1e-5)


def test_columns_stand_for_every_modality():
    columns = pose_columns(("P", "O1", "O2"), ("res4b5", "res4b20"))
    assert {k for k, c in columns.items() if c == "Xdeep"} == {"Pdeep", "O1deep", "O2deep"}
    assert {k for k, c in columns.items() if c == "X4b20"} == {"P4b20", "O14b20", "O24b20"}
    assert (columns["H"], columns["PL"]) == ("H", "PL")
    main_text = pose_columns(("P",), ("res3b3", "res4b22"))
    assert (main_text["P3b3"], main_text["P4b22"]) == ("X4b5", "X4b20")


def test_the_total_weighs_each_loss_by_its_column():
    phase = Phase(1, 0.1, {"Xdeep": 50.0, "Xsum": 100.0, "H": 0.1})
    losses = {
        "Pdeep": torch.tensor(1.0),
        "O1deep": torch.tensor(2.0),
        "Psum": torch.tensor(4.0),
        "H": torch.tensor(8.0),
    }
    total = total_loss(losses, pose_columns(("P", "O1"), ()), phase)
    assert float(total) == pytest.approx(50 * 1 + 50 * 2 + 100 * 4 + 0.1 * 8)


def test_a_loss_without_a_weight_is_refused():
    with pytest.raises(PoseError, match="no weight for Hsum"):
        total_loss({"Hsum": torch.tensor(1.0)}, {}, Phase(1, 0.1, {"Hdeep": 1.0}))


def test_part_labels_need_data_that_have_them(batch):
    with pytest.raises(PoseError, match="no part labels"):
        pose_losses({"PL": torch.zeros(2, 25, 4, 4)}, batch, 100.0)


def test_domain_adaptation_takes_unlabelled_images_as_images_only(batch):
    """The 2D labels of samples without 3D do not count, and the domains are told by who has a 3D label."""
    outputs = {"H": torch.rand(2, 17, 4, 4), "domain": torch.tensor([0.3, -0.8])}
    losses = pose_losses(outputs, batch, unit_mm=100.0)
    expected = (torch.log1p(torch.exp(outputs["domain"][0])) + torch.log1p(torch.exp(-outputs["domain"][1]))) / 2
    assert float(losses["domain"]) == pytest.approx(float(expected), rel=1e-5)
    elsewhere = {**batch, "joints_2d_crop": batch["joints_2d_crop"].clone()}
    elsewhere["joints_2d_crop"][1] += 9
    assert torch.equal(pose_losses(outputs, elsewhere, 100.0)["H"], losses["H"])
    without = {"H": outputs["H"]}
    assert not torch.equal(pose_losses(without, elsewhere, 100.0)["H"], pose_losses(without, batch, 100.0)["H"])
