"""`fer_live.stream`: scenes for other programs."""

import threading

import pytest

import fer_live
from fer_live import streaming
from fer_live.errors import UserError
from tests.fakes import FakeSource, fake_analyzer


@pytest.fixture
def stage(monkeypatch):
    """A function that makes a fake source what every place stands for; `.analyzer` reads it."""
    analyzer = fake_analyzer()
    monkeypatch.setattr(streaming.Analyzer, "load", lambda *arguments: analyzer)

    def play(source):
        monkeypatch.setattr(streaming, "open_source", lambda place, mirror: source)
        return source

    play.analyzer = analyzer
    return play


def closed(source, stage) -> bool:
    threads = [thread for thread in threading.enumerate() if thread.name == "fer-live reader"]
    return (source.opened, source.closed, stage.analyzer.detector.closed, threads) == (1, 1, 1, [])


def test_all_scenes_come_in_order(stage):
    source = stage(FakeSource(5))
    scenes = list(fer_live.stream("film.mp4"))
    assert [scene.frame.index for scene in scenes] == [0, 1, 2, 3, 4]
    assert [reading.track for scene in scenes for reading in scene.readings] == [1] * 5
    assert closed(source, stage)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"max_frames": -1}, "max_frames -1 is below 0"),
        ({"smoothing": -0.1}, "smoothing -0.1 is not a number of seconds"),
        ({"smoothing": float("nan")}, "smoothing nan is not"),
        ({"smoothing": float("inf")}, "smoothing inf is not"),
        ({"abstain": 1.5}, "abstain 1.5 is not a number from 0 to 1"),
        ({"abstain": -1}, "abstain -1 is not"),
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused_before_anything_is_opened(stage, option, words):
    source = stage(FakeSource(5))
    with pytest.raises(UserError, match=words):
        fer_live.stream(0, **option)
    assert source.opened == 0


def test_nothing_of_everything_is_a_number_that_makes_sense(stage):
    stage(FakeSource(5))
    assert list(fer_live.stream(0, smoothing=0, abstain=0, max_frames=0)) == []


@pytest.mark.parametrize(("stills", "smoothing"), [(False, 0.3), (True, 0)])
def test_probabilities_are_smoothed_in_films_and_not_from_picture_to_picture(
    stage, monkeypatch, stills, smoothing
):
    made, tracks = [], streaming.Tracks
    monkeypatch.setattr(streaming, "Tracks", lambda *given: made.append(given) or tracks(*given))
    stage(FakeSource(1, stills=stills))
    list(fer_live.stream("place", abstain=0.4))
    assert made == [(smoothing, 0.4)]


@pytest.mark.parametrize(
    ("stills", "asked", "scan"),
    [(False, None, "live"), (True, None, "full"), (False, "full", "full"), (True, "live", "live")],
)
def test_pictures_are_searched_whole_unless_something_else_is_asked_for(
    stage, monkeypatch, stills, asked, scan
):
    loaded = []
    monkeypatch.setattr(
        streaming.Analyzer, "load", lambda *given: loaded.append(given) or stage.analyzer
    )
    stage(FakeSource(1, stills=stills))
    list(fer_live.stream("place", model="cnn6", device="cpu", runtime="torch", scan=asked))
    assert loaded == [("cnn6", "cpu", scan, "torch")]


def test_a_camera_is_neither_mirrored_nor_read_late_unless_asked_for(stage, monkeypatch):
    asked, follow = [], streaming.follow
    source = stage(FakeSource(1, live=True))
    monkeypatch.setattr(
        streaming, "open_source", lambda place, mirror: asked.append(mirror) or source
    )
    monkeypatch.setattr(
        streaming, "follow", lambda opened, every: asked.append(every) or follow(opened, every)
    )
    list(fer_live.stream(0))
    list(fer_live.stream(0, mirror=True, every_frame=True))
    assert asked == [False, False, True, True]


def test_leaving_the_loop_closes_all(stage):
    source = stage(FakeSource(1000))
    for scene in fer_live.stream(0):
        if scene.frame.index == 2:
            break
    assert closed(source, stage)


def test_an_exception_in_the_loop_closes_all(stage):
    source = stage(FakeSource(1000))
    with pytest.raises(ZeroDivisionError):
        [1 / (scene.frame.index - 2) for scene in fer_live.stream(0)]
    assert closed(source, stage)


def test_nothing_is_opened_before_the_first_scene(stage):
    source = stage(FakeSource(5))
    fer_live.stream(0).close()
    assert source.opened == 0


def test_so_many_frames_and_no_more(stage):
    source = stage(FakeSource(1000))
    assert len(list(fer_live.stream(0, max_frames=3))) == 3
    assert closed(source, stage)


def test_a_function_gets_every_scene(stage):
    source, seen = stage(FakeSource(4)), []
    assert fer_live.stream(0, on_scene=seen.append) == 4
    assert [scene.frame.index for scene in seen] == [0, 1, 2, 3]
    assert closed(source, stage)


def test_a_function_that_returns_false_ends_it(stage):
    source = stage(FakeSource(1000))
    assert fer_live.stream(0, on_scene=lambda scene: scene.frame.index < 2) == 3
    assert closed(source, stage)


def test_what_a_function_raises_comes_out_after_all_is_closed(stage):
    def fail(scene):
        raise ZeroDivisionError

    source = stage(FakeSource(1000))
    with pytest.raises(ZeroDivisionError):
        fer_live.stream(0, on_scene=fail)
    assert closed(source, stage)


def test_a_source_that_fails_is_raised_and_closed(stage):
    def fail(index):
        if index == 2:
            raise UserError("the film is broken")

    source = stage(FakeSource(before=fail))
    with pytest.raises(UserError, match="the film is broken"):
        list(fer_live.stream("film.mp4"))
    assert closed(source, stage)


def test_heat_maps_come_only_if_asked_for(stage):
    for heatmaps in (False, True):
        stage(FakeSource(1))
        (scene,) = fer_live.stream("film.mp4", heatmaps=heatmaps)
        assert (scene.readings[0].heatmap is not None) == heatmaps


def test_a_missing_file_is_told():
    with pytest.raises(fer_live.UserError, match=r"missing\.mp4: no such file"):
        next(fer_live.stream("missing.mp4"))
