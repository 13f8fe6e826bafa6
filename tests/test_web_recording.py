"""Finished recordings on the page: their tables, and which logs belong."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.stopping import Stop
from fer_live.summary.collect import Summary
from fer_live.summary.logs import read_log
from fer_live.web.video import recording as recordings
from fer_live.web.video import timeline
from fer_live.web.video.films import look
from fer_live.web.video.recording import recall
from tests.clips import FRAMES, HEIGHT, WIDTH, face_of, frames_of, record, write_log


@pytest.fixture
def film(tmp_path):
    return look(record(tmp_path / "film.mp4"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def opened(film, log, folder):
    return recall(film, log, log.name, folder, Stop())


def test_the_table_has_names_and_merged_people_and_opens_again(film, folder, tmp_path):
    recording = opened(film, write_log(tmp_path / "log.jsonl", frames_of(1, 2, 3)), folder)
    recording.people.rename(1, "Anna")
    recording.people.merge(2, into=1)
    table = recording.table()
    faces = [face for one in read_log(table) for face in one["faces"]]
    assert [(face["track"], face["person"]) for face in faces[:3]] == [
        (1, "Anna"),
        (1, "Anna"),
        (3, "Person 3"),
    ]
    assert len(faces) == 3 * FRAMES
    (tmp_path / "again").mkdir()
    again = opened(film, table, tmp_path / "again")
    assert [one.name for one in again.people.everyone()] == ["Anna", "Person 3"]
    assert again.people.names == {1: "Anna"}  # nobody was called Person 3


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_finished_recording_is_opened_with_its_log(film, folder, tmp_path, ending):
    recording = opened(film, write_log(tmp_path / f"log.{ending}", frames_of(1)), folder)
    assert [one.name for one in recording.people.everyone()] == ["Person 1"]
    assert (recording.began, recording.notes) == (0, ())


def test_a_part_of_a_film_begins_where_its_log_does(film, folder, tmp_path):
    log = write_log(
        tmp_path / "log.csv", frames_of(1, begin=60.0)[5:]
    )  # no face in the first frames
    assert opened(film, log, folder).began == pytest.approx(60, abs=0.01)


def test_a_film_of_unknown_rate_and_length_begins_with_its_log_and_ends_with_it(
    film, folder, tmp_path
):
    log = write_log(tmp_path / "log.csv", frames_of(1, begin=60.0))
    found = opened(replace(film, fps=None, seconds=5.0), log, folder)
    assert found.began == pytest.approx(60)
    whole = write_log(tmp_path / "whole.csv", frames_of(1))
    found = opened(replace(film, seconds=None), whole, folder)
    assert (found.began, found.seconds) == (0, pytest.approx(23 / 12, abs=0.01))


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize(("length", "began"), [(2.0, 0.5), (2.5, 0.0)])
def test_a_part_is_told_from_a_film_whose_pictures_begin_late_by_its_length(
    film, folder, tmp_path, ending, length, began
):
    log = write_log(tmp_path / f"log.{ending}", frames_of(1, begin=0.5))
    found = opened(replace(film, seconds=length), log, folder)
    assert found.began == pytest.approx(began, abs=0.01)


@pytest.mark.parametrize("begun", [1.0, 4.0])
def test_a_recording_begun_in_mid_session_begins_with_its_log(film, folder, tmp_path, begun):
    records = frames_of(1, begin=begun)
    for one in records:
        one["frame"] += round(12 * begun)  # counted from the session's first
    log = write_log(tmp_path / "log.jsonl", records)
    assert opened(film, log, folder).began == pytest.approx(begun, abs=0.01)


def test_a_table_whose_first_face_comes_late_begins_with_its_film(film, folder, tmp_path):
    records = frames_of(1, count=33)[9:]  # it ends half a second after the film
    assert opened(film, write_log(tmp_path / "log.csv", records), folder).began == 0


def test_a_table_begun_in_mid_session_is_opened(film, folder, tmp_path):
    records = frames_of(1, begin=4.0)
    for one in records:
        one["frame"] += 48
    log = write_log(tmp_path / "log.csv", records)
    assert opened(film, log, folder).began == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize(("end", "fits"), [(3.0, True), (3.02, False)])
def test_a_log_may_end_a_second_after_its_film(film, folder, tmp_path, end, fits):
    records = [*frames_of(1, count=1), {"frame": 24, "seconds": end, "faces": [face_of(1)]}]
    log = write_log(tmp_path / "log.jsonl", records)
    film = replace(film, seconds=2.0)
    if fits:
        assert opened(film, log, folder).notes == ()
    else:
        with pytest.raises(UserError, match="goes on until 0:03"):
            opened(film, log, folder)


@pytest.mark.parametrize(("length", "notes"), [(150.0, 0), (152.0, 1)])
def test_a_log_may_end_a_second_and_a_fiftieth_before_its_film(
    film, folder, tmp_path, length, notes
):
    records = [*frames_of(1, count=1), {"frame": 24, "seconds": 146.5, "faces": [face_of(1)]}]
    log = write_log(tmp_path / "log.jsonl", records)
    assert len(opened(replace(film, seconds=length), log, folder).notes) == notes


@pytest.mark.parametrize("edges", [(WIDTH, HEIGHT), (WIDTH + 2, HEIGHT + 2), (None, None)])
def test_a_face_may_lie_two_pixels_outside(film, folder, tmp_path, edges):
    one = face_of(1) | {"box": [10.0, 10.0, *edges]}
    log = write_log(tmp_path / "log.jsonl", [{"frame": 0, "seconds": 0.0, "faces": [one]}])
    assert opened(film, log, folder).summary.readings == 1


@pytest.mark.parametrize("given", ["=1+1", 41 * "a", "Person 2", 5, None])
def test_a_log_whose_names_will_not_do_is_opened_without_them(film, folder, tmp_path, given):
    records = frames_of(1, 2)
    records[0]["faces"][0]["person"] = given
    found = opened(film, write_log(tmp_path / "log.jsonl", records), folder)
    assert sorted(one.name for one in found.people.everyone()) == ["Person 1", "Person 2"]


def test_a_log_of_more_people_than_memory_holds_is_told(film, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "CROWD", 2)
    assert opened(film, write_log(tmp_path / "two.csv", frames_of(1, 2)), folder)
    with pytest.raises(UserError, match="more than 2 people"):
        opened(film, write_log(tmp_path / "three.csv", frames_of(1, 2, 3)), folder)


def test_a_log_is_read_no_further_than_its_visitor_waits(film, folder, tmp_path):
    stop = Stop()
    log = write_log(tmp_path / "log.csv", frames_of(1))
    stop.asked = True
    with pytest.raises(UserError, match="no readings"):
        recall(film, log, log.name, folder, stop)


def test_a_film_without_faces_has_no_table(film, folder, tmp_path):
    found = opened(film, write_log(tmp_path / "log.jsonl", frames_of(1)), folder)
    found.log.write_text('{"frame": 0, "seconds": 0.0, "faces": []}\n')
    with pytest.raises(UserError, match=r"no face was read in film\.mp4"):
        replace(found, summary=Summary()).table()


def test_a_log_of_a_part_is_told(film, folder, tmp_path):
    log = write_log(tmp_path / "log.csv", frames_of(1, count=8))
    assert opened(film, log, folder).notes == ("The log ends at 0:00 of 0:02.",)


def without(name):
    return {key: value for key, value in face_of(1).items() if key != name}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readings"),
        (b"\x00\xff\xfe binary", "not text|no line of a log"),
        (b'{"frame": 0, "seconds": 0, "faces": [{"track": 1}]}\n', "no line of a log"),
        (frames_of(1, count=80), "goes on until 0:06, but film.mp4 is 0:02 long"),
        (frames_of(1, right=500.0), f"outside of film.mp4, which has {WIDTH} x {HEIGHT} pixels"),
        ([one | {"source": "a.png"} for one in frames_of(1)], "a log of pictures"),
        ([one | {"seconds": None} for one in frames_of(1)], "a log of pictures"),
        ([one | {"faces": [face_of(1) | {"box": "wide"}]} for one in frames_of()], "no log has"),
        ([one | {"faces": [face_of(1) | {"box": [1] * 5}]} for one in frames_of()], "no log has"),
        ([one | {"faces": [face_of(1) | {"box": None}]} for one in frames_of()], "no log has"),
        ([one | {"faces": [without("score")]} for one in frames_of()], "no log has"),
        ([one | {"faces": [without("uncertainty")]} for one in frames_of()], "no log has"),
        ([one | {"faces": [without("box")]} for one in frames_of()], "no log has"),
        (
            [one | {"faces": [face_of(1) | {"box": [0, 0, 9, HEIGHT + 3]}]} for one in frames_of()],
            "outside of film.mp4",
        ),
        (frames_of(), "no readings"),
    ],
)
def test_a_log_that_does_not_belong_is_told(film, folder, tmp_path, content, words):
    log = tmp_path / "their.jsonl"
    if isinstance(content, bytes):
        log.write_bytes(content)
    else:
        log.write_text("".join(json.dumps(one) + "\n" for one in content))
    with pytest.raises(UserError, match=words) as told:
        opened(film, log, folder)
    assert str(told.value).startswith("their.jsonl")
    assert str(tmp_path) not in str(told.value)


def test_a_log_with_another_ending_is_told(film, folder, tmp_path):
    (tmp_path / "log.txt").write_text("a")
    with pytest.raises(UserError, match=r"log\.txt is no log"):
        opened(film, tmp_path / "log.txt", folder)


def test_a_log_is_called_as_its_visitor_calls_it(film, folder, tmp_path):
    (tmp_path / "Their.JSONL").write_text("no log\n")
    with pytest.raises(UserError, match=r"^Their\.JSONL\b.* is no line of a log"):
        opened(film, tmp_path / "Their.JSONL", folder)


def test_markup_in_names_is_shown_and_not_run(film, folder, tmp_path):
    recording = opened(film, write_log(tmp_path / "log.csv", frames_of(1, 2)), folder)
    recording.name = "<img src=x>.mp4"
    recording.people.rename(1, "A<script>")
    page = timeline.film(recording) + timeline.timeline(recording)
    assert "<img" not in page
    assert "<script" not in page
    assert "A&lt;script&gt;" in page


def test_a_timeline_holds_each_reading(film, folder, tmp_path):
    recording = opened(film, write_log(tmp_path / "log.csv", frames_of(1)), folder)
    curve = timeline._curve(recording.people.everyone()[0], recording.summary.labels)
    means = np.frombuffer(timeline.base64.b64decode(curve["p"]), np.uint8).reshape(-1, 7)
    assert len(curve["at"]) == len(means) == FRAMES
    assert means[0].tolist() == [13, 13, 13, 178, 13, 13, 13]
