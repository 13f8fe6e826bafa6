"""The live tab's server: what it takes, what it refuses, and that visitors stay apart."""

import io
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
from skimage import data
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fer_live.errors import UserError
from fer_live.expressions import SAD
from fer_live.types import Box, Face
from fer_live.web.live.frames import LARGEST_FRAME
from fer_live.web.live.routes import routes
from fer_live.web.live.visit import Visit, Wish
from fer_live.web.live.visits import IDLE, MOST, Refused, Visits
from tests.fakes import FakeClassifier, FakeDetector
from tests.web import serving

WISH = Wish("fake")


class FakeReaders:
    """One model, that reads every face alike."""

    reserved = threading.RLock()

    def classifier(self, name):
        if name != "fake":
            raise UserError(f"no model {name!r} here; choose one of fake")
        return FakeClassifier()


def jpeg(width=320, height=240) -> bytes:
    encoded = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "grey").save(encoded, "JPEG")
    return encoded.getvalue()


def bomb() -> bytes:
    """A small JPEG that announces 3,600 million pixels."""
    encoded = bytearray(jpeg())
    head = encoded.index(b"\xff\xc0")
    encoded[head + 5 : head + 9] = 2 * (60000).to_bytes(2, "big")
    return bytes(encoded)


def unpacked(answer: bytes):
    """The record and the picture."""
    end = 4 + int.from_bytes(answer[:4], "big")
    return json.loads(answer[4:end]), PIL.Image.open(io.BytesIO(answer[end:]))


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visits(clock):
    return Visits(lambda: Visit(FakeReaders(), FakeDetector(), clock), clock)


@pytest.fixture
def client(visits):
    app = Starlette(routes=routes(visits))
    app.auth = None
    return TestClient(app)


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


def test_pages_of_other_sites_take_no_seat(client, visits):
    refused = client.post("/live", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert len(visits) == 0


def test_a_visit_that_was_left_is_forgotten(client, visit, visits):
    assert client.delete(visit).status_code == 204
    assert len(visits) == 0
    over = client.post(f"{visit}?model=fake", content=jpeg())
    assert (over.status_code, "is over" in over.json()["error"]) == (410, True)


def test_so_many_visitors_and_no_more(client, visits):
    names = [client.post("/live").json()["visit"] for _ in range(MOST)]
    refused = client.post("/live")
    assert refused.status_code == 503
    assert f"{MOST} visitors look live already" in refused.json()["error"]
    client.delete(f"/live/{names[0]}")
    assert client.post("/live").status_code == 201


def test_who_sends_nothing_has_gone(visits, clock):
    name = visits.open()
    clock.now += IDLE - 1
    visits.answer(name, jpeg(), WISH)
    clock.now += IDLE - 1
    assert visits.left(name) == pytest.approx(1)
    clock.now += 2
    assert visits.left(name) == 0


def test_who_has_gone_is_forgotten_without_a_farewell(client, visits, monkeypatch):
    monkeypatch.setattr("fer_live.web.live.visits.IDLE", 0.0)
    assert client.post("/live").status_code == 201  # its loop ends with all that it began
    assert len(visits) == 0


def test_one_frame_of_a_visitor_at_a_time(clock):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(FakeDetector):
        def __call__(self, image):
            begun.set()
            assert go_on.wait(60)
            return super().__call__(image)

    detector = Slow()
    visits = Visits(lambda: Visit(FakeReaders(), detector, clock), clock)
    name = visits.open()
    first = threading.Thread(target=visits.answer, args=(name, jpeg(), WISH))
    first.start()
    assert begun.wait(60)
    with pytest.raises(Refused, match="when the last one has been answered"):
        visits.answer(name, jpeg(), WISH)
    leaving = threading.Thread(target=visits.end, args=(name,))
    leaving.start()
    assert not detector.closed  # a frame is in work
    go_on.set()
    leaving.join(60)
    first.join(60)
    assert detector.closed


def test_two_visitors_do_not_mix(clock):
    places = [Box(100, 60, 200, 160), Box(10, 60, 80, 130), Box(220, 60, 290, 130)]
    crowds = iter([places[:1], places])
    visits = Visits(
        lambda: Visit(FakeReaders(), FakeDetector([Face(b, 0.9) for b in next(crowds)]), clock),
        clock,
    )
    alone, crowd = visits.open(), visits.open()
    for _ in range(5):
        clock.now += 0.1
        one, _ = unpacked(visits.answer(alone, jpeg(), WISH))
        three, _ = unpacked(visits.answer(crowd, jpeg(), Wish("fake", onward=True)))
    assert (one["faces"], one["face"]["track"]) == (1, 1)
    assert (three["faces"], three["face"]["track"]) == (3, 3)  # 1, then onward 5 times
    read = [[p >= 0 for p in record["timeline"][0]].count(True) for record in (one, three)]
    assert read == [5, 5]
    visits.end(crowd)
    visits.answer(alone, jpeg(), WISH)


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


def sent(opener, address, content=b"", method="POST"):
    return opener.open(urllib.request.Request(address, content, method=method), timeout=120).read()


def test_with_a_password_only_who_knows_it_is_read(tmp_path):
    """The real server, a real face."""
    stranger = urllib.request.build_opener()
    friend = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    face = io.BytesIO()
    PIL.Image.fromarray(data.astronaut()[:300, 50:450]).save(face, "JPEG")
    options = ("--model", "cnn6", "--runtime", "torch", "--auth", "ada:secret")
    with serving(tmp_path, *options) as address:
        with pytest.raises(urllib.error.HTTPError) as refused:
            sent(stranger, f"{address}live")
        assert refused.value.code == 401
        known = urllib.parse.urlencode({"username": "ada", "password": "secret"}).encode()
        sent(friend, f"{address}login", known)
        visit = f"{address}live/{json.loads(sent(friend, f'{address}live'))['visit']}"
        for asker, method in ((stranger, "POST"), (stranger, "DELETE")):
            with pytest.raises(urllib.error.HTTPError) as refused:
                sent(asker, f"{visit}?model=cnn6", face.getvalue(), method)
            assert refused.value.code == 401
        record = {"face": None}
        for _ in range(15):  # the live scan goes through the picture in twelve frames
            record, picture = unpacked(sent(friend, f"{visit}?model=cnn6", face.getvalue()))
        assert record["face"]["track"] == 1
        assert picture.size == (400, 300)
