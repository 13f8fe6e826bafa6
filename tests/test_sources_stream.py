"""Streams and films over the network."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.sources import Lost, Reconnecting, VideoSource
from fer_live.sources.container import public_name
from tests.clips import FRAMES, FakeClock, record

SOON = 10.0  # seconds after which a test that hangs fails


def jpeg(red: int) -> bytes:
    encoded = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), (red, 0, 0)).save(encoded, "JPEG")
    return encoded.getvalue()


class Camera(BaseHTTPRequestHandler):
    """A network camera, MJPEG over HTTP, that sends four pictures and breaks off or, with `hold`, falls silent."""

    reds = (0, 80, 160, 240)
    hold: threading.Event | None = None

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        with suppress(ConnectionError):  # whoever watched may leave
            for red in self.reds:
                picture = jpeg(red)
                self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture))
        if self.hold:
            self.hold.wait(SOON)

    def log_message(self, *arguments):
        pass


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def served(handler, port: int = 0) -> Iterator[int]:
    """A server on this computer; yields its port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SOON)


def test_a_network_camera_is_live():
    with served(Camera) as port, VideoSource(f"http://127.0.0.1:{port}/") as source:
        frames = iter(source)
        reds = [int(next(frames).image[0, 0, 0]) for _ in range(4)]
        with pytest.raises(Lost, match=rf"http://127\.0\.0\.1:{port}/ stopped"):
            next(frames)
    assert (source.live, source.frame_count, source.size) == (True, None, (64, 48))
    assert reds == pytest.approx(Camera.reds, abs=3)


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
    assert public_name("rtsp://door:554/1@2") == "rtsp://door:554/1@2"
    assert VideoSource("rtsp://me:secret@door/1").name == "rtsp://me:***@door/1"
