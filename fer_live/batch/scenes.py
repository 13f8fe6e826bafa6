"""A film's frames in order with their readings, and a sink that draws them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from fer_live.batch.chunks import chunks, drawing
from fer_live.sinks import Sink
from fer_live.stopping import Stop
from fer_live.track import Tracks
from fer_live.types import Frame, Image, Reading, Scene

# As `Analyzer.batch`: images, and whether heat-maps are wanted; the readings of each image.
Batch: TypeAlias = Callable[[Sequence[Image], bool], list[list[Reading]]]


class Annotated:
    """A sink that draws the readings on each frame and hands the picture on."""

    drawn = False

    def __init__(self, sink: Sink, heatmap: bool):
        self._sink = sink
        self._draw = drawing(heatmap)

    def __enter__(self) -> "Annotated":
        self._sink.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._sink.__exit__(*exception)

    def write(self, scene: Scene, canvas: Any) -> None:
        self._sink.write(scene, self._draw(scene.frame.image, scene.readings))


def read_scenes(
    frames: Iterable[Frame],
    read: Batch,
    tracks: Tracks,
    stop: Stop,
    heatmap: bool = False,
    every: int = 1,
) -> Iterator[tuple[Scene, bool]]:
    """Each frame with its readings, and whether it was read itself; of `every` so many, one is.

    `read` gets several frames at a time. Ends early where someone asks `stop`.
    """
    held: list[Reading] = []
    for chunk in chunks(_until(frames, stop, every)):
        images = [frame.image for due, frame in chunk if due]
        found = iter(read(images, heatmap))
        for due, frame in chunk:
            if due:
                held = tracks.update(next(found), frame.seconds)
            yield Scene(frame, held), due


def _until(frames: Iterable[Frame], stop: Stop, every: int) -> Iterator[tuple[bool, Frame]]:
    """The frames until someone stops, and whether each is due to be read."""
    for frame in frames:
        if stop.asked:
            return
        yield frame.index % every == 0, frame
