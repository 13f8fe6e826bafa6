"""Video files and streams, through FFmpeg: its timestamps, rotation and pixel shape are kept."""

import logging
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from fer_live.errors import UserError
from fer_live.types import Frame, Image

LIVE_SCHEMES = ("rtsp", "rtmp", "srt", "udp", "rtp")
TIMEOUT = 10.0  # seconds a stream may be silent
MISSING = 0.3  # seconds short of the announced length that count as cut off

logger = logging.getLogger(__name__)


class VideoSource:
    """A video file, or a stream by its URL.

    One that is damaged or cut off plays what it has; `warning` then says so, as does the log.
    """

    def __init__(self, place: str | Path):
        self.name = str(place)
        self.live = self.name.split("://")[0] in LIVE_SCHEMES
        self.fps: float | None = None
        self.frame_count: int | None = None
        self.size: tuple[int, int] | None = None
        self.warning: str | None = None
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> "VideoSource":
        remote = "://" in self.name
        # An absolute path cannot be taken for one of FFmpeg's protocols ("concat:...").
        place = self.name if remote else str(Path(self.name).expanduser().absolute())
        try:
            container = av.open(
                place, timeout=TIMEOUT if remote else None, metadata_errors="replace"
            )
        except FileNotFoundError:
            raise UserError(f"{self.name}: no such file; check the path") from None
        except (av.FFmpegError, OSError) as error:
            raise UserError(
                f"{self.name} is neither a picture nor a video that can be decoded "
                f"({error.strerror}); name another file"
            ) from None
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or not stream.width:
            container.close()
            raise UserError(f"{self.name} holds no pictures that can be decoded; name another file")
        self._container, self._stream = container, stream
        stream.thread_type = "SLICE" if self.live else "AUTO"  # frame threads answer late
        self.fps = float(stream.average_rate) if stream.average_rate else None
        self.frame_count = stream.frames or None
        return self

    def __exit__(self, *exception: object) -> None:
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None

    def __iter__(self) -> Iterator[Frame]:
        """Raises UserError if not one frame can be decoded."""
        container, stream = self._container, self._stream
        if container is None or stream is None:
            raise RuntimeError("enter the video before reading it")
        began: float | None = None
        index, seconds = 0, 0.0
        for decoded in self._decode(container, stream):
            time = decoded.time
            if time is None:  # raw streams have no timestamps
                time = index / (self.fps or 30)
            if began is None:
                began = time
            seconds = time - began
            image = _upright(decoded, stream)
            self.size = self.size or (image.shape[1], image.shape[0])
            yield Frame(image, index, seconds)
            index += 1
        if index == 0:
            raise UserError(f"{self.name} holds no picture that can be decoded; name another file")
        self._check_end(stream, index, seconds)

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        """All whole pictures; damaged ones are left out."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                self.warning = f"{self.name} is cut off"
                packet = None
            if packet is None:
                return
            if packet.is_corrupt and not self.live:
                self.warning = f"{self.name} is cut off or damaged"
                continue
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                self.warning = f"{self.name} is cut off or damaged"
                continue
            yield from (picture for picture in pictures if self.live or not picture.is_corrupt)

    def _check_end(self, stream: VideoStream, frames: int, seconds: float) -> None:
        if stream.duration and stream.time_base and not self.live:
            length = float(stream.duration * stream.time_base)
            if length - seconds - 1 / (self.fps or 30) > MISSING:
                self.warning = self.warning or f"{self.name} is cut off"
        if self.warning:
            self.warning += f"; {frames} frames ({seconds:.1f} s) were read"
            logger.warning(self.warning)


def _upright(decoded: av.VideoFrame, stream: VideoStream) -> Image:
    """(H, W, 3) RGB, turned as a player would and with square pixels."""
    shape = float(stream.sample_aspect_ratio or 1)
    width = max(round(decoded.width * shape), 1)
    # All told: left to itself, PyAV before 17 takes every video's colours for those of BT.601.
    converted = decoded.reformat(
        width,
        decoded.height,
        "rgb24",
        src_colorspace=decoded.colorspace,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=decoded.color_range,
        dst_color_range=ColorRange.JPEG,
    )
    image = converted.to_ndarray()
    turns = round(decoded.rotation / 90) % 4  # counter-clockwise, as rot90
    return np.ascontiguousarray(np.rot90(image, turns), np.uint8)
