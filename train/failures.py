"""Errors of one training among several: a line to read, and the whole of it in a file."""

import contextlib
import textwrap
import traceback
from pathlib import Path

from fer_live.errors import UserError

FILE = "error.txt"
LONGEST = 240  # characters of an error that is not ours to explain


def in_a_line(error: Exception) -> str:
    """One line for a person; what is not ours to explain keeps its type and is cut."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError):
        return text
    return textwrap.shorten(f"{type(error).__name__}: {text}", LONGEST, placeholder=" ...")


def kept(error: Exception, folder: Path) -> str:
    """The same line; what may have been cut off is written to `folder`, with the traceback."""
    if not isinstance(error, UserError) or error.__cause__:
        with contextlib.suppress(OSError):  # a full disk may be what went wrong
            folder.mkdir(parents=True, exist_ok=True)
            whole = "".join(traceback.format_exception(error))
            # The names of files in it may be from before UTF-8.
            (folder / FILE).write_text(whole, encoding="utf-8", errors="backslashreplace")
    return in_a_line(error)
