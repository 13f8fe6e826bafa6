"""Whole runs that are killed, or whose camera on the network is."""

import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.commands import (
    PATIENCE,
    ROOT,
    begun,
    complaints,
    environment,
    free_port,
    log_lines,
    video_frames,
    wait_for,
)

SMALL = ("--no-window", "--model", "cnn6")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_one_line():
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "fer_live", "cameras"],
            cwd=ROOT,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "fer-live: standard output cannot be written (No space left on device); "
        "free some space or send it to another place"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="closed by a shell's >&-")
def test_a_pipe_into_a_closed_standard_output_is_one_line():
    command = f"{shlex.quote(sys.executable)} -m fer_live --demo --no-window --pipe >&-"
    ended = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "fer-live: standard output is closed; leave out --pipe, or let something read it"
    ]


@contextmanager
def network_camera(port: int) -> Iterator[subprocess.Popen]:
    """In a process of its own, killed at the end; it prints a line for each who watches."""
    camera = subprocess.Popen(
        [sys.executable, "-m", "tests.network", str(port)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        until = time.monotonic() + PATIENCE
        while not answers(port):
            assert time.monotonic() < until
        yield camera
    finally:
        camera.kill()
        camera.communicate()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        time.sleep(0.02)
        return False
    return True


def test_a_network_camera_that_is_killed_and_restarted(tmp_path):
    """The recording goes on, in the same whole files."""
    port, log = free_port(), tmp_path / "log.jsonl"
    address = f"http://127.0.0.1:{port}/"
    arguments = ("--source", address, *SMALL, "--every-frame", "--output", "clip.mp4")
    with ExitStack() as first:
        first.enter_context(network_camera(port))
        with begun(tmp_path, *arguments) as recorder:
            first.close()
            with network_camera(port) as camera:
                assert select.select([camera.stdout], [], [], PATIENCE)[0], "it never came back"
                before = log.read_bytes().count(b"\n")
                wait_for(lambda: log.read_bytes().count(b"\n") >= before + 20, recorder)
                recorder.send_signal(signal.SIGINT)
                _, told = recorder.communicate(timeout=PATIENCE)
    assert recorder.returncode == 0, told
    assert f"{address} stopped; reconnecting" in told
    assert f"{address} is back after" in told
    assert not complaints(told)
    lines = log_lines(log)
    assert [line["frame"] for line in lines] == list(range(len(lines)))
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)
    assert max(b - a for a, b in pairwise(seconds)) >= 0.4  # the break took its time
    assert video_frames(tmp_path / "clip.mp4") == len(lines)


def test_a_killed_recording_plays_up_to_the_last_seconds(tmp_path):
    with begun(tmp_path, "--demo", *SMALL, "--output", "clip.mp4") as program:
        log = tmp_path / "log.jsonl"
        wait_for(lambda: log.read_bytes().count(b"\n") >= 100, program)
        program.kill()
        program.communicate()
    assert program.returncode == -signal.SIGKILL
    frames = [line["frame"] for line in log_lines(log)]
    assert frames == list(range(len(frames)))
    assert len(frames) >= 100
    assert video_frames(tmp_path / "clip.mp4") >= len(frames) - 2 * 24
