"""Films on the page: what is refused, who is who, and work that can be stopped."""

import json
import threading

import av
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.sinks.log import open_log
from fer_live.stopping import Stop
from fer_live.summary.collect import Summary
from fer_live.summary.logs import read_log
from fer_live.web.video import reading, timeline
from fer_live.web.video import task as tasks
from fer_live.web.video.films import look
from fer_live.web.video.people import People, track_of
from fer_live.web.video.recording import recall
from fer_live.web.video.task import Task
from tests.clips import FRAMES, HEIGHT, WIDTH, FakeClock, record
from tests.fakes import FakeClassifier, FakeDetector


def face(track, expression="happy", right=40.0):
    probabilities = {str(label): 0.7 if label == expression else 0.05 for label in SEVEN}
    return {
        "track": track,
        "box": [10.0, 10.0, right, 40.0],
        "score": 0.9,
        "expression": expression,
        "probabilities": probabilities,
        "uncertainty": 0.25,
    }


def frames(*tracks, count=FRAMES, begin=0.0, **options):
    """A log's records, 12 a second, each with a face of every track."""
    return [
        {"frame": i, "seconds": begin + i / 12, "faces": [face(t, **options) for t in tracks]}
        for i in range(count)
    ]


def write(path, records):
    with open_log(path) as log:
        for one in records:
            log.write_record(one)
    return path


@pytest.fixture
def film(tmp_path):
    return look(record(tmp_path / "film.mp4"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def opened(film, log, folder):
    return recall(film, log, log.name, folder, Stop())


def people(*tracks):
    summary = Summary()
    for one in frames(*tracks):
        summary.add(one)
    return People(summary.people)


def test_what_is_merged_is_added_up_and_can_be_taken_apart():
    everyone = people(1, 2, 3)
    everyone.rename(1, " Anna  B ")
    everyone.merge(2, into=1)
    everyone.merge(1, into=3)
    (one,) = everyone.everyone()
    assert (one.name, one.tracks[0], sorted(one.tracks)) == ("Person 3", 3, [1, 2, 3])
    assert one.person.readings == 3 * FRAMES
    assert one.person.shares[SEVEN[3]] == pytest.approx(1)
    everyone.split(2)
    assert sorted(one.name for one in everyone.everyone()) == ["Anna B", "Person 2", "Person 3"]
    assert all(one.person.readings == FRAMES for one in everyone.everyone())


def test_an_empty_name_takes_it_back():
    everyone = people(1)
    everyone.rename(1, "Anna")
    everyone.rename(1, "  ")
    assert everyone.name(1) == "Person 1"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (lambda everyone: everyone.rename(2, "Person 1"), "called Person 1 already"),
        (lambda everyone: everyone.rename(2, "=1+1"), "begin with a letter"),
        (lambda everyone: everyone.rename(2, "a\x07"), "begin with a letter"),
        (lambda everyone: everyone.rename(2, 41 * "a"), "at most 40"),
        (lambda everyone: everyone.rename(7, "Anna"), "no such person"),
        (lambda everyone: everyone.merge(1, into=1), "one person already"),
        (lambda everyone: everyone.merge(1, into=7), "no such person"),
        (lambda everyone: track_of("1; drop"), "no person"),
    ],
)
def test_a_name_or_person_that_will_not_do_is_told(wish, words):
    with pytest.raises(UserError, match=words):
        wish(people(1, 2))


def test_the_table_has_names_and_merged_people_and_opens_again(film, folder, tmp_path):
    recording = opened(film, write(tmp_path / "log.jsonl", frames(1, 2, 3)), folder)
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


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_finished_recording_is_opened_with_its_log(film, folder, tmp_path, ending):
    recording = opened(film, write(tmp_path / f"log.{ending}", frames(1)), folder)
    assert [one.name for one in recording.people.everyone()] == ["Person 1"]
    assert (recording.began, recording.notes) == (0, ())


def test_a_part_of_a_film_begins_where_its_log_does(film, folder, tmp_path):
    log = write(tmp_path / "log.csv", frames(1, begin=60.0)[5:])  # no face in the first frames
    assert opened(film, log, folder).began == pytest.approx(60, abs=0.01)


def test_a_log_of_a_part_is_told(film, folder, tmp_path):
    log = write(tmp_path / "log.csv", frames(1, count=8))
    assert opened(film, log, folder).notes == ("The log ends at 0:00 of 0:02.",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readings"),
        (b"\x00\xff\xfe binary", "not text|no line of a log"),
        (b'{"frame": 0, "seconds": 0, "faces": [{"track": 1}]}\n', "no line of a log"),
        (frames(1, count=80), "goes on until 0:06, but film.mp4 is 0:02 long"),
        (frames(1, right=500.0), f"outside of film.mp4, which has {WIDTH} x {HEIGHT} pixels"),
        ([one | {"source": "a.png"} for one in frames(1)], "a log of pictures"),
        ([one | {"seconds": None} for one in frames(1)], "a log of pictures"),
        ([one | {"faces": [face(1) | {"box": "wide"}]} for one in frames()], "that no log has"),
        ([one | {"faces": [face("1")]} for one in frames()], "that no log has"),
        (frames(), "no readings"),
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
    monkeypatch.setattr("fer_live.web.video.films.LARGEST_PICTURE", WIDTH * HEIGHT - 1)
    with pytest.raises(UserError, match="million pixels"):
        look(record(tmp_path / "large.mp4"))


def test_what_a_browser_plays_is_known(tmp_path, film):
    assert film.plays == ".mp4"
    assert look(record(tmp_path / "film.mkv")).plays is None


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
    log = write(tmp_path / "log.jsonl", frames(1))
    task = Task(reading.reopen(film, log, "log.jsonl"), str(tmp_path))
    assert task.wait(60)
    assert look(task.take().video).plays == ".mp4"


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


def test_markup_in_names_is_shown_and_not_run(film, folder, tmp_path):
    recording = opened(film, write(tmp_path / "log.csv", frames(1, 2)), folder)
    recording.name = "<img src=x>.mp4"
    recording.people.rename(1, "A<script>")
    page = timeline.film(recording) + timeline.timeline(recording)
    assert "<img" not in page
    assert "<script" not in page
    assert "A&lt;script&gt;" in page


def test_a_timeline_holds_each_reading(film, folder, tmp_path):
    recording = opened(film, write(tmp_path / "log.csv", frames(1)), folder)
    curve = timeline._curve(recording.people.everyone()[0], recording.summary.labels)
    means = np.frombuffer(timeline.base64.b64decode(curve["p"]), np.uint8).reshape(-1, 7)
    assert len(curve["at"]) == len(means) == FRAMES
    assert means[0].tolist() == [13, 13, 13, 178, 13, 13, 13]
