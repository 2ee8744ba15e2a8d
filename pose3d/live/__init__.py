"""One page that estimates poses while it watches, with networks in the browser or with those of Python behind it."""

from pose3d.live.page import Page, in_browser, served

__all__ = ["Page", "in_browser", "served"]
