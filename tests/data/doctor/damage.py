"""Seeded corruptions of clean official trees: their registration, and common helpers."""

import json

from pose3d.data.videos import Video
from pose3d.synth.layouts.files import VideoWriter

DAMAGES = []


def damage(layout, words):
    """Register a corruption of `layout`; a finding must contain all of `words`."""

    def register(function):
        DAMAGES.append((layout, function, words.split("|")))
        return function

    return register


def edit_video(path, change, fps=None):
    """Decode, change the list of frames, write again."""
    video = Video(path)
    rate = fps or video.fps()
    count = video.length_and_size()[0]
    frames = change([frame.copy() for frame in video.frames(range(count))])
    writer = VideoWriter(path, frames[0].shape[1::-1], rate)
    for frame in frames:
        writer.add(frame)
    writer.close()


def edit_json(path, change):
    content = json.loads(path.read_text())
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed))
