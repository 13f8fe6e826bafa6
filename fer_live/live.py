"""`fer-live`: from the command line's wishes to one session with its source, files and window."""

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fer_live import packaged
from fer_live.errors import UserError
from fer_live.pipeline import Analyzer
from fer_live.session import Session, stoppable
from fer_live.sinks import (
    JsonLog,
    PictureFile,
    Sink,
    VideoFile,
    Window,
    gui_available,
)
from fer_live.sinks.video import SUFFIXES as VIDEOS
from fer_live.sources import Source, open_source

PICTURES = (".png", ".jpg", ".jpeg")


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
        session = Session(
            analyzer,
            window,
            still=source.frame_count == 1,
            smoothing=options.smoothing,
            heatmap=options.heatmap,
            max_frames=options.max_frames,
        )
        total = _smallest(source.frame_count, options.max_frames)
        with stoppable() as stop, _progress(total, console, window) as bar:
            session.play(source, sinks, stop, bar)
    Console().print(session.tally.table(analyzer.times.medians()))
    for path in (options.output, options.log, *session.snapshots):
        if path is not None:
            console.print(f"written: {path}", soft_wrap=True, highlight=False)
    return 0


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
