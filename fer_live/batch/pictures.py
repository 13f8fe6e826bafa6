"""`fer-live image`: pictures, folders and patterns; annotated copies and a log."""

import mimetypes
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from fer_live.batch.chunks import chunks, drawing
from fer_live.batch.copies import Copies, digest
from fer_live.batch.folders import check_name, claim_folder
from fer_live.batch.order import InOrder
from fer_live.batch.tasks import Task, find_tasks
from fer_live.detect import MOST
from fer_live.errors import NoRoom, UserError, one_line
from fer_live.labels import honest_label
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.progress import progress, tell_written
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.sinks.base import keep_open
from fer_live.sinks.log import Log, open_log
from fer_live.sinks.picture import save_picture
from fer_live.sinks.record import scene_record
from fer_live.sources import read_image
from fer_live.stopping import INTERRUPTED, Stop, stoppable
from fer_live.tally import Tally
from fer_live.types import Frame, Image, Reading, Scene


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


class Due(NamedTuple):
    """A picture that is to be read. `content`: the digest of its file, where a copy is to tell it."""

    task: Task
    content: str


class Skipped(NamedTuple):
    """A picture that was not read, and why."""

    path: Path
    reason: str


def read_pictures(options: PictureOptions) -> int:
    """Read all pictures, write what is asked for, and tell of those skipped; return the exit code.

    Copies that the same model made of the same picture with the same options stay; others are made
    anew. Raises UserError on bad input, and where not one picture can be read.
    """
    if options.output is not None:
        check_name(options.output)
    console = Console(stderr=True)
    tasks = find_tasks(options.places, options.output)
    job = Job(options, tasks)
    with ExitStack() as stack:
        if options.output is not None:
            claim_folder(options.output)
        log = keep_open(stack, open_log(options.log)) if options.log else None
        stop = stack.enter_context(stoppable())
        bar = progress(len(tasks), console, "pictures")
        job.run(log, bar, stop)
    if job.tally.frames:
        Console().print(job.tally.table(unit="pictures"))
    failed = [*(skipped.reason for skipped in job.skipped), *job.uncopied]
    if len(tasks) == len(failed) == 1:
        raise UserError(failed[0])
    _report(job, console)
    if job.uncopied and len(job.uncopied) == job.tally.frames:
        raise UserError(
            f"not one of {job.tally.frames} copies could be written; name another --output"
        )
    if len(job.skipped) == len(tasks):
        raise UserError(f"not one of {len(tasks)} pictures could be read; name other files")
    return INTERRUPTED if job.left else 0


class Job:
    """The pictures of one command: what was read, what was there already, what was skipped."""

    def __init__(self, options: PictureOptions, tasks: Sequence[Task]):
        self.options = options
        self.tasks = tasks
        self.tally = Tally()
        self.skipped: list[Skipped] = []
        self.uncopied: list[str] = []  # why, of pictures that were read
        self.kept = 0  # in the output folder already
        self.crowds: list[Path] = []  # pictures with as many faces as are read of one
        exact = options.runtime != "auto"
        self.copies = Copies(options.model, options.heatmap, options.abstain, exact, options.again)
        self._analyzer: Analyzer | None = None

    def run(self, log: Log | None, bar: Progress, stop: Stop) -> None:
        """In order, several at a time: the faces of a few pictures are one batch for the network."""
        records = InOrder(log)
        with ExitStack() as stack:
            stack.callback(records.flush)
            for chunk in chunks(self._todo(records, bar, stop)):
                if self._analyzer is None:  # only now: where all is done already, nothing is loaded
                    with self.tally.paused():
                        self._analyzer = stack.enter_context(self._loaded())
                    stack.enter_context(bar)
                heatmap = self.options.heatmap and self.options.output is not None
                found = self._analyzer.batch([frame.image for _, frame in chunk], heatmap)
                for ((task, content), frame), readings in zip(chunk, found, strict=True):
                    scene = Scene(frame, [self._labelled(reading) for reading in readings])
                    record = scene_record(scene)
                    if task.target is not None:
                        canvas = drawing(heatmap)(frame.image, scene.readings)
                        self._save(task.target, canvas, record | self.copies.origin(content))
                    self._note_crowd(task, record)
                    records.put(frame.index, record)
                    self.tally.add(scene)
                    bar.advance(bar.task_ids[0])

    def _save(self, target: Path, canvas: Image, facts: dict[str, Any]) -> None:
        """Raises NoRoom; of other copies that cannot be written it is told at the end, and the reading counts."""
        try:
            claim_folder(target.parent)
            save_picture(target, canvas, facts)
        except NoRoom:
            raise
        except UserError as error:
            self.uncopied.append(str(error))

    def _loaded(self) -> Analyzer:
        names = self.options.model, self.options.device
        analyzer = Analyzer.load(*names, scan="full", runtime=self.options.runtime)
        leave_cores_to(analyzer.classifier.runtime)
        return analyzer

    @property
    def left(self) -> int:
        """Pictures that a stop left unread."""
        return len(self.tasks) - self.tally.frames - self.kept - len(self.skipped)

    def _labelled(self, reading: Reading) -> Reading:
        assert self._analyzer is not None
        card, wish = self._analyzer.classifier.card, self.options.abstain
        least = card.abstain_below if wish is None else wish
        return replace(reading, label=honest_label(reading.prediction.probabilities, least))

    def _note_crowd(self, task: Task, record: dict[str, Any]) -> None:
        if len(record["faces"]) + record.get("faces_left_out", 0) >= MOST:
            self.crowds.append(task.path)

    def _todo(
        self, records: InOrder, bar: Progress, stop: Stop
    ) -> Iterator[tuple[Due, Frame] | None]:
        """The pictures still to be read; None for one that was done before, whose reading the log gets."""
        for index, task in enumerate(self.tasks):
            if stop.asked:
                return
            try:
                done = self.copies.reading(task, whole=self.options.log is not None)
                if done is None:
                    self.tally.begin()
                    # Read first: what is no picture may be a film of many gigabytes.
                    frame = Frame(read_image(task.path), index, 0.0, str(task.path))
                    content = "" if task.target is None else digest(task.path)
            except UserError as error:
                self.skipped.append(Skipped(task.path, _reason(task.path, error)))
                records.put(index, None)
                bar.advance(bar.task_ids[0])
                continue
            if done is None:
                yield Due(task, content), frame
                continue
            self.kept += 1
            self._note_crowd(task, done)
            records.put(index, done | {"frame": index, "source": str(task.path)})
            bar.advance(bar.task_ids[0])
            yield None


def _reason(path: Path, error: UserError) -> str:
    """Why a picture was not read."""
    kind, _ = mimetypes.guess_type(path)
    if kind and kind.startswith("video/"):
        return one_line(f"{path} is a film; read it with: fer-live video {shlex.quote(str(path))}")
    return str(error)


def _next(options: PictureOptions) -> str:
    """What becomes of a stopped run: the copies tell what has been read, a log alone does not."""
    if options.output is None:
        return f"the same command starts over and replaces {options.log}"
    how = " without --again" if options.again else ""
    return f"the same command{how} goes on from here"


def _report(job: Job, console: Console) -> None:
    """What was done, and a line for each picture that was not."""
    plain: dict[str, Any] = {"soft_wrap": True, "markup": False, "highlight": False}
    if job.kept:
        console.print(
            f"there already: {job.kept} of {len(job.tasks)} pictures; --again reads them anew",
            **plain,
        )
    if job.copies.renewed:
        console.print(
            f"there from another model, with other options or before they changed: {job.copies.renewed} of "
            f"{len(job.tasks)} pictures; they were read anew",
            **plain,
        )
    for path in job.crowds:
        console.print(
            one_line(f"{path}: {MOST} faces, the most that are read in one picture"), **plain
        )
    if job.skipped:
        console.print(f"skipped {len(job.skipped)} of {len(job.tasks)} pictures:", **plain)
        for skipped in job.skipped:
            console.print(f"  {skipped.reason}", **plain)
    if job.uncopied:
        console.print(f"read, but without a copy: {len(job.uncopied)}", **plain)
        for reason in job.uncopied:
            console.print(f"  {reason}", **plain)
    if job.left:
        console.print(f"stopped with {job.left} to go; {_next(job.options)}", **plain)
    done = job.tally.frames + job.kept
    tell_written((job.options.output, job.options.log) if done else (), console)
