"""Cameras on the network, played by this computer. `python -m tests.network PORT` is one that never ends."""

import io
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socketserver import StreamRequestHandler, ThreadingTCPServer

import PIL.Image

SOON = 10.0  # seconds after which a test that hangs fails


def jpeg(red: int) -> bytes:
    encoded = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), (red, 0, 0)).save(encoded, "JPEG")
    return encoded.getvalue()


class Camera(BaseHTTPRequestHandler):
    """MJPEG over HTTP: four pictures, and then it breaks off or, with `hold`, falls silent."""

    hold: threading.Event | None = None

    def reds(self) -> Iterator[int]:
        yield from (0, 80, 160, 240)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        with suppress(ConnectionError):  # whoever watched may leave
            for red in self.reds():
                picture = jpeg(red)
                self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture))
        if self.hold:
            self.hold.wait(SOON)

    def log_message(self, *arguments):
        pass


class EndlessCamera(Camera):
    """Fifty pictures a second for as long as someone watches, of which it prints a line."""

    def reds(self) -> Iterator[int]:
        print("watched", flush=True)  # noqa: T201
        for red in count():
            time.sleep(0.02)
            yield red % 256


class RtspCamera(StreamRequestHandler):
    """RTSP, RFC 2326: plays `film`, an MPEG transport stream, within its own connection, and hangs up."""

    film = b""
    asked: tuple[str, ...] = ()  # of the last one who watched

    def handle(self):
        methods = []
        with suppress(ConnectionError, ValueError):
            while not methods or methods[-1] != "PLAY":
                method, number = self.request_line()
                methods.append(method)
                type(self).asked = tuple(methods)
                self.answer(method, number)
            self.play()

    def request_line(self) -> tuple[str, str]:
        """The next request's method and number; raises ValueError at the end."""
        lines = []
        while line := self.rfile.readline().decode().strip():
            lines.append(line)
        (number,) = (line.split(":")[1].strip() for line in lines if line.startswith("CSeq"))
        return lines[0].split()[0], number

    def answer(self, method: str, number: str) -> None:
        head, body = [f"CSeq: {number}", "Session: 1"], ""
        if method == "OPTIONS":
            head.append("Public: DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "DESCRIBE":
            body = "v=0\r\ns=door\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:1\r\n"
            head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        self.wfile.write("\r\n".join(["RTSP/1.0 200 OK", *head, "", body]).encode())

    def play(self) -> None:
        """Seven packets of the stream in each of RTP, RFC 2250."""
        size = 7 * 188
        for sequence, start in enumerate(range(0, len(self.film), size)):
            part = self.film[start : start + size]
            header = struct.pack(">BBHII", 0x80, 33, sequence, 0, 1)
            self.wfile.write(b"$\0" + struct.pack(">H", len(header + part)) + header + part)


class Rtsp(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def served(handler, port: int = 0, kind=ThreadingHTTPServer) -> Iterator[int]:
    """A server on this computer; yields its port."""
    server = kind(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SOON)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), EndlessCamera).serve_forever()
