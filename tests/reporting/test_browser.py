"""A browser shows the page: no errors, no requests, the 3D view turns, tables hold the numbers of metrics.json."""

import json
import math
import shutil

import pytest

from tests.reporting.browser import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.fixture(scope="module")
def browser(page_file, tmp_path_factory):
    browser = Browser(CHROMIUM, tmp_path_factory.mktemp("profile"))
    browser.send("Page.navigate", url=page_file.as_uri())
    browser.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")
    yield browser
    browser.close()


def test_tables_hold_the_numbers_of_metrics_json(browser, folders):
    metrics = json.loads((folders[2] / "metrics.json").read_text())
    rows = browser.evaluate(
        "[...document.querySelectorAll('figure.table')].find(f => f.innerText.startsWith('Fusion'))"
        ".querySelector('tr.strong').innerText.split('\\t').map(t => t.trim())"
    )
    keys = ("test/pck3d_150mm", "test/auc3d", "test/mpjpe_mm")
    assert rows[:4] == ["fused", *(f"{metrics[key]:.1f}" for key in keys)]


def test_every_figure_is_drawn_when_it_comes_into_view(browser):
    count = browser.evaluate("document.querySelectorAll('.drawing').length")
    assert count == 4 * 3 + 4 + 9
    assert browser.evaluate("document.querySelectorAll('.js-plotly-plot').length") < count
    for i in range(count):
        browser.evaluate(f"document.querySelectorAll('.drawing')[{i}].scrollIntoView({{block: 'center'}})")
        browser.wait_for(f"document.querySelectorAll('.drawing')[{i}].classList.contains('js-plotly-plot')")
    assert not browser.complaints()
    assert all(url.startswith(("file:", "data:", "blob:")) for url in browser.requests())
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_3d_view_turns_with_the_mouse(browser):
    browser.evaluate("window.view = document.querySelector('.turn'); view.scrollIntoView({block: 'center'})")
    browser.wait_for("view._fullLayout?.scene?._scene?.glplot && view.querySelector('canvas')?.width > 0")
    camera = "JSON.stringify(view._fullLayout.scene._scene.getCamera().eye)"
    before = json.loads(browser.evaluate(camera))
    box = json.loads(browser.evaluate("JSON.stringify(view.getBoundingClientRect())"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    browser.mouse("mouseMoved", x, y, 0)
    browser.mouse("mousePressed", x, y, 1)
    for step in range(1, 11):
        browser.mouse("mouseMoved", x + 6 * step, y, 1)
        browser.evaluate("new Promise(requestAnimationFrame)")
    browser.mouse("mouseReleased", x + 60, y, 0)
    browser.wait_for(f"{camera} !== {json.dumps(json.dumps(before, separators=(',', ':')))}")
    after = json.loads(browser.evaluate(camera))
    assert math.dist([*before.values()], [*after.values()]) > 0.1
    assert math.hypot(*after.values()) == pytest.approx(math.hypot(*before.values()), rel=0.02)  # turned, not moved


def test_dark_theme_changes_the_figures(browser):
    colour = "document.querySelector('.drawing')._fullLayout.font.color"
    browser.evaluate("document.querySelector('.drawing').scrollIntoView()")
    browser.wait_for(f"{colour} !== undefined")
    before = browser.evaluate(colour)
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.wait_for(f"{colour} !== '{before}'")
    assert not browser.complaints()
