"""A film's sound, copied beside its new pictures."""

import io
import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from fer_live.home import at_home
from fer_live.sources.container import film_stream

logger = logging.getLogger(__name__)


class Sound:
    """The audio of the film at `path`, packet by packet; nothing is encoded again.

    What the new file cannot hold is left out, and the log says so in a line.
    """

    def __init__(self, path: str | Path):
        self.path = at_home(path)
        self._source: InputContainer | None = None
        self._packets: Iterator[av.Packet] = iter(())
        self._next: av.Packet | None = None
        self._targets: dict[int, AudioStream] = {}
        self._began = 0.0
        self._first = 0.0
        self._end: float | None = 0.0

    def attach(self, container: OutputContainer, began: float) -> None:
        """Give `container`, whose header is not yet written, the film's audio streams.

        `began`: the film's second at which the new one begins.
        """
        self._first = began
        source = av.open(str(self.path.absolute()), metadata_errors="replace")
        self._source = source
        kept = []
        for stream in source.streams.audio:
            if _fits(stream, container.format.name):
                self._targets[stream.index] = container.add_stream_from_template(stream)
                kept.append(stream)
            else:
                name = stream.codec_context.name if stream.codec_context else "unknown"
                self._complain(f"its {name} audio does not fit into .{container.format.name}")
        if not kept:
            self.close()
            return
        self._began = began + _video_start(source)
        if self._began > 1:
            with suppress(av.FFmpegError):  # what cannot seek is read from its beginning
                source.seek(int(self._began * av.time_base))
        self._packets = source.demux(kept)
        self._next = next(self._packets, None)

    def mux(self, container: OutputContainer, until: float) -> None:
        """Copy what sounds before `until`, in seconds of the new film."""
        while (packet := self._next) is not None:
            target = self._targets[packet.stream.index]
            tick = packet.time_base
            whole = not packet.is_corrupt  # where a film is cut off, half of one is left
            if whole and packet.pts is not None and packet.dts is not None and tick:
                if float(packet.pts * tick) - self._began >= until:
                    return
                shift = round(self._began / tick)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                if packet.pts >= 0:
                    packet.stream = target
                    try:
                        container.mux_one(packet)
                    except (av.FFmpegError, ValueError) as error:
                        if isinstance(error, OSError):  # the disk, not the sound
                            raise
                        self._complain(
                            f"its audio ends at {float(packet.pts * tick):.1f} s ({error})"
                        )
                        self.close()
                        return
            try:
                self._next = next(self._packets, None)
            except av.FFmpegError:  # cut off
                self._next = None

    def go_on(self, end: float | None) -> None:
        """The pictures are over, the sound is not: it is kept to second `end` of the film, None for all of it."""
        self._end = end

    def finish(self, container: OutputContainer, until: float) -> None:
        """Copy what sounds while the last picture is shown, which ends at `until`, and what goes on after it."""
        end = math.inf if self._end is None else self._end - self._first
        self.mux(container, max(until, end))

    def close(self) -> None:
        self._next = None
        if self._source is not None:
            self._source.close()
            self._source = None

    def _complain(self, trouble: str) -> None:
        logger.warning(f"{self.path}: {trouble}; the pictures go on without it")


def _fits(stream: AudioStream, format_name: str) -> bool:
    """Whether a file of that format holds the stream: tried on one in memory."""
    container = av.open(io.BytesIO(), "w", format=format_name)
    try:
        container.add_stream_from_template(stream)
        container.start_encoding()
    except (av.FFmpegError, ValueError, OSError):
        return False
    finally:
        with suppress(av.FFmpegError, ValueError, OSError):
            container.close()
    return True


def _video_start(source: InputContainer) -> float:
    """The time of the first picture, from which `Frame.seconds` count."""
    stream = film_stream(source)
    if stream is None or stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)
