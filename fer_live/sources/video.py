"""Video files and streams, through FFmpeg: their timestamps, rotation and pixel shape are kept."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from fer_live.errors import UserError
from fer_live.sources.base import Lost
from fer_live.sources.container import (
    LIVE_SCHEMES,
    is_live,
    open_container,
    public_name,
    scheme_of,
)
from fer_live.sources.decoding import Timed, decode, last_second, seek, timed, upright
from fer_live.types import Frame

TIMEOUT = 10.0  # seconds that a URL may take to open, or to give the next picture
MISSING = 0.3  # seconds short of the announced length that count as cut off
PACKETS = (188, 192, 204)  # bytes: of a transport stream (ISO 13818-1), with a time, with a check

logger = logging.getLogger(__name__)


class VideoSource:
    """A video file, or a stream by its URL.

    Of a file, the pictures from second `start` to before second `end`; their seconds count from the
    film's own beginning. A stream's count as time passes, and its end is Lost. `every`: of so many
    pictures, the first. `timeout`: seconds that a URL may be silent. A file that is damaged or cut off
    plays what it has; `warning` then says so, as does the log.
    """

    stills = False
    state: str | None = None

    def __init__(
        self,
        place: str | Path,
        start: float = 0.0,
        end: float | None = None,
        every: int = 1,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.perf_counter,  # monotonic ticks in 1/64 s on Windows
    ):
        if not (0 <= start < math.inf and (end is None or end > start)):
            until = "the end" if end is None else f"{end:g} s"
            raise UserError(
                f"from {start:g} s to {until} is no part of a video; begin at 0 or later, and end after that"
            )
        if every < 1:
            raise UserError(
                f"every {every} is less than 1; use 1 for all, 2 for every second picture"
            )
        self.place = str(place)
        self.name = public_name(self.place)
        self.live = scheme_of(self.place) in LIVE_SCHEMES
        self.fps: float | None = None
        self.frame_count: int | None = None
        self.size: tuple[int, int] | None = None
        self.warning: str | None = None
        self._start, self._end, self._every = start, end, every
        self._timeout = timeout
        self._clock = clock
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._origin: float | None = None  # the film's first timestamp, where it is known

    def __enter__(self) -> "VideoSource":
        container, stream = self._open()
        if self._start:
            self._origin = seek(container, stream, self._start)
            if self._origin is None:
                self.__exit__()
                self._open()  # at the beginning, to be read up to there
        return self

    def _open(self) -> tuple[InputContainer, VideoStream]:
        container, stream = open_container(self.place, self._timeout)
        self.live = is_live(self.place, container)
        if self.live and (self._start or self._end is not None):
            container.close()
            raise UserError(f"{self.name} is live; start and end are for files")
        self._container, self._stream = container, stream
        stream.thread_type = "SLICE" if self.live else "AUTO"  # frame threads answer late
        self.fps = float(stream.average_rate) / self._every if stream.average_rate else None
        self.frame_count = None if self.live else self._count(container, stream)
        return container, stream

    def __exit__(self, *exception: object) -> None:
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None

    def _count(self, container: InputContainer, stream: VideoStream) -> int | None:
        """How many frames there will be: exactly where the file tells, else by its length."""
        length = _length(stream) or (container.duration or 0) / av.time_base
        frames = stream.frames or length * float(stream.average_rate or 0)
        if length and (self._start or self._end is not None):
            end = length if self._end is None else min(self._end, length)
            frames *= max(end - self._start, 0.0) / length
        return math.ceil(round(frames, 3) / self._every) or None

    def __iter__(self) -> Iterator[Frame]:
        """Raises UserError if not one frame can be decoded, and Lost at a stream's end."""
        container, stream = self._container, self._stream
        if container is None or stream is None:
            raise RuntimeError("enter the video before reading it")
        pictures = self._passing(container, stream) if self.live else self._part(container, stream)
        for index, (seconds, picture) in enumerate(pictures):
            image = upright(picture, stream)
            self.size = self.size or (image.shape[1], image.shape[0])
            yield Frame(image, index, seconds)

    def _passing(self, container: InputContainer, stream: VideoStream) -> Iterator[Timed]:
        """A stream's pictures by the clock: its own timestamps may be missing, made up or leap."""
        began = self._clock()
        for number, picture in enumerate(decode(container, stream, None)):
            if number % self._every == 0:
                yield Timed(self._clock() - began, picture)
        raise Lost(self.name, "check the address and that it is running")

    def _part(self, container: InputContainer, stream: VideoStream) -> Iterator[Timed]:
        """A film's pictures from `start` to `end`."""
        read = 0
        seconds = 0.0
        pictures = decode(container, stream, self._damaged)
        for seconds, picture in timed(pictures, stream, self._origin):
            if seconds < self._start:
                continue
            if self._end is not None and seconds >= self._end:
                break
            if read % self._every == 0:
                yield Timed(seconds, picture)
            read += 1
        else:
            self._check_end(container, stream, read, seconds)
        if read == 0 and self._start:
            raise UserError(f"{self.name} has no picture from {self._start:g} s on; start earlier")
        if read == 0:
            raise UserError(f"{self.name} holds no picture that can be decoded; name another file")
        if self.warning:
            self.warning += f"; {read} frames (up to {seconds:.1f} s) were read"
            logger.warning(self.warning)

    def _damaged(self, what: str) -> None:
        self.warning = f"{self.name} {what}"

    def _check_end(
        self, container: InputContainer, stream: VideoStream, read: int, seconds: float
    ) -> None:
        length, pause = _length(stream), 1 / float(stream.average_rate or 30)
        announced = length or (container.duration or 0) / av.time_base
        if not read or self.warning:
            return
        # A transport stream announces what there is of it, but is made of whole packets.
        parts = container.format.name == "mpegts"
        if parts and container.size > 0 and all(container.size % packet for packet in PACKETS):
            self.warning = f"{self.name} is cut off"
        if announced - seconds - pause <= MISSING:
            return
        # A container's length is that of its longest stream: sound may go on after the pictures.
        if length or announced - last_second(container, seconds) > MISSING:
            self.warning = f"{self.name} is cut off"


def _length(stream: VideoStream) -> float | None:
    """Seconds, as the file announces them."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None
