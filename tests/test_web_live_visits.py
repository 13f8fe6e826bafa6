"""Who looks live: that visitors stay apart, come and go, and are let in."""

import io
import json
import threading
import urllib.error
import urllib.parse
import urllib.request

import PIL.Image
import pytest
from skimage import data

from fer_live.types import Box, Face
from fer_live.web.live.visit import Visit, Wish
from fer_live.web.live.visits import IDLE, MOST, Refused, Visits
from tests.fakes import FakeDetector
from tests.visits import WISH, Clock, FakeReaders, client_of, fake_visits, jpeg, unpacked
from tests.web import serving


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visits(clock):
    return fake_visits(clock)


@pytest.fixture
def client(visits):
    return client_of(visits)


def test_pages_of_other_sites_take_no_seat(client, visits):
    refused = client.post("/live", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert len(visits) == 0


def test_a_visit_that_was_left_is_forgotten(client, visits):
    visit = f"/live/{client.post('/live').json()['visit']}"
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
