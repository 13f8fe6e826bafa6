"""A window at work, with fakes, two faces before it, and models that are there at once."""

from concurrent.futures import Future

from fer_live.errors import UserError
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


class Inline:
    """A thread pool that does its work at once."""

    def __init__(self, workers, name):
        pass

    def submit(self, function, argument):
        future = Future()
        try:
            future.set_result(function(argument))
        except UserError as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait, cancel_futures):
        pass
