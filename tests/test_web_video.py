"""Films on the page, read and opened again, and work that can be stopped."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import av
import gradio as gr
import pytest

from fer_live.errors import UserError
from fer_live.stopping import Stop
from fer_live.summary.logs import read_log
from fer_live.web.video import reading, tab
from fer_live.web.video import task as tasks
from fer_live.web.video.films import look
from fer_live.web.video.task import Task
from tests.clips import FRAMES, FakeClock, frames_of, record, write_log
from tests.fakes import FakeClassifier, FakeDetector
from tests.test_sinks_sound import film as with_sound
from tests.test_sinks_sound import tracks
from tests.test_web_films import encoded


@pytest.fixture
def film(tmp_path):
    return look(record(tmp_path / "film.mp4"))


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
def test_a_film_keeps_its_sound_to_the_end(work, tmp_path, again):
    talking = look(with_sound(tmp_path / "talking.mkv", pictures=1))
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


def test_a_recording_that_browsers_play_is_kept_as_it_is(tmp_path):
    path = encoded(tmp_path / "film.webm", "libvpx-vp9", "yuv420p")
    log = write_log(tmp_path / "log.jsonl", frames_of(1, count=1))
    task = Task(reading.reopen(look(path), log, "log.jsonl"), str(tmp_path))
    assert task.wait(60)
    video = task.take().video
    assert (video.suffix, video.read_bytes()) == (".webm", path.read_bytes())


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


def test_a_film_that_is_gone_is_told_without_its_folder(work, film, tmp_path):
    film.path.unlink()
    task = Task(work(film), str(tmp_path))
    assert task.wait(60)
    with pytest.raises(UserError, match=r"^film\.mp4: no such file"):
        task.take()


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


def test_work_goes_on_while_someone_looks_every_half_minute(tmp_path):
    clock, begun, on = FakeClock(), threading.Event(), threading.Event()
    task = Task(lambda task: begun.set() or on.wait(60), str(tmp_path), clock)
    begun.wait(60)
    for _ in range(4):
        clock.now += 30
        assert task.step()
        task.wait(0)
    clock.now += 30.1
    assert not task.step()
    on.set()
    assert task.wait(60)


def test_what_was_taken_stays_when_the_work_is_cancelled_later(tmp_path):
    task = Task(lambda task: "done", str(tmp_path))
    assert task.wait(60)
    assert (task.take(), task.take()) == ("done", None)
    task.cancel()
    assert task.folder.exists()


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
