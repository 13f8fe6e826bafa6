"""Readings of a camera, a film or pictures, scene by scene, for other programs."""

import math
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Literal, overload

from fer_live.errors import UserError
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.runtimes import RuntimeName
from fer_live.sources import open_source
from fer_live.sources.reader import follow
from fer_live.track import Tracks
from fer_live.types import Scene


@overload
def stream(
    source: int | str | Path = ...,
    *,
    on_scene: None = ...,
    model: str = ...,
    device: str = ...,
    runtime: RuntimeName = ...,
    scan: Literal["full", "live"] | None = ...,
    heatmaps: bool = ...,
    smoothing: float = ...,
    abstain: float | None = ...,
    mirror: bool = ...,
    every_frame: bool = ...,
    max_frames: int | None = ...,
) -> Generator[Scene, None, None]: ...


@overload
def stream(
    source: int | str | Path = ...,
    *,
    on_scene: Callable[[Scene], object],
    model: str = ...,
    device: str = ...,
    runtime: RuntimeName = ...,
    scan: Literal["full", "live"] | None = ...,
    heatmaps: bool = ...,
    smoothing: float = ...,
    abstain: float | None = ...,
    mirror: bool = ...,
    every_frame: bool = ...,
    max_frames: int | None = ...,
) -> int: ...


def stream(
    source: int | str | Path = 0,
    *,
    on_scene: Callable[[Scene], object] | None = None,
    model: str = MODEL,
    device: str = "auto",
    runtime: RuntimeName = "auto",
    scan: Literal["full", "live"] | None = None,
    heatmaps: bool = False,
    smoothing: float = 0.3,
    abstain: float | None = None,
    mirror: bool = False,
    every_frame: bool = False,
    max_frames: int | None = None,
) -> Generator[Scene, None, None] | int:
    """Read a source scene by scene: a camera's number, a URL, a film, a picture, a folder or a pattern.

    Without `on_scene` it is a generator; nothing is opened before the first scene is asked for, and all
    is closed when the loop is left, however that happens:

        for scene in fer_live.stream(0, max_frames=100):
            for reading in scene.readings:
                print(reading.track, reading.prediction.expression)

    With `on_scene`, a function of one scene, it runs until the source ends, `max_frames` are read or
    the function returns False, and returns the number of scenes; what the function raises comes out
    of this call, after all is closed.

    Of a camera or a stream the newest frame is read and others are left out, unless `every_frame`;
    one that breaks off is opened again. `scan`: "full" looks everywhere in each frame, "live" at a part
    of it; by default as the source asks. `smoothing`: time constant in seconds. `heatmaps`: with each
    reading. `abstain`: how probable what a reading's `label` names must be; None: as the model's
    card says. Raises UserError on a number that is none of these, at once, and where the source or
    the model cannot be opened.
    """
    _check(smoothing, abstain, max_frames)

    def scenes() -> Generator[Scene, None, None]:
        with ExitStack() as stack:
            opened = open_source(source, mirror=mirror)
            frames = stack.enter_context(follow(opened, every_frame))
            look = scan or ("full" if frames.stills else "live")
            analyzer = stack.enter_context(Analyzer.load(model, device, look, runtime))
            card = analyzer.classifier.card
            least = card.abstain_below if abstain is None else abstain
            tracks = Tracks(0 if frames.stills else smoothing, least)
            for frame in islice(frames, max_frames):
                yield analyzer.read(frame, tracks, heatmaps)

    if on_scene is None:
        return scenes()
    count = 0
    with closing(scenes()) as all_scenes:
        for scene in all_scenes:
            count += 1
            if on_scene(scene) is False:
                break
    return count


def _check(smoothing: float, abstain: float | None, max_frames: int | None) -> None:
    if not 0 <= smoothing < math.inf:
        raise UserError(f"smoothing {smoothing} is not a number of seconds, 0 or more")
    if abstain is not None and not 0 <= abstain <= 1:
        raise UserError(f"abstain {abstain} is not a number from 0 to 1; None is the card's")
    if max_frames is not None and max_frames < 0:
        raise UserError(f"max_frames {max_frames} is below 0; None reads all")
