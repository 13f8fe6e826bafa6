"""One visitor's camera: who is in the picture, what was read lately, and how it is drawn."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_live.card import Card
from fer_live.detect import FaceDetector
from fer_live.overlay.label import words
from fer_live.painter import Painter
from fer_live.pipeline import Analyzer
from fer_live.selection import Selection
from fer_live.sinks.view import View
from fer_live.timeline import Timeline
from fer_live.track import Tracks
from fer_live.types import Frame, Point, Reading, Scene
from fer_live.web.live.frames import decoded, packed
from fer_live.web.readers import Readers
from fer_live.web.show import css, rank


@dataclass(frozen=True)
class Wish:
    """What is wanted of a frame. `onward`: bars and timeline of the next face; `at`: of the face there."""

    model: str
    heatmap: bool = True
    onward: bool = False
    at: Point | None = None


class Visit:
    """All that is remembered of one visitor, in memory alone; the models are the shared ones.

    `detector`: this visitor's own, a live scan remembers the frames before. `clock`: seconds.
    """

    def __init__(
        self,
        readers: Readers,
        detector: FaceDetector,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._readers, self._detector, self._clock = readers, detector, clock
        self._began = clock()
        self._frames = 0
        self._model = ""
        self._analyzer: Analyzer | None = None
        self._tracks, self._timeline = Tracks(), Timeline()
        self._selection, self._painter = Selection(), Painter()
        self._sent: tuple[Any, ...] = ()  # which timeline the page has

    def answer(self, encoded: bytes, wish: Wish) -> bytes:
        """A frame, read and drawn on. Raises UserError where it is refused or the model is not known."""
        image = decoded(encoded)
        frame = Frame(image, self._frames, self._clock() - self._began)
        self._frames += 1
        with self._readers.reserved:
            analyzer = self._with(wish.model)
            started = time.perf_counter()
            scene = analyzer.read(frame, self._tracks, wish.heatmap)
        self._follow(scene, wish)
        card = analyzer.classifier.card
        canvas = image.copy()
        several = self._selection.track if len(scene.readings) > 1 else None
        self._painter.draw(
            canvas,
            scene.readings,
            View(heatmap=wish.heatmap),
            card.labels,
            selected=several,
            detailed=self._selection.track,
        )
        milliseconds = 1000 * (time.perf_counter() - started)
        return packed(self._record(scene, card) | {"milliseconds": round(milliseconds, 1)}, canvas)

    def close(self) -> None:
        self._detector.close()

    def _with(self, model: str) -> Analyzer:
        """The analyzer, with the model that is wanted now."""
        if self._analyzer is None or model != self._model:
            classifier = self._readers.classifier(model)
            self._analyzer = Analyzer(self._detector, classifier)
            self._tracks.abstain_below = classifier.card.abstain_below
            self._tracks.start_afresh()
            self._painter.heat.start_afresh()
            self._model = model
        return self._analyzer

    def _follow(self, scene: Scene, wish: Wish) -> None:
        self._timeline.add(scene)
        self._selection.update(scene)
        if wish.onward:
            self._selection.next(scene)
        elif wish.at is not None:
            self._selection.at(wish.at, scene)

    def _record(self, scene: Scene, card: Card) -> dict[str, Any]:
        """What stands beside the picture; the timeline only where the page has another one."""
        reading = self._selection.reading  # of a face just lost it may be another model's
        labels = tuple(reading.prediction.probabilities) if reading else card.labels
        record: dict[str, Any] = {
            "expressions": [[str(e), css(e)] for e in labels],
            "faces": len(scene.readings),
            "face": None if reading is None else _face(reading),
        }
        shown = (self._selection.track, self._timeline.step, labels)
        if shown != self._sent:
            self._sent = shown
            shares = self._timeline.of(self._selection.track, labels)
            percents = np.where(np.isnan(shares), -1, np.round(100 * np.nan_to_num(shares)))
            record["timeline"] = percents.astype(int).T.tolist()  # (K, STEPS), -1: nothing
        return record


def _face(reading: Reading) -> dict[str, Any]:
    said = words(reading)
    probabilities = reading.prediction.probabilities
    return {
        "track": said.track,
        "label": said.name,
        "percent": said.percent if said.shown else None,
        "leading": str(said.leading) if said.leading else None,
        "probabilities": [round(p, 4) for p in probabilities.values()],
        "strong": [i for i, expression in enumerate(probabilities) if expression in said.shown],
        "rank": rank(reading.prediction.uncertainty),
    }
