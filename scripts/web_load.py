"""Visitors at a running `fer-live web`: `python -m scripts.web_load ADDRESS PID --clients 20 --seconds 120`.

Each reads pictures of 1280x720 with a number of faces of its own, asks for heat-maps and loads the page, in turn; one
of five looks live besides, as long as there are seats, and one of five has a short film read.
"""

import io
import json
import re
import statistics
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import av
import httpx
import numpy as np
import PIL.Image
from gradio_client import Client, handle_file
from skimage import data

from fer_live import packaged
from fer_live.web.live.visits import MOST as SEATS

MOST = 4  # faces of a picture
FRAMES = 12  # of a film, and of a visit to Live
SMALL = (640, 360)  # pixels of these frames
PATIENCE = 120  # seconds for an answer


@dataclass
class Outcome:
    """What the visitors saw. `seconds`: of each reading."""

    seconds: list[float] = field(default_factory=list)
    work: int = 0
    mixed: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass
class Own:
    """What a visitor hands in: the same faces as a picture, as a frame of a camera and as a film."""

    faces: int
    picture: Path
    frame: bytes
    film: Path


Job = Callable[[Client, Own], bool]  # whether the answer is the visitor's own


def read(client: Client, own: Own) -> bool:
    record = client.predict(handle_file(str(own.picture)), api_name="/read")
    return len(record["faces"]) == own.faces


def explain(client: Client, own: Own) -> bool:
    wish = (own.faces - 1, "fear", "HiResCAM", packaged.MODEL)
    _, details = client.predict(handle_file(str(own.picture)), *wish, api_name="/explain")
    return bool(details["expression"] == "fear")


def load_page(client: Client, own: Own) -> bool:
    with urlopen(client.src, timeout=PATIENCE) as page:
        return b"fer-live" in page.read()


def look_live(client: Client, own: Own) -> bool:
    """One visit; its last frame counts, for a face may be found after some frames."""
    wish = {"model": packaged.MODEL, "heatmap": "1"}
    with httpx.Client(base_url=client.src, timeout=PATIENCE) as camera:
        visit = camera.post("live").raise_for_status().json()["visit"]
        try:
            for _ in range(FRAMES):
                answer = camera.post(f"live/{visit}", params=wish, content=own.frame)
                answer.raise_for_status()
        finally:
            camera.delete(f"live/{visit}")
    end = 4 + int.from_bytes(answer.content[:4], "big")
    return bool(json.loads(answer.content[4:end])["faces"] == own.faces)


def watch(client: Client, own: Own) -> bool:
    """The film is dropped on the page, which has no name for that among those for programs."""
    (drop,) = (
        part["id"]
        for part in client.config["components"]
        if part["props"].get("elem_id") == "film-drop"
    )
    (index,) = (
        event["id"]
        for event in client.config["dependencies"]
        if [drop, "upload"] in event["targets"]
    )
    client.endpoints[index].is_valid = True
    answer = client.predict(handle_file(str(own.film)), packaged.MODEL, True, fn_index=index)
    people = re.search(r" long, (\d+) (?:person|people), ", str(answer))
    if people is None:
        raise ValueError(f"the film was not read: {str(answer)[:300]}")
    return int(people[1]) == own.faces


def jobs_of(number: int) -> list[Job]:
    """What the visitor of that number does, in turn."""
    jobs: list[Job] = [read, explain, load_page]
    if number % 5 == 0 and number // 5 < SEATS:
        jobs.append(look_live)
    if number % 5 == 4:
        jobs.append(watch)
    return jobs


def visit(address: str, own: Own, jobs: list[Job], until: float, seen: Outcome) -> None:
    """All jobs once, and again until `time.monotonic()` is `until`."""
    try:
        client = Client(address, verbose=False)
    except Exception as error:  # any failure is what is measured here
        seen.errors.append(repr(error))
        return
    going = True
    while going:
        for job in jobs:
            began = time.monotonic()
            try:
                seen.mixed += not job(client, own)
                seen.work += 1
                if job is read:
                    seen.seconds.append(time.monotonic() - began)
            except Exception as error:  # any failure is what is measured here
                seen.errors.append(f"{job.__name__}: {error!r}")
        going = time.monotonic() < until
    client.close()


def load(address: str, clients: int, seconds: float) -> Outcome:
    """So many visitors at the same time."""
    seen = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        owned = [_own(Path(folder), count) for count in range(1, MOST + 1)]
        until = time.monotonic() + seconds
        visitors = [
            threading.Thread(target=visit, args=(address, owned[i % MOST], jobs_of(i), until, seen))
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


def _own(folder: Path, count: int) -> Own:
    """1280x720 with so many faces side by side; frames of half that size."""
    canvas = np.full((720, 1280, 3), 255, np.uint8)
    face = np.asarray(PIL.Image.fromarray(data.astronaut()[:300, 100:400]))
    for place in range(count):
        canvas[200:500, place * 310 : place * 310 + 300] = face
    picture, film, frame = folder / f"{count}.jpg", folder / f"{count}.mp4", io.BytesIO()
    PIL.Image.fromarray(canvas).save(picture, quality=95)
    small = PIL.Image.fromarray(canvas).resize(SMALL)
    small.save(frame, "JPEG", quality=85)
    with av.open(str(film), "w") as target:
        stream = target.add_stream("libx264", rate=FRAMES)
        stream.width, stream.height, stream.pix_fmt = *SMALL, "yuv420p"
        for _ in range(FRAMES):
            target.mux(stream.encode(av.VideoFrame.from_image(small)))
        target.mux(stream.encode())
    return Own(count, picture, frame.getvalue(), film)


if __name__ == "__main__":
    main()
