"""One HTML file that plays a video and the 3D skeleton side by side, without a network."""

from pose3d.player.page import write_player

__all__ = ["write_player"]
