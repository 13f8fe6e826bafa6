"""The summary's page, as HTML and as a picture."""

import re
import xml.etree.ElementTree as Xml

import numpy as np
import PIL.Image
import pytest

from fer_live.cli import main
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from fer_live.overlay.sprites import text_width
from fer_live.sinks import open_log
from fer_live.summary import Summary, SummaryFile, write_summary
from fer_live.summary.page import SHOWN, lay_out, table
from fer_live.summary.raster import FINE, picture
from fer_live.summary.shapes import Area, Rectangle, Words
from fer_live.summary.style import CARD
from fer_live.summary.svg import html_page, svg
from fer_live.summary.words import clock, percent
from tests.limits import small_disk
from tests.scenes import scene
from tests.test_summary import add, face


@pytest.fixture
def summary() -> Summary:
    """Ten seconds: person 1 happy throughout, person 2 sad in the last half."""
    summary = Summary()
    for i in range(101):
        faces = [face(1, happy=0.9, sad=0.1)]
        faces += [face(2, happy=0.25, sad=0.75)] if i >= 50 else []
        add(summary, i / 10, *faces)
    return summary


def texts(page) -> list[str]:
    return [shape.text for shape in page.shapes if isinstance(shape, Words)]


def test_a_line_break_in_the_title_leaves_it_one_line(summary):
    page = lay_out(summary, "Expressions in two\nlines.mp4")
    assert page.title == texts(page)[0] == r"Expressions in two\nlines.mp4"


def test_the_page_tells_who_showed_what_and_when(summary):
    said = texts(lay_out(summary, "Expressions in film.mp4"))
    assert said[:2] == [
        "Expressions in film.mp4",
        "0:10 long  ·  101 frames  ·  2 people  ·  152 faces read",
    ]
    for text in ("Person 1", "seen from 0:00 to 0:10", "Person 2", "seen from 0:05 to 0:10"):
        assert text in said
    assert said.count("100%") == 2  # each their own expression
    assert table(summary) == [
        ["", "from", "to", "readings", "happy", "sad"],
        ["Person 1", "0:00", "0:10", "101", "100%", "0%"],
        ["Person 2", "0:05", "0:10", "51", "0%", "100%"],
    ]


@pytest.mark.parametrize("letters", [20, 80, 250])
def test_a_title_ends_within_the_page(letters):
    title = ("Interview with group W " * 12)[:letters]
    heading = lay_out(Summary(), title).shapes[0]
    assert heading.size >= 14
    assert (heading.size == 26) == (letters == 20)
    assert (heading.text == title) == (letters < 250)
    assert heading.x + 1.1 * text_width(heading.text, heading.size) <= 1000  # it is bold


@pytest.mark.parametrize(("frames", "told"), [(336, "0:14"), (333, "0:13"), (326, "0:13")])
def test_a_film_is_as_long_as_players_say(frames, told):
    summary = Summary()
    for i in range(frames):  # 24 a second, rounded as logs do
        add(summary, round(i / 24, 3), face(1, happy=0.9))
    assert f"{told} long" in texts(lay_out(summary, ""))[1]


def test_a_timeline_is_as_high_as_the_probability_and_where_the_person_was(summary):
    page = lay_out(summary, "")
    areas = [shape for shape in page.shapes if isinstance(shape, Area) and shape.fill == SAD.colour]
    small, large = areas  # of persons 1 and 2
    heights = [area.corners[0][1] - min(y for _, y in area.corners) for area in areas]
    assert heights[1] / heights[0] == pytest.approx(7.5)
    left, right = (small.corners[i][0] for i in (0, -1))
    assert large.corners[0][0] == pytest.approx((left + right) / 2, abs=2)
    assert large.corners[-1][0] == pytest.approx(right, abs=0.1)


@pytest.mark.parametrize("step", [0.1, 1.0, 5.0])
def test_a_timeline_breaks_where_a_frame_lacks_the_person_not_between_frames(step):
    summary = Summary()
    for i in range(40):
        add(summary, i * step, *([] if 10 <= i < 20 else [face(happy=1.0)]))
    areas = [shape for shape in lay_out(summary, "").shapes if isinstance(shape, Area)]
    assert len(areas) == 2


def test_a_session_of_days_has_no_more_times_than_fit():
    summary = Summary()
    for hour in range(300):
        add(summary, 3600.0 * hour, face(1, happy=0.9))
    times = [text for text in texts(lay_out(summary, "")) if re.fullmatch(r"\d+:00:00", text)]
    assert times == ["52:00:00", "104:00:00", "156:00:00", "208:00:00", "260:00:00"]


def test_nothing_leaves_the_page(summary):
    page = lay_out(summary, "")
    for shape in page.shapes:
        if isinstance(shape, Rectangle):
            assert shape.left >= 0
            assert shape.left + shape.width <= page.width
            assert shape.top + shape.height <= page.height
        elif isinstance(shape, Area):
            assert all(0 <= x <= page.width and 0 <= y <= page.height for x, y in shape.corners)


def test_all_that_is_said_of_a_person_lies_on_their_card(summary):
    card, bottoms = None, []
    for shape in lay_out(summary, "").shapes[2:-1]:  # less the heading and what stands at the end
        if isinstance(shape, Rectangle) and shape.fill == CARD:
            card = shape
            bottoms.append(card.top + card.height)
            assert len(bottoms) == 1 or bottoms[-2] < card.top
        elif isinstance(shape, Words):
            assert 0 < shape.y - card.top < card.height, shape
    assert len(bottoms) == 3


def test_a_crowd_is_counted():
    summary = Summary()
    for track in range(1, SHOWN + 6):
        add(summary, track, face(track, happy=1.0))
    said = texts(lay_out(summary, ""))
    assert sum(text.startswith("Person ") for text in said) == SHOWN
    assert "5 more people, each read 1 times at most" in said


def test_a_session_without_faces_says_so():
    summary = Summary()
    add(summary, 0)
    assert "1 frame, and no face in them" in texts(lay_out(summary, "Expressions"))
    assert picture(lay_out(summary, "Expressions")).any()


def test_the_html_needs_nothing_else_and_escapes_all_text(summary):
    title = "<script>alert('x')</script> & \"more\""
    html = html_page(lay_out(summary, title), table(summary))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"(src|href)=.?https?:", html)
    drawn = Xml.fromstring(svg(lay_out(summary, title)))
    said = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert said == texts(lay_out(summary, title))
    assert said[0] == title


def test_html_and_picture_show_the_same_in_the_same_place(summary):
    page = lay_out(summary, "Expressions")
    image = picture(page)
    assert image.shape == (FINE * page.height, FINE * page.width, 3)
    part = next(s for s in page.shapes if isinstance(s, Rectangle) and s.fill == HAPPY.colour)
    inside = image[round(FINE * (part.top + 3)), round(FINE * (part.left + 3))]
    assert tuple(inside) == HAPPY.colour
    elements = Xml.fromstring(svg(page)).iter("{http://www.w3.org/2000/svg}rect")
    (same,) = [e for e in elements if e.get("fill") == "#{:02x}{:02x}{:02x}".format(*HAPPY.colour)][
        :1
    ]
    assert float(same.get("x")) == pytest.approx(part.left, abs=0.1)


def test_a_session_that_never_begins_leaves_an_older_summary(tmp_path):
    path = tmp_path / "summary.png"
    path.write_text("precious")
    for place in (path, tmp_path / "new.html"):
        with SummaryFile(place, "Expressions"):
            pass
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["summary.html", "summary.png"])
def test_a_disk_that_is_full_keeps_the_older_summary(tmp_path, summary, name):
    path = tmp_path / name
    path.write_text("precious")
    with (
        small_disk(1000),
        pytest.raises(UserError, match=rf"{name} cannot be written \(File too large\)"),
    ):
        write_summary(summary, path, "Expressions")
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_is_left_without_a_torn_summary(tmp_path):
    sink = SummaryFile(tmp_path / "summary.html", "Expressions")
    with small_disk(1000), pytest.raises(UserError, match="File too large"), sink:
        sink.write(scene(), np.zeros((4, 4, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("log", "page"), [("a.jsonl", "a.html"), ("a.csv", "a.png")])
def test_a_summary_is_made_of_a_log(tmp_path, capsys, log, page):
    with open_log(tmp_path / log) as sink:
        for i in range(20):
            sink.write(scene(i, i / 10), np.zeros((4, 4, 3), np.uint8))
    assert main(["summary", str(tmp_path / log), "--output", str(tmp_path / "new" / page)]) == 0
    assert f"written: {tmp_path / 'new' / page}" in capsys.readouterr().err
    if page.endswith("png"):
        assert PIL.Image.open(tmp_path / "new" / page).width == 2000
    else:
        assert "Person 1" in (tmp_path / "new" / page).read_text()


def test_a_summary_lies_beside_its_log_unless_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_log("today.jsonl") as sink:
        sink.write(scene(), np.zeros((4, 4, 3), np.uint8))
    assert main(["summary", "today.jsonl"]) == 0
    assert "Person 1" in (tmp_path / "today.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jsonl", "--output", "a.html"], ["missing.jsonl", "No such file"]),
        (["."], [". is no log"]),
        (["log.jsonl", "--output", "a.pdf"], ["a.pdf", ".html", ".png"]),
        (["log.jsonl", "--output", "log.jsonl"], ["log.jsonl is the source itself"]),
        (["log.jsonl", "--output", "log.jsonl/a.html"], ["a.html cannot be written"]),
        (["empty.jsonl", "--output", "a.html"], ["empty.jsonl holds no readings"]),
    ],
    ids=" ".join,
)
def test_a_bad_log_or_page_is_refused(refusal, tmp_path, arguments, words):
    with open_log(tmp_path / "log.jsonl") as sink:
        sink.write(scene(), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "empty.jsonl").touch()
    line = refusal("summary", *arguments)
    assert all(word in line for word in words), line


def test_times_and_shares_are_written_as_people_write_them():
    assert [clock(seconds) for seconds in (0, 59.9, 61, 3725)] == [
        "0:00",
        "0:59",
        "1:01",
        "1:02:05",
    ]
    assert [percent(share) for share in (0, 0.004, 0.006, 1)] == ["0%", "<1%", "1%", "100%"]
