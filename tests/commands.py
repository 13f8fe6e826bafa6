"""Running `fer-live` as people do, and looking at what it wrote."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import av

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights" / "cnn6.safetensors"
PATIENCE = 60  # seconds that a program may take to start


def environment(display: str | None = None) -> dict[str, str]:
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    kept = {name: value for name, value in os.environ.items() if name not in screens}
    return kept | {"PYTHONPATH": str(ROOT)} | ({"DISPLAY": display} if display else {})


def fer_live(folder: Path, *arguments: str, display: str | None = None, **options):
    """Run `python -m fer_live` in `folder`; without a display unless one is named."""
    return subprocess.run(
        [sys.executable, "-m", "fer_live", *arguments],
        cwd=folder,
        env=environment(display),
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@contextmanager
def begun(folder: Path, *arguments: str, display: str | None = None, log: str = "log.jsonl"):
    """`python -m fer_live` with --log, once it has logged ten frames; killed at the end."""
    program = subprocess.Popen(
        [sys.executable, "-m", "fer_live", "--log", log, *arguments],
        cwd=folder,
        env=environment(display),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    path = folder / log
    try:
        wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") >= 10, program)
        yield program
    finally:
        program.kill()
        for stream in (program.stdout, program.stderr):
            stream.close()
        program.wait()


def wait_for(condition: Callable[[], bool], program: subprocess.Popen) -> None:
    """Until it holds; fails where the program ends before, or after PATIENCE seconds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert program.poll() is None, program.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def log_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def video_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("fer-live: ")]
