"""What visitors hand in: read within limits, and refused in words they can use."""

import functools
import html
import inspect
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
import PIL.Image

from fer_live.errors import UserError
from fer_live.sources.picture import FORMATS, read_image
from fer_live.types import Image

LARGEST_FILE = 20_000_000  # bytes of a picture
LARGEST_FILM = 500_000_000  # bytes; all uploads are refused above that
LARGEST_PICTURE = 40_000_000  # pixels
BOMB = 2 * (PIL.Image.MAX_IMAGE_PIXELS or LARGEST_PICTURE)  # Pillow refuses more than that

Function = TypeVar("Function", bound=Callable[..., Any])
logger = logging.getLogger(__name__)


def read_upload(path: str | Path | None) -> Image:
    """(H, W, 3) RGB of a picture, upright; of an animation the first frame. Raises UserError, naming no folder."""
    path = existing(path)
    name = path.name
    size = path.stat().st_size
    if size == 0:
        raise UserError(f"{name} is empty; choose another picture")
    if size > LARGEST_FILE:
        raise UserError(
            f"{name} has {millions(size)} MB; a picture may have {millions(LARGEST_FILE)} MB"
        )
    pixels = _pixels(path)
    if pixels > LARGEST_PICTURE:
        more = "more than " if pixels == BOMB else ""
        raise UserError(
            f"{name} has {more}{millions(pixels)} million pixels; a picture may have "
            f"{millions(LARGEST_PICTURE)} million"
        )
    try:
        return read_image(path)
    except UserError as error:
        raise UserError(str(error).replace(str(path), name)) from None


def millions(number: float) -> int:
    """Rounded up, so that what is a little too much does not read as what is allowed."""
    return math.ceil(number / 1e6)


def existing(path: str | Path | None) -> Path:
    """Raises UserError where nothing came, or what came is gone: the server lost sight of the page for a while."""
    if not path:
        raise UserError("no file came; choose one again")
    if not Path(path).is_file():
        raise UserError(f"{Path(path).name} was removed meanwhile; choose it again")
    return Path(path)


def told(function: Function, markup: bool = True) -> Function:
    """The handler, with what a person can mend as a message in the page; all else goes to the log alone.

    `markup`: whether a page shows the message, and not a program.
    """

    @functools.wraps(function)
    def handler(*arguments: Any, **named: Any) -> Any:
        with _telling(markup):
            return function(*arguments, **named)

    @functools.wraps(function)
    def steps(*arguments: Any, **named: Any) -> Any:
        with _telling(markup):
            yield from function(*arguments, **named)

    return steps if inspect.isgeneratorfunction(function) else handler  # type: ignore[return-value]


@contextmanager
def _telling(markup: bool) -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        if not isinstance(error, UserError):
            logger.exception("a request failed")
        raise message(plain_words(error), markup) from None


def plain_words(error: Exception) -> str:
    """What a visitor is told of it."""
    if isinstance(error, UserError):
        return str(error)
    return "something went wrong here; the server's log says what"


def message(text: str, markup: bool = True) -> gr.Error:
    """Shown as plain text: file names may hold markup, which a page would follow and a program would not."""
    shown = html.escape(text) if markup else text
    return gr.Error(shown, print_exception=False)


def _pixels(path: Path) -> int:
    """As the file's head announces them; 0 where it is no picture, which reading it will tell."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(path, formats=FORMATS) as picture:
                return picture.width * picture.height
    except PIL.Image.DecompressionBombError:
        return BOMB
    except (OSError, ValueError, SyntaxError):
        return 0
