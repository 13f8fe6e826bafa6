"""`fer-live image`: pictures, folders and patterns; annotated copies and a log."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from fer_live.batch.chunks import chunks, drawing
from fer_live.errors import UserError
from fer_live.labels import honest_label
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.progress import progress
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.sinks.base import keep_open
from fer_live.sinks.log import Log, open_log
from fer_live.sinks.picture import PICTURES, embedded_record, save_picture
from fer_live.sinks.record import scene_record
from fer_live.sources import read_image
from fer_live.sources.pictures import is_pattern, list_pictures
from fer_live.stopping import Stop, stoppable
from fer_live.tally import Tally
from fer_live.types import Frame, Reading, Scene


@dataclass(frozen=True)
class PictureOptions:
    """`places`: pictures, folders and patterns. `output`: a folder. `again`: also what is in it already.

    `abstain` None: as the model's card says.
    """

    places: tuple[str, ...]
    output: Path | None = None
    log: Path | None = None
    again: bool = False
    model: str = MODEL
    device: str = "auto"
    runtime: RuntimeName = "auto"
    abstain: float | None = None
    heatmap: bool = True


class Task(NamedTuple):
    """A picture, and where its annotated copy goes; None where none is wanted."""

    path: Path
    target: Path | None


class Skipped(NamedTuple):
    """A picture that was not read, and why."""

    path: Path
    reason: str


def read_pictures(options: PictureOptions) -> int:
    """Read all pictures, write what is asked for, and tell of those skipped; return the exit code.

    Raises UserError on bad input, and where not one picture can be read.
    """
    if options.output is None and options.log is None:
        raise UserError("nothing would be written; add --output FOLDER or --log FILE")
    console = Console(stderr=True)
    tasks = _tasks(options.places, options.output)
    job = Job(options, tasks)
    with ExitStack() as stack:
        if options.output is not None:
            _claim_folder(options.output)
        log = keep_open(stack, open_log(options.log)) if options.log else None
        stop = stack.enter_context(stoppable())
        bar = progress(len(tasks), console, "pictures")
        job.run(log, bar, stop)
    if job.tally.frames:
        Console().print(job.tally.table(unit="pictures"))
    _report(job, console)
    if len(job.skipped) == len(tasks):
        raise UserError(f"not one of {len(tasks)} pictures could be read; name other files")
    return 0


class Job:
    """The pictures of one command: what was read, what was there already, what was skipped."""

    def __init__(self, options: PictureOptions, tasks: Sequence[Task]):
        self.options = options
        self.tasks = tasks
        self.tally = Tally()
        self.skipped: list[Skipped] = []
        self.kept = 0  # in the output folder already
        self._analyzer: Analyzer | None = None

    def run(self, log: Log | None, bar: Progress, stop: Stop) -> None:
        """In order, several at a time: the faces of a few pictures are one batch for the network."""
        with ExitStack() as stack:
            for chunk in chunks(self._todo(log, bar, stop)):
                if self._analyzer is None:  # only now: where all is done already, nothing is loaded
                    names = self.options.model, self.options.device
                    loaded = Analyzer.load(*names, scan="full", runtime=self.options.runtime)
                    self._analyzer = stack.enter_context(loaded)
                    leave_cores_to(loaded.classifier.runtime)
                    stack.enter_context(bar)
                heatmap = self.options.heatmap and self.options.output is not None
                frames = [frame for _, frame in chunk]
                found = self._analyzer.batch([frame.image for frame in frames], heatmap)
                for (task, frame), readings in zip(chunk, found, strict=True):
                    scene = Scene(frame, [self._labelled(reading) for reading in readings])
                    record = scene_record(scene)
                    if task.target is not None:
                        canvas = drawing(heatmap)(frame.image, scene.readings)
                        task.target.parent.mkdir(parents=True, exist_ok=True)
                        save_picture(task.target, canvas, record)
                    if log is not None:
                        log.write_record(record)
                    self.tally.add(scene)
                    bar.advance(bar.task_ids[0])

    def _labelled(self, reading: Reading) -> Reading:
        assert self._analyzer is not None
        card, wish = self._analyzer.classifier.card, self.options.abstain
        least = card.abstain_below if wish is None else wish
        return replace(reading, label=honest_label(reading.prediction.probabilities, least))

    def _todo(self, log: Log | None, bar: Progress, stop: Stop) -> Iterator[tuple[Task, Frame]]:
        """The pictures still to be read; the log gets those that were done before, and stays whole."""
        for index, task in enumerate(self.tasks):
            if stop.asked:
                return
            done = self._done(task, log)
            if done is not None:
                self.kept += 1
                if log is not None:
                    log.write_record(done | {"frame": index, "source": str(task.path)})
                bar.advance(bar.task_ids[0])
                continue
            try:
                if task.target is not None and task.target.exists() and not self.options.again:
                    raise UserError(
                        f"{task.target} is not from fer-live; add --again to replace it"
                    )
                image = read_image(task.path)
            except UserError as error:
                self.skipped.append(Skipped(task.path, str(error)))
                bar.advance(bar.task_ids[0])
                continue
            yield task, Frame(image, index, 0.0, str(task.path))

    def _done(self, task: Task, log: Log | None) -> dict[str, Any] | None:
        """The reading of a picture whose annotated copy is there; None where it must be read."""
        if self.options.again or task.target is None or not task.target.is_file():
            return None
        record = embedded_record(task.target)
        if record is None or (log is not None and "faces_left_out" in record):
            return None
        return record


def _tasks(places: Sequence[str], output: Path | None) -> list[Task]:
    """Each picture once; raises UserError where two copies would have one name."""
    tasks: dict[Path, Task] = {}
    targets: dict[Path, Path] = {}
    for place in places:
        for path, name in _pictures(place):
            if path in tasks:
                continue
            if output is None:
                tasks[path] = Task(path, None)
                continue
            target = output.expanduser() / name
            if target.suffix.lower() not in PICTURES:
                target = target.with_name(target.name + ".png")
            if target.exists() and target.samefile(path):
                raise UserError(f"{target} is the picture itself; choose another --output")
            if target in targets:
                raise UserError(
                    f"{targets[target]} and {path} would both become {target}; "
                    "read them with two commands into two folders"
                )
            targets[target] = path
            tasks[path] = Task(path, target)
    return list(tasks.values())


def _pictures(place: str) -> Iterator[tuple[Path, Path]]:
    """The pictures that a place stands for, each with its copy's name in the output folder."""
    path = Path(place).expanduser()
    if path.is_file():
        yield path, Path(path.name)
        return
    if not path.is_dir() and not is_pattern(place):
        raise UserError(f"{place}: no such file; check the path")
    found = list_pictures(path)
    if not found:
        reason = "holds no pictures" if path.is_dir() else "matches no file"
        raise UserError(
            f"{place} {reason}; name another folder, or quote a pattern such as '*.jpg'"
        )
    base = path if path.is_dir() else _fixed_part(path)
    for each in found:
        yield each, each.relative_to(base)


def _fixed_part(pattern: Path) -> Path:
    """The folder above the first wildcard."""
    parts = []
    for part in pattern.parent.parts:
        if is_pattern(part):
            break
        parts.append(part)
    return Path(*parts)


def _claim_folder(folder: Path) -> None:
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UserError(f"{folder} cannot be made ({reason}); save to another place") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be written; save to another place")


def _report(job: Job, console: Console) -> None:
    """What was done, and a line for each picture that was not."""
    plain: dict[str, Any] = {"soft_wrap": True, "markup": False, "highlight": False}
    if job.kept:
        console.print(
            f"there already: {job.kept} of {len(job.tasks)} pictures; --again reads them anew",
            **plain,
        )
    if job.skipped:
        console.print(f"skipped {len(job.skipped)} of {len(job.tasks)} pictures:", **plain)
        for skipped in job.skipped:
            console.print(f"  {skipped.reason}", **plain)
    left = len(job.tasks) - job.tally.frames - job.kept - len(job.skipped)
    if left:
        console.print(f"stopped with {left} to go; the same command goes on from here", **plain)
    for path in (job.options.output, job.options.log):
        if path is not None and path.exists():
            console.print(f"written: {path}", **plain)
