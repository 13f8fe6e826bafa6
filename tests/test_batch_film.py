"""`fer-live video`: a film from end to end."""

import os
import signal
from dataclasses import replace

import av
import numpy as np
import PIL.Image
import pytest

from fer_live.batch import film as films
from fer_live.cli import main
from fer_live.types import Frame
from tests.clips import record
from tests.commands import log_lines
from tests.fakes import fake_analyzer, slow_down
from tests.test_sinks_sound import film, tracks


@pytest.fixture
def video(monkeypatch, tmp_path):
    """A function that runs `fer-live video` in tmp_path with a fake analyzer."""
    monkeypatch.chdir(tmp_path)
    analyzer = fake_analyzer()
    monkeypatch.setattr(films.Analyzer, "load", lambda *arguments: analyzer)

    def run(*arguments: str) -> int:
        return main(["video", *arguments])

    run.analyzer = analyzer
    return run


def first_picture(path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)


def times(path) -> list[float]:
    return tracks(path)["video"]


def test_a_film_is_annotated_with_its_sound_and_logged(video, tmp_path, capsys):
    film(tmp_path / "in.mp4")
    assert video("in.mp4", "--output", "out.mp4", "--log", "log.jsonl") == 0
    found = tracks(tmp_path / "out.mp4")
    assert found["video"] == pytest.approx([i / 10 for i in range(20)], abs=1e-3)
    assert found["audio"][-1] == pytest.approx(1.9, abs=0.15)
    lines = log_lines(tmp_path / "log.jsonl")
    assert [line["frame"] for line in lines] == list(range(20))
    assert {face["track"] for line in lines for face in line["faces"]} == {1}
    told = capsys.readouterr()
    assert "20/20" in told.err
    assert "written: out.mp4" in told.err
    assert "happy" in told.out


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        (("--output", "out.mp4"), 3),
        (("--output", "out.mp4", "--no-heatmap"), 0),
        (("--log", "log.csv"), 0),
    ],
    ids=str,
)
def test_heat_maps_are_made_where_they_are_drawn(video, tmp_path, options, batches):
    film(tmp_path / "in.mp4")
    assert video("in.mp4", *options) == 0
    assert video.analyzer.classifier.explained == batches


def test_the_heat_map_is_drawn_unless_it_is_left_out(video, tmp_path):
    record(tmp_path / "in.mp4", width=320, height=240)
    video("in.mp4", "--output", "hot.mp4")
    video("in.mp4", "--output", "bare.mp4", "--no-heatmap")
    hot, bare = (first_picture(tmp_path / name) for name in ("hot.mp4", "bare.mp4"))
    assert np.abs(hot - bare)[60:160, 100:200].mean() > 10  # the face


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ((), (0.3, 0.5)),  # the card's
        (("--smoothing", "0.7", "--abstain", "0.2"), (0.7, 0.2)),
        (("--smoothing", "0", "--abstain", "0"), (0, 0)),
    ],
)
def test_faces_are_followed_as_asked_for(video, tmp_path, monkeypatch, options, made):
    classifier, asked, tracks = video.analyzer.classifier, [], films.Tracks
    classifier.card = replace(classifier.card, abstain_below=0.5)
    monkeypatch.setattr(films, "Tracks", lambda *given: asked.append(given) or tracks(*given))
    film(tmp_path / "in.mp4")
    video("in.mp4", "--log", "log.csv", *options)
    assert asked == [made]


def test_the_url_of_a_file_names_it(video, tmp_path):
    film(tmp_path / "two words.mp4")
    assert video((tmp_path / "two words.mp4").as_uri(), "--log", "log.jsonl") == 0
    assert len(log_lines(tmp_path / "log.jsonl")) == 20


def test_the_faces_of_several_frames_are_one_batch(video, tmp_path):
    film(tmp_path / "in.mp4")
    video("in.mp4", "--log", "log.csv")
    assert video.analyzer.classifier.batches == [8, 8, 4]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 21


def test_the_time_of_the_first_batch_counts(video, tmp_path, monkeypatch, capsys):
    slow_down(monkeypatch, video.analyzer, 4)
    film(tmp_path / "in.mp4")  # 20 frames, three batches
    video("in.mp4", "--log", "log.csv")
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "per second" in line)
    assert row.split()[-2] == "1.7"


def test_a_variable_frame_rate_is_kept(video, tmp_path):
    def uneven(i):
        return i / 12 + (0.5 if i > 10 else 0)

    record(tmp_path / "in.mp4", seconds=uneven)
    video("in.mp4", "--output", "out.mp4")
    assert times(tmp_path / "out.mp4") == pytest.approx([uneven(i) for i in range(24)], abs=2e-3)


def test_a_part_of_a_film_is_read(video, tmp_path):
    film(tmp_path / "in.mp4", seconds=4)
    video("in.mp4", "--start", "1", "--end", "2.05", "--output", "out.mp4", "--log", "log.jsonl")
    assert len(times(tmp_path / "out.mp4")) == 11
    seconds = [line["seconds"] for line in log_lines(tmp_path / "log.jsonl")]
    assert seconds == pytest.approx([1 + i / 10 for i in range(11)], abs=2e-3)


@pytest.mark.parametrize(
    ("part", "until"),
    [((), 4), (("--end", "3"), 3), (("--start", "0.5", "--end", "3"), 2.5), (("--end", "1"), 1)],
    ids=str,
)
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_that_goes_on_after_the_pictures_is_kept(video, tmp_path, name, part, until):
    film(tmp_path / "in.mp4", seconds=4, pictures=1.5)
    assert video("in.mp4", "--output", name, *part) == 0
    found = tracks(tmp_path / name)
    assert found["audio"][-1] == pytest.approx(until - 0.1, abs=0.15)
    assert len(found["video"]) == (15 if until > 1 else 10) - (5 if "--start" in part else 0)


def test_every_nth_frame_is_read_and_all_are_written(video, tmp_path):
    film(tmp_path / "in.mp4")
    video("in.mp4", "--every", "3", "--output", "out.mp4", "--log", "log.jsonl")
    assert len(times(tmp_path / "out.mp4")) == 20
    assert [line["frame"] for line in log_lines(tmp_path / "log.jsonl")] == [0, 3, 6, 9, 12, 15, 18]
    assert sum(video.analyzer.classifier.batches) == 7


def test_a_film_that_tells_no_length_has_a_bar_nevertheless(video, tmp_path, capsys):
    film(tmp_path / "in.mkv")
    assert video("in.mkv", "--log", "log.jsonl") == 0
    assert "20/20" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_film_is_whole_up_to_there(video, tmp_path, monkeypatch, capsys, number):
    film(tmp_path / "in.mp4")
    read = video.analyzer.batch

    def batch(images, heatmaps):
        os.kill(os.getpid(), number)
        return read(images, heatmaps)

    monkeypatch.setattr(video.analyzer, "batch", batch)
    assert video("in.mp4", "--output", "out.mp4", "--log", "log.csv") == 130
    assert "stopped; what was read until then is written" in capsys.readouterr().err
    found = tracks(tmp_path / "out.mp4")
    assert len(found["video"]) == 8
    assert found["audio"][-1] == pytest.approx(0.7, abs=0.15)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 9


def test_an_interrupt_while_the_model_loads_ends_the_command(video, tmp_path, monkeypatch, capsys):
    film(tmp_path / "in.mp4")

    def load(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return video.analyzer

    monkeypatch.setattr(films.Analyzer, "load", load)
    assert video("in.mp4", "--log", "log.csv") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "fer-live: stopped"
    assert not (tmp_path / "log.csv").exists()


def test_a_summary_with_faces_only_if_asked(video, tmp_path):
    film(tmp_path / "in.mp4")
    video("in.mp4", "--summary", "plain.html")
    video("in.mp4", "--summary", "faces.html", "--thumbnails")
    assert "Expressions in in.mp4" in (tmp_path / "plain.html").read_text()
    assert "data:image" not in (tmp_path / "plain.html").read_text()
    assert "data:image" in (tmp_path / "faces.html").read_text()


def test_a_turned_film_is_written_upright(video, tmp_path, monkeypatch):
    record(tmp_path / "in.mp4")
    real = films.VideoSource.__iter__

    def upright(source):
        for frame in real(source):
            yield Frame(np.ascontiguousarray(np.rot90(frame.image)), frame.index, frame.seconds)

    monkeypatch.setattr(films.VideoSource, "__iter__", upright)
    video("in.mp4", "--output", "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 96)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["in.mp4"], ["nothing would be written", "--output FILE", "--log FILE"]),
        (["in.mp4", "--output", "in.mp4"], ["in.mp4 is the source itself"]),
        (["in.mp4", "--log", "in.mp4"], ["in.mp4 is the source itself"]),
        (["in.mp4", "--log", "a.csv", "--summary", "./a.csv"], ["a.csv and a.csv are one file"]),
        (["in.mp4", "--output", "out.png"], ["out.png", ".mp4"]),
        (["in.mp4", "--output", "in.mp4/out.mp4"], ["out.mp4 cannot be written"]),
        (["in.mp4", "--output", "o.mp4", "--start", "5"], ["in.mp4 is 2.", "s long", "--start"]),
        (["in.mp4", "--output", "o.mp4", "--start", "2", "--end", "1"], ["--end 1", "--start 2"]),
        (["in.mp4", "--output", "o.mp4", "--every", "0"], ["--every", "'0'", "above 0"]),
        (["in.mp4", "--output", "o.mp4", "--start", "-1"], ["--start"]),
        (["in.mp4", "--output", "o.mp4", "--end", "late"], ["--end", "'late'", "seconds"]),
        (["in.mp4", "--output", "o.mp4", "--thumbnails"], ["--thumbnails", "--summary FILE"]),
        (["in.mp4", "--summary", "a.pdf"], ["a.pdf", ".html", ".png"]),
        (["in.png", "--output", "o.mp4"], ["in.png is a picture", "fer-live image in.png"]),
        (["two words.png", "--log", "a.csv"], ["fer-live image 'two words.png'"]),
        ([".", "--log", "a.csv"], [". is for pictures", "fer-live image ."]),
        (["*.png", "--log", "a.csv"], ["*.png is for pictures", "fer-live image '*.png'"]),
        (["missing.mp4", "--output", "o.mp4"], ["missing.mp4: no such file"]),
        (["", "--output", "o.mp4"], ["'' names no file"]),
        (
            ["http://host/x.mp4", "--output", "o.mp4"],
            ["http://host/x.mp4 is no file; download it", "fer-live --source http://host/x.mp4"],
        ),
        (
            ["http://me:secret@host/x.mp4"],
            ["http://me:***@host/x.mp4 is no file", "--source 'http://me:***@host/x.mp4' --no"],
        ),
        (["in.mp4", "--output", "o.mp4", "--model", "resnet"], ["'resnet'", "cucn"]),
        ([], ["FILM", "fer-live video --help"]),
    ],
    ids=" ".join,
)
def test_bad_arguments_are_refused(refusal, tmp_path, monkeypatch, arguments, words):
    if "--model" not in arguments:
        monkeypatch.setattr(films.Analyzer, "load", lambda *arguments: fake_analyzer())
    film(tmp_path / "in.mp4")
    for name in ("in.png", "two words.png"):
        PIL.Image.new("RGB", (8, 8)).save(tmp_path / name)
    line = refusal("video", *arguments)
    assert all(word in line for word in words), line
    assert not (tmp_path / "o.mp4").exists()
