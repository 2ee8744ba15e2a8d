"""Result tables of the page: numbers as text, rounded as `pose3d evaluate` prints them."""

from dataclasses import dataclass

from pose3d.evaluation import Table
from pose3d.evaluation.tables import cell_text
from pose3d.reporting.console import ALL, METRICS, PoseMetrics, shown


@dataclass(frozen=True)
class Cell:
    """Text of a cell; numbers are right-aligned, the most important ones bold."""

    text: str
    number: bool = True
    strong: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a head of one or two rows, each cell with the columns that it spans, and the body."""

    title: str
    head: list[list[tuple[str, int]]]
    body: list[list[Cell]]
    notes: tuple[str, ...] = ()

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of the page."""
        return len(self.head[-1]) > 5


def metrics_grid(title: str, found: PoseMetrics) -> Grid:
    """One row per pose, three numbers per scene, all frames first."""
    scenes = [ALL, *(s for s in found.scenes if s != ALL)]
    head = [
        [("", 1), *((_scene(s), len(METRICS)) for s in scenes)],
        [("pose", 1), *((header, 1) for _ in scenes for header in METRICS.values())],
    ]
    body = []
    for candidate in found.candidates:
        strong = candidate == found.answer
        numbers = [found.values.get((scene, candidate, metric)) for scene in scenes for metric in METRICS]
        cells = [Cell("–" if v is None else f"{v:.1f}", strong=strong) for v in numbers]
        body.append([Cell(shown(candidate), number=False, strong=strong), *cells])
    return Grid(title, head, body)


def evaluation_grid(table: Table) -> Grid:
    """A table of `pose3d evaluate`."""
    body = []
    for row in table.rows:
        if row[0] == "":  # an unused position in a list of names
            continue
        strong = str(row[0]).startswith("All")
        cells = [
            Cell(cell_text(column, value), not isinstance(value, str), strong)
            for column, value in zip(table.columns, row, strict=True)
        ]
        body.append(cells)
    return Grid(table.title, [[(column, 1) for column in table.columns]], body, tuple(table.notes))


def _scene(name: str) -> str:
    return "all frames" if name == ALL else name
