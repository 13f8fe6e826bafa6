"""A whole session with fakes, from its options to its files."""

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path

from fer_live import live
from fer_live.live import LiveOptions, run
from fer_live.stopping import stoppable
from tests.fakes import fake_analyzer


def set_stage(monkeypatch, folder: Path):
    """A function that runs a whole session in the folder on a source, with fakes for the rest.

    Its `at(index, action)` does something while the frame of that index is read. `ask(number)` sends a signal
    and returns once the main thread has heard of it, which a busy machine lets wait.
    """
    stops = []

    @contextmanager
    def seen():
        with stoppable() as stop:
            stops.append(stop)
            yield stop

    monkeypatch.chdir(folder)
    analyzer = fake_analyzer()
    monkeypatch.setattr(live.Analyzer, "load", lambda *arguments: analyzer)
    monkeypatch.setattr(live, "stoppable", seen)
    monkeypatch.setattr(live, "gui_available", lambda: (False, "no screen; buy one"))

    def start(source, /, **options):
        monkeypatch.setattr(live, "open_source", lambda place, **wishes: source)
        return run(LiveOptions(**{"window": False} | options))

    def at(index, action):
        read = analyzer.read

        def reading(frame, *arguments):
            if frame.index == index:
                action()
            return read(frame, *arguments)

        monkeypatch.setattr(analyzer, "read", reading)

    def ask(number):
        os.kill(os.getpid(), number)
        while not stops[-1].asked:
            time.sleep(0.01)

    start.analyzer, start.at, start.ask = analyzer, at, ask
    return start


def log_frames(path: Path) -> list[int]:
    return [json.loads(line)["frame"] for line in path.read_text().splitlines()]
