"""The command, its server, the server's messages to pages, and the page in a browser."""

import base64
import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from pose3d.app import main
from pose3d.commands import live as command
from pose3d.errors import PoseError
from pose3d.geometry import intrinsics_from_fov
from pose3d.live import in_browser, served
from pose3d.live.feed import Feed, message_of
from pose3d.live.newest import newest
from pose3d.live.page import ORT_FILES, find_onnxruntime_web
from pose3d.live.server import serve
from pose3d.predict import PosePredictor
from pose3d.predict.frames import Frame
from pose3d.predict.person import find_people
from pose3d.predict.run import _blank
from pose3d.pretrained import RELEASED_FOLDER
from pose3d.synth.film import Film
from tests.reporting.browser import FLAGS, Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ORT = Path(os.environ.get("ONNXRUNTIME_WEB", "node_modules/onnxruntime-web/dist"))


def get(port, address, host=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{address}", headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers, answer.read()


@pytest.fixture
def running():
    servers = []

    def start(page, feed=None):
        server = serve(page, 0, feed)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_server_gives_the_pages_files_and_nothing_else(running):
    port = running(served("0"))
    headers, content = get(port, "")
    assert b"pose3d live" in content
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert get(port, "page.js")[0]["Content-Type"] == "text/javascript"
    about = json.loads(get(port, "about.json")[1])
    assert about["server"] == "0"
    assert len(about["pose"]["joints"]) == len(about["pose"]["parents"]) == 17
    for address in ("../page.py", "page.py", "frames"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(port, address)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(port, "", host=f"elsewhere.example:{port}")


def row_of(image):
    row = _blank(1)
    row.valid[:] = True
    row.joints_3d[:], row.translation[:], row.confidence[:] = 1.0, (0, 0, 3000), 0.5
    row.joints_2d[:] = np.array(image.shape[1::-1]) / 2
    return row


def test_a_page_gets_the_newest_picture(running):
    feed = Feed()
    port = running(served("clip.mp4"), feed)
    image = np.full((1080, 1920, 3), 90, np.uint8)
    for _ in range(3):
        feed.publish(image, row_of(image))
    stream = urllib.request.urlopen(f"http://127.0.0.1:{port}/frames", timeout=60)
    line = stream.readline()
    message = json.loads(line.removeprefix(b"data: "))
    assert np.array(message["pose"]["joints3d"]).shape == (17, 3)
    np.testing.assert_allclose(message["pose"]["joints2d"][0], [480, 270], atol=0.5)  # of 960 x 540
    feed.end()
    assert b"event: end" in stream.read()
    assert feed.count == 3
    assert message_of(image, _blank(1))["pose"] is None


def test_frames_are_dropped_and_not_queued():
    frames = [Frame(np.zeros((2, 2, 3), np.uint8), number, number / 100) for number in range(50)]
    seen = []
    for frame in newest(frames, in_time=True):
        seen.append(frame.number)
        time.sleep(0.1)
    assert seen == sorted(set(seen))
    assert seen[-1] == 49
    assert len(seen) < 15
    with pytest.raises(ValueError, match="unplugged"):
        list(newest(broken(), in_time=False))


def broken():
    raise ValueError("unplugged")
    yield


def test_a_file_goes_through_pythons_networks(tmp_path, capsys):
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for level in range(10):
        writer.write(np.full((240, 320, 3), 10 * level, np.uint8))
    writer.release()
    assert main(["live", str(path), "--port", "0", "--runtime", "float32"]) == 0
    printed = capsys.readouterr().out
    assert "open http://127.0.0.1:" in printed
    assert "empty.avi has ended: " in printed


def test_mistakes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["live"]) == 2
    assert "npm install onnxruntime-web" in capsys.readouterr().err
    assert main(["live", "nothing.mp4"]) == 2
    assert "there is no nothing.mp4" in capsys.readouterr().err
    with pytest.raises(PoseError, match=r"has no ort\.wasm\.min\.mjs"):
        find_onnxruntime_web(tmp_path)
    with serve(served("0"), 0) as server, pytest.raises(PoseError, match="give another with --port"):
        serve(served("0"), server.server_address[1])
    assert command.PORT == 8765


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory):
    if not all((ORT / name).is_file() for name in ORT_FILES):
        pytest.skip("onnxruntime-web is not in node_modules; ONNXRUNTIME_WEB names its dist folder")
    pytest.importorskip("onnxscript")
    weights = [RELEASED_FOLDER / f"{stage}.safetensors" for stage in ("stage3", "stage1")]
    return in_browser(*weights, ORT, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def person():
    """A rendered person (720, 1280, 3), RGB."""
    film = Film(1, activity=7, size=(1280, 720), focal=1100.0)
    (frame,) = film
    return frame.image


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_camera_in_the_browser(browser_page, person, running, tmp_path, monkeypatch):
    """A fake camera that plays a file: the page finds the person and its pose is Python's."""
    camera = tmp_path / "camera.y4m"
    write_y4m(camera, person)
    extra = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    extra += [f"--use-file-for-fake-video-capture={camera}"]
    extra += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]  # the server, and nothing else
    monkeypatch.setattr("tests.reporting.browser.FLAGS", [*FLAGS, *extra])
    port = running(browser_page)
    browser = Browser(CHROMIUM, tmp_path / "profile")
    try:
        browser.send("Page.navigate", url=f"http://127.0.0.1:{port}/")
        browser.wait_for("document.readyState === 'complete' && !!window.livePage")
        assert "choose a camera" in browser.evaluate("document.getElementById('state').textContent")
        browser.evaluate("document.getElementById('camera').click()")
        browser.wait_for("window.live.shown >= 5 && window.live.pose !== null")
        pose = browser.evaluate("window.live.pose")
        browser.evaluate("document.getElementById('stop').click()")

        # A dropped picture, whose pixels are Python's: the same box, the same pose.
        png = base64.b64encode(cv2.imencode(".png", cv2.cvtColor(person, cv2.COLOR_RGB2BGR))[1].tobytes()).decode()
        browser.evaluate(
            f"fetch('data:image/png;base64,{png}').then(r => r.blob())"
            ".then(blob => livePage.open(new File([blob], 'person.png', { type: 'image/png' })))"
        )
        still = browser.evaluate("window.live.pose")
        box = browser.evaluate("livePage.networks().then(n => n.box)")
        assert box is not None
        (tmp_path / "live.png").write_bytes(base64.b64decode(browser.send("Page.captureScreenshot")["data"]))
        assert not browser.complaints()
        own = (f"http://127.0.0.1:{port}/", "data:", "blob:")
        assert all(address.startswith(own) for address in browser.requests())
    finally:
        browser.close()
    predictor = PosePredictor.from_pretrained(device="cpu")
    found = find_people(predictor.pose2d, [person], predictor.size_2d)
    row = predictor.predict([person], intrinsics_from_fov((1280, 720), 55).numpy(), found.bbox)
    off = np.linalg.norm(np.array(still["joints3d"]) - row.joints_3d[0], axis=-1)
    assert off.mean() < 1
    # The camera's picture has gone through a video format, and its box comes from the joints of the frame before.
    assert np.linalg.norm(np.array(pose["joints3d"]) - row.joints_3d[0], axis=-1).mean() < 100
    assert pose["translation"][2] == pytest.approx(row.translation[0, 2], rel=0.1)


def write_y4m(path, image):
    """Ten frames of one picture."""
    planes = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{image.shape[1]} H{image.shape[0]} F10:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(10):
            file.write(b"FRAME\n" + planes)
