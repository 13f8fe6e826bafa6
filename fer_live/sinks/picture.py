"""A picture file."""

import io
from pathlib import Path

import PIL.Image

from fer_live.sinks.base import claim, unwritten
from fer_live.types import Image, Scene


class PictureFile:
    """Saves the picture as PNG or JPEG; of several, the last stays."""

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser()

    def __enter__(self) -> "PictureFile":
        claim(self.path, (".png", ".jpg", ".jpeg"))
        return self

    def __exit__(self, *exception: object) -> None:
        if self.path.exists() and not self.path.stat().st_size:
            self.path.unlink()  # nothing was written

    def write(self, scene: Scene, canvas: Image) -> None:
        encoded = io.BytesIO()  # encoded first: a full disk cannot leave half of an older file
        kind = "PNG" if self.path.suffix.lower() == ".png" else "JPEG"
        PIL.Image.fromarray(canvas).save(encoded, kind, quality=95)
        try:
            self.path.write_bytes(encoded.getvalue())
        except OSError as error:
            raise unwritten(self.path, error) from None
