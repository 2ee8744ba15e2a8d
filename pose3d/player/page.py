"""Fill the player's page with a motion and a video."""

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pose3d.animation.motion import Motion
from pose3d.skeleton import MPI_INF_3DHP_17

TEMPLATE = Path(__file__).parent / "assets" / "player.html"


def write_player(
    path: Path,
    motion: Motion,
    title: str,
    facts: Sequence[str] = (),
    clip: Path | None = None,
    contact: np.ndarray | None = None,
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        motion: one frame for each frame of the clip, y up.
        title: shown above.
        facts: sentences shown below, such as where the distances come from.
        clip: a WebM video of as many frames at the same rate; None shows the skeleton alone.
        contact: (T, 2) bool, right and left foot on the ground.
    """
    video = "" if clip is None else "data:video/webm;base64," + base64.b64encode(clip.read_bytes()).decode()
    text = TEMPLATE.read_text()
    for mark, value in (
        ("@TITLE@", html.escape(title)),
        ("@FACTS@", "".join(f"<li>{html.escape(fact)}</li>" for fact in facts)),
        # A "</script>" inside a string would end the script.
        ("@DATA@", json.dumps(_data(motion, contact), separators=(",", ":")).replace("</", "<\\/")),
        ("@VIDEO@", video),
    ):
        text = text.replace(mark, value)
    path.write_text(text)


def _data(motion: Motion, contact: np.ndarray | None) -> dict[str, object]:
    upright = motion.turned("y")
    whole = np.rint(np.nan_to_num(upright.joints)).astype(int).reshape(len(motion), -1).tolist()
    poses = [pose if known else None for pose, known in zip(whole, motion.known.tolist(), strict=True)]
    confidence = None
    if motion.confidence is not None:
        confidence = np.rint(100 * np.nan_to_num(motion.confidence)).astype(int).tolist()
    return {
        "fps": motion.fps,
        "first": motion.first,
        "names": MPI_INF_3DHP_17.names,
        "parents": MPI_INF_3DHP_17.parents_o1,
        "poses": poses,
        "confidence": confidence,
        "contact": None if contact is None else contact.astype(int).tolist(),
    }
