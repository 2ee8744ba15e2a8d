"""The player's page: its content, and its behaviour in a browser."""

import base64
import json
import re
import shutil

import cv2
import numpy as np
import pytest

from pose3d.animation.motion import Z_FROM_Y, Motion
from pose3d.errors import PoseError
from pose3d.player import write_player
from pose3d.player.clip import even_size, write_clip
from tests.predict.motions import world_motion
from tests.reporting.browser import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FRAMES, FPS = 40, 20.0


def numbered_frames(size=(180, 320)):
    """Portrait images whose brightness tells their number, with a person's worth of detail."""
    for number in range(FRAMES):
        image = np.full((size[1], size[0], 3), 20 + 5 * number, np.uint8)
        cv2.putText(image, str(number), (40, 160), cv2.FONT_HERSHEY_SIMPLEX, 2.5, (255, 255, 255), 6)
        yield image


@pytest.fixture
def page(tmp_path):
    joints = world_motion(2, FRAMES) @ Z_FROM_Y
    joints[30:33] = np.nan
    confidence = np.random.default_rng(0).uniform(0.2, 1, (FRAMES, 17))
    contact = np.arange(FRAMES)[:, None] % 10 < (5, 3)
    write_clip(tmp_path / "clip.webm", numbered_frames(), FPS)
    path = tmp_path / "player.html"
    facts = ["height: 1.80 m", "a fact with </script> in it"]
    write_player(path, Motion(joints, FPS, confidence), 'a "title" & <more>', facts, tmp_path / "clip.webm", contact)
    return path, joints


def test_what_is_in_the_page(page):
    path, joints = page
    text = path.read_text()
    assert not re.search(r"@[A-Z]+@", text)
    assert "a &quot;title&quot; &amp; &lt;more&gt;" in text
    assert text.count("</script>") == 1
    data = json.loads(re.search(r"const data = (.*);\n", text)[1].replace("<\\/", "</"))
    assert len(data["poses"]) == FRAMES
    assert data["poses"][30:33] == [None] * 3
    np.testing.assert_allclose(np.array(data["poses"][5]).reshape(17, 3), joints[5], atol=0.5)
    clip = base64.b64decode(re.search(r"base64,([A-Za-z0-9+/=]+)", text)[1])
    assert clip[:4] == b"\x1aE\xdf\xa3"  # WebM
    assert not re.search(r"https?://", text)


def test_the_clip(tmp_path):
    assert write_clip(tmp_path / "c.webm", numbered_frames((1000, 2001)), FPS) == FRAMES
    capture = cv2.VideoCapture(str(tmp_path / "c.webm"))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (320, 640)
    assert even_size((1919, 1081)) == (1920, 1080)
    with pytest.raises(PoseError, match="no frame to show"):
        write_clip(tmp_path / "d.webm", [], FPS)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_in_a_browser(page, tmp_path):
    path, _ = page
    browser = Browser(CHROMIUM, tmp_path / "profile")
    try:
        browser.send("Page.navigate", url=path.as_uri())
        browser.wait_for(
            "document.readyState === 'complete' && window.player && document.getElementById('video').readyState >= 2"
        )
        # Scrubbing shows the very frame: its brightness tells the number.
        shown = """new Promise(done => {
            const video = document.getElementById("video"), canvas = document.createElement("canvas");
            video.onseeked = () => {
                canvas.width = video.videoWidth;
                canvas.height = video.videoHeight;
                canvas.getContext("2d").drawImage(video, 0, 0);
                done(canvas.getContext("2d").getImageData(5, 5, 1, 1).data[0]);
            };
            player.seek(NUMBER);
        })"""
        for number in (7, 0, 39, 20, 21):
            value = browser.evaluate(shown.replace("NUMBER", str(number)))
            assert round((value - 20) / 5) == number
            assert browser.evaluate("player.frame") == number
        assert "frame 21" in browser.evaluate("document.getElementById('where').textContent")
        browser.evaluate("player.seek(31)")
        assert "nobody" in browser.evaluate("document.getElementById('note').textContent")
        browser.evaluate("player.seek(22)")
        assert browser.evaluate("document.getElementById('note').textContent") == "on the ground: right and left foot"

        # Dragging turns the skeleton.
        place = "document.getElementById('view').getBoundingClientRect()"
        box = browser.evaluate(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({place})")
        before = browser.evaluate("player.camera.yaw")
        picture = "document.getElementById('view').toDataURL()"
        first = browser.evaluate(picture)
        browser.mouse("mousePressed", *box, 1)
        browser.mouse("mouseMoved", box[0] + 80, box[1] + 10, 1)
        browser.mouse("mouseReleased", box[0] + 80, box[1] + 10, 0)
        assert browser.evaluate("player.camera.yaw") == pytest.approx(before + 0.8)
        assert browser.evaluate(picture) != first

        # Playing keeps video and skeleton in step, and ends.
        browser.evaluate("player.seek(0)")
        browser.evaluate("player.play(true)")
        browser.wait_for("player.frame > 5", 20)
        off = browser.evaluate(f"Math.abs(document.getElementById('video').currentTime * {FPS} - player.frame)")
        assert off < 3
        browser.wait_for("!player.playing", 30)
        assert browser.evaluate("player.frame") == FRAMES - 1
        browser.evaluate("player.seek(12)")
        assert not browser.complaints()
        assert all(address.startswith(("file:", "data:", "blob:")) for address in browser.requests())
        (tmp_path / "player.png").write_bytes(base64.b64decode(browser.send("Page.captureScreenshot")["data"]))
    finally:
        browser.close()
