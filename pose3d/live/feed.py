"""Pictures and poses for the pages that watch: each gets the newest and never waits for older ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from threading import Condition
from typing import Any

import cv2
import numpy as np

from pose3d.player.clip import even_size, fitted
from pose3d.predictions import Predictions

LONGEST_PX = 960
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]


class Feed:
    """The last picture with its pose, as JSON."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._message = ""
        self.count = 0
        self.ended = False

    def publish(self, image: np.ndarray, row: Predictions) -> None:
        """A picture (H, W, 3) uint8 RGB and the one row of its predictions."""
        message = json.dumps(message_of(image, row))
        with self._changed:
            self._message, self.count = message, self.count + 1
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def messages(self) -> Iterator[str]:
        """From the newest on; "" now and then while there is none, so that a reader that has gone is noticed."""
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self.count > seen or self.ended, timeout=5.0)  # type: ignore[misc]
                message, fresh, ended = self._message, self.count > seen, self.ended
                seen = self.count
            if fresh:
                yield message
            elif ended:
                return
            else:
                yield ""


def message_of(image: np.ndarray, row: Predictions) -> dict[str, Any]:
    """The picture as JPEG, no side longer than `LONGEST_PX`, and the pose in its pixels; no pose: null."""
    size = even_size((image.shape[1], image.shape[0]), LONGEST_PX)
    small = fitted(image, size)
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), _JPEG)[1]
    message: dict[str, Any] = {"jpeg": base64.b64encode(jpeg.tobytes()).decode(), "pose": None}
    if row.valid is not None and row.valid[0]:
        assert row.joints_2d is not None
        assert row.joints_3d is not None
        assert row.translation is not None
        assert row.confidence is not None
        scale = np.array(size) / (image.shape[1], image.shape[0])
        message["pose"] = {
            "joints3d": row.joints_3d[0].round(1).tolist(),
            "translation": row.translation[0].round(1).tolist(),
            "joints2d": ((row.joints_2d[0] + 0.5) * scale - 0.5).round(2).tolist(),
            "confidence": row.confidence[0].round(3).tolist(),
        }
    return message
