"""The window's keys and clicks, with fakes: faces, heat-maps, and what its strip tells."""

import PIL.Image
import pytest

from fer_live.painter import Stage
from fer_live.pipeline import Analyzer
from fer_live.session import Session
from fer_live.sinks.view import KEYS, Action
from fer_live.sources import FolderSource
from fer_live.sources.reader import Reader
from fer_live.stopping import Stop
from tests.desks import TWO, Inline, play
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeWindow


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def inline(monkeypatch):
    monkeypatch.setattr("fer_live.switching.ThreadPoolExecutor", Inline)


@pytest.fixture
def composed(monkeypatch):
    """(timeline, info) of every picture that the window was given."""
    kept = []
    compose = Stage.compose

    def spy(self, scene, view, size, selection, timeline, expressions, info, messages=()):
        kept.append((timeline, info))
        return compose(self, scene, view, size, selection, timeline, expressions, info, messages)

    monkeypatch.setattr(Stage, "compose", spy)
    return kept


def test_a_pause_is_told_and_how_to_end_it(composed):
    play(["", "space", "", "space", "", "q"])
    told = [(info.paused, info.hints) for _, info in composed]
    going, held = (False, ("h help", "q quit")), (True, ("space go on", "h help", "q quit"))
    assert told == [going, going, held, going]


class Hesitant(Reader):
    """A camera's, of which each frame comes at the second look for it."""

    waiting = looked = False

    def take(self, patience=None):
        self.looked = not self.looked
        return None if self.looked else super().take()


def test_a_camera_slower_than_the_looks_for_its_frames_has_a_pace(composed):
    with Hesitant(FakeSource(5, live=True), every_frame=True) as source:
        play([""] * 50, source)
    assert composed[-1][1].fps > 0


def test_pictures_that_stay_tell_which_they_are_and_how_to_go_on(composed):
    play(["", "space", "", "q"], FakeSource(2, stills=True), still=True)
    told = [(info.place, info.fps, info.paused, info.hints) for _, info in composed]
    assert told[0] == ("1 of 2", None, False, ("space next", "h help", "q quit"))
    assert told[-1] == ("2 of 2", None, False, ("space end", "h help", "q quit"))
    assert not any(timeline for timeline, _ in composed)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a.png", "broken.png"), [("a.png", "end")]),
        (
            ("a.png", "broken.png", "c.png", "d.png"),
            [("1 of 3 · a.png", "next"), ("2 of 3 · c.png", "next"), ("3 of 3 · d.png", "end")],
        ),
        (("two\nlines.png",), [(r"two\nlines.png", "end")]),
    ],
)
def test_a_picture_that_cannot_be_read_is_none_to_come(composed, tmp_path, names, told):
    for name in names:
        PIL.Image.new("RGB", (32, 24)).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with FolderSource(tmp_path) as source:
        play(["", *(len(told) - 1) * ["space", "", ""], "q"], source, still=True)
    shown = {info.place: info.hints[0].split()[-1] for _, info in composed}
    assert list(shown.items()) == told


def test_tab_goes_from_face_to_face():
    session, _ = play(["tab", "", "q"])
    first = session.desk.selection.track
    session, _ = play(["tab", "", "tab", "", "q"])
    assert {first, session.desk.selection.track} == {1, 2}
    assert session.desk.selection.by_hand


@pytest.mark.parametrize("chosen", ["tab", "@40,100"])
@pytest.mark.parametrize(("panel", "more"), [(False, "; p shows its panel"), (True, "")])
def test_the_face_that_was_chosen_is_told(chosen, panel, more):
    session, _ = play(["", "", chosen, "", "q"], FakeSource(9, live=True), panel=panel)
    track = session.desk.selection.track
    assert session.desk.messages.lines() == (f"face {track} selected{more}",)


def test_a_click_selects_the_face_under_it():
    for place, track in (("@40,100", 1), ("@200,100", 2)):
        session, _ = play(["", place, "", "q"])
        assert session.desk.selection.track == track


def test_a_click_beside_all_faces_selects_nobody():
    session, _ = play(["", "@140,100", "", "q"])
    assert not session.desk.selection.by_hand


def test_a_click_is_found_in_a_picture_that_the_window_enlarges():
    window = FakeWindow(keys=["", "@440,300", "", "q"], size_now=(640, 640))  # twice, 80 lower
    session = Session(Analyzer(FakeDetector(TWO), FakeClassifier()), window)
    session.play(FakeSource(9, live=True), (), Stop(), None)
    assert session.desk.selection.track == 2
    assert window.canvases[0].shape == (640, 640, 3)
    assert not window.canvases[0][:80].any()


def test_the_panel_takes_its_place_from_the_picture():
    _, window = play(["p", "", "", "q"])
    assert window.canvases[0].shape == window.canvases[-1].shape
    assert (window.canvases[0] != window.canvases[-1]).mean() > 0.5


def test_a_number_shows_that_expressions_heat_map():
    session, _ = play(["4", "", "q"], heatmap=False)
    assert session.desk.view.heatmap
    assert session.desk.view.chosen == 3
    assert session.desk.messages.lines() == ("heat-map: happy",)
    session, _ = play(["4", "4", "", "q"])
    assert session.desk.view.chosen is None
    assert session.desk.messages.lines() == ("heat-map: what is predicted",)
    session, _ = play(["5", "0", "", "q"])
    assert session.desk.view.chosen is None


@pytest.mark.parametrize("still", [False, True])
def test_the_strip_tells_whose_heat_map_was_chosen_while_one_is_shown(composed, still):
    play(["", "4", "", "g", "", "q"], FakeSource(9, live=True, stills=still), still=still)
    told = [info.heat for _, info in composed]
    assert (told[0], "happy" in told, told[-1]) == ("", True, "")


def test_a_number_that_the_model_has_no_expression_for_is_told():
    session, _ = play(["8", "", "q"])
    assert session.desk.messages.lines() == ("this model names 7 expressions",)
    assert session.desk.view.chosen is None


def test_a_key_fills_the_screen_and_leaves_it():
    assert play(["f", "", "q"])[1].fullscreen
    assert not play(["f", "", "f", "", "q"])[1].fullscreen


def test_a_hundred_keys_at_once_are_all_done():
    session, _ = play(["b"] * 99 + ["q"])
    assert session.desk.quitting
    assert session.desk.view.bars is False


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_leaves_a_session_that_goes_on(key, inline):
    session, _ = play([key, "", "", "q"], models=("a", "b"), load=lambda name: FakeClassifier())
    ended_or_held = KEYS[key] in (Action.QUIT, Action.PAUSE)
    assert session.tally.frames == (1 if ended_or_held else 3)


class Silent(Reader):
    """A reader that gives one frame, and then none for ever."""

    state = "camera 0 stopped 4 s ago; reconnecting"
    ended = False

    def take(self, patience=None):
        return next(self.frames, None)

    def __iter__(self):
        self.frames = iter(self._source)
        return self.frames


def test_a_lost_camera_is_told_in_the_window_and_keys_go_on():
    session, window = play(["", "", "", "b", "", "q"], Silent(FakeSource(1, live=True)))
    assert session.desk.quitting
    assert session.tally.frames == 1
    assert len(window.canvases) == 3  # the picture, with what is wrong, without bars
    assert (window.canvases[1] != window.canvases[0]).any()


def test_what_is_dropped_while_the_view_is_paused_does_not_count(monkeypatch):
    source = Silent(FakeSource(9, live=True))
    monkeypatch.setattr(
        "fer_live.session.time.sleep", lambda s: setattr(source, "dropped", source.dropped + 5)
    )
    session, _ = play(["space", "", "", "", "space", "", "q"], source)
    assert source.dropped > 0
    assert session._info(source).dropped == 0
