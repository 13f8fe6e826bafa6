"""Stand-ins for all that a session touches: no camera, no screen, no weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SEVEN, Expression
from fer_live.pipeline import Analyzer
from fer_live.runtimes import Scores
from fer_live.types import Box, Face, Frame, Image, Point, Prediction, Scene

SIDE = 48


@dataclass
class FakeSource:
    """Grey frames, `fps` a second. `before(index)` is called before each: it may press keys or raise."""

    count: int = 5
    live: bool = False
    fps: float | None = 1000.0
    size: tuple[int, int] | None = (320, 240)
    before: Callable[[int], object] = lambda index: None
    opened: int = 0
    closed: int = 0
    taken: int = 0
    stills: bool = False
    state: str | None = None

    @property
    def frame_count(self) -> int | None:
        return None if self.live else self.count

    def __enter__(self) -> "FakeSource":
        self.opened += 1
        return self

    def __exit__(self, *exception: object) -> None:
        self.closed += 1

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.count):
            self.before(index)
            self.taken += 1
            yield Frame(np.full((240, 320, 3), 110, np.uint8), index, index / (self.fps or 30))


@dataclass
class FakeDetector:
    """The same faces in every picture."""

    faces: Sequence[Face] = (Face(Box(100, 60, 200, 160), 0.9),)
    closed: int = 0

    def __call__(self, image: Image) -> list[Face]:
        return list(self.faces)

    def close(self) -> None:
        self.closed += 1

    def __enter__(self) -> "FakeDetector":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@dataclass
class FakeClassifier:
    """Reads every face alike. `batches`: how many crops came at a time; `explained`: how often maps were asked for."""

    expression: Expression = HAPPY
    card: Card = field(default_factory=lambda: Card("fake", "fake", {}, SEVEN, SIDE, 1, 0.5, 0.5))
    device: str = "cpu"
    batches: list[int] = field(default_factory=list)
    explained: int = 0

    runtime: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(name="fake", own_threads=False)
    )

    def __call__(self, crops: Sequence[Image]) -> list[Prediction]:
        return self.predictions(self.score(crops))

    def score(self, crops: Sequence[Image]) -> Scores:
        self.batches.append(len(crops))
        return Scores(np.zeros((len(crops), len(SEVEN)), np.float32), None, ())

    def predictions(self, scores: Scores) -> list[Prediction]:
        probabilities = {e: 0.7 if e is self.expression else 0.05 for e in SEVEN}
        return [Prediction(probabilities, 0.25) for _ in scores.logits]

    def heatmaps(self, scores: Scores) -> np.ndarray:
        self.explained += 1
        return np.ones((len(scores.logits), len(SEVEN), 6, 6), np.float32)

    def close(self) -> None:
        pass


@dataclass
class FakeSink:
    """Remembers what it was given; raises at frame `full`, as on a full disk, or at its end if `torn`."""

    full: int | None = None
    torn: bool = False
    drawn: bool = True
    scenes: list[Scene] = field(default_factory=list)
    canvases: list[Image] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    def __enter__(self) -> "FakeSink":
        self.opened += 1
        return self

    def __exit__(self, *exception: object) -> None:
        self.closed += 1
        if self.torn:
            raise UserError("the fake end does not fit")

    def write(self, scene: Scene, canvas: Image) -> None:
        if scene.frame.index == self.full:
            raise UserError("the fake disk is full")
        self.scenes.append(scene)
        self.canvases.append(canvas)


@dataclass
class FakeWindow(FakeSink):
    """A window of 320 x 240 where the keys up to the next "" are pressed at each look. Then it is closed.

    A key such as "@150,80" is a click there.
    """

    keys: list[str] = field(default_factory=list)
    size_now: tuple[int, int] = (320, 240)
    fullscreen: bool = False
    clicked: Point | None = None

    def size(self, picture: tuple[int, int]) -> tuple[int, int]:
        return self.size_now

    def poll(self) -> str | None:
        key = self.keys.pop(0) if self.keys else "close"
        if key.startswith("@"):
            self.clicked = Point(*map(float, key[1:].split(",")))
        return None if not key or key.startswith("@") else key

    def click(self) -> Point | None:
        clicked, self.clicked = self.clicked, None
        return clicked

    def toggle_fullscreen(self) -> None:
        self.fullscreen = not self.fullscreen


def fake_analyzer() -> Analyzer:
    return Analyzer(FakeDetector(), FakeClassifier())


def slow_down(monkeypatch, analyzer: Analyzer, seconds: float) -> None:
    """Each batch takes so long, and nothing else takes time."""
    now, read = [0.0], analyzer.batch

    def batch(images, heatmaps):
        now[0] += seconds
        return read(images, heatmaps)

    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: now[0])
    monkeypatch.setattr(analyzer, "batch", batch)
