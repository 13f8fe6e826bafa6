"""Paths as people type them."""

import os
from pathlib import Path


def at_home(path: str | Path) -> Path:
    """The path with `~` as the home folder; a file may be called "~draft.jpg", and stays so."""
    path = Path(path)
    if os.name == "nt" and path.parts[:1] != ("~",):  # where any name would be somebody's
        return path
    try:
        return path.expanduser()
    except RuntimeError:  # nobody here has that name
        return path
