"""What all files have in common."""

import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_live.errors import UserError
from fer_live.sinks import CsvLog, JsonLog, PictureFile, VideoFile
from fer_live.sinks.base import claim, save_whole
from fer_live.sinks.log import open_log
from tests.scenes import picture, scene

FILES = [
    (JsonLog, "log.jsonl"),
    (CsvLog, "log.csv"),
    (VideoFile, "clip.mp4"),
    (PictureFile, "picture.png"),
]


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_nothing_is_left_where_nothing_was_written(tmp_path, kind, name):
    with kind(tmp_path / name):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_an_older_file_stays_where_nothing_was_written(tmp_path, kind, name):
    (tmp_path / name).write_text("precious")
    with kind(tmp_path / name):
        pass
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize(
    ("kind", "name", "ending"),
    [
        (JsonLog, "log.txt", r"\.jsonl"),
        (CsvLog, "log.txt", r"\.csv"),
        (VideoFile, "clip", r"\.mp4"),
        (PictureFile, "picture.bmp", r"\.png"),
    ],
)
def test_an_unknown_ending_is_refused(tmp_path, kind, name, ending):
    with pytest.raises(UserError, match=f"{name} cannot be saved; end its name in {ending}"):
        kind(tmp_path / name).__enter__()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(JsonLog, "log.jsonl"), (VideoFile, "clip.mp4"), (PictureFile, "picture.png")],
)
def test_an_unwritable_place_is_refused_at_once(tmp_path, kind, name):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{name} cannot be written"):
        kind(tmp_path / "file" / name).__enter__()
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=f"{name} cannot be written"):
        kind(tmp_path / name).__enter__()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(JsonLog, "log.jsonl"), (CsvLog, "log.csv"), (VideoFile, "clip.mp4")],
)
@pytest.mark.parametrize("system", [sys.platform, "win32"])
def test_what_another_program_records_is_left_alone(monkeypatch, tmp_path, system, kind, name):
    monkeypatch.setattr("fer_live.sinks.base.sys", SimpleNamespace(platform=system))
    place = tmp_path / name
    for sink in (kind(place), kind(place)):  # free again once the first has ended
        with (
            sink,
            pytest.raises(UserError, match=f"{name} is being recorded by another program"),
        ):
            kind(place).__enter__()


@pytest.mark.parametrize(("kind", "name"), [(JsonLog, "log.jsonl"), (VideoFile, "clip.mp4")])
def test_what_has_ended_takes_no_more(tmp_path, kind, name):
    with kind(tmp_path / name) as sink:
        sink.write(scene(), picture())
    size = (tmp_path / name).stat().st_size
    with pytest.raises(RuntimeError):
        sink.write(scene(), picture())
    assert (tmp_path / name).stat().st_size == size


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    save_whole({pipe: b"all of it"})
    assert os.read(reading, 100) == b"all of it"
    os.close(reading)
    assert pipe.is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_named_pipe_is_a_log_for_whoever_reads_it(tmp_path):
    pipe, read = tmp_path / "log.jsonl", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with open_log(pipe) as log:
        log.write(scene(), picture())
        log.write(scene(), picture())
    reader.join(10)
    assert read[0].count("\n") == 2
    assert pipe.is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_named_pipe_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "log.jsonl")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=r"log\.jsonl cannot be written \(Permission denied\)"):
        claim(tmp_path / "log.jsonl")


def test_two_programs_may_save_one_file_at_once(tmp_path, monkeypatch):
    place, write = tmp_path / "page.html", Path.write_bytes

    def interrupted(part, content):
        write(part, content)
        monkeypatch.setattr(Path, "write_bytes", write)
        save_whole({place: b"theirs"})  # by the other program

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    save_whole({place: b"ours"})
    assert place.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [place]


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path):
    place = tmp_path / ("é" * 125 + ".html")  # 255 bytes
    save_whole({place: b"all of it"})
    assert place.read_bytes() == b"all of it"
