"""Paths as people type them."""

import os
from argparse import ArgumentTypeError
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
