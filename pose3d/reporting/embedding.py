"""What every HTML page of the package holds: figures as JSON, the style sheet, the script that draws, plotly itself."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from pose3d import __version__
from pose3d.errors import PoseError
from pose3d.reporting.figures import go

try:
    import jinja2
    from plotly.offline import get_plotlyjs
except ImportError as error:
    raise PoseError(
        "the report needs plotly and jinja2; install them with: pip install 'pose3d-lightning[report]'"
    ) from error


class Figures:
    """Figures that the page's script draws when they come into view."""

    def __init__(self) -> None:
        self.json: dict[str, str] = {}
        self.heights: dict[str, int] = {}

    def place(self, figure: go.Figure) -> str:
        """Keep a figure; its name is what the template writes."""
        name = f"figure{len(self.json) + 1}"
        self.json[name], self.heights[name] = _embeddable(figure), figure.layout.height
        return name


def render_page(package: str, template: str, figures: Figures, **content: Any) -> str:
    """The page as text, from a template in the `assets` of a package or of `pose3d.reporting`."""
    loaders = [jinja2.PackageLoader(name, "assets") for name in dict.fromkeys([package, "pose3d.reporting"])]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        version=__version__,
        figures=figures.json,
        heights=figures.heights,
        style=_asset("page.css"),
        script=_asset("page.js"),
        plotly=get_plotlyjs(),
        **content,
    )


def _embeddable(figure: go.Figure) -> str:
    """JSON in which no HTML parser finds the end of the script."""
    return json.dumps(figure.to_plotly_json(), separators=(",", ":"), default=_plain).replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    return value.tolist()


def _asset(name: str) -> str:
    return (resources.files("pose3d.reporting") / "assets" / name).read_text(encoding="utf-8")
