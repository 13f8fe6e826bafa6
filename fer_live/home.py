"""Paths as people type them, and what is kept for a user."""

import os
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path


def place(text: str) -> Path:
    """A file or folder, for argparse; an empty name would be the current folder."""
    if not text.strip():
        raise ArgumentTypeError(f"{text!r} names no file or folder")
    return at_home(text)


def at_home(path: str | Path) -> Path:
    """The path with `~` as the home folder; a file may be called "~draft.jpg", and stays so."""
    path = Path(path)
    if os.name == "nt" and path.parts[:1] != ("~",):  # where any name would be somebody's
        return path
    try:
        return path.expanduser()
    except RuntimeError:  # nobody here has that name
        return path


def kept_in(find: Callable[[str], Path]) -> Path:
    """fer-live's folder by one of platformdirs' functions.

    For a user without a home it is one that cannot be made: of a place that anybody may make, no models are loaded.
    """
    try:
        return find("fer-live")
    except RuntimeError:  # no HOME, and no account that names one
        return Path(os.devnull) / "fer-live"


def is_kept(file: Path) -> bool:
    """Whether the file is there, for all that may be seen: a home may be somebody else's."""
    try:
        return file.is_file()
    except OSError:
        return False
