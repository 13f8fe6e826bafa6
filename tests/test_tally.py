"""What a session counts."""

import io
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from fer_live.expressions import HAPPY, SAD
from fer_live.tally import Tally
from fer_live.types import Frame, Prediction, Reading, Scene
from tests.fakes import FakeDetector


def test_a_tally_counts_faces_people_and_shares():
    tally, face = Tally(), FakeDetector().faces[0]
    happy, sad = (Prediction({HAPPY: p, SAD: 1 - p}) for p in (0.9, 0.2))
    reading = Reading(face, happy, track=1)
    image = np.zeros((1, 1, 3), np.uint8)
    tally.add(Scene(Frame(image), [reading, replace(reading, track=2)]))
    tally.add(Scene(Frame(image, 1), [reading, Reading(face, sad, track=1)]))
    rows = _rows(tally.table({"detect": 12.345}))
    assert rows["frames"] == rows["identities"] == "2"
    assert rows["faces read"] == "4"
    assert rows["detect, ms"] == "12.35"
    assert (rows["happy"], rows["sad"]) == ("75.0%", "25.0%")


def _rows(table: Table) -> dict[str, str]:
    page = io.StringIO()
    Console(file=page, width=60).print(table)
    lines = [line.split("│") for line in page.getvalue().splitlines() if line.startswith("│")]
    return {cells[1].strip(): cells[2].strip() for cells in lines}


def test_faces_that_nobody_followed_are_no_identities():
    tally = Tally()
    reading = Reading(FakeDetector().faces[0], Prediction({HAPPY: 1.0}))
    tally.add(Scene(Frame(np.zeros((1, 1, 3), np.uint8)), [reading]))
    assert "identities" not in _rows(tally.table())


def test_frames_that_are_read_at_once_took_the_time_until_the_first_is_there(monkeypatch):
    clock = iter([1.0, 2.0, 7.0, 10.0, 10.0, 10.0])
    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: next(clock))
    tally, scene = Tally(), Scene(Frame(np.zeros((1, 1, 3), np.uint8)), [])
    tally.begin()
    with tally.paused():  # 5 seconds
        pass
    for _ in range(3):
        tally.begin()
        tally.add(scene)
    assert tally.fps == 3 / 4


def test_frames_per_second_leave_the_start_out(monkeypatch):
    clock = iter([10.0, 10.5, 11.0])
    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: next(clock))
    tally, scene = Tally(), Scene(Frame(np.zeros((1, 1, 3), np.uint8)), [])
    assert tally.fps is None
    assert _rows(tally.table())["frames per second"] == "-"
    for _ in range(3):
        tally.add(scene)
    assert tally.fps == 2
    assert _rows(tally.table())["frames per second"] == "2.0"


def test_a_pause_after_the_last_frame_changes_nothing(monkeypatch):
    clock = iter([10.0, 11.0, 20.0, 80.0])
    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: next(clock))
    tally, scene = Tally(), Scene(Frame(np.zeros((1, 1, 3), np.uint8)), [])
    tally.add(scene)
    tally.add(scene)
    with tally.paused():
        pass
    assert tally.fps == 1
