"""Reads a page back: its tables, figures and text."""

import json
from html.parser import HTMLParser


class Page(HTMLParser):
    """`tables`: caption -> rows of cells; `figures`: name -> figure; `drawings`: names where figures are placed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.figures: dict[str, dict] = {}
        self.drawings: list[str] = []
        self.links: list[str] = []
        self.bones: list[dict[str, str]] = []
        self.text = ""
        self._rows: list[list[str]] = []
        self._caption, self._inside, self._figure = "", "", ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found[key] for key in ("src", "href") if found.get(key)]
        if tag == "script":
            self._figure = found.get("id", "")
            self._inside = "script"
        elif tag == "figcaption":
            self._caption, self._inside = "", tag
        elif tag == "table":
            self._rows = self.tables.setdefault(self._caption, [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._inside = "cell"
        elif tag == "style":
            self._inside = tag
        elif tag == "line":
            self.bones.append(found)
        if "data-figure" in found:
            self.drawings.append(found["data-figure"])

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            if self._figure:
                self.figures[self._figure] = json.loads(data)
        elif self._inside == "cell":
            self._rows[-1][-1] += data
        elif self._inside == "figcaption":
            self._caption += data
        elif self._inside != "style":
            self.text += data
