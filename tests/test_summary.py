"""Summaries: what is added up, and the logs they are made of."""

import json

import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD, SURPRISE
from fer_live.sinks import open_log
from fer_live.sinks.record import scene_record
from fer_live.summary import Summary, read_log
from fer_live.summary.collect import BINS, FINEST, merged
from fer_live.types import Frame, Scene
from tests.scenes import picture, scene


def face(track=1, **probabilities) -> dict:
    return {
        "track": track,
        "box": [0, 0, 10, 10],
        "score": 0.9,
        "expression": max(probabilities, key=probabilities.get),
        "probabilities": probabilities,
        "uncertainty": None,
    }


def add(summary: Summary, seconds: float, *faces: dict, **more) -> None:
    summary.add({"frame": summary.frames, "seconds": seconds, "faces": list(faces)} | more)


def test_shares_are_of_time_and_counts_of_readings():
    summary = Summary()
    for seconds in (0, 0.1, 0.2):  # three tenths of a second happy
        add(summary, seconds, face(happy=0.9, sad=0.1))
    add(summary, 0.3, face(happy=0.2, sad=0.8))  # then sad, six tenths in one slow frame
    add(summary, 0.9, face(happy=0.2, sad=0.8))  # and one more, as the shortest
    (person,) = summary.people
    assert person.shares[HAPPY] == pytest.approx(0.3)
    assert person.shares[SAD] == pytest.approx(0.7)
    assert summary.length == 1.0
    assert (person.counts[HAPPY], person.counts[SAD]) == (3, 2)


def test_frames_far_apart_have_equal_shares():
    summary = Summary()
    for seconds in (0, 2.5, 5):
        add(summary, seconds, face(**{"happy" if seconds else "sad": 1.0}))
    (person,) = summary.people
    assert person.shares[SAD] == pytest.approx(1 / 3)
    assert summary.length == 6


def test_a_face_that_is_gone_shows_nothing_meanwhile():
    summary = Summary()
    add(summary, 0.0, face(sad=1.0))
    for seconds in (0.1, 0.2, 0.3):
        add(summary, seconds)
    add(summary, 0.4, face(happy=1.0))
    (person,) = summary.people
    assert person.seconds == pytest.approx({SAD: 0.1, HAPPY: 0.1})


def test_a_pause_counts_as_one_second_at_most():
    summary = Summary()
    for seconds in (0, 1, 100):
        add(summary, seconds, face(happy=1.0))
    assert summary.people[0].seconds[HAPPY] == 3


def test_pictures_without_time_have_shares_of_readings():
    summary = Summary()
    for expression in ("happy", "happy", "happy", "sad"):
        add(summary, 0.0, face(None, **{expression: 1.0}))
    (everyone,) = summary.people
    assert everyone.name == "All faces"
    assert (everyone.shares[HAPPY], everyone.shares[SAD]) == (0.75, 0.25)


def test_people_are_apart_and_those_seen_longest_come_first():
    summary = Summary()
    add(summary, 2, face(5, sad=1.0))
    for seconds in (3, 4):
        add(summary, seconds, face(5, sad=1.0), face(2, happy=1.0), face(9, happy=1.0))
    assert [person.track for person in summary.people] == [5, 2, 9]
    assert [(p.first, p.last, p.readings) for p in summary.people[:2]] == [(2, 4, 3), (3, 4, 2)]
    assert summary.labels == [HAPPY, SAD]


def test_a_timeline_holds_the_mean_of_each_part():
    summary = Summary()
    add(summary, 10.0, face(happy=0.2))
    add(summary, 10.0 + FINEST / 2, face(happy=0.6))
    add(summary, 10.0 + FINEST, face(happy=1.0))
    bins = summary.people[0].bins
    assert {index: part.mean(HAPPY) for index, part in bins.items()} == {0: 0.4, 1: 1.0}


def test_a_long_session_keeps_its_timeline_short():
    summary = Summary()
    for second in range(4000):
        add(summary, second, face(happy=0.25 if second < 2000 else 0.75))
    bins = summary.people[0].bins
    assert BINS / 2 < len(bins) <= BINS
    assert sum(part.count for part in bins.values()) == 4000
    assert bins[0].mean(HAPPY) == 0.25
    assert bins[max(bins)].mean(HAPPY) == 0.75
    assert max(bins) * summary.width == pytest.approx(3999, abs=summary.width)


def test_people_that_are_one_are_added_up():
    summary = Summary()
    add(summary, 2, face(5, happy=0.6, sad=0.4))
    add(summary, 2.5, face(5, happy=0.9), face(3, happy=0.3, sad=0.7))
    add(summary, 3, face(3, happy=0.8, sad=0.2))
    add(summary, 9, face(3, happy=0.7, surprise=0.3))
    persons = {person.track: person for person in summary.people}
    for first, second in ((5, 3), (3, 5)):
        whole = merged([persons[first], persons[second]])
        assert (whole.track, whole.first, whole.last, whole.readings) == (first, 2, 9, 5)
        assert (whole.counts[HAPPY], whole.counts[SAD]) == (4, 1)
        assert whole.seconds == {HAPPY: 2.5, SAD: 0.5}
        # At 2.5 seconds both were read.
        means = {index * FINEST: part.mean(HAPPY) for index, part in whole.bins.items()}
        assert means == pytest.approx({0: 0.6, 0.5: 0.6, 1: 0.8, 7: 0.7})
        assert whole.best[HAPPY].probability == 0.9
        assert whole.best[SAD].probability == 0.7
    assert persons[5].readings == 2  # as it was


def test_a_clock_that_jumps_back_loses_nothing():
    summary = Summary()
    for seconds in (50, 51, 3, 52):
        add(summary, seconds, face(happy=1.0))
    assert (summary.readings, summary.duration) == (4, 2)


def test_the_best_moment_of_each_expression_is_remembered():
    summary = Summary()
    for i, p in enumerate((0.6, 0.95, 0.7)):
        add(summary, i / 2, face(happy=p, sad=1 - p))
    add(summary, 3, face(surprise=0.4, sad=0.3))  # not clear enough to be shown
    (person,) = summary.people
    assert person.best[SURPRISE].probability == 0.4
    assert [(e, m.frame, m.seconds, m.probability) for e, m in person.moments] == [
        (HAPPY, 1, 0.5, 0.95)
    ]


def test_thumbnails_are_those_of_the_best_moments():
    summary = Summary()
    for i, p in enumerate((0.6, 0.95, 0.7)):
        record = {"frame": i, "seconds": i, "faces": [face(happy=p)]}
        summary.add(record, [np.full((4, 4, 3), i, np.uint8)])
    assert summary.people[0].best[HAPPY].thumbnail[0, 0, 0] == 1


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_a_log_is_read_back_as_it_was_written(tmp_path, name):
    with open_log(tmp_path / name) as log:
        for i in range(3):
            log.write(scene(i, i / 10, uncertainty=None if i else 0.31), picture())
    expected = [scene_record(scene(i, i / 10, uncertainty=None if i else 0.31)) for i in range(3)]
    assert list(read_log(tmp_path / name)) == expected


@pytest.mark.parametrize("every", [1, 3])
def test_both_kinds_of_log_tell_of_frames_without_faces(tmp_path, every):
    """A table by the numbers of those that have some."""
    for name in ("log.jsonl", "log.csv"):
        with open_log(tmp_path / name) as log:
            for i in (0, 1, 2, 7, 8):
                log.write(scene(i * every, i / 10), picture())
                for k in range(3, 7) if i == 2 else ():
                    log.write(Scene(Frame(picture(), k * every, k / 10), []), picture())
    lines, table = (list(read_log(tmp_path / name)) for name in ("log.jsonl", "log.csv"))
    assert [(r["frame"], len(r["faces"])) for r in table] == [
        (r["frame"], len(r["faces"])) for r in lines
    ]
    assert [r["seconds"] for r in table] == pytest.approx([r["seconds"] for r in lines])


def test_numbers_that_leap_in_a_table_tell_of_no_frames(tmp_path):
    with open_log(tmp_path / "log.csv") as log:
        for i in (0, 1, 10**12, 5, 6):
            log.write(scene(i, 0.1), picture())
    assert [r["frame"] for r in read_log(tmp_path / "log.csv")] == [0, 1, 10**12, 5, 6]


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_numbers_that_are_missing_from_a_log_are_read_back_as_such(tmp_path, name):
    record = scene_record(scene())
    said = record["faces"][0]["probabilities"] | {"sad": None}
    record = record | {
        "seconds": None,
        "faces": [record["faces"][0] | {"track": None, "probabilities": said}],
    }
    with open_log(tmp_path / name) as log:
        log.write_record(record)
    (read,) = read_log(tmp_path / name)
    assert read["seconds"] is read["faces"][0]["track"] is None
    assert read["faces"][0]["probabilities"].get("sad") is None
    summary = Summary()
    summary.add(read)
    assert summary.people[0].track is None


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_two_pictures_of_a_log_stay_two(tmp_path, name):
    with open_log(tmp_path / name) as log:
        for source in ("a.jpg", "b.jpg"):
            log.write_record(scene_record(scene()) | {"source": source})
    assert [record["source"] for record in read_log(tmp_path / name)] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_a_log_that_was_cut_off_is_read_up_to_there(tmp_path, name):
    path = tmp_path / name
    with open_log(path) as log:
        for i in range(3):
            log.write(scene(i), picture())
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert [record["frame"] for record in read_log(path)] == [0, 1]
    path.write_bytes(whole[:-40] + b"\n" + whole.splitlines(True)[-1])
    with pytest.raises(UserError, match=f"{name}, line"):
        list(read_log(path))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", "[1, 2]\n", ["a.jsonl, line 1", "no line of a log"]),
        ("a.jsonl", '{"frame": 0}\n', ["line 1", "'seconds'"]),
        ("a.jsonl", "\n", ["line 1"]),
        (
            "a.jsonl",
            '{"frame": 0, "seconds": 0, "faces": []}\n'
            '{"frame": 1, "seconds": 0, "faces": [{"track": 1, "expression": "smug", "probabilities": {}}]}\n',
            ["line 2", "'smug'"],
        ),
        ("a.jsonl", '{"frame": Infinity, "seconds": 0, "faces": []}\n', ["line 1", "infinity"]),
        ("a.jsonl", '{"frame": 0, "seconds": 1' + 400 * "0" + ', "faces": []}\n', ["line 1"]),
        ("a.jsonl", '{"frame": 0, "seconds": NaN, "faces": []}\n', ["line 1", "nan is no number"]),
        ("a.jsonl", '{"frame": 0, "seconds": -1e308, "faces": []}\n', ["-1e+308 seconds"]),
        ("a.jsonl", 200_000 * "[" + "\n", ["line 1"]),
        ("a.csv", "name,age\nAda,36\n", ["a.csv", "no column 'frame'"]),
        ("a.csv", "", ["a.csv", "no column 'frame'"]),
        ("a.txt", "", ["a.txt", ".jsonl or .csv"]),
        ("a.jsonl", b"\xff\xfe\x00", ["a.jsonl is not text"]),
        ("a.csv", 200_000 * "x", ["a.csv is not text"]),
    ],
)
def test_what_is_no_log_is_refused_with_its_line(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        list(read_log(path))
    assert all(word in str(error.value) for word in words), error.value


def test_numbers_that_someone_put_in_quotes_are_numbers(tmp_path):
    path = tmp_path / "log.jsonl"
    records = [
        {"frame": i, "seconds": i / 10, "faces": [face(1, happy=0.9), face(2, sad=0.8)]}
        for i in range(2)
    ]
    quoted = {
        "frame": "1",
        "seconds": "0.1",
        "faces": [face("1", happy="0.9"), face("2", sad="0.8")],
    }
    path.write_text(f"{json.dumps(records[0])}\n{json.dumps(quoted)}\n")
    assert list(read_log(path)) == records


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path):
    path = tmp_path / "log.csv"
    with open_log(path) as log:
        log.write(scene(0), picture())
    before = list(read_log(path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(read_log(path)) == before


def test_a_row_with_a_bad_number_is_named(tmp_path):
    path = tmp_path / "log.csv"
    with open_log(path) as log:
        log.write(scene(), picture())
    path.write_text(path.read_text().replace("0.97", "much"))
    with pytest.raises(UserError, match=r"log.csv, line 2.*much"):
        list(read_log(path))
