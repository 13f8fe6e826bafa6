"""From a container's packets to pictures with their times."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from fer_live.types import Image

BACK = 0.5  # seconds: timestamps that fall further begin anew, others are only out of order


class Timed(NamedTuple):
    """A decoded picture and its second of the film."""

    seconds: float
    picture: av.VideoFrame


def seek(container: InputContainer, stream: VideoStream, start: float) -> float | None:
    """Go to the last key frame before second `start` of an unread film; its beginning's timestamp.

    None where that fails, or lands too late for want of an index: then open it anew.
    """
    tick = float(stream.time_base or 1)
    try:
        origin = _first_timestamp(container, stream)
        if origin is None:
            return None
        place = int((origin + start) / tick)
        container.seek(place, stream=stream)
        landed = _first_timestamp(container, stream)
        container.seek(place, stream=stream)
    except (av.FFmpegError, OverflowError):  # no film has more ticks than 64 bits count
        return None
    return origin if landed is not None and landed - origin <= start else None


def _first_timestamp(container: InputContainer, stream: VideoStream) -> float | None:
    """Of the next picture, in seconds."""
    picture = next(decode(container, stream, lambda what: None), None)
    return None if picture is None else picture.time


def decode(
    container: InputContainer, stream: VideoStream, damaged: Callable[[str], None] | None
) -> Iterator[av.VideoFrame]:
    """All whole pictures; `damaged` None: those with smears, too, as a live stream has them."""
    packets = container.demux(stream)
    tell = damaged or (lambda what: None)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            tell("is cut off")
            packet = None
        if packet is None:
            return
        if packet.is_corrupt and damaged:
            damaged("is cut off or damaged")
            continue
        try:
            pictures = packet.decode()
        except av.FFmpegError:
            tell("is cut off or damaged")
            continue
        yield from (picture for picture in pictures if not (damaged and picture.is_corrupt))


def last_second(container: InputContainer, before: float) -> float:
    """Up to which second any stream of the file lasts; `before`: a second in it, to look from."""
    end = 0.0
    with suppress(av.FFmpegError):
        container.seek(int(before * av.time_base))
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return end


def timed(
    pictures: Iterator[av.VideoFrame], stream: VideoStream, origin: float | None = None
) -> Iterator[Timed]:
    """Pictures with their seconds since `origin`, by default the first one's timestamp.

    They never run backwards: timestamps that begin anew go on from the last one.
    """
    pause = 1 / float(stream.average_rate or 30)
    seconds: float | None = None
    for picture in pictures:
        moment = picture.time
        if moment is None:  # raw streams have no timestamps
            moment = (origin or 0.0) + (0.0 if seconds is None else seconds + pause)
        if origin is None:
            origin = moment
        if seconds is not None and moment - origin < seconds - BACK:
            origin = moment - seconds - pause
        seconds = moment - origin if seconds is None else max(moment - origin, seconds)
        yield Timed(seconds, picture)


def upright(decoded: av.VideoFrame, stream: VideoStream) -> Image:
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
