"""One session of `fer-live`: its frames are read, drawn, shown and written until it ends or someone stops it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.progress import Progress

from fer_live.ahead import Ahead
from fer_live.desk import Desk
from fer_live.overlay import HudInfo
from fer_live.pace import Pace
from fer_live.painter import Painter
from fer_live.pipeline import Analyzer, Seen
from fer_live.sinks import Sink, View, Window
from fer_live.sources import Source
from fer_live.sources.reader import Reader
from fer_live.stopping import Stop
from fer_live.switching import Models
from fer_live.tally import Tally
from fer_live.track import Tracks
from fer_live.types import Frame, Scene
from fer_live.voting import FaceReader, load_reader

POLL_SECONDS = 0.02  # how often a window looks for keys while its picture stays
IN_HAND = 2  # frames that are read at once where no key can change what reads them


class Session:
    """One window or recording: what is shown, who is there, what was counted.

    `still`: each frame is a picture, which stays. `smoothing`: of probabilities, in seconds. `abstain`:
    below which confidence a label names no single expression, None for what the model's card says.
    `panel`: begin with the side panel. `models`: names for the window's key, the first being the one
    in use; `load` makes a classifier of a name.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        window: Window | None,
        still: bool = False,
        smoothing: float = 0.3,
        heatmap: bool = True,
        max_frames: int | None = None,
        abstain: float | None = None,
        panel: bool = False,
        models: Sequence[str] = (),
        load: Callable[[str], FaceReader] = load_reader,
    ):
        self.analyzer = analyzer
        self.window = window
        self.still = still
        self.max_frames = max_frames
        self.tracks = Tracks(0 if still else smoothing)
        self.tally = Tally()
        self.desk: Desk | None = None  # while a window is played in
        self._view = View(heatmap=heatmap, panel=panel)
        self._abstain = abstain
        self._models, self._load = models, load
        self._pace, self._painter = Pace(), Painter()
        self._unseen = 0  # frames that were dropped while nobody wanted any
        self._set_threshold()

    def _set_threshold(self) -> None:
        card = self.analyzer.classifier.card
        self.tracks.abstain_below = card.abstain_below if self._abstain is None else self._abstain

    @property
    def written(self) -> list[Path]:
        """The files that keys asked for."""
        return self.desk.written if self.desk else []

    def play(self, source: Source, sinks: Sequence[Sink], stop: Stop, bar: Progress | None) -> None:
        """Read the source's frames until it ends, `stop` is asked for, or the window is closed."""
        if self.window is None:
            self._play(source, sinks, stop, bar)
            return
        models = Models(self._models, self.analyzer.classifier, self._load)
        pictures = source.frame_count if self.still else None
        self.desk = desk = Desk(
            self.window, self.analyzer, self._view, models, source.fps, pictures
        )
        try:
            self._play(source, sinks, stop, bar)
        finally:
            desk.close()

    def _play(
        self, source: Source, sinks: Sequence[Sink], stop: Stop, bar: Progress | None
    ) -> None:
        """While one frame is drawn, shown and written, the next ones are read in threads of their own.

        Keys are listened to only while none is being read, because they may change what reads.
        """
        times, desk = self.analyzer.times, self.desk
        frames = iter(source)
        scene: Scene | None = None
        began: float | None = None
        with Ahead(self.analyzer, self._read, 1 if desk else IN_HAND) as ahead:
            while not (self._over(stop) or self.tally.frames == self.max_frames):
                if not ahead:
                    with times.measure("capture"):
                        frame = self._next(source, frames, scene, stop)
                    if frame is None:
                        break
                    ahead.begin(frame)
                self._fill(ahead, source, stop)
                scene = self._up_to_date(ahead.take())
                self.tally.add(scene)
                self._fill(ahead, source, stop)
                self._write(scene, sinks, source)
                if desk:
                    if self.still:
                        desk.pictures = source.frame_count  # fewer, where some cannot be read
                    if not source.live and not self.still:
                        began = time.monotonic() - scene.frame.seconds if began is None else began
                        self._wait(began + scene.frame.seconds, ahead, stop)
                    with times.measure("show"):
                        desk.show(scene, self._info(source))
                    ahead.wait()
                    desk.listen()
                    if self.still:
                        desk.view = replace(desk.view, paused=True)
                    paused_at = time.monotonic()
                    with self.tally.paused():
                        scene = self._hold(scene, source, stop)
                    if began is not None:
                        began += time.monotonic() - paused_at
                if bar:
                    bar.advance(bar.task_ids[0])
            while ahead and not (desk and desk.quitting):  # a signal's frames in hand are recorded
                scene = ahead.take()
                self.tally.add(scene)
                self._write(scene, sinks, source)

    def _fill(self, ahead: Ahead, source: Source, stop: Stop) -> None:
        """Take frames in hand that wait and are wanted."""
        if self.still or stop.asked or not isinstance(source, Reader):
            return
        while not ahead.full and source.waiting:
            if self.tally.frames + len(ahead) == self.max_frames:
                return
            frame = source.take()
            if frame is None:
                return
            ahead.begin(frame)

    def _up_to_date(self, scene: Scene) -> Scene:
        """The scene as the model in use reads it, where a key has changed that meanwhile."""
        desk = self.desk
        if not (desk and desk.switched):
            return scene
        self._switch(desk)
        return self.analyzer.read(scene.frame, self.tracks, desk.view.needs_maps)

    def _read(self, frame: Frame, seen: Seen | None, began: float) -> Scene:
        desk = self.desk
        if desk and desk.switched:
            self._switch(desk)
        view = desk.view if desk else self._view
        scene = self.analyzer.read(frame, self.tracks, view.needs_maps, seen)
        self._pace.step(1000 * (time.perf_counter() - began))
        return scene

    def _write(self, scene: Scene, sinks: Sequence[Sink], source: Source) -> None:
        """Into all files."""
        times, desk = self.analyzer.times, self.desk
        info = self._info(source)
        canvas = scene.frame.image
        if any(sink.drawn for sink in sinks):
            with times.measure("draw"):
                labels = self.analyzer.classifier.card.labels
                view = desk.view if desk else self._view
                canvas = self._painter.picture(scene, view, labels, info)
        if sinks:
            with times.measure("write"):
                for sink in sinks:
                    sink.write(scene, canvas)
        if desk:
            desk.follow(scene)
            desk.write(scene, info)

    def _next(
        self, source: Source, frames: Iterator[Frame], last: Scene | None, stop: Stop
    ) -> Frame | None:
        """The next frame, None at the end. While none comes the window goes on living."""
        if not isinstance(source, Reader):
            return next(frames, None)
        while not self._over(stop):
            frame = source.take(POLL_SECONDS)
            if frame is not None or source.ended:
                return frame
            if source.state:  # short waits for a camera's next frame are its pace
                self._pace.rest()
            if self.desk:
                if last is not None:
                    self.desk.refresh(last, self._info(source), source.state)
                self.desk.listen()
        return None

    def _wait(self, moment: float, ahead: Ahead, stop: Stop) -> None:
        """Keep the last picture until then; some videos show one for seconds."""
        if moment > time.monotonic():
            ahead.wait()
        while (left := moment - time.monotonic()) > POLL_SECONDS:
            if self._over(stop):
                return
            time.sleep(POLL_SECONDS)
            if self.desk:
                self.desk.listen()
        time.sleep(max(0.0, left))

    def _hold(self, scene: Scene, source: Source, stop: Stop) -> Scene:
        """Keep the picture while the view is paused, drawn and read anew where a key changed that."""
        desk, dropped = self.desk, _dropped(source)
        while desk and desk.view.paused and not self._over(stop):
            self._pace.rest()
            bare = any(reading.heatmaps is None for reading in scene.readings)
            if desk.switched or (desk.view.needs_maps and bare):
                scene = self._read(scene.frame, None, time.perf_counter())
            desk.refresh(scene, self._info(source))
            time.sleep(POLL_SECONDS)
            desk.listen()
        self._unseen += _dropped(source) - dropped
        return scene

    def _switch(self, desk: Desk) -> None:
        """Go on with the model that the analyzer has by now."""
        if desk.switched:
            desk.switched = False
            self.tracks.start_afresh()
            self._painter.heat.start_afresh()
            desk.start_afresh()
            self._set_threshold()

    def _over(self, stop: Stop) -> bool:
        return stop.asked or (self.desk is not None and self.desk.quitting)

    def _info(self, source: Source) -> HudInfo:
        return self._pace.info(self.analyzer, _dropped(source) - self._unseen)


def _dropped(source: Source) -> int:
    return source.dropped if isinstance(source, Reader) else 0
