"""`fer-live`: frames of a source are read, drawn, shown and written until it ends or someone stops it."""

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fer_live import packaged
from fer_live.errors import UserError
from fer_live.overlay import Bars, Boxes, HeatMap, Help, Hud, HudInfo, Label, Overlay
from fer_live.pipeline import Analyzer
from fer_live.sinks import (
    KEYS,
    Action,
    JsonLog,
    PictureFile,
    Sink,
    VideoFile,
    View,
    Window,
    gui_available,
    key_help,
)
from fer_live.sinks.video import SUFFIXES as VIDEOS
from fer_live.sources import Source, open_source
from fer_live.tally import Tally
from fer_live.track import Tracks
from fer_live.types import Image, Reading, Scene

PICTURES = (".png", ".jpg", ".jpeg")
POLL_SECONDS = 0.02  # how often a window looks for keys while its picture stays

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveOptions:
    """The command line's wishes. `demo` before `source` before `camera`; `scan` None: as the source asks."""

    camera: int = 0
    source: str | None = None
    demo: bool = False
    output: Path | None = None
    log: Path | None = None
    window: bool = True
    max_frames: int | None = None
    model: str = "cucn"
    device: str = "auto"
    scan: Literal["full", "live"] | None = None
    smoothing: float = 0.3
    heatmap: bool = True


def run(options: LiveOptions) -> int:
    """Run one session and print what it saw; return the exit code. Raises UserError on bad input."""
    console = Console(stderr=True)
    with ExitStack() as stack:
        address = _address(options)
        # Before all else: on a computer with neither camera nor screen, the camera is the news.
        source = stack.enter_context(open_source(address, mirror=isinstance(address, int)))
        options = _settle(options, console)
        _spare(address, options.output)
        sinks: list[Sink] = [stack.enter_context(sink) for sink in _files(options, source)]
        scan = options.scan or ("full" if source.frame_count == 1 else "live")
        analyzer = stack.enter_context(Analyzer.load(options.model, options.device, scan))
        window = stack.enter_context(Window("fer-live")) if options.window else None
        session = Session(analyzer, options, window, still=source.frame_count == 1)
        total = _smallest(source.frame_count, options.max_frames)
        with _stoppable() as stop, _progress(total, console, window) as bar:
            session.play(source, sinks, stop, bar)
    Console().print(session.tally.table(analyzer.times.medians()))
    for path in (options.output, options.log, *session.snapshots):
        if path is not None:
            console.print(f"written: {path}", soft_wrap=True, highlight=False)
    return 0


class Session:
    """One window or recording: what is shown, who is there, what was counted."""

    def __init__(
        self, analyzer: Analyzer, options: LiveOptions, window: Window | None, still: bool
    ):
        self.analyzer = analyzer
        self.window = window
        self.still = still
        self.max_frames = options.max_frames
        self.view = View(heatmap=options.heatmap)
        self.tracks = Tracks(0 if still else options.smoothing)
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
def _stoppable() -> Iterator[Stop]:
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


def _settle(options: LiveOptions, console: Console) -> LiveOptions:
    """Decide between window and files: the demo writes files where no window can open."""
    if options.window:
        available, reason = gui_available()
        if not available:
            if not options.demo:
                raise UserError(f"no window: {reason}; or add --no-window")
            console.print(f"No window: {reason}", soft_wrap=True, highlight=False)
            options = replace(options, window=False)
    if options.demo and not (options.window or options.output or options.log):
        options = replace(options, output=Path("demo.mp4"), log=Path("demo.jsonl"))
        console.print("Writing demo.mp4 and demo.jsonl instead of a window.")
    return options


def _address(options: LiveOptions) -> str | int:
    if options.demo:
        return str(packaged.folder("assets") / "demo.mp4")
    return options.source if options.source is not None else options.camera


def _spare(address: str | int, output: Path | None) -> None:
    """Refuse to write over what is being read."""
    if output is None:
        return
    source, target = Path(str(address)).expanduser(), output.expanduser()
    if source.exists() and target.exists() and target.samefile(source):
        raise UserError(f"{output} is the source itself; choose another --output")


def _files(options: LiveOptions, source: Source) -> list[Any]:
    sinks: list[Any] = []
    if options.output is not None:
        suffix = options.output.suffix.lower()
        if suffix in PICTURES:
            sinks.append(PictureFile(options.output))
        elif suffix in VIDEOS:
            sinks.append(VideoFile(options.output, source.fps))
        else:
            raise UserError(
                f"{options.output} cannot be saved; end its name in .mp4 for a video, .png for a picture"
            )
    if options.log is not None:
        sinks.append(JsonLog(options.log))
    return sinks


def _progress(total: int | None, console: Console, window: Window | None) -> Any:
    """A progress bar on the terminal, where no window shows how far it is and the end is known."""
    if window is not None or not total or total == 1:
        return nullcontext()
    bar = Progress(
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    bar.add_task("reading", total=total)
    return bar


def _smallest(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return min(known) if known else None
