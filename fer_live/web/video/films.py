"""Films that visitors hand in: looked at before they are read, and refused in words they can use."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import av

from fer_live.errors import UserError
from fer_live.sources import VideoSource
from fer_live.sources.container import film_stream
from fer_live.sources.picture import is_picture
from fer_live.web.uploads import LARGEST_FILM, LARGEST_PICTURE, existing, millions

# FFmpeg's names. No playlists: those are lists of other files and addresses, which it would open.
FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,h264,hevc,m4v,ivf,gif,mjpeg"
)
GUARD = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
# What Chromium, Firefox and Safari all play, and how such a file is called.
PLAYED = {("mp4", "h264"): ".mp4", ("webm", "vp8"): ".webm", ("webm", "vp9"): ".webm"}
PIXELS = ("yuv420p", "yuvj420p")


@dataclass(frozen=True)
class Film:
    """A file that holds moving pictures. `seconds` and `fps` None where it does not tell.

    `size`: width and height in pixels, upright. `plays`: the ending of a file that every browser plays
    as it is; None where it must be converted.
    """

    path: Path
    seconds: float | None
    fps: float | None
    size: tuple[int, int]
    plays: str | None

    @property
    def name(self) -> str:
        return self.path.name


def look(path: str | Path | None) -> Film:
    """What the film tells of itself, and its first picture decoded. Raises UserError, naming no folder."""
    path = existing(path)
    length = path.stat().st_size
    if not length:
        raise UserError(f"{path.name} is empty; choose another film")
    if length > LARGEST_FILM:
        raise UserError(
            f"{path.name} has {millions(length)} MB; a film may have {millions(LARGEST_FILM)} MB"
        )
    if is_picture(path):
        raise UserError(f"{path.name} is a picture; drop it in the tab Pictures")
    try:
        return _look(path)
    except UserError as error:
        raise UserError(str(error).replace(str(path), path.name)) from None


def _look(path: Path) -> Film:
    try:
        container = av.open(str(path), options=GUARD, metadata_errors="replace")
    except (av.FFmpegError, OSError):
        raise UserError(f"{path} is no film that can be decoded; choose another file") from None
    with container:
        stream = film_stream(container)
        if stream is None or not stream.width:
            raise UserError(f"{path} holds no pictures that can be decoded; choose another film")
        coder = stream.codec_context
        # Pixels that are not square are stretched when they are decoded.
        wide = coder.width * max(float(stream.sample_aspect_ratio or 1), 1)
        if wide * coder.height > LARGEST_PICTURE:
            raise UserError(
                f"{path} has pictures of {millions(wide * coder.height)} million pixels; "
                f"they may have {millions(LARGEST_PICTURE)} million"
            )
        seconds = container.duration / av.time_base if container.duration else None
        kinds = container.format.name.split(",")
        endings = [PLAYED[kind, coder.name] for kind in kinds if (kind, coder.name) in PLAYED]
        plays = endings[0] if endings and coder.pix_fmt in PIXELS else None
    with VideoSource(path) as source:
        for _ in source:
            break
        size, fps = source.size, source.fps
    assert size is not None  # a source without a picture raises
    return Film(path, seconds, fps, size, plays)


def keep(film: Path, target: Path) -> Path:
    """The film under another name, so that it stays when the upload is removed; without a copy where possible."""
    try:
        os.link(film, target)
    except OSError:
        shutil.copyfile(film, target)
    return target
