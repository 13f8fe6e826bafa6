"""Where frames come from: cameras, videos, streams and pictures."""

import re
from pathlib import Path

from fer_live.errors import UserError
from fer_live.sources.base import Source
from fer_live.sources.camera import CameraSource, find_cameras
from fer_live.sources.picture import ImageSource, is_picture, read_image
from fer_live.sources.video import VideoSource

__all__ = [
    "CameraSource",
    "ImageSource",
    "Source",
    "VideoSource",
    "find_cameras",
    "open_source",
    "read_image",
]


def open_source(place: int | str | Path, mirror: bool = False) -> Source:
    """The source for a camera's index, a stream's URL, or a picture's or video's path.

    A file is told by its content, not its name; raises UserError where it cannot be read.
    `mirror`: flip a camera left to right, as people know themselves.
    """
    text = str(place)
    camera = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
    if camera and (text.startswith("/dev/") or not Path(text).exists()):
        return CameraSource(int(camera[1]), mirror=mirror)
    if "://" in text:
        return VideoSource(text)
    path = Path(text).expanduser()
    _check_file(path)
    return ImageSource(path) if is_picture(path) else VideoSource(path)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder; name one picture or video in it") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the file") from None
    if empty:
        raise UserError(f"{path} is empty; name another file")
