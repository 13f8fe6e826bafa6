"""Streams and films over the network."""

import socket
import threading
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler

import pytest

from fer_live.errors import UserError
from fer_live.sources import Lost, Reconnecting, VideoSource, open_source
from fer_live.sources.container import public_name
from tests.clips import FRAMES, HEIGHT, WIDTH, FakeClock, record
from tests.network import Camera, Rtsp, RtspCamera, served


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def door(tmp_path):
    """An RTSP camera that shows a film."""
    film = record(tmp_path / "film.ts").read_bytes()
    return type("Door", (RtspCamera,), {"film": film})


def test_a_network_camera_is_live():
    with served(Camera) as port, VideoSource(f"http://127.0.0.1:{port}/") as source:
        frames = iter(source)
        reds = [int(next(frames).image[0, 0, 0]) for _ in range(4)]
        with pytest.raises(Lost, match=rf"http://127\.0\.0\.1:{port}/ stopped"):
            next(frames)
    assert (source.live, source.frame_count, source.size) == (True, None, (64, 48))
    assert reds == pytest.approx([0, 80, 160, 240], abs=3)


def test_an_rtsp_camera_is_live(door):
    with served(door, kind=Rtsp) as port, VideoSource(f"rtsp://127.0.0.1:{port}/1") as source:
        frames = []
        with pytest.raises(Lost, match=rf"rtsp://127\.0\.0\.1:{port}/1 stopped"):
            frames.extend(source)
    assert (source.live, source.frame_count, source.size) == (True, None, (WIDTH, HEIGHT))
    assert FRAMES - 3 <= len(frames) <= FRAMES  # a stream that hangs up may keep the last
    assert frames[0].image[:, :40, 0].mean() > 150
    assert door.asked == ("OPTIONS", "DESCRIBE", "SETUP", "PLAY")


def test_an_rtsp_camera_that_hangs_up_is_called_again(door):
    clock = FakeClock()
    with served(door, kind=Rtsp) as port:
        camera = VideoSource(f"rtsp://127.0.0.1:{port}/1")
        with Reconnecting(camera, clock.sleep, clock) as source:
            frames = iter(source)
            indices = [next(frames).index for _ in range(FRAMES + 5)]
    assert indices == list(range(FRAMES + 5))
    assert clock.sleeps == [0.5]


def test_a_stream_whose_server_is_killed_goes_on_when_it_is_back():
    clock, again = FakeClock(), ExitStack()

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        if len(clock.sleeps) == 3:  # two tries found nobody
            again.enter_context(served(Camera, port))
        return False

    with ExitStack() as first, again:
        port = first.enter_context(served(Camera))
        camera = VideoSource(f"http://127.0.0.1:{port}/")
        frames = iter(again.enter_context(Reconnecting(camera, pause, clock)))
        indices = [next(frames).index]
        first.close()
        indices += [next(frames).index for _ in range(3)]
        back = next(frames)
        assert (back.index, int(back.image[0, 0, 0])) == (4, pytest.approx(0, abs=3))
    assert indices == [0, 1, 2, 3]
    assert clock.sleeps == [0.5, 1, 2]
    assert back.seconds == pytest.approx(3.5)


def test_a_stream_that_falls_silent_is_lost():
    release = threading.Event()
    handler = type("Silent", (Camera,), {"hold": release})
    with served(handler) as port, VideoSource(f"http://127.0.0.1:{port}/", timeout=0.3) as source:
        with pytest.raises(Lost):
            list(source)
        release.set()


def test_a_video_on_a_server_is_a_file(tmp_path):
    address = f"/{record(tmp_path / 'film.mp4').name}"
    with (
        served(partial(Files, directory=tmp_path)) as port,
        VideoSource(f"http://127.0.0.1:{port}{address}") as source,
    ):
        assert len(list(source)) == FRAMES
    assert (source.live, source.frame_count, source.warning) == (False, FRAMES, None)


def test_a_live_stream_has_no_parts():
    with served(Camera) as port, pytest.raises(UserError, match="start and end are for files"):
        VideoSource(f"http://127.0.0.1:{port}/", start=3).__enter__()


def test_a_server_that_is_not_there_is_one_error():
    with served(Camera) as port:
        pass
    with pytest.raises(UserError, match=r"cannot be opened \(Connection refused\)"):
        VideoSource(f"http://127.0.0.1:{port}/").__enter__()


def test_a_server_that_does_not_answer_is_one_error():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(UserError, match=r"does not answer within 0\.1 s"):
            VideoSource(address, timeout=0.1).__enter__()


def test_a_password_is_not_shown():
    assert public_name("rtsp://me:secret@door/1") == "rtsp://me:***@door/1"
    assert public_name("rtsp://me:se@cret@door/1") == "rtsp://me:***@door/1"
    assert public_name("rtsp://me:se#cret@door/1") == "rtsp://me:***@door/1"
    assert public_name("rtsp://door:554/1@2") == "rtsp://door:554/1@2"
    assert VideoSource("rtsp://me:secret@door/1").name == "rtsp://me:***@door/1"
    with pytest.raises(UserError, match=r"me:\*\*\*@door is no camera"):
        open_source("rtsp://me:secret@door", rate=25)
