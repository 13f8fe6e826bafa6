"""A picture file that carries its reading."""

import io
import json
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import PIL.Image
from PIL.PngImagePlugin import PngInfo

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sinks.base import reserve, save_whole
from fer_live.sinks.record import scene_record
from fer_live.types import Image, Scene

PNG = (".png",)
JPEG = (".jpg", ".jpeg")
PICTURES = (*PNG, *JPEG)
KEY = "fer-live"  # of PNG's text
EXIF, USER_COMMENT = 0x8769, 0x9286  # Exif 2.32, tables 4 and 8
ASCII = b"ASCII\0\0\0"  # names the comment's characters; JSON needs no others
ROOM = 60_000  # bytes of a comment: all of a JPEG's EXIF must fit in 65,533


class PictureFile:
    """Saves the picture as PNG or JPEG with its reading inside; of several, the last stays.

    The reading is the log's line for that frame, JSON: in a PNG the iTXt text "fer-live", in a JPEG the
    EXIF UserComment. `embedded_record` reads it back.
    """

    drawn = True

    def __init__(self, path: str | Path):
        self.path = at_home(path)
        self._held = ExitStack()

    def __enter__(self) -> "PictureFile":
        self._held = reserve(self.path, PICTURES)
        return self

    def __exit__(self, *exception: object) -> None:
        self._held.close()

    def write(self, scene: Scene, canvas: Image) -> None:
        save_picture(self.path, canvas, scene_record(scene))


def save_picture(path: Path, canvas: Image, record: dict[str, Any]) -> None:
    """(H, W, 3) RGB as PNG or JPEG by the name's ending, whole or not at all, with `record` inside.

    Raises UserError where it cannot be written.
    """
    encoded = io.BytesIO()
    picture = PIL.Image.fromarray(canvas)
    try:
        if path.suffix.lower() in PNG:
            text = PngInfo()
            text.add_itxt(KEY, json.dumps(record))
            picture.save(encoded, "PNG", pnginfo=text)
        else:
            exif = PIL.Image.Exif()
            exif.get_ifd(EXIF)[USER_COMMENT] = _comment(record)
            picture.save(encoded, "JPEG", quality=95, exif=exif)
    except OSError:
        size = f"{canvas.shape[1]}x{canvas.shape[0]}"
        raise UserError(f"{path} cannot hold {size} pixels; save it as .png") from None
    save_whole({path: encoded.getvalue()})


def embedded_record(path: str | Path) -> dict[str, Any] | None:
    """The reading that a picture carries, as `save_picture` put it in; None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            opened = PIL.Image.open(path, formats=("PNG", "JPEG"))
        with opened as picture:
            text = getattr(picture, "text", {}).get(KEY)  # loads a PNG to its end
            if text is None:
                comment = picture.getexif().get_ifd(EXIF).get(USER_COMMENT, b"")
                if not isinstance(comment, bytes) or not comment.startswith(ASCII):
                    return None
                text = comment.removeprefix(ASCII).decode("ascii", "replace")
        record = json.loads(text)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return None
    return record if isinstance(record, dict) and "faces" in record else None


def _comment(record: dict[str, Any]) -> bytes:
    """The record as an EXIF comment. Of a crowd, the faces that fit; "faces_left_out" counts the others."""
    faces = record["faces"]
    text = json.dumps(record)
    kept = len(faces)
    while len(text) > ROOM and kept:
        kept = min(kept - 1, kept * ROOM // len(text))
        text = json.dumps(
            record | {"faces": faces[:kept], "faces_left_out": len(faces) - kept},
        )
    return ASCII + text.encode("ascii")
