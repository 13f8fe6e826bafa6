"""The tab for films in a real Chromium: dropped, cancelled, left, played, and who is who."""

import re
import time
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.clips import frames_of, record, write_log
from tests.commands import ROOT
from tests.conftest import wide_alone
from tests.web import serving

DEMO = ROOT / "assets" / "demo.mp4"
FPS, LONG = 24, 48  # frames


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """The folder in which the server keeps what visitors drop."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def address(tmp_path_factory, temporary):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        with serving(tmp_path_factory.mktemp("page"), "--runtime", "torch") as address:
            yield address


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """Two seconds of the built-in clip, twice side by side: two people."""
    path = tmp_path_factory.mktemp("films") / "<img src=x onerror=alert(1)>.mp4"
    with av.open(str(DEMO)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS)
        size = source.streams.video[0]
        stream.width, stream.height, stream.pix_fmt = size.width, size.height // 2, "yuv420p"
        for index, frame in enumerate(source.decode(video=0)):
            if index == LONG:
                break
            half = frame.to_ndarray(format="rgb24")[::2, ::2]
            both = np.ascontiguousarray(np.concatenate([half, half], 1))
            target.mux(stream.encode(av.VideoFrame.from_ndarray(both, format="rgb24")))
        target.mux(stream.encode())
    return path


def begin(page, address, film):
    page.goto(address)
    page.get_by_role("tab", name="Video").click()
    page.set_input_files("#film-drop input[type=file]", film)


def kept(temporary):
    """Folders of films that are being read, or have been."""
    return list(temporary.glob("fer-live-web-*/film-*"))


def until(condition):
    """Until it holds; fails after two minutes."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def seconds(page):
    return page.locator("#film video").evaluate("video => video.currentTime")


def test_a_dropped_film_is_read_and_plays_and_people_get_names(page, address, two, tmp_path):
    begin(page, address, two)
    lanes = page.locator(".lane canvas")
    expect(lanes).to_have_count(2)
    expect(page.locator("#film-cancel")).to_be_hidden()
    expect(page.locator("#film img")).to_have_count(0)
    page.wait_for_function("document.querySelector('#film video').readyState >= 3")
    video = page.locator("#film video")
    assert video.evaluate("video => video.duration") == pytest.approx(LONG / FPS, abs=0.05)
    page.evaluate("document.querySelector('#film video').play()")
    page.wait_for_function("document.querySelector('#film video').currentTime > 0.2")
    page.evaluate("document.querySelector('#film video').pause()")

    lanes.first.scroll_into_view_if_needed()
    box = lanes.first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert seconds(page) == pytest.approx(1, abs=0.05)
    expect(page.locator(".reading")).to_contain_text(re.compile(r"0:01.0\s+Person \d"))
    expect(page.locator(".reading")).to_contain_text("%")
    expect(lanes.first).to_have_attribute("aria-valuenow", "1.0")
    lanes.first.press("ArrowLeft")
    assert seconds(page) == pytest.approx(0.96, abs=0.02)

    page.get_by_role("button", name="Zoom in").click()
    page.mouse.click(box["x"] + 2, box["y"] + 20)  # half of the film is shown, from a quarter on
    assert seconds(page) == pytest.approx(0.5, abs=0.05)
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20, steps=3)
    page.mouse.up()
    assert seconds(page) == pytest.approx(0.5, abs=0.05)  # a drag zooms and does not jump
    lanes.first.press("0")

    page.get_by_label("Name of Person 1").fill("Anna <b>")
    page.get_by_label("Name of Person 1").press("Enter")
    expect(page.get_by_label(re.compile("Timeline of Anna <b>: .* of the time"))).to_be_visible()
    page.get_by_label("Person 2 is the same person as").select_option("Anna <b>")
    expect(lanes).to_have_count(1)
    page.get_by_role("button", name="Make the CSV").click()
    link = page.locator("#film-csv a[download]").first
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "readings.csv")
    rows = (tmp_path / "readings.csv").read_text().splitlines()
    assert len(rows) > 1.9 * LONG  # the second face is found after some frames
    assert all(row.endswith(",Anna <b>") for row in rows[1:])
    page.get_by_role("button", name="Take apart what was merged into Anna <b>").click()
    expect(lanes).to_have_count(2)
    expect(page.locator("#film-csv a[download]")).to_have_count(0)


def open_recording(page, address, folder):
    """The folder's film.mp4 with its log.jsonl."""
    page.goto(address)
    page.get_by_role("tab", name="Video").click()
    page.get_by_role("button", name="Open a finished recording").click()
    page.set_input_files("#film-finished input[type=file]", folder / "film.mp4")
    page.set_input_files("#film-log input[type=file]", folder / "log.jsonl")
    expect(page.locator("#film-log .filename")).to_have_count(1)  # it has arrived
    page.get_by_role("button", name="Open", exact=True).click()


def test_a_finished_recording_is_opened(page, address, tmp_path):
    record(tmp_path / "film.mp4", width=240, height=240)
    row = '{"track": %d, "box": [9, 9, 99, 99], "score": 0.9, "expression": "sad", "probabilities": {"sad": 1}, "uncertainty": null}'
    lines = [
        f'{{"frame": {i}, "seconds": {i / 12}, "faces": [{row % 1}, {row % 2}]}}' for i in range(24)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    open_recording(page, address, tmp_path)
    expect(page.get_by_label("Timeline of Person 2: sad 100% of the time")).to_be_visible()
    page.wait_for_function("document.querySelector('#film video').readyState >= 3")


def test_of_a_crowd_the_most_seen_have_curves_until_more_are_asked_for(page, address, tmp_path):
    record(tmp_path / "film.mp4", width=240, height=240)
    write_log(tmp_path / "log.jsonl", frames_of(*range(1, 12)))
    open_recording(page, address, tmp_path)
    lanes = page.locator(".lane canvas").filter(visible=True)
    expect(lanes).to_have_count(8)
    page.get_by_role("button", name="Show 3 more, seen for less time").click()
    expect(lanes).to_have_count(11)
    drawn = "canvas => canvas.width > 100"
    assert lanes.last.evaluate(drawn)
    page.get_by_label("Name of Person 11").fill("Anna")
    page.get_by_label("Name of Person 11").press("Enter")
    expect(page.get_by_label(re.compile("Timeline of Anna"))).to_be_visible()
    page.get_by_role("button", name="Show fewer").click()
    expect(lanes).to_have_count(8)


@wide_alone
@pytest.mark.parametrize("leave", ["cancel", "close"])
def test_a_film_that_is_not_wanted_any_more_leaves_nothing(page, address, temporary, leave):
    until(lambda: not kept(temporary))  # of the tests before
    visitor = page if leave == "cancel" else page.context.new_page()
    begin(visitor, address, DEMO)
    expect(visitor.locator("#film-status")).to_contain_text(re.compile(r"[1-9]\d* of 336 frames"))
    assert len(kept(temporary)) == 1
    if leave == "cancel":
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#film")).to_contain_text("Cancelled; nothing was kept.")
        expect(page.locator("#film-cancel")).to_be_hidden()
    else:
        visitor.close()
    until(lambda: not kept(temporary))


@wide_alone
def test_cancelling_takes_no_film_from_another_visitor(page, address, temporary):
    until(lambda: not kept(temporary))  # of the tests before
    other = page.context.new_page()
    for visitor in (other, page):
        begin(visitor, address, DEMO)
        expect(visitor.locator("#film-status")).to_contain_text("of 336 frames")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#film-drop")).not_to_contain_text("demo.mp4")
    assert list(temporary.glob("fer-live-web-*/*/demo.mp4"))
    other.close()


@wide_alone
def test_a_cancelled_film_and_a_closed_page_leave_no_file(page, address, temporary, two):
    until(lambda: not kept(temporary))  # of the tests before
    visitor = page.context.new_page()
    begin(visitor, address, two)
    expect(visitor.locator(".lane canvas")).to_have_count(2)
    begin(page, address, DEMO)
    expect(page.locator("#film-status")).to_contain_text("of 336 frames")
    assert kept(temporary)
    (closed,), (cancelled,) = (
        temporary.glob(f"fer-live-web-*/*/{name}") for name in ("img*.mp4", "demo.mp4")
    )
    page.get_by_role("button", name="Cancel").click()
    visitor.close()
    until(lambda: not (kept(temporary) or closed.exists() or cancelled.exists()))


@wide_alone
def test_a_second_film_takes_the_place_of_the_first(page, address, temporary, tmp_path):
    until(lambda: not kept(temporary))  # of the tests before
    begin(page, address, DEMO)
    expect(page.locator("#film-status")).to_contain_text(re.compile(r"[1-9]\d* of 336 frames"))
    page.locator("#film-drop").get_by_label("Clear").click()
    page.set_input_files("#film-drop input[type=file]", record(tmp_path / "grey.mp4"))
    expect(page.locator("#film")).to_contain_text("grey.mp4: 0:02 long")
    until(lambda: len(kept(temporary)) == 1)
    expect(page.locator("#film")).to_contain_text("grey.mp4: 0:02 long")


def test_what_is_no_film_is_told_and_the_page_lives_on(page, address, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    begin(page, address, tmp_path / "text.mp4")
    expect(page.locator("#film-status p.alert")).to_have_text(
        "text.mp4 is no film that can be decoded; choose another file"
    )
    expect(page.locator("#film-cancel")).to_be_hidden()
    page.locator("#film-drop").get_by_label("Clear").click()
    page.set_input_files("#film-drop input[type=file]", record(tmp_path / "grey.mp4"))
    expect(page.locator("#timeline")).to_contain_text("No face was found in this film.")
