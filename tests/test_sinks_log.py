"""Readings in files and pipes."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fer_live.errors import UserError
from fer_live.sinks import CsvLog, JsonLog, JsonPipe, PipeClosed, open_log
from fer_live.summary.logs import read_log
from fer_live.types import Frame, Scene
from tests.limits import small_disk
from tests.scenes import picture, scene

HEAD = (
    "frame,seconds,source,track,left,top,right,bottom,score,expression,"
    "angry,disgust,fear,happy,sad,surprise,neutral,contempt,uncertainty"
)

needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")


def write_lines(path, frames):
    with open_log(path) as log:
        for i in range(frames):
            log.write(scene(i), picture())


def test_a_log_holds_a_line_for_each_frame(tmp_path):
    path = tmp_path / "new" / "log.jsonl"
    with JsonLog(path) as log:
        log.write(scene(0), picture())
        assert len(path.read_text().splitlines()) == 1  # flushed
        log.write(Scene(Frame(picture(), 1, 1 / 30), []), picture())
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "frame": 0,
        "seconds": 0.0,
        "faces": [
            {
                "track": 1,
                "box": [10.0, 20.0, 30.3, 40.0],
                "score": 0.97,
                "expression": "happy",
                "probabilities": {
                    "angry": 0.01,
                    "disgust": 0.02,
                    "fear": 0.03,
                    "happy": 0.9,
                    "sad": 0.01,
                    "surprise": 0.02,
                    "neutral": 0.0123,
                },
                "uncertainty": 0.31,
            }
        ],
    }
    assert second == {"frame": 1, "seconds": 0.033, "faces": []}


def test_a_log_has_null_for_what_is_no_number(tmp_path):
    with JsonLog(tmp_path / "log.jsonl") as log:
        log.write(scene(uncertainty=None, score=float("nan")), picture())
    (face,) = json.loads((tmp_path / "log.jsonl").read_text())["faces"]
    assert face["uncertainty"] is None
    assert face["score"] is None


@pytest.mark.parametrize(("name", "first"), [("log.csv", "./"), ("log.jsonl", "")])
@pytest.mark.parametrize("source", ["=cmd.png", "+1/a.png", "-a.png", "@a.png"])
def test_a_picture_named_like_a_formula_is_none_in_a_table(tmp_path, source, name, first):
    seen = scene()
    with open_log(tmp_path / name) as log:
        log.write(replace(seen, frame=replace(seen.frame, source=source)), picture())
    (record,) = read_log(tmp_path / name)
    assert record["source"] == first + source
    assert Path(record["source"]) == Path(source)


def test_a_log_that_fills_the_disk_keeps_whole_lines(tmp_path):
    path = tmp_path / "log.jsonl"
    with small_disk(5000), pytest.raises(UserError, match=r"log\.jsonl.*so far is kept"):
        write_lines(path, 100)
    lines = path.read_text().splitlines()
    assert path.stat().st_size > 4500
    assert [json.loads(line)["frame"] for line in lines] == list(range(len(lines)))


@needs_full_disk
def test_a_full_disk_is_named(tmp_path):
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(UserError, match="No space left"):
        write_lines(tmp_path / "log.jsonl", 1)


def test_a_table_has_a_row_for_each_face_and_frame(tmp_path):
    path = tmp_path / "new" / "log.csv"
    two = replace(scene(7, 0.25), readings=[*scene().readings, *scene(uncertainty=None).readings])
    with CsvLog(path) as log:
        log.write(two, picture())
        assert len(path.read_text().splitlines()) == 3  # flushed
        log.write(Scene(Frame(picture(), 8, 0.5), []), picture())
    assert path.read_text().splitlines() == [
        HEAD,
        "7,0.25,,1,10.0,20.0,30.3,40.0,0.97,happy,0.01,0.02,0.03,0.9,0.01,0.02,0.0123,,0.31",
        "7,0.25,,1,10.0,20.0,30.3,40.0,0.97,happy,0.01,0.02,0.03,0.9,0.01,0.02,0.0123,,",
    ]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('holiday, "the best".jpg', 'holiday, "the best".jpg'),
        ("caf\udce9.jpg", r"caf\udce9.jpg"),  # Latin-1, of old archives, as Python has it
    ],
)
def test_a_table_names_the_pictures_file_however_it_is_called(tmp_path, name, written):
    frame = Frame(picture(), source=name)
    with CsvLog(tmp_path / "log.csv") as log:
        log.write(replace(scene(), frame=frame), picture())
    with (tmp_path / "log.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["source"] == written


def test_a_table_without_a_face_has_its_heading(tmp_path):
    with CsvLog(tmp_path / "log.csv") as log:
        log.write(Scene(Frame(picture()), []), picture())
    assert (tmp_path / "log.csv").read_text() == HEAD + "\n"


def test_a_table_that_fills_the_disk_keeps_whole_rows(tmp_path):
    path = tmp_path / "log.csv"
    with small_disk(5000), pytest.raises(UserError, match=r"log\.csv.*so far is kept"):
        write_lines(path, 200)
    rows = path.read_text().splitlines()
    assert path.stat().st_size > 4800
    assert {row.count(",") for row in rows} == {HEAD.count(",")}
    assert [int(row.split(",")[0]) for row in rows[1:]] == list(range(len(rows) - 1))


def test_a_log_is_chosen_by_its_ending(tmp_path):
    assert isinstance(open_log(tmp_path / "a.CSV"), CsvLog)
    assert isinstance(open_log(tmp_path / "a.jsonl"), JsonLog)
    with pytest.raises(UserError, match=r"a\.txt cannot be saved; end its name in .jsonl or .csv"):
        open_log(tmp_path / "a.txt")


def test_a_pipe_holds_json_lines_and_nothing_else(capfd):
    with JsonPipe() as pipe:
        os.write(1, b"what some library prints\n")
        pipe.write(scene(3), picture())
    os.write(1, b"what comes after\n")
    told = capfd.readouterr()
    line, after = told.out.splitlines()
    assert json.loads(line)["frame"] == 3
    assert after == "what comes after"
    assert told.err == "what some library prints\n"


def test_a_pipe_that_nobody_reads_is_an_end(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr("fer_live.sinks.pipe.STANDARD_OUTPUT", writing)
    with JsonPipe() as pipe, pytest.raises(PipeClosed):
        pipe.write(scene(), picture())
    os.close(writing)


@needs_full_disk
def test_a_pipe_into_a_file_tells_of_a_disk_that_is_full(monkeypatch):
    with Path("/dev/full").open("wb") as full:
        monkeypatch.setattr("fer_live.sinks.pipe.STANDARD_OUTPUT", full.fileno())
        with JsonPipe() as pipe, pytest.raises(UserError, match=r"standard output .*No space left"):
            pipe.write(scene(), picture())
