"""Heat-maps of the model that comes next, whose units are others than those of the one before."""

import threading
from types import SimpleNamespace

import numpy as np

from fer_live.web.live.visit import Visit, Wish
from tests.desks import Inline, play
from tests.fakes import FakeClassifier, FakeDetector, FakeSink
from tests.visits import Clock, jpeg, unpacked


class Faint(FakeClassifier):
    """Reads as its like, with maps of a thousandth."""

    def heatmaps(self, scores):
        return super().heatmaps(scores) / 1000


def test_in_the_window_and_in_files_they_glow_as_those_before(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fer_live.switching.ThreadPoolExecutor", Inline)
    file = FakeSink()
    keys = ["", "m", "", "", "q"]
    _, window = play(keys, sinks=[file], models=("first", "second"), load=lambda name: Faint())
    for sink in (window, file):
        first, *_, last = (canvas[90:130, 40:80] for canvas in sink.canvases)
        assert sink.scenes[-1].readings[0].heatmaps.max() < 0.01  # the second model's
        np.testing.assert_array_equal(first, last)


def test_on_the_page_they_glow_as_those_before():
    models = {"first": FakeClassifier(), "second": Faint()}
    readers = SimpleNamespace(reserved=threading.RLock(), classifier=models.__getitem__)
    visit = Visit(readers, FakeDetector(), Clock())
    first, second = (
        np.asarray(unpacked(visit.answer(jpeg(), Wish(name)))[1], float)[90:130, 130:170]
        for name in models
    )
    np.testing.assert_allclose(first, second, atol=8)  # JPEG
