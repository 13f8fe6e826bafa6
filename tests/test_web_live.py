"""The live tab's server: what it takes, what it answers and what it refuses."""

import asyncio
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fer_live.expressions import SAD
from fer_live.types import Box, Face
from fer_live.web.live.frames import LARGEST_FRAME
from fer_live.web.live.routes import routes
from fer_live.web.live.visit import Visit, Wish
from fer_live.web.live.visits import Visits
from tests.fakes import FakeClassifier, FakeDetector
from tests.visits import WISH, Clock, FakeReaders, client_of, fake_visits, jpeg, unpacked


def bomb() -> bytes:
    """A small JPEG that announces 3,600 million pixels."""
    encoded = bytearray(jpeg())
    head = encoded.index(b"\xff\xc0")
    encoded[head + 5 : head + 9] = 2 * (60000).to_bytes(2, "big")
    return bytes(encoded)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(clock):
    return client_of(fake_visits(clock))


@pytest.fixture
def visit(client):
    return f"/live/{client.post('/live').json()['visit']}"


def test_a_frame_comes_back_drawn_with_its_reading(client, visit):
    answer = client.post(f"{visit}?model=fake&heatmap=1", content=jpeg())
    record, picture = unpacked(answer.content)
    assert picture.size == (320, 240)
    assert np.asarray(picture).std() > 5  # a grey frame with a box on it
    assert (record["face"]["label"], record["face"]["percent"]) == ("happy", 70)
    assert record["expressions"][3] == ["happy", "#ffff3f"]
    assert np.shape(record["timeline"]) == (7, 300)
    assert [row[-1] for row in record["timeline"]] == [5, 5, 5, 70, 5, 5, 5]
    assert answer.headers["cache-control"] == "no-store"


def visit_with(clock, **classifiers) -> Visit:
    """By a server with these models."""
    readers = SimpleNamespace(reserved=threading.RLock(), classifier=classifiers.__getitem__)
    return Visit(readers, FakeDetector(), clock)


def test_the_heat_map_is_made_and_drawn_only_if_wished_for(clock):
    model, pictures = FakeClassifier(), []
    visit = visit_with(clock, fake=model)
    for heatmap in (False, True):
        _, picture = unpacked(visit.answer(jpeg(), Wish("fake", heatmap)))
        pictures.append(np.asarray(picture, int)[60:160, 100:200])  # the face
        assert model.explained == heatmap
    assert np.abs(pictures[1] - pictures[0]).mean() > 10


def test_the_next_model_begins_afresh_and_with_its_own_threshold(clock):
    surer = FakeClassifier(SAD)
    surer.card = replace(surer.card, abstain_below=0.9)
    visit = visit_with(clock, happy=FakeClassifier(), sad=surer)
    visit.answer(jpeg(), Wish("happy"))
    clock.now += 0.04
    record, _ = unpacked(visit.answer(jpeg(), Wish("sad")))
    assert record["face"]["probabilities"] == [0.05, 0.05, 0.05, 0.05, 0.7, 0.05, 0.05]
    assert record["face"]["label"] != "sad"


def test_a_name_that_is_kept_says_what_leads_by_now(clock):
    reader = FakeClassifier()
    readers = SimpleNamespace(reserved=threading.RLock(), classifier=lambda name: reader)
    visit = Visit(readers, FakeDetector(), clock)
    (first, _) = unpacked(visit.answer(jpeg(), WISH))
    reader.expression = SAD
    for _ in range(3):
        clock.now += 0.1
        (record, _) = unpacked(visit.answer(jpeg(), WISH))
    assert (first["face"]["label"], first["face"]["leading"]) == ("happy", None)
    assert (record["face"]["label"], record["face"]["leading"]) == ("happy", "sad")


def test_the_timeline_is_sent_when_it_is_new(client, visit, clock):
    ask = f"{visit}?model=fake"
    assert "timeline" in unpacked(client.post(ask, content=jpeg()).content)[0]
    assert "timeline" not in unpacked(client.post(ask, content=jpeg()).content)[0]
    clock.now += 0.2
    assert "timeline" in unpacked(client.post(ask, content=jpeg()).content)[0]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 400, "no whole JPEG"),
        (b"<svg onload=alert(1)>", 400, "no whole JPEG"),
        (jpeg()[:400], 400, "no whole JPEG"),
        (jpeg(2000, 1000), 400, "2000x1000 is too large"),
        (bomb(), 400, "too large"),
        (b"\xff" * (LARGEST_FRAME + 1), 413, "1 MB"),
    ],
    ids=["empty", "svg", "cut", "large", "bomb", "heavy"],
)
def test_a_bad_frame_is_refused_and_the_visit_goes_on(client, visit, content, status, words):
    refused = client.post(f"{visit}?model=fake", content=content)
    assert (refused.status_code, words in refused.json()["error"]) == (status, True)
    assert client.post(f"{visit}?model=fake", content=jpeg()).status_code == 200


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (7, 900)])
def test_a_tiny_frame_is_no_fault(client, visit, size):
    answer = client.post(f"{visit}?model=fake&heatmap=1", content=jpeg(*size))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asks", "words"),
    [("model=../secret", "no model"), ("model=fake&at=nan", "no point"), ("at=1,2,3", "no point")],
)
def test_a_bad_wish_is_refused_in_words(client, visit, asks, words):
    refused = client.post(f"{visit}?{asks}", content=jpeg())
    assert refused.status_code == 400
    assert words in refused.json()["error"]


def test_a_fault_of_ours_tells_nothing_of_itself(client, visit, monkeypatch, caplog):
    def fail(*arguments):
        raise RuntimeError("a secret path")

    monkeypatch.setattr(Visit, "answer", fail)
    failed = client.post(f"{visit}?model=fake", content=jpeg())
    assert failed.status_code == 500
    assert "secret" not in failed.text
    assert "a secret path" in caplog.text


def test_who_leaves_while_a_frame_is_on_its_way_is_no_fault(client, visit, caplog):
    parts = iter([{"type": "http.request", "body": jpeg()[:100], "more_body": True}])
    answers = []

    async def receive():
        return next(parts, {"type": "http.disconnect"})

    async def send(answer):
        answers.append(answer)

    scope = {"type": "http", "method": "POST", "path": visit, "query_string": b"", "headers": []}
    asyncio.run(client.app(scope, receive, send))
    assert answers[0]["status"] == 499
    assert not caplog.text


@pytest.mark.parametrize("point", ["45,95", "250,95"])
def test_a_face_that_is_clicked_is_shown_beside(client, clock, point):
    boxes = [Box(100, 60, 200, 160), Box(10, 60, 80, 130), Box(220, 60, 290, 130)]
    visits = Visits(
        lambda: Visit(FakeReaders(), FakeDetector([Face(b, 0.9) for b in boxes]), clock), clock
    )
    client.app.router.routes[:] = routes(visits)
    visit = f"/live/{visits.open()}"
    client.post(f"{visit}?model=fake", content=jpeg())
    answer = client.post(f"{visit}?model=fake&at={point}", content=jpeg())
    assert unpacked(answer.content)[0]["face"]["track"] == {"45,95": 2, "250,95": 3}[point]
