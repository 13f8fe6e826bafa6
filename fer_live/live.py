"""`fer-live`: frames of a source are read, drawn, shown and written until it ends or someone stops it."""

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
from fer_live.sources import Source, open_source
from fer_live.tally import Tally
from fer_live.track import Tracks
from fer_live.types import Image, Reading, Scene

PICTURES = (".png", ".jpg", ".jpeg")
POLL_SECONDS = 0.02  # how often a paused window looks for keys


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
    options = _settle(options, console)
    with ExitStack() as stack:
        address = _address(options)
        source = stack.enter_context(open_source(address, mirror=isinstance(address, int)))
        sinks: list[Sink] = [stack.enter_context(sink) for sink in _files(options, source)]
        window = stack.enter_context(Window("fer-live")) if options.window else None
        scan = options.scan or ("full" if source.frame_count == 1 else "live")
        analyzer = stack.enter_context(Analyzer.load(options.model, options.device, scan))
        session = Session(analyzer, options, window, still=source.frame_count == 1)
        total = _smallest(source.frame_count, options.max_frames)
        with _stoppable() as stop, _progress(total, console, window) as bar:
            session.play(source, sinks, stop, bar)
    Console().print(session.tally.table(analyzer.times.medians()))
    for path in (options.output, options.log):
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
        self.quitting = False
        self._pace = Pace()
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
            started = time.perf_counter()
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
                    _wait_until(began + frame.seconds)
                self.show(scene, canvas)
                if self.still:
                    self.view = replace(self.view, paused=True)
                paused_at = time.monotonic()
                self._hold(scene, canvas, stop)
                if began is not None:
                    began += time.monotonic() - paused_at
            if bar and task is not None:
                bar.advance(task)

    def _hold(self, scene: Scene, canvas: Image, stop: "Stop") -> None:
        """Keep the picture while the view is paused, drawn anew only where a key changed the view."""
        while self.view.paused and not (self.quitting or stop.asked):
            time.sleep(POLL_SECONDS)
            drawn = self.view
            self.show(scene, canvas)
            if self.view != drawn:
                canvas = self.draw(scene.frame.image, scene.readings)

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
        """Bring the picture to the window and do what the pressed key asks for."""
        assert self.window is not None
        self.window.write(scene, canvas)
        action = KEYS.get(self.window.poll() or "")
        self.view = self.view.after(action)
        if action is Action.QUIT:
            self.quitting = True
        elif action is Action.SNAPSHOT:
            path = Path(time.strftime("fer-live-%Y%m%d-%H%M%S.png"))
            with PictureFile(path) as picture:
                picture.write(scene, canvas)


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
            console.print(f"No window ({reason}).", soft_wrap=True, highlight=False)
            options = replace(options, window=False)
    if (
        options.source
        and options.output
        and options.output.resolve() == Path(options.source).resolve()
    ):
        raise UserError(f"{options.output} is the source itself: choose another --output")
    if options.demo and not (options.window or options.output or options.log):
        options = replace(options, output=Path("demo.mp4"), log=Path("demo.jsonl"))
        console.print("Writing demo.mp4 and demo.jsonl instead of a window.")
    return options


def _address(options: LiveOptions) -> str | int:
    if options.demo:
        return str(packaged.folder("assets") / "demo.mp4")
    return options.source if options.source is not None else options.camera


def _files(options: LiveOptions, source: Source) -> list[Any]:
    sinks: list[Any] = []
    if options.output is not None:
        is_picture = options.output.suffix.lower() in PICTURES
        sinks.append(
            PictureFile(options.output) if is_picture else VideoFile(options.output, source.fps)
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


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
