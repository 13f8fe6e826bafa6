"""`fer-live`: from the command line's wishes to one session with its source, files and window."""

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from fer_live import packaged
from fer_live.errors import UserError
from fer_live.pipeline import Analyzer
from fer_live.progress import progress, tell_stopped, tell_written
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.session import Session
from fer_live.sinks import PictureFile, Sink, VideoFile, Window, gui_available
from fer_live.sinks.base import keep_open, spare
from fer_live.sinks.earlier import keep_earlier
from fer_live.sinks.log import open_log
from fer_live.sinks.picture import PICTURES
from fer_live.sinks.pipe import JsonPipe, PipeClosed
from fer_live.sinks.video import SUFFIXES as VIDEOS
from fer_live.sources import FolderSource, Source, follow, list_pictures, open_source
from fer_live.sources.container import local_path, public_name
from fer_live.stopping import INTERRUPTED, stoppable
from fer_live.summary import SummaryFile
from fer_live.voting import FaceReader, load_reader


@dataclass(frozen=True)
class LiveOptions:
    """The command line's wishes. `demo` before `source` before `camera`; `scan` None: as the source asks.

    `resolution` (width, height) and `fps`: of a camera. `abstain` None: as the model's card says.
    """

    camera: int = 0
    source: str | None = None
    demo: bool = False
    resolution: tuple[int, int] | None = None
    fps: float | None = None
    every_frame: bool = False
    output: Path | None = None
    log: Path | None = None
    summary: Path | None = None
    thumbnails: bool = False
    pipe: bool = False
    window: bool = True
    max_frames: int | None = None
    model: str = packaged.MODEL
    device: str = "auto"
    runtime: RuntimeName = "auto"
    scan: Literal["full", "live"] | None = None
    smoothing: float = 0.3
    abstain: float | None = None
    heatmap: bool = True
    panel: bool = False


def run(options: LiveOptions) -> int:
    """Run one session and print what it saw; return the exit code. Raises UserError on bad input."""
    console = Console(stderr=True)
    address = _address(options)
    with ExitStack() as stack:
        pipe = stack.enter_context(JsonPipe()) if options.pipe else None
        # Before all else: on a computer with neither camera nor screen, the camera is the news.
        opened = open_source(
            address,
            mirror=True,
            resolution=options.resolution,
            rate=options.fps,
        )
        source = stack.enter_context(follow(opened, options.every_frame))
        options = _settle(options, console)
        targets = [path for path in (options.output, options.log, options.summary) if path]
        for place in list_pictures(opened.place) if isinstance(opened, FolderSource) else [address]:
            spare(place, *targets)
        files = _files(options, source)
        if source.live:
            for target in targets:
                stack.enter_context(keep_earlier(target, console))
        sinks: list[Sink] = [keep_open(stack, file) for file in files]
        if pipe is not None:
            sinks.append(pipe)
        scan = options.scan or ("full" if source.stills else "live")
        # Before what takes long: in the middle of an import an interrupt may be lost.
        stop = stack.enter_context(stoppable())
        loaded = Analyzer.load(options.model, options.device, scan, options.runtime)
        analyzer = stack.enter_context(loaded)
        stop.heed()
        leave_cores_to(analyzer.classifier.runtime)
        window = stack.enter_context(Window("fer-live")) if options.window else None
        session = Session(
            analyzer,
            window,
            still=source.stills,
            smoothing=options.smoothing,
            heatmap=options.heatmap,
            max_frames=options.max_frames,
            abstain=options.abstain,
            panel=options.panel,
            models=_models(options.model),
            load=lambda name: _another(name, options),
        )
        total = _smallest(source.frame_count, options.max_frames)
        # A progress bar, where no window shows how far it is and the end is known.
        with_bar = window is None and bool(total) and total != 1
        try:
            with progress(total, console) if with_bar else nullcontext() as bar:
                session.play(source, sinks, stop, bar)
                if bar and not stop.asked:  # the number of frames may have been a guess
                    bar.update(bar.task_ids[0], total=bar.tasks[0].completed)
        except PipeClosed:
            pass  # whoever read it has enough
        except UserError:
            tell_written(session.written, console)  # under names that nobody chose
            raise
    table = session.tally.table(analyzer.times.medians())
    (console if options.pipe else Console()).print(table)
    # A window and a camera have no other end.
    unfinished = stop.asked and window is None and not source.live
    if unfinished:
        tell_stopped(session.tally.frames, console)
    tell_written((*(targets if session.tally.frames else ()), *session.written), console)
    return INTERRUPTED if unfinished else 0


def _settle(options: LiveOptions, console: Console) -> LiveOptions:
    """Decide between window and files: the demo writes files where no window can open."""
    if options.window:
        available, reason = gui_available()
        if not available:
            if not options.demo:
                raise UserError(f"no window: {reason}; or add --no-window")
            console.print(f"No window: {reason}", soft_wrap=True, highlight=False, markup=False)
            options = replace(options, window=False)
    wanted = (options.window, options.output, options.log, options.summary, options.pipe)
    if options.demo and not any(wanted):
        options = replace(options, output=Path("demo.mp4"), log=Path("demo.jsonl"))
        console.print("Writing demo.mp4 and demo.jsonl instead of a window.")
    return options


def _address(options: LiveOptions) -> str | int:
    if options.demo:
        return str(packaged.folder("assets") / "demo.mp4")
    return options.camera if options.source is None else local_path(options.source)


def _models(first: str) -> list[str]:
    """The one in use, and the others that come with the package."""
    return [first, *(name for name in packaged.names() if name != first)]


def _title(options: LiveOptions) -> str:
    """Of the summary."""
    if options.demo:
        return "Expressions in the demo"
    if options.source is not None:
        name = public_name(options.source)
        return f"Expressions in {Path(name).name or name}"
    return f"Expressions at camera {options.camera}"


def _files(options: LiveOptions, source: Source) -> list[Sink]:
    """Not yet entered."""
    sinks: list[Sink] = []
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
        sinks.append(open_log(options.log))
    if options.summary is not None:
        sinks.append(SummaryFile(options.summary, _title(options), options.thumbnails))
    return sinks


def _another(name: str, options: LiveOptions) -> FaceReader:
    """The model that a key changes to; perhaps the first that needs torch."""
    reader = load_reader(name, options.device, options.runtime)
    leave_cores_to(reader.runtime)
    return reader


def _smallest(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return min(known) if known else None
