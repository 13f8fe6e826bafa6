"""The window's key for the next model, with fakes: who reads, from which frame on, and what cannot be loaded."""

import time
from dataclasses import replace

import pytest

from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from fer_live.pace import Pace
from fer_live.pipeline import Analyzer
from fer_live.session import Session
from fer_live.sources.reader import Reader
from tests.desks import TWO, Inline, play
from tests.fakes import FakeClassifier, FakeDetector, FakeSource


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setattr("fer_live.switching.ThreadPoolExecutor", Inline)


def test_a_key_goes_on_with_the_next_model_and_round_again():
    loaded = []

    def load(name):
        loaded.append(name)
        return FakeClassifier(SAD)

    keys = ["m", "", "", "m", "", "", "q"]
    _, window = play(keys, models=("first", "second"), load=load, smoothing=0.3)
    said = [scene.readings[0].prediction.expression for scene in window.scenes]
    assert said == [HAPPY, SAD, SAD, HAPPY, HAPPY][: len(said)]
    assert loaded == ["second"]
    assert {scene.readings[0].track for scene in window.scenes} == {1}


def test_a_frame_that_is_in_hand_when_the_next_model_comes_is_read_by_it():
    film, read = FakeSource(9, live=True), FakeClassifier(SAD)
    with Reader(film, every_frame=True) as source:
        while film.taken < 3:  # by then two are waiting
            time.sleep(0.001)
        session, window = play(
            ["m", "", "", "q"], source, models=("first", "second"), load=lambda name: read
        )
    said = [scene.readings[0].prediction.expression for scene in window.scenes]
    assert said == [HAPPY, SAD, SAD]
    assert [scene.frame.index for scene in window.scenes] == [0, 1, 2]
    assert session.tally.frames == 3


def test_a_paused_picture_is_read_by_the_next_model():
    keys = ["space", "", "m", "", "", "q"]
    _, window = play(keys, models=("first", "second"), load=lambda name: FakeClassifier(SAD))
    assert window.scenes[-1].readings[0].prediction.expression is SAD
    assert window.scenes[-1].frame.index == 0


def test_the_time_that_the_next_model_takes_for_a_paused_picture_is_told(monkeypatch):
    worked = []
    monkeypatch.setattr(Pace, "step", lambda self, work: worked.append(work))
    keys = ["space", "", "m", "", "", "q"]
    play(keys, models=("first", "second"), load=lambda name: FakeClassifier(SAD))
    assert len(worked) == 2


def test_a_model_that_cannot_be_loaded_is_told_logged_and_left_out(caplog):
    def load(name):
        raise UserError(f"no weight file {name!r}")

    session, window = play(["m", "", "", "q"], models=("first", "gone"), load=load)
    assert session.desk.messages.lines() == ("no weight file 'gone'",)
    assert caplog.messages == ["no weight file 'gone'"]
    assert window.scenes[-1].readings[0].prediction.expression is HAPPY


def test_after_one_that_cannot_be_loaded_come_those_behind_it_in_their_order():
    asked = []

    def load(name):
        asked.append(name)
        if name == "gone":
            raise UserError("no weight file")
        return FakeClassifier(SAD)

    names = ("first", "second", "gone", "fourth")
    session, window = play(["m", ""] * 5 + ["q"], models=names, load=load)
    assert asked == ["second", "gone", "fourth"]
    said = [scene.readings[0].prediction.expression for scene in window.scenes]
    assert said == [HAPPY, SAD, SAD, SAD, HAPPY, SAD]
    assert session.desk.messages.lines() == ("model second",)


def test_a_model_that_comes_too_late_is_closed():
    closed = []
    late = FakeClassifier()
    late.close = lambda: closed.append(late)
    play(["", "m", "q"], models=("first", "second"), load=lambda name: late)
    assert closed == [late]


def test_with_one_model_there_is_no_next():
    session, _ = play(["m", "", "q"], models=("only",))
    assert session.desk.messages.lines() == ("there is no other model",)


def test_the_threshold_is_the_cards_unless_given():
    analyzer = Analyzer(FakeDetector(TWO), FakeClassifier())
    assert Session(analyzer, None).tracks.abstain_below == analyzer.classifier.card.abstain_below
    assert Session(analyzer, None, abstain=0.9).tracks.abstain_below == 0.9


@pytest.mark.parametrize(("given", "least"), [(None, 0.9), (0.3, 0.3)])
def test_the_next_models_threshold_is_its_own_cards_unless_given(given, least):
    surer = FakeClassifier(SAD)
    surer.card = replace(surer.card, abstain_below=0.9)
    keys = ["m", "", "", "q"]
    session, _ = play(keys, models=("first", "second"), load=lambda name: surer, abstain=given)
    assert session.tracks.abstain_below == least
