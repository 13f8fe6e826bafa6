"""Visitors at a running `fer-live web`: `python -m scripts.web_load ADDRESS PID --clients 20 --seconds 120`.

Each reads pictures of 1280x720 with a number of faces of its own, asks for heat-maps and loads the page, in turn.
"""

import statistics
import tempfile
import threading
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import PIL.Image
from gradio_client import Client, handle_file
from skimage import data

from fer_live import packaged

MOST = 4  # faces of a picture


@dataclass
class Outcome:
    """What the visitors saw. `seconds`: of each reading."""

    seconds: list[float] = field(default_factory=list)
    work: int = 0
    mixed: int = 0
    errors: list[str] = field(default_factory=list)


def visit(address: str, picture: Path, faces: int, until: float, seen: Outcome) -> None:
    """Work until `time.monotonic()` is `until`."""
    try:
        client = Client(address, verbose=False)
    except Exception as error:  # any failure is what is measured here
        seen.errors.append(repr(error))
        return
    while time.monotonic() < until:
        try:
            began = time.monotonic()
            record = client.predict(handle_file(str(picture)), api_name="/read")
            seen.seconds.append(time.monotonic() - began)
            seen.mixed += len(record["faces"]) != faces
            wish = (faces - 1, "fear", "HiResCAM", packaged.MODEL)
            _, details = client.predict(handle_file(str(picture)), *wish, api_name="/explain")
            seen.mixed += details["expression"] != "fear"
            with urlopen(address, timeout=60) as page:
                seen.mixed += b"fer-live" not in page.read()
            seen.work += 3
        except Exception as error:  # any failure is what is measured here
            seen.errors.append(repr(error))


def load(address: str, clients: int, seconds: float) -> Outcome:
    """So many visitors at the same time."""
    seen = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        pictures = [_picture(Path(folder), count) for count in range(1, MOST + 1)]
        until = time.monotonic() + seconds
        visitors = [
            threading.Thread(
                target=visit, args=(address, pictures[i % MOST], i % MOST + 1, until, seen)
            )
            for i in range(clients)
        ]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
    return seen


def memory(pid: int) -> float:
    """MB that a program holds (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    parser = ArgumentParser(description="errors, mix-ups, memory and median answers under load")
    parser.add_argument("address")
    parser.add_argument("pid", type=int)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    for clients, seconds in ((1, options.seconds / 8), (options.clients, options.seconds)):
        before = memory(options.pid)
        seen = load(options.address, clients, seconds)
        median = statistics.median(seen.seconds) if seen.seconds else float("nan")
        print(
            f"{clients} clients, {seen.work} answers: {len(seen.errors)} errors, {seen.mixed} mixed up, "
            f"median reading {1000 * median:.0f} ms, memory {before:.0f} -> {memory(options.pid):.0f} MB"
        )
        for error in sorted(set(seen.errors)):
            print(error)


def _picture(folder: Path, count: int) -> Path:
    """1280x720 with so many faces side by side."""
    canvas = np.full((720, 1280, 3), 255, np.uint8)
    face = np.asarray(PIL.Image.fromarray(data.astronaut()[:300, 100:400]))
    for place in range(count):
        canvas[200:500, place * 310 : place * 310 + 300] = face
    path = folder / f"{count}.jpg"
    PIL.Image.fromarray(canvas).save(path, quality=95)
    return path


if __name__ == "__main__":
    main()
