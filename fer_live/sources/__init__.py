"""Where frames come from: cameras, videos, streams and pictures."""

import re
from pathlib import Path

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sources.base import Lost, Source
from fer_live.sources.camera import LAST, CameraSource
from fer_live.sources.container import local_path, public_name
from fer_live.sources.find import find_cameras
from fer_live.sources.picture import ImageSource, is_picture, read_image
from fer_live.sources.pictures import FolderSource, is_pattern, list_pictures
from fer_live.sources.reader import Reader, follow
from fer_live.sources.reconnecting import Reconnecting
from fer_live.sources.video import VideoSource

__all__ = [
    "CameraSource",
    "FolderSource",
    "ImageSource",
    "Lost",
    "Reader",
    "Reconnecting",
    "Source",
    "VideoSource",
    "find_cameras",
    "follow",
    "list_pictures",
    "open_source",
    "read_image",
]


def open_source(
    place: int | str | Path,
    mirror: bool = False,
    resolution: tuple[int, int] | None = None,
    rate: float | None = None,
    start: float = 0.0,
    end: float | None = None,
    every: int = 1,
) -> Source:
    """The source for a camera's index, a stream's URL, a picture's or video's path, a folder or a pattern.

    A file is told by its content, not its name; raises UserError where it cannot be read. `mirror`,
    `resolution` (width, height) and `rate`, frames per second: of cameras. `start` and `end`, in
    seconds, and `every`: of videos.
    """
    text = local_path(str(place))
    if not text.strip():
        raise UserError(
            f"{text!r} names no source; name a camera's number, a file, a folder or a URL"
        )
    camera = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
    if camera and (text.startswith("/dev/") or not Path(text).exists()):
        _refuse_part(text, start, end, every, "a camera")
        if int(camera[1]) > LAST:
            raise UserError(f"{text} is beyond any camera's number; 0 is the first")
        return CameraSource(int(camera[1]), resolution, rate, mirror)
    if resolution or rate:
        raise UserError(
            f"{public_name(text)} is no camera, and its frames come as they are; leave out --resolution and --fps"
        )
    if "://" in text:
        return VideoSource(text, start, end, every)
    path = at_home(text)
    if path.is_dir() or (is_pattern(text) and not path.exists()):
        _refuse_part(text, start, end, every, "pictures")
        return FolderSource(path)
    _check_file(path)
    if is_picture(path):
        _refuse_part(text, start, end, every, "a picture")
        return ImageSource(path)
    return VideoSource(path, start, end, every)


def _refuse_part(place: str, start: float, end: float | None, every: int, what: str) -> None:
    if start or end is not None or every != 1:
        raise UserError(f"{place} is {what}; start, end and every are for videos")


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the file") from None
    if empty:
        raise UserError(f"{path} is empty; name another file")
