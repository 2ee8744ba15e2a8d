"""The findings as data: their rows can be run, and their figures are those of the paper."""

import pytest

from pose3d.errors import PoseError
from pose3d.paper.findings import LOGGED, find_rows, findings
from pose3d.paper.measure import needed_tests
from pose3d.paper.testing import trainings

EVERY = [*findings().values()]


@pytest.mark.parametrize("finding", EVERY, ids=lambda finding: finding.id)
def test_a_finding_stands_on_rows_of_the_ledger(finding):
    assert len({term.unit for term in finding.terms}) == 1
    for term in finding.terms:
        assert term.row.ours
        # The figure is measured on a test that its row has anyway.
        assert (term.test, term.row.switches) in needed_tests(term.row, lambda test: True)
        assert term.pose is None or (term.metric in LOGGED and term.row.step.endswith("fusion"))


@pytest.mark.parametrize("finding", EVERY, ids=lambda finding: finding.id)
def test_what_counts_follows_from_the_paper(finding):
    assert (finding.least is None) != (finding.at_most is None)
    if finding.paper is None:
        assert finding.least is not None
        assert "no figure" in finding.place
    elif finding.least is not None:
        # The paper's own figures have the finding.
        assert finding.least == pytest.approx(max(0.5, finding.paper / 4))
        assert finding.paper > 0
    else:
        assert finding.at_most == pytest.approx(2 * finding.paper)


def test_figures_of_the_paper():
    found = {finding.id: finding.paper for finding in EVERY}
    assert found["multipliers-full-rate"] == pytest.approx(118.7 - 80.7)
    assert found["augmentation-without-transfer"] == pytest.approx((57.3 - 47.8) - (71.7 - 72.5))
    assert found["perspective-off-axis"] == 3.0
    assert found["found-box"] == pytest.approx(76.5 - 74.4)
    assert found["class-fusion-difficult"] == pytest.approx((156 - 150.5) - (88.4 - 88.8))
    assert found["fusion-own-p-h36m"] is None


def test_every_item_of_the_page_has_findings():
    groups = list(dict.fromkeys(finding.group for finding in EVERY))
    assert groups == [
        "Multipliers",
        "Skip connections",
        "Fusion",
        "Transfer and data",
        "Domain adaptation",
        "Augmentation",
        "Perspective and box",
        "Pose classes",
    ]


def test_rows_of_findings():
    assert [row.key for row in find_rows("findings/found-box")] == ["table5/joint", "table5/no-gt-box"]
    assert {row.key for row in find_rows("findings")} >= {f"table1/{id}" for id in ("all-1", "trunk-tenth")}
    assert len(trainings(find_rows("findings"))) == 27
    with pytest.raises(PoseError, match="no finding 'found-bx'; did you mean found-box"):
        find_rows("findings/found-bx")
