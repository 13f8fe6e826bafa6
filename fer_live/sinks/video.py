"""A video file, through FFmpeg."""

import math
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sinks.base import reserve, unwritten
from fer_live.sinks.sound import Sound
from fer_live.types import Image, Scene

SLOWEST, FASTEST = 0.05, 240  # frames a second: what lies beyond is no film's rate
TICK = Fraction(1, 60000)  # seconds: whole for 24, 25, 30, 50, 60 and 29.97 fps; fits MPEG-4
HEAD = 4096  # bytes that hold all that FFmpeg rewrites when it closes a file
SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")
CODEC: Literal["libx264", "mpeg4"] = "libx264" if "libx264" in av.codecs_available else "mpeg4"
# No B-frames: they would shift a fragmented file's times, and more be lost with a recording cut short.
# So would with a longer look ahead, which makes files smaller by a fiftieth.
QUALITY = {
    "libx264": {"preset": "veryfast", "crf": "20", "bf": "0", "rc-lookahead": "5"},
    "mpeg4": {"qmin": "2", "qmax": "5"},
}
# Fragments of half a second each, so that a recording cut short plays up to there; closed in order, the
# file becomes a plain MP4, which every player and browser reads. Matroska has clusters for that.
FRAGMENTS = {"movflags": "hybrid_fragmented+frag_keyframe", "frag_duration": "500000"}
CLUSTERS = {"cluster_time_limit": "500"}


class VideoFile:
    """H.264, or MPEG-4 where FFmpeg lacks it. Each frame keeps its own time, `Frame.seconds`.

    `fps`: the source's, None where it does not tell; a hint to the encoder and the time of frames
    that carry none. The first frame sets the size, made even by repeating the last row or column;
    frames of another size are fitted into it, with black beside them. `sound`: of the film that the
    frames are from.
    """

    drawn = True

    def __init__(self, path: str | Path, fps: float | None = None, sound: Sound | None = None):
        self.path = at_home(path)
        self._sound = sound
        self.fps = fps if fps and SLOWEST <= fps <= FASTEST else 30.0
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._held = ExitStack()
        self._began: float | None = None
        self._ticks = -1
        self._safe = 0  # bytes that play if nothing follows

    def __enter__(self) -> "VideoFile":
        self._held = reserve(self.path, SUFFIXES)
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._finish()
        finally:
            self._held.close()

    def _finish(self) -> None:
        container, stream = self._container, self._stream
        self._container = None
        if container is not None and stream is not None:
            head = self._head()
            try:
                self._mux(container, stream.encode())
                if self._sound is not None:
                    self._sound.finish(container, float(self._ticks * TICK) + 1 / self.fps)
                head = self._head()
                container.close()
            except OSError as failure:
                self._cut(container, head)
                raise unwritten(self.path, failure) from None
            finally:
                if self._sound is not None:
                    self._sound.close()

    def write(self, scene: Scene, canvas: Image) -> None:
        """Raises UserError where the disk is full; what was recorded so far plays."""
        if self._stream is None:
            self._start(canvas, scene.frame.seconds)
        container, stream = self._container, self._stream
        if container is None or stream is None:
            raise RuntimeError("write to a video file only within its with block")
        picture = av.VideoFrame.from_ndarray(
            _fitted(canvas, stream.width, stream.height), format="rgb24"
        )
        picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        picture.pts, picture.time_base = self._next_tick(scene.frame.seconds), TICK
        try:
            self._mux(container, stream.encode(picture))
            if self._sound is not None:
                self._sound.mux(container, float(self._ticks * TICK))
        except OSError as error:
            self._container = None
            if self._sound is not None:
                self._sound.close()
            self._cut(container, self._head())
            raise unwritten(self.path, error) from None

    def _start(self, canvas: Image, seconds: float) -> None:
        rate = Fraction(self.fps).limit_denominator(1001)
        parts = CLUSTERS if self.path.suffix.lower() == ".mkv" else FRAGMENTS
        options = {"flush_packets": "1"} | parts
        container = av.open(str(self.path.absolute()), "w", options=options)
        stream = container.add_stream(CODEC, rate=rate, options=QUALITY[CODEC])
        stream.height, stream.width = (size + size % 2 for size in canvas.shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TICK
        stream.codec_context.gop_size = math.ceil(self.fps)
        stream.codec_context.colorspace = Colorspace.ITU709
        try:
            stream.codec_context.open(strict=False)
        except av.FFmpegError:
            container.close()
            size = f"{stream.width}x{stream.height}"
            raise UserError(
                f"{self.path}: {CODEC} takes no pictures of {size} pixels; make the source smaller, "
                "or save a .png"
            ) from None
        if self._sound is not None:
            self._sound.attach(container, seconds)
        self._container, self._stream = container, stream

    def _mux(self, container: OutputContainer, packets: list[av.Packet]) -> None:
        for packet in packets:
            container.mux(packet)
            self._safe = self.path.stat().st_size

    def _next_tick(self, seconds: float) -> int:
        """Ticks since the first frame; they must grow, and pictures have no time of their own."""
        if self._began is None:
            self._began = seconds
        ticks = round((seconds - self._began) / TICK)
        if ticks <= self._ticks:
            ticks = self._ticks + round(1 / (self.fps * TICK))
        self._ticks = ticks
        return ticks

    def _head(self) -> bytes:
        with suppress(OSError), self.path.open("rb") as file:
            return file.read(HEAD)
        return b""  # someone took the file away

    def _cut(self, container: OutputContainer, head: bytes) -> None:
        """Close after a failure and leave only whole fragments, as they were with `head`."""
        with suppress(OSError):
            container.close()  # which declares the fragments void even if their index does not fit
        with suppress(OSError), self.path.open("r+b") as file:
            file.truncate(self._safe)
            file.write(head[: self._safe])
        if not _plays(self.path):  # within the first fragment there is nothing to keep
            self.path.unlink(missing_ok=True)


def _plays(path: Path) -> bool:
    with suppress(av.FFmpegError), av.open(str(path)) as container:
        return next(container.decode(video=0), None) is not None
    return False


def _fitted(image: Image, width: int, height: int) -> Image:
    """`image` in the video's size, its shape kept; a missing last row or column repeats the one before."""
    rows, columns = height - image.shape[0], width - image.shape[1]
    if (rows, columns) == (0, 0):
        return image
    if rows in (0, 1) and columns in (0, 1):
        return np.pad(image, ((0, rows), (0, columns), (0, 0)), "edge")
    scale = min(height / image.shape[0], width / image.shape[1])
    high, wide = (max(round(scale * size), 1) for size in image.shape[:2])
    inner = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
    top, left = (height - high) // 2, (width - wide) // 2
    beside = (top, height - high - top, left, width - wide - left)
    return np.asarray(cv2.copyMakeBorder(inner, *beside, cv2.BORDER_CONSTANT), np.uint8)
