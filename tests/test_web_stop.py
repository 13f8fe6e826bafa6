"""The page's server is told to end."""

import signal
import socket
import time

from tests.web import started


def test_sigterm_frees_the_port_at_once_though_a_visitor_is_connected(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started(tmp_path, "--model", "cnn6", "--runtime", "torch") as (address, program):
        port = int(address.strip("/").rpartition(":")[2])
        assert list(tmp_path.glob("fer-live-web-*"))
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")  # a request without an end
            began = time.monotonic()
            program.send_signal(signal.SIGTERM)
            assert program.wait(10) == 128 + signal.SIGTERM
            assert time.monotonic() - began < 5
            with socket.socket() as heir:
                heir.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                heir.bind(("127.0.0.1", port))
        assert not list(tmp_path.glob("fer-live-web-*"))
