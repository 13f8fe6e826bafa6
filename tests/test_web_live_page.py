"""The live tab in a real Chromium whose camera shows the built-in clip. Without one these fail: install chromium."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import av
import cv2
import pytest
from playwright.sync_api import Page, expect

from fer_live import packaged
from tests.conftest import wide_alone
from tests.web import serving

FRAMES = 90
A_FACE = re.compile(r"face \d+: ")
STREAMS = """const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
window.streams = [];
media.getUserMedia = async (wanted) => { const got = await ask(wanted); window.streams.push(got); return got; };"""


def record_camera(path: Path) -> Path:
    """The clip as Chromium's fake camera takes it: pictures of 640x480 in one row."""
    clip = av.open(str(packaged.folder("assets") / "demo.mp4"))
    with clip, av.open(str(path), "w", format="mjpeg") as film:
        stream = film.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuvj420p"
        for _, frame in zip(range(FRAMES), clip.decode(video=0), strict=False):
            middle = frame.to_ndarray(format="rgb24")[:, 120:840]
            picture = av.VideoFrame.from_ndarray(cv2.resize(middle, (640, 480)), "rgb24")
            film.mux(stream.encode(picture))
        film.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    options = ("--model", "cnn6", "--runtime", "torch")
    with serving(tmp_path_factory.mktemp("page"), *options) as address:
        yield address


@pytest.fixture(scope="module")
def browser_arguments(tmp_path_factory):
    film = record_camera(tmp_path_factory.mktemp("camera") / "clip.mjpeg")
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",  # says yes when it is asked for the camera
        f"--use-file-for-fake-video-capture={film}",
    ]


@pytest.fixture
def page(page, address):
    """Every test's page, at the live tab."""
    page.add_init_script(STREAMS)
    page.goto(address)
    page.get_by_role("tab", name="Live").click()
    return page


def start(page: Page) -> str:
    """Start the camera with the keyboard alone; the visit's address."""
    button = page.get_by_role("button", name="Start the camera")
    with page.expect_request(lambda request: "/live/" in request.url) as first:
        button.focus()
        page.keyboard.press("Enter")
    expect(page.locator("#live canvas[data-part=picture]")).to_be_visible()
    return first.value.url


def assert_over(page: Page, frame: str) -> None:
    """The camera is off and the server has forgotten the visit."""
    expect(page.locator("#live canvas[data-part=picture]")).to_be_hidden()
    states = page.evaluate("streams.flatMap((s) => s.getTracks().map((t) => t.readyState))")
    assert states == ["ended"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(frame, b"", method="POST"), timeout=60)
    assert refused.value.code == 410


def leaving(page: Page):
    """Until the page has told the server that it goes."""
    return page.expect_response(lambda response: response.request.method == "DELETE")


def test_a_face_before_the_camera_is_read(page):
    start(page)
    expect(page.locator("#live h3")).to_contain_text(A_FACE)
    expect(page.locator("#live table.bars tr")).to_have_count(7)
    expect(page.locator("#live [data-part=pace]")).to_contain_text("frames a second")
    picture = page.locator("#live canvas[data-part=picture]")
    expect(picture).to_have_attribute("aria-label", words("your camera's picture"))
    curves = page.locator("#live canvas[data-part=curves]")
    expect(curves).to_have_attribute("aria-label", words("probabilities of each expression"))
    expect(page.locator("#live [aria-live=polite]")).to_contain_text(A_FACE)


def words(beginning: str) -> re.Pattern:
    return re.compile(rf"^{re.escape(beginning)}.*{A_FACE.pattern}")


@wide_alone
def test_leaving_the_tab_stops_the_camera(page):
    frame = start(page)
    with leaving(page):
        page.get_by_role("tab", name="Pictures").click()
    assert_over(page, frame)
    page.get_by_role("tab", name="Live").click()
    expect(page.get_by_role("alert")).to_contain_text("because its tab was left")


@wide_alone
def test_hiding_the_page_stops_the_camera(page):
    frame = start(page)
    with leaving(page):
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: true });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    assert_over(page, frame)


def test_it_starts_again_with_another_model(page):
    frame = start(page)
    with leaving(page):
        page.get_by_role("button", name="Stop the camera").click()
    assert_over(page, frame)
    page.get_by_label("Model").select_option("cucn")
    page.get_by_label("Heat-map").uncheck()
    again = start(page)
    assert "model=cucn&heatmap=0" in again
    assert again.partition("?")[0] != frame.partition("?")[0]
    expect(page.locator("#live h3")).to_contain_text(A_FACE)


FAULTS = {
    "NotAllowedError": "The camera was refused.",
    "NotFoundError": "No camera was found.",
    "NotReadableError": "in use by another program",
}


def test_a_camera_that_cannot_be_had_is_told(page):
    for fault, words in FAULTS.items():
        page.evaluate(
            "name => navigator.mediaDevices.getUserMedia = "
            "() => Promise.reject(new DOMException('', name))",
            fault,
        )
        page.get_by_role("button", name="Start the camera").click()
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("button", name="Start the camera")).to_be_visible()


def test_a_page_that_gets_no_camera_is_told(page):
    page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("alert")).to_contain_text("over https")
