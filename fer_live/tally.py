"""What a session saw, counted."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.table import Table

from fer_live.expressions import Expression
from fer_live.types import Scene


class Tally:
    """Frames, faces and expressions since it was made."""

    def __init__(self) -> None:
        self.frames = 0
        self.faces = 0
        self.expressions: Counter[Expression] = Counter()
        self._people: set[int] = set()
        self._began: float | None = None
        self._ended = 0.0
        self._before = 0  # frames that were read before time ran

    def add(self, scene: Scene) -> None:
        """Count one scene; time runs to the last, from the first where it did not `begin` before."""
        self._ended = time.perf_counter()
        if self._began is None:
            self._began, self._before = self._ended, 1
        self.frames += 1
        self.faces += len(scene.readings)
        for reading in scene.readings:
            self.expressions[reading.prediction.expression] += 1
            if reading.track is not None:
                self._people.add(reading.track)

    def begin(self) -> None:
        """Let time run, if it does not: where several frames are read at once, the first wait for the others."""
        if self._began is None:
            self._began = time.perf_counter()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No time runs within, such as while a model loads or a picture is looked at."""
        before = time.perf_counter()
        yield
        passed = time.perf_counter() - before
        self._ended += passed
        if self._began is not None:
            self._began += passed

    @property
    def fps(self) -> float | None:
        """Frames per second, start-up excluded; None where no time has run."""
        if self._began is None or self._ended <= self._began:
            return None
        return (self.frames - self._before) / (self._ended - self._began)

    def table(self, milliseconds: dict[str, float] | None = None, unit: str = "frames") -> Table:
        """For the terminal; `milliseconds`: the median time of each stage. `unit`: what frames are here."""
        table = Table(title="This session", show_header=False)
        table.add_column(justify="left")
        table.add_column(justify="right")
        table.add_row(unit, str(self.frames))
        table.add_row("faces read", str(self.faces))
        if self._people:
            table.add_row("identities", str(len(self._people)))
        table.add_row(f"{unit} per second", "-" if self.fps is None else f"{self.fps:.1f}")
        table.add_section()
        for stage, time_taken in (milliseconds or {}).items():
            table.add_row(f"{stage}, ms", f"{time_taken:.2f}")
        table.add_section()
        for expression, count in self.expressions.most_common():
            table.add_row(str(expression), f"{100 * count / self.faces:.1f}%")
        return table
