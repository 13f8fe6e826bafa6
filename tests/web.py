"""The page's server, as a program of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.commands import environment, free_port

PATIENCE = 240  # seconds for a start; busy machines take long


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[str]:
    """`fer-live web` on a free port; its address, ending in a slash. Stopped at the end."""
    with started(folder, *arguments) as (address, _):
        yield address


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The same with its program."""
    port = free_port()
    command = [sys.executable, "-m", "fer_live", "web", "--port", str(port), *arguments]
    caches = {"XDG_CACHE_HOME": str(folder / "cache"), "PATH": os.environ["PATH"]}
    errors = folder / "server.log"
    with errors.open("w") as log:
        program = subprocess.Popen(command, cwd=folder, env=environment() | caches, stderr=log)
    address, until = f"http://127.0.0.1:{port}/", time.monotonic() + PATIENCE
    try:
        while not _answers(address):
            assert program.poll() is None, errors.read_text()
            assert time.monotonic() < until, errors.read_text()
            time.sleep(0.1)
        yield address, program
    finally:
        program.kill()
        program.wait()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=30):
            return True
    except (URLError, TimeoutError):
        return False
