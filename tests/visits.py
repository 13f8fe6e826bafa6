"""Visits to the live tab, with fakes: frames to send, and what comes back."""

import io
import json
import threading

import PIL.Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from fer_live.errors import UserError
from fer_live.web.gate import Gate
from fer_live.web.live.routes import routes
from fer_live.web.live.visit import Visit, Wish
from fer_live.web.live.visits import Visits
from tests.fakes import FakeClassifier, FakeDetector

WISH = Wish("fake")


class FakeReaders:
    """One model, that reads every face alike."""

    reserved = threading.RLock()

    def classifier(self, name):
        if name != "fake":
            raise UserError(f"no model {name!r} here; choose one of fake")
        return FakeClassifier()


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def fake_visits(clock: Clock) -> Visits:
    return Visits(lambda: Visit(FakeReaders(), FakeDetector(), clock), clock)


def client_of(visits: Visits) -> TestClient:
    app = Starlette(routes=routes(visits), middleware=[Middleware(Gate)])
    app.auth = None
    return TestClient(app)


def jpeg(width=320, height=240) -> bytes:
    encoded = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "grey").save(encoded, "JPEG")
    return encoded.getvalue()


def unpacked(answer: bytes):
    """The record and the picture."""
    end = 4 + int.from_bytes(answer[:4], "big")
    return json.loads(answer[4:end]), PIL.Image.open(io.BytesIO(answer[end:]))
