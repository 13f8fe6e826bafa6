"""A film read from end to end while a visitor watches how far it is, or only brought into a form that plays."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from fer_live.batch.scenes import Annotated, read_scenes
from fer_live.detect import MediaPipeDetector
from fer_live.errors import UserError
from fer_live.pipeline import Analyzer
from fer_live.sinks import VideoFile
from fer_live.sinks.log import JsonLog
from fer_live.sinks.record import scene_record
from fer_live.sinks.sound import Sound
from fer_live.sources import VideoSource
from fer_live.sources.reader import Reader
from fer_live.summary.collect import Summary
from fer_live.track import Tracks
from fer_live.types import Image, Reading, Scene
from fer_live.web.readers import Readers
from fer_live.web.video.films import Film, keep
from fer_live.web.video.people import People
from fer_live.web.video.recording import BINS, Recording, recall
from fer_live.web.video.task import Task

SMOOTHING = 0.3  # seconds, as in the window

Work = Callable[[Task[Recording]], Recording]


def read(film: Film, readers: Readers, model: str, heatmap: bool) -> Work:
    """Work that reads the film, draws on it and logs it. It raises UserError, naming no folder."""

    def work(task: Task[Recording]) -> Recording:
        target, summary = task.folder / "annotated.mp4", Summary(BINS)
        source = VideoSource(film.path)
        seconds = 0.0
        with ExitStack() as stack:
            frames = stack.enter_context(Reader(source))
            task.total = source.frame_count
            detector = stack.enter_context(MediaPipeDetector("live"))
            classifier = readers.classifier(model)
            analyzer = Analyzer(detector, classifier)  # not closed: the classifier is everyone's

            def batch(images: Sequence[Image], heatmaps: bool) -> list[list[Reading]]:
                with readers.reserved:  # a few frames at a time: others want answers meanwhile
                    return analyzer.batch(images, heatmaps)

            log = stack.enter_context(JsonLog(task.folder / "log.jsonl"))
            sound = Sound(film.path)
            file = VideoFile(target, source.fps, sound)
            video = stack.enter_context(Annotated(file, heatmap))
            tracks = Tracks(SMOOTHING, classifier.card.abstain_below)
            for scene, _ in read_scenes(frames, batch, tracks, task.stop, heatmap):
                record = scene_record(scene)
                summary.add(record)
                log.write_record(record)
                video.write(scene, scene.frame.image)
                seconds = scene.frame.seconds + 1 / file.fps
                if not task.step():
                    break
            else:
                sound.go_on(None)
        warning = source.warning.replace(str(film.path), film.name) if source.warning else None
        notes = (f"{warning}.",) if warning else ()
        people = People(summary.people)
        return Recording(
            task.folder, film.name, target, log.path, summary, people, 0.0, seconds, notes
        )

    return _discreet(film, work)


def reopen(film: Film, log: str | Path | None, name: str) -> Work:
    """Work that opens a finished recording, whose log is called `name`; what no browser plays is converted."""

    def work(task: Task[Recording]) -> Recording:
        recording = recall(film, log, name, task.folder, task.stop)
        if film.plays:
            keep(film.path, recording.video)
        else:
            _convert(film, recording.video, task)
        return recording

    return _discreet(film, work)


def _convert(film: Film, target: Path, task: Task[Recording]) -> None:
    source = VideoSource(film.path)
    with ExitStack() as stack:
        frames = stack.enter_context(Reader(source))
        task.total = source.frame_count
        sound = Sound(film.path)
        video = stack.enter_context(VideoFile(target, source.fps, sound))
        for frame in frames:
            video.write(Scene(frame, ()), frame.image)
            if not task.step():
                break
        else:
            sound.go_on(None)


def _discreet(film: Film, work: Work) -> Work:
    """What goes wrong is told without the folders in which it happened."""

    def handed(task: Task[Recording]) -> Recording:
        try:
            return work(task)
        except UserError as error:
            told = str(error).replace(str(film.path), film.name)
            raise UserError(told.replace(f"{task.folder}{os.sep}", "")) from None

    return handed
