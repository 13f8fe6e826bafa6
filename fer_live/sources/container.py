"""Opening what FFmpeg plays: files, and streams by their URL."""

import io
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from fer_live.errors import UserError
from fer_live.home import at_home

# TCP first: over UDP, cameras' pictures arrive smeared.
OPTIONS = {"rtsp": {"rtsp_flags": "prefer_tcp"}, "rtsps": {"rtsp_flags": "prefer_tcp"}}
# Of streams that never end; others may be files or streams, which shows once they are open.
LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp")
# GIF89a, sections 17 to 24.
GIF, HEAD, PICTURE, COMMENT = b"GIF8", 13, b",", b"\x21\xfe\x01 \x00"


def open_container(place: str, timeout: float) -> tuple[InputContainer, VideoStream]:
    """The file or URL and its main video stream; raises UserError. `timeout`: of URLs, in seconds."""
    name, scheme = public_name(place), scheme_of(place)
    # torchvision before 0.26 has Python hear what FFmpeg says. A decoder's thread then waits to say it for
    # Python's lock, which whoever closes the film holds while waiting for that thread.
    av.logging.set_level(None)
    try:
        container = av.open(
            place if scheme else _file(at_home(place)),
            "r",
            options=OPTIONS.get(scheme or ""),
            timeout=timeout if scheme else None,
            metadata_errors="replace",
        )
    except av.ExitError:
        raise UserError(
            f"{name} does not answer within {timeout:g} s; check the address and that it is running"
        ) from None
    except (av.FFmpegError, OSError) as error:
        raise UserError(_refusal(name, scheme, error)) from None
    stream = film_stream(container)
    if stream is None or not stream.width:
        container.close()
        some = "pictures that can be decoded" if stream else "pictures that move"
        raise UserError(f"{name} holds no {some}; name another file")
    return container, stream


def film_stream(container: InputContainer) -> VideoStream | None:
    """The main one of those that are no covers, such as songs carry; None where there is none."""
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    return max(films, key=lambda film: film is best, default=None)


def _file(path: Path) -> str | io.BytesIO:
    """The file as FFmpeg is to open it. Raises OSError where it cannot be read.

    A GIF whose pictures have no delays, nor any other extension, gets a comment: FFmpeg would take all its
    pictures for one.
    """
    if path.is_file():  # what is read of a pipe or a device is gone
        with path.open("rb") as file:
            head = file.read(HEAD)
            if head.startswith(GIF) and len(head) == HEAD:
                colours = 2 << (head[10] & 7) if head[10] & 0x80 else 0
                head += file.read(3 * colours)
                rest = file.read(1)
                if rest == PICTURE:
                    return io.BytesIO(head + COMMENT + rest + file.read())
    # An absolute path cannot be taken for one of FFmpeg's protocols ("concat:...").
    return str(path.absolute())


def scheme_of(place: str) -> str | None:
    """A URL's, in small letters; None for a path."""
    return place.split("://")[0].lower() if "://" in place else None


def is_live(place: str, container: InputContainer) -> bool:
    """Whether it is a stream that goes on as time passes, and no file."""
    scheme = scheme_of(place)
    if scheme in (None, "file"):
        return False
    if scheme in LIVE_SCHEMES:
        return True
    return container.duration is None and container.size <= 0


def local_path(place: str) -> str:
    """The path that a file: URL names; other places as they are."""
    return url2pathname(urlsplit(place).path) if scheme_of(place) == "file" else place


def no_file(url: str, how: str, option: str) -> UserError:
    """What to say where a file is needed: `how` a URL can be read instead, and what that is written by."""
    name = public_name(url)
    return UserError(
        f"{name} is no file; download it, or read it {how}: "
        f"fer-live --source {shlex.quote(name)} --no-window {option} FILE"
    )


def public_name(place: str) -> str:
    """The place without the password that a URL may hold."""
    return re.sub(r"(://[^/?@:]*):[^/?]*@", r"\1:***@", place)


def _refusal(name: str, scheme: str | None, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if scheme is None and isinstance(error, FileNotFoundError):
        return f"{name}: no such file; check the path"
    if scheme is None or isinstance(error, av.InvalidDataError):
        return (
            f"{name} is neither a picture nor a video that can be decoded ({reason}); "
            "name another file"
        )
    return f"{name} cannot be opened ({reason}); check the address and that it is running"
