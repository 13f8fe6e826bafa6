"""Pictures to try: moments of the built-in clip, which shows averages of faces and no person."""

import os
import tempfile
from functools import cache
from html import escape
from pathlib import Path

import av
import PIL.Image

from fer_live import packaged
from fer_live.errors import UserError
from fer_live.types import Image
from fer_live.web.show import picture, shrunk

MOMENTS = {"one": 2.0, "another": 7.0, "third": 12.0}  # seconds into the clip


def thumbnails() -> str:
    """Buttons that pick a moment."""
    buttons = "".join(
        f'<button type="button" data-pick="{escape(name)}" aria-label="Read the example {name}">'
        f"{picture(shrunk(image, 160)[0], f'example: {name}')}</button>"
        for name, image in _moments().items()
    )
    return f'<div class="tries"><span>or try one:</span>{buttons}</div>'


def path(name: str) -> Path:
    """A moment as a file for the page. Raises UserError on another name."""
    if name not in _moments():
        raise UserError(f"no example {name!r}; choose one of {', '.join(_moments())}")
    folder = Path(os.environ.get("GRADIO_TEMP_DIR", tempfile.gettempdir())) / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.png"
    if not file.exists():
        PIL.Image.fromarray(_moments()[name]).save(file)
    return file


@cache
def _moments() -> dict[str, Image]:
    wanted = dict(MOMENTS)
    found: dict[str, Image] = {}
    with av.open(str(packaged.folder("assets") / "demo.mp4")) as film:
        for frame in film.decode(video=0):
            due = [name for name, seconds in wanted.items() if (frame.time or 0) >= seconds]
            for name in due:
                found[name] = frame.to_ndarray(format="rgb24")
                del wanted[name]
            if not wanted:
                break
    return found
