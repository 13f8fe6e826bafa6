"""A recording as HTML: who is shown, when, and with which words."""

import base64
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from fer_live.expressions import ANGRY, HAPPY, SAD
from fer_live.summary.collect import Summary
from fer_live.web.video import timeline
from fer_live.web.video.people import People
from fer_live.web.video.recording import BINS, Recording
from tests.clips import face_of, frames_of


def recording(records, began=0.0, bins=BINS, **fields):
    """Of these records, without files."""
    summary = Summary(bins)
    for one in records:
        summary.add(one)
    folder = Path("/kept/of mine")
    return Recording(
        folder,
        fields.pop("name", "film.mkv"),
        folder / "film.mp4",
        folder / "log.jsonl",
        summary,
        People(summary.people),
        began,
        2.0,
        **fields,
    )


def crowd(number):
    """That many people, each seen once more often than the next."""
    return [
        {"frame": i, "seconds": i / 12, "faces": [face_of(t) for t in range(1, number + 1 - i)]}
        for i in range(number)
    ]


def data_of(page):
    return json.loads(unescape(re.search('data-timeline="([^"]*)"', page)[1]))


def only_curve(records):
    """(n, K) bytes of the one person in them, and the parts of the timeline that they stand for."""
    (curve,) = data_of(timeline.timeline(recording(records)))["people"]
    values = np.frombuffer(base64.b64decode(curve["p"]), np.uint8)
    return curve["at"], values.reshape(len(curve["at"]), -1)


def face(**probabilities):
    return face_of(1) | {"probabilities": probabilities}


@pytest.mark.parametrize(("people", "hidden"), [(8, 0), (9, 1), (12, 4)])
def test_all_but_eight_people_are_shown_when_they_are_asked_for(people, hidden):
    page = timeline.timeline(recording(crowd(people)))
    lanes = re.findall(r'<div class="lane"( hidden)?>.*?data-person="(\d+)"', page)
    assert [int(track) for _, track in lanes] == list(range(1, people + 1))
    assert [bool(how) for how, _ in lanes] == [False] * 8 + [True] * hidden
    assert re.findall(r"Show (\d+) more", page) == ([str(hidden)] if hidden else [])
    assert "are in the table and in the CSV" not in page


def test_of_a_crowd_forty_have_a_timeline_and_all_a_row():
    page = timeline.timeline(recording(crowd(43)))
    assert len(data_of(page)["people"]) == page.count("data-person=") == 40
    assert page.count("data-name=") == 43
    assert "Show 32 more" in page
    assert "3 more, seen for the least time, are in the table and in the CSV." in page
    first, *_, last = re.findall("<select.*?</select>", page)
    assert first.count("<option") == 1 + 39
    assert 'value="1"' not in first  # nobody is the same person as themselves
    assert last.count("<option") == 1 + 40


def test_where_the_film_begins_late_in_its_log_times_are_the_films():
    page = timeline.timeline(recording(frames_of(1, begin=65.0), began=60.0))
    assert data_of(page)["began"] == pytest.approx(5)
    assert "<td>0:05 to 0:06</td>" in page


@pytest.mark.parametrize(("bins", "patience"), [(BINS, 10), (20, 5), (1, 1)])
def test_half_a_second_without_a_face_does_not_break_a_curve(bins, patience):
    found = recording(frames_of(1), bins=bins)
    assert data_of(timeline.timeline(found))["patience"] == patience


def test_a_curve_is_in_the_order_of_time_whoever_was_merged():
    found = recording([*frames_of(1, count=1, begin=1.0), *frames_of(2, count=2, begin=2.0)])
    found.people.merge(1, into=2)
    (curve,) = data_of(timeline.timeline(found))["people"]
    assert curve["at"] == sorted(curve["at"])
    assert len(curve["at"]) == 3


def test_a_curve_keeps_to_a_byte_whatever_a_log_says():
    records = [{"frame": 0, "seconds": 0.0, "faces": [face(happy=1.5, sad=-0.5, angry=0.999)]}]
    _, values = only_curve(records)
    assert values.tolist() == [[255, 255, 0]]  # angry, happy, sad


def test_a_timeline_has_the_colours_of_its_labels():
    data = data_of(timeline.timeline(recording(frames_of(1))))
    chosen = [data["labels"].index(str(label)) for label in (ANGRY, HAPPY, SAD)]
    assert [data["colours"][i] for i in chosen] == [timeline.css(e) for e in (ANGRY, HAPPY, SAD)]


def test_a_curve_is_told_in_words_the_largest_share_first():
    records = [{"frame": i, "seconds": i / 12, "faces": [face_of(1, "sad")]} for i in range(4)]
    page = timeline.timeline(recording(records))
    assert 'aria-label="Timeline of Person 1: sad 100% of the time"' in page
    records += [{"frame": i, "seconds": i / 12, "faces": [face_of(1)]} for i in range(4, 5)]
    page = timeline.timeline(recording(records))
    assert "Timeline of Person 1: sad 80%, happy 20% of the time" in page
    assert re.findall(r"<td>(\d+%)</td>", page) == ["0%", "0%", "0%", "20%", "80%", "0%", "0%"]


def test_who_was_merged_can_be_taken_apart():
    found = recording(frames_of(1, 2, 3))
    found.people.rename(1, "Anna")
    found.people.merge(2, into=1)
    page = timeline.timeline(found)
    (split,) = re.findall("<button[^>]*data-split.*?</button>", page)
    assert 'data-split="1" title="Person 1, Person 2"' in split
    assert "take apart (2)" in split
    assert '<input data-name="1" value="Anna" placeholder="Person 1"' in page
    assert '<input data-name="3" value="" placeholder="Person 3"' in page


@pytest.mark.parametrize(
    ("tracks", "words"),
    [((1,), "1 person, 24 faces"), ((1, 2), "2 people, 48 faces"), ((), "0 people, 0 faces")],
)
def test_a_films_caption_counts_people_and_faces(tracks, words):
    assert f"film.mkv: 0:02 long, {words} read." in timeline.film(recording(frames_of(*tracks)))


def test_a_film_is_fetched_by_its_address_and_kept_under_its_own_name():
    page = timeline.film(recording(frames_of(1), notes=("The log ends early.",)))
    assert 'src="gradio_api/file=/kept/of%20mine/film.mp4"' in page
    assert 'download="film-fer-live.mp4"' in page
    assert "The log ends early." in page


def test_a_film_without_faces_says_so():
    assert "No face was found in this film." in timeline.timeline(recording(frames_of()))
