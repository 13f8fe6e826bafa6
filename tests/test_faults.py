"""What cameras and streams do to a session: it goes on, or ends with whole files and one error."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.session import Session
from fer_live.sinks import VideoFile
from fer_live.sinks.log import open_log
from fer_live.sources import CameraSource, Lost, Reader, follow, open_source
from fer_live.stopping import Stop
from fer_live.types import Frame
from tests.clips import FRAMES, FakeClock, record
from tests.fakes import FakeSource, fake_analyzer


@dataclass
class Given(FakeSource):
    """These frames, a live camera's."""

    frames: Sequence[Frame] = ()
    live: bool = True

    def __iter__(self):
        yield from self.frames


def recorded(folder, reader: Reader) -> list[dict]:
    """A session's log, after its video of as many frames was checked."""
    video, log = folder / "a.mp4", folder / "a.jsonl"
    try:
        with reader, VideoFile(video, 25.0) as film, open_log(log) as readings:
            Session(fake_analyzer(), None).play(reader, [film, readings], Stop(), None)
    finally:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        with av.open(str(video)) as container:
            assert sum(1 for _ in container.decode(video=0)) == len(lines)
    return lines


def test_a_resolution_that_changes_midway(tmp_path):
    sizes = [(240, 320), (480, 640), (200, 240), (240, 320)]
    frames = [Frame(np.full((*size, 3), 90, np.uint8), i, i / 25) for i, size in enumerate(sizes)]
    lines = recorded(tmp_path, Reader(Given(frames=frames), every_frame=True))
    assert [(line["frame"], len(line["faces"])) for line in lines] == [(i, 1) for i in range(4)]
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (320, 240)  # the first frame's


def test_a_film_whose_resolution_changes_midway(tmp_path):
    film = tmp_path / "film.ts"
    parts = [record(tmp_path / f"{i}.ts", width=96 * i, height=64 * i) for i in (1, 2)]
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    source = open_source(film)
    lines = recorded(tmp_path, follow(source))
    assert 2 * FRAMES - 3 <= len(lines) <= 2 * FRAMES
    assert source.size == (96, 64)
    assert lines[-1]["seconds"] > lines[FRAMES]["seconds"] > lines[0]["seconds"]


def test_timestamps_that_repeat_and_jump_both_ways(tmp_path):
    seconds = [0.0, 0.04, 0.04, 0.02, 3600.0, 0.0, 0.04]
    grey = np.full((240, 320, 3), 90, np.uint8)
    frames = [Frame(grey, i, moment) for i, moment in enumerate(seconds)]
    lines = recorded(tmp_path, Reader(Given(frames=frames), every_frame=True))
    assert [line["frame"] for line in lines] == list(range(7))
    probabilities = [line["faces"][0]["probabilities"]["happy"] for line in lines]
    assert probabilities == pytest.approx([0.7] * 7)


def test_a_source_that_dies_in_its_thread_leaves_whole_files(tmp_path):
    def die(index: int) -> None:
        if index == 5:
            raise RuntimeError("the driver crashed")

    source = FakeSource(9, live=True, before=die)
    with pytest.raises(RuntimeError, match="the driver crashed"):
        recorded(tmp_path, follow(source, every_frame=True))
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2, 3, 4]
    assert source.closed == 1


def test_a_recording_goes_on_when_its_camera_is_back(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_live.sources.reconnecting.FIRST_WAIT", 0.001)

    def die(index: int) -> None:
        if index == 3 and source.opened == 1:
            raise Lost("camera 0", "plug it in again")

    source = FakeSource(5, live=True, before=die)
    lines = recorded(tmp_path, follow(source, every_frame=True))
    assert [line["frame"] for line in lines] == list(range(8))  # three, and after the break five
    assert (source.opened, source.closed) == (2, 2)


def test_a_camera_that_gives_nothing_then_frames_then_fails(tmp_path, monkeypatch):
    """All that it gave, before it was unplugged and after, is in the files; each opening was closed."""
    monkeypatch.setattr("fer_live.sources.reconnecting.FIRST_WAIT", 0.001)
    clock, opened, released = FakeClock(), [], []
    slow, gone, blind, last = [False] * 99 + [True] * 6, None, [], [True] * 4
    plugs = iter([slow, gone, blind, last])

    class Capture:
        def __init__(self, index):
            self.reads = next(plugs)
            opened.append(self)

        def isOpened(self):  # noqa: N802
            return self.reads is not None

        def read(self):
            if not self.reads:
                if len(opened) == 4:
                    raise cv2.error("the driver crashed")
                return False, None
            arrived = self.reads.pop(0)
            return arrived, np.full((240, 320, 3), 90, np.uint8) if arrived else None

        def set(self, setting, value):
            return False

        def get(self, setting):
            return 25.0

        def release(self):
            released.append(self)

    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    camera = CameraSource(0, clock=clock, sleep=clock.sleep)
    with pytest.raises(cv2.error, match="the driver crashed"):
        recorded(tmp_path, follow(camera, every_frame=True))
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    # Five and three: of each opening that works, one more tells the size.
    assert [json.loads(line)["frame"] for line in lines] == list(range(8))
    assert released == opened


def test_a_session_can_be_stopped_while_its_camera_is_gone(monkeypatch):
    for wait in ("FIRST_WAIT", "LONGEST_WAIT"):
        monkeypatch.setattr(f"fer_live.sources.reconnecting.{wait}", 0.001)
    stop, tries = Stop(), iter(range(1000))

    class Unplugged(FakeSource):
        def __enter__(self):
            if self.opened:
                stop.asked = True
                if next(tries) > 500:
                    raise RuntimeError("nobody stopped")
                raise UserError("camera 0 does not open")
            return super().__enter__()

    def die(index: int) -> None:
        if index == 3:
            raise Lost("camera 0", "plug it in again")

    session = Session(fake_analyzer(), None)
    with follow(Unplugged(9, live=True, before=die), every_frame=True) as reader:
        session.play(reader, [], stop, None)
    assert session.tally.frames <= 3
