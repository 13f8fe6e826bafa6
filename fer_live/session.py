"""One session of `fer-live`: its frames are read, drawn, shown and written until it ends or someone stops it."""

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.progress import Progress

from fer_live.errors import UserError
from fer_live.overlay import Bars, Boxes, HeatMap, Help, Hud, HudInfo, Label, Overlay
from fer_live.pipeline import Analyzer
from fer_live.sinks import KEYS, Action, PictureFile, Sink, View, Window, key_help
from fer_live.sources import Source
from fer_live.tally import Tally
from fer_live.track import Tracks
from fer_live.types import Image, Reading, Scene

POLL_SECONDS = 0.02  # how often a window looks for keys while its picture stays

logger = logging.getLogger(__name__)


class Session:
    """One window or recording: what is shown, who is there, what was counted.

    `still`: the source is one picture, which stays. `smoothing`: of probabilities, in seconds.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        window: Window | None,
        still: bool = False,
        smoothing: float = 0.3,
        heatmap: bool = True,
        max_frames: int | None = None,
    ):
        self.analyzer = analyzer
        self.window = window
        self.still = still
        self.max_frames = max_frames
        self.view = View(heatmap=heatmap)
        self.tracks = Tracks(0 if still else smoothing)
        self.tally = Tally()
        self.snapshots: list[Path] = []
        self.quitting = False
        self._pace = Pace()
        self._shown: tuple[Scene, Image] | None = None
        # These remember the frame before, so that nothing flickers or jumps.
        self._heat, self._bars = HeatMap(), Bars()
        self._hud = Hud(hint="h help   q quit" if window else "")

    def play(
        self, source: Source, sinks: Sequence[Sink], stop: "Stop", bar: Progress | None
    ) -> None:
        """Read the source's frames until it ends, `stop` is asked for, or the window is closed."""
        times = self.analyzer.times
        task = bar.task_ids[0] if bar else None
        frames = iter(source)
        began: float | None = None
        while not (stop.asked or self.quitting or self.tally.frames == self.max_frames):
            with times.measure("capture"):
                frame = next(frames, None)
            if frame is None:
                break
            started, drawn = time.perf_counter(), self.view
            scene = self.analyzer.read(frame, self.tracks, self.view.heatmap)
            work = 1000 * (time.perf_counter() - started)
            self._hud.info = self._pace.step(work, self.analyzer)
            with times.measure("draw"):
                canvas = self.draw(frame.image, scene.readings)
            if sinks:
                with times.measure("write"):
                    for sink in sinks:
                        sink.write(scene, canvas)
            self.tally.add(scene)
            if self.window:
                if not source.live:
                    began = time.monotonic() - frame.seconds if began is None else began
                    self._wait(began + frame.seconds, stop)
                self.show(scene, canvas)
                self.listen()
                if self.still:
                    self.view = replace(self.view, paused=True)
                paused_at = time.monotonic()
                self._hold(scene, drawn, stop)
                if began is not None:
                    began += time.monotonic() - paused_at
            if bar and task is not None:
                bar.advance(task)

    def _wait(self, moment: float, stop: "Stop") -> None:
        """Keep the last picture until then; some videos show one for seconds."""
        while (left := moment - time.monotonic()) > POLL_SECONDS:
            if self.quitting or stop.asked:
                return
            time.sleep(POLL_SECONDS)
            self.listen()
        time.sleep(max(0.0, left))

    def _hold(self, scene: Scene, drawn: View, stop: "Stop") -> None:
        """Keep the picture while the view is paused, drawn anew where a key changed the view from `drawn`."""
        while self.view.paused and not (self.quitting or stop.asked):
            if self.view != drawn:
                if self.view.heatmap and not drawn.heatmap:
                    scene = self.analyzer.read(scene.frame, self.tracks, True)
                self.show(scene, self.draw(scene.frame.image, scene.readings))
                drawn = self.view
            time.sleep(POLL_SECONDS)
            self.listen()

    def draw(self, image: Image, readings: Sequence[Reading]) -> Image:
        """The annotated picture, as the view asks."""
        annotators: list[Any] = [Boxes()]
        if self.view.heatmap:
            annotators.insert(0, self._heat)
        annotators.append(Label())
        if self.view.bars:
            annotators.append(self._bars)
        annotators.append(self._hud)
        if self.view.help:
            annotators.append(Help(key_help()))
        return Overlay(annotators)(image, readings)

    def show(self, scene: Scene, canvas: Image) -> None:
        """Bring the picture to the window."""
        assert self.window is not None
        self.window.write(scene, canvas)
        self._shown = scene, canvas

    def listen(self) -> None:
        """Do what the pressed key asks for."""
        assert self.window is not None
        action = KEYS.get(self.window.poll() or "")
        self.view = self.view.after(action)
        if action is Action.QUIT:
            self.quitting = True
        elif action is Action.SNAPSHOT and self._shown:
            self._save(*self._shown)

    def _save(self, scene: Scene, canvas: Image) -> None:
        """A snapshot in the current folder. One that cannot be saved ends no session, only warns."""
        moment = time.strftime("%Y%m%d-%H%M%S")
        path = Path(f"fer-live-{moment}-{len(self.snapshots) + 1}.png")
        try:
            with PictureFile(path) as picture:
                picture.write(scene, canvas)
        except UserError as error:
            logger.warning(str(error))
        else:
            self.snapshots.append(path)


class Pace:
    """Frames per second and milliseconds of work, averaged over about the last second."""

    def __init__(self) -> None:
        self.fps = 0.0
        self.milliseconds = 0.0
        self._last: float | None = None

    def step(self, work: float, analyzer: Analyzer) -> HudInfo:
        """Count one frame that took `work` milliseconds."""
        now = time.perf_counter()
        if self._last is None:
            self.milliseconds = work
        else:
            elapsed = max(now - self._last, 1e-6)
            share = min(1.0, max(elapsed, 0.05))
            self.fps += share * (1 / elapsed - self.fps) if self.fps else 1 / elapsed
            self.milliseconds += share * (work - self.milliseconds)
        self._last = now
        card, device = analyzer.classifier.card, analyzer.classifier.device
        return HudInfo(self.fps, self.milliseconds, card.name, str(device))


@dataclass
class Stop:
    """Whether Ctrl-C or a request to end has come."""

    asked: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM end the loop after the frame in hand, so that files are whole; twice is at once."""
    stop = Stop()

    def ask(number: int, frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
