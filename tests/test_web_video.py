"""Films on the page: what is refused, and work that can be stopped."""

import threading
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import av
import gradio as gr
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.stopping import Stop
from fer_live.summary.logs import read_log
from fer_live.web.video import films, reading, tab
from fer_live.web.video import task as tasks
from fer_live.web.video.films import look
from fer_live.web.video.task import Task
from tests.clips import FRAMES, HEIGHT, WIDTH, FakeClock, frames_of, record, write_log
from tests.fakes import FakeClassifier, FakeDetector
from tests.test_sinks_sound import film as with_sound
from tests.test_sinks_sound import tracks


@pytest.fixture
def film(tmp_path):
    return look(record(tmp_path / "film.mp4"))


def without_frames(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()


def playlist(path):
    record(path.with_name("secret.mp4"))
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{path.with_name('secret.mp4')}\n#EXT-X-ENDLIST\n"
    )


BAD = {
    "empty.mp4": (lambda path: path.write_bytes(b""), "empty.mp4 is empty"),
    "text.mp4": (lambda path: path.write_text("no film"), "text.mp4 is no film"),
    "none.mp4": (without_frames, "none.mp4 (holds no picture|is no film)"),
    "cut.mp4": (
        lambda path: path.write_bytes(record(path.with_name("all.mp4")).read_bytes()[:900]),
        "cut.mp4 (holds no picture|is no film)",
    ),
    "list.m3u8": (playlist, "list.m3u8 is no film"),
    "picture.mp4": (
        lambda path: PIL.Image.new("RGB", (8, 8)).save(path, "PNG"),
        "picture.mp4 is a picture",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_film_is_told_by_its_name_alone(tmp_path, name):
    make, words = BAD[name]
    make(tmp_path / name)
    with pytest.raises(UserError, match=words) as told:
        look(tmp_path / name)
    assert str(tmp_path) not in str(told.value)


def test_pictures_that_are_too_large_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = record(tmp_path / "large.mp4")
    monkeypatch.setattr(films, "LARGEST_PICTURE", WIDTH * HEIGHT)
    assert look(path).size == (WIDTH, HEIGHT)
    wide = record(
        tmp_path / "wide.mp4", shape=Fraction(2, 1)
    )  # as large once its pixels are square
    for limit, each in ((2 * WIDTH * HEIGHT - 1, wide), (WIDTH * HEIGHT - 1, path)):
        monkeypatch.setattr(films, "LARGEST_PICTURE", limit)
        with pytest.raises(UserError, match="million pixels"):
            look(each)


def test_a_film_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    path = record(tmp_path / "long.mp4")
    monkeypatch.setattr(films, "LARGEST_FILM", path.stat().st_size)
    assert look(path).seconds == pytest.approx(2, abs=0.01)
    monkeypatch.setattr(films, "LARGEST_FILM", path.stat().st_size - 1)
    with pytest.raises(UserError, match=r"long\.mp4 has 1 MB; a film may have 1 MB"):
        look(path)


def test_a_film_that_does_not_tell_its_length_is_looked_at(tmp_path):
    assert look(record(tmp_path / "raw.h264")).seconds is None


def encoded(path, codec, pixels):
    """A film of one grey picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        grey = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "plays"),
    [
        ("film.mp4", "libx264", "yuv420p", ".mp4"),
        ("film.mov", "libx264", "yuv420p", ".mp4"),
        ("film.webm", "libvpx-vp9", "yuv420p", ".webm"),
        ("film.webm", "libvpx", "yuv420p", ".webm"),
        ("film.mp4", "libx264", "yuv444p", None),
        ("film.mp4", "mpeg4", "yuv420p", None),
        ("film.avi", "libx264", "yuv420p", None),
    ],
)
def test_what_a_browser_plays_is_known(tmp_path, name, codec, pixels, plays):
    assert look(encoded(tmp_path / name, codec, pixels)).plays == plays


def test_a_film_is_copied_where_it_cannot_be_linked(tmp_path, monkeypatch):
    def refuse(*places):
        raise OSError("another disk")

    monkeypatch.setattr(films.os, "link", refuse)
    (tmp_path / "film.mp4").write_bytes(b"film")
    kept = films.keep(tmp_path / "film.mp4", tmp_path / "kept.mp4")
    (tmp_path / "film.mp4").unlink()
    assert kept.read_bytes() == b"film"


class Reserved:
    """A lock that counts how often it was given."""

    times = 0

    def __enter__(self):
        self.times += 1

    def __exit__(self, *exception):
        pass


class FakeReaders:
    def __init__(self):
        self.reserved = Reserved()

    def classifier(self, name):
        return FakeClassifier()


@pytest.fixture
def work(monkeypatch):
    """A function that makes the work of reading a film with a fake detector."""
    monkeypatch.setattr(reading, "MediaPipeDetector", lambda scan: FakeDetector())
    return lambda film: reading.read(film, FakeReaders(), "fake", heatmap=True)


def test_a_film_is_read_into_a_folder_of_its_own(work, film, tmp_path):
    task = Task(work(film), str(tmp_path))
    assert task.wait(60)
    recording = task.take()
    assert (task.done, recording.summary.frames) == (FRAMES, FRAMES)
    assert recording.seconds == pytest.approx(2, abs=0.01)
    with av.open(str(recording.video)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    assert [one["frame"] for one in read_log(recording.log)] == list(range(FRAMES))
    recording.remove()
    assert not task.folder.exists()


@pytest.mark.parametrize(("heatmap", "batches"), [(False, 0), (True, 3)])
def test_a_film_is_read_as_the_window_reads_it(monkeypatch, tmp_path, film, heatmap, batches):
    readers, made, drawn = FakeReaders(), [], []
    follow, annotated = reading.Tracks, reading.Annotated
    classifier = FakeClassifier()
    classifier.card = replace(classifier.card, abstain_below=0.4)
    readers.classifier = lambda name: classifier
    monkeypatch.setattr(reading, "MediaPipeDetector", lambda scan: FakeDetector())
    monkeypatch.setattr(reading, "Tracks", lambda *given: made.append(given) or follow(*given))
    monkeypatch.setattr(
        reading, "Annotated", lambda sink, heat: drawn.append(heat) or annotated(sink, heat)
    )
    task = Task(reading.read(film, readers, "fake", heatmap), str(tmp_path))
    assert task.wait(60)
    assert task.take() is not None
    assert (made, drawn) == ([(0.3, 0.4)], [heatmap])
    assert (classifier.explained, task.total) == (batches, FRAMES)


@pytest.mark.parametrize("again", [False, True])
def test_a_film_keeps_its_sound(work, tmp_path, again):
    talking = look(with_sound(tmp_path / "talking.mkv"))
    log = write_log(tmp_path / "log.jsonl", frames_of(1))
    make = reading.reopen(talking, log, "log.jsonl") if again else work(talking)
    task = Task(make, str(tmp_path))
    assert task.wait(60)
    assert tracks(task.take().video)["audio"][-1] == pytest.approx(1.9, abs=0.15)


def test_a_conversion_that_nobody_waits_for_ends(tmp_path):
    film = look(record(tmp_path / "film.mkv"))
    log = write_log(tmp_path / "log.jsonl", frames_of(1))
    (tmp_path / "own").mkdir()
    task = SimpleNamespace(folder=tmp_path / "own", stop=Stop(), step=lambda: False)
    recording = reading.reopen(film, log, "log.jsonl")(task)
    assert task.total == FRAMES
    assert len(tracks(recording.video)["video"]) == 1


def test_others_get_answers_between_a_few_frames(monkeypatch, film, tmp_path):
    monkeypatch.setattr(reading, "MediaPipeDetector", lambda scan: FakeDetector())
    readers = FakeReaders()
    task = Task(reading.read(film, readers, "fake", heatmap=False), str(tmp_path))
    assert task.wait(60)
    assert task.take() is not None
    assert readers.reserved.times == FRAMES / 8


def test_a_film_that_is_cut_off_says_so(work, tmp_path):
    whole = record(tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "part.mkv").write_bytes(whole[: int(0.6 * len(whole))])
    task = Task(work(look(tmp_path / "part.mkv")), str(tmp_path))
    assert task.wait(60)
    (note,) = task.take().notes
    assert note.startswith("part.mkv is cut off")


def test_a_recording_that_no_browser_plays_is_converted(tmp_path):
    film = look(record(tmp_path / "film.mkv"))
    log = write_log(tmp_path / "log.jsonl", frames_of(1))
    task = Task(reading.reopen(film, log, "log.jsonl"), str(tmp_path))
    assert task.wait(60)
    assert look(task.take().video).plays == ".mp4"


def test_the_time_that_is_left_is_told_by_the_speed_so_far(tmp_path):
    clock, on, told = FakeClock(), threading.Event(), []
    task = Task(lambda task: on.wait(60), str(tmp_path), clock)
    for total in [None, *[30] * 39]:
        clock.now += 0.5
        task.total = total
        task.step()
        told.append(task.left)
    on.set()
    assert told[:9] == [None] * 9  # too few to tell
    assert (told[9], told[19], told[29], told[38]) == (10, 5, 0, 0)


@pytest.mark.parametrize("leave", ["cancel", "nobody looks"])
def test_stopped_work_ends_and_leaves_nothing(tmp_path, leave):
    clock, begun, on = FakeClock(), threading.Event(), threading.Event()

    def work(task):
        (task.folder / "part.mp4").write_bytes(b"part")
        begun.set()
        on.wait(60)
        while task.step():
            pass
        return "done"

    task = Task(work, str(tmp_path), clock)
    begun.wait(60)
    if leave == "cancel":
        task.cancel()
    else:
        clock.now += tasks.ABANDONED + 1
    on.set()
    assert task._finished.wait(60)
    assert task.take() is None
    assert not task.folder.exists()


def test_work_that_ends_just_before_it_is_cancelled_leaves_nothing(tmp_path):
    task = Task(lambda task: "done", str(tmp_path))
    assert task.wait(60)
    task.cancel()
    assert task.take() is None
    assert not task.folder.exists()


def test_work_that_fails_is_told_and_leaves_nothing(tmp_path):
    def work(task):
        raise UserError("the disk is full")

    task = Task(work, str(tmp_path))
    assert task.wait(60)
    with pytest.raises(UserError, match="full"):
        task.take()
    assert not task.folder.exists()


@pytest.mark.parametrize("ends", ["stopped", "failing"])
def test_of_work_that_was_replaced_the_page_is_told_no_more(monkeypatch, ends):
    """Also while it has not stopped yet: the page may have had the other film's end by then."""
    monkeypatch.setattr(tab, "LOOK", 0.01)
    held = threading.Event()

    def work(task):
        held.wait()
        if ends == "failing":
            raise UserError("the disk is full")

    pages = tab._follow(lambda: work, "Reading")
    first = next(pages)
    assert first[0] is not None
    tab._forget(None, first[0])
    assert next(pages) == [gr.skip()] * len(first)
    held.set()
    assert all(page == [gr.skip()] * len(first) for page in pages)
