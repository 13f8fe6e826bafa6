"""`fer-live video`: a film read from end to end; an annotated copy with its sound, and a log."""

import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import av
from rich.console import Console

from fer_live.batch.scenes import Annotated, read_scenes
from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.progress import progress, tell_stopped, tell_written
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.sinks import Sink, VideoFile
from fer_live.sinks.base import keep_open, spare
from fer_live.sinks.log import open_log
from fer_live.sinks.sound import Sound
from fer_live.sources import FolderSource, ImageSource, VideoSource, open_source
from fer_live.sources.reader import Reader
from fer_live.stopping import INTERRUPTED, stoppable
from fer_live.summary import SummaryFile
from fer_live.tally import Tally
from fer_live.track import Tracks


@dataclass(frozen=True)
class FilmOptions:
    """`every`: so many-th frame is read; those between show the readings before. `start`, `end`: seconds.

    `abstain` None: as the model's card says.
    """

    path: Path
    output: Path | None = None
    log: Path | None = None
    summary: Path | None = None
    thumbnails: bool = False
    every: int = 1
    start: float = 0.0
    end: float | None = None
    model: str = MODEL
    device: str = "auto"
    runtime: RuntimeName = "auto"
    smoothing: float = 0.3
    abstain: float | None = None
    heatmap: bool = True


def read_film(options: FilmOptions) -> int:
    """Read the film, write what is asked for, print what it saw; return the exit code.

    Raises UserError on bad input.
    """
    files = (options.output, options.log, options.summary)
    console = Console(stderr=True)
    opened, place = open_source(options.path), shlex.quote(str(options.path))
    if isinstance(opened, ImageSource):
        raise UserError(f"{options.path} is a picture; read it with: fer-live image {place}")
    if isinstance(opened, FolderSource):
        raise UserError(f"{options.path} is for pictures; read them with: fer-live image {place}")
    spare(options.path, *files)
    with ExitStack() as stack:
        source = VideoSource(options.path, options.start, options.end)
        frames = stack.enter_context(Reader(source))
        length = _length(options.path)
        if length is not None and options.start >= length:
            raise UserError(f"{options.path} is {length:.1f} s long; choose an earlier --start")
        sound = Sound(options.path)
        readers, video = _sinks(options, source, sound)
        for sink in (*readers, *video):
            keep_open(stack, sink)
        # Before what takes long: in the middle of an import an interrupt may be lost.
        stop = stack.enter_context(stoppable())
        loaded = Analyzer.load(
            options.model, options.device, "live", options.runtime, options.every
        )
        analyzer = stack.enter_context(loaded)
        stop.heed()
        leave_cores_to(analyzer.classifier.runtime)
        bar = stack.enter_context(progress(source.frame_count, console))
        tally = Tally()
        card, wish = analyzer.classifier.card, options.abstain
        tracks = Tracks(options.smoothing, card.abstain_below if wish is None else wish)
        heatmap = options.heatmap and options.output is not None
        tally.begin()
        scenes = read_scenes(frames, analyzer.batch, tracks, stop, heatmap, options.every)
        for scene, fresh in scenes:
            if fresh:
                tally.add(scene)
                for sink in readers:
                    sink.write(scene, scene.frame.image)
            for sink in video:
                sink.write(scene, scene.frame.image)
            bar.advance(bar.task_ids[0])
        if not stop.asked:
            sound.go_on(options.end)
            # The number of frames may have been a guess.
            bar.update(bar.task_ids[0], total=bar.tasks[0].completed)
    Console().print(tally.table(unit="frames read"))
    if stop.asked:
        tell_stopped(tally.frames, console)
    tell_written(files if tally.frames else (), console)
    return INTERRUPTED if stop.asked else 0


def _sinks(
    options: FilmOptions, source: VideoSource, sound: Sound
) -> tuple[list[Sink], list[Sink]]:
    """Those that take each frame that was read, and those that take every frame; not yet entered."""
    readers: list[Sink] = []
    if options.log is not None:
        readers.append(open_log(options.log))
    if options.summary is not None:
        title = f"Expressions in {options.path.name}"
        readers.append(SummaryFile(options.summary, title, options.thumbnails))
    if options.output is None:
        return readers, []
    video = VideoFile(options.output, source.fps, sound)
    return readers, [Annotated(video, options.heatmap)]


def _length(path: Path) -> float | None:
    """Seconds of the film; None where it does not tell."""
    with av.open(str(at_home(path).absolute()), metadata_errors="replace") as film:
        return film.duration / av.time_base if film.duration else None
