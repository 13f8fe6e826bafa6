"""A window at work, with fakes, and two faces before it."""

from fer_live.pipeline import Analyzer
from fer_live.session import Session
from fer_live.stopping import Stop
from fer_live.types import Box, Face
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeWindow

TWO = (Face(Box(20, 60, 100, 150), 0.9), Face(Box(180, 60, 260, 150), 0.9))


def play(keys, source=None, faces=TWO, sinks=(), **options):
    """The session and its window once the keys are pressed, a look each up to the next ""."""
    window = FakeWindow(keys=keys)
    session = Session(Analyzer(FakeDetector(faces), FakeClassifier()), window, **options)
    session.play(source or FakeSource(200, live=True), sinks, Stop(), None)
    return session, window
