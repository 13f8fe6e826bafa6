"""The folder that copies go to."""

import os
from pathlib import Path

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sources.picture import suffixes


def check_name(output: Path) -> None:
    """Raises UserError for a name that was meant for one copy."""
    if output.suffix.lower() in suffixes() and not at_home(output).is_dir():
        raise UserError(f"{output} is to be a folder: name one, such as read/")


def claim_folder(folder: Path) -> None:
    """Make it where it is not there. Raises UserError where it takes no files."""
    folder = at_home(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UserError(f"{folder} cannot be made ({reason}); save to another place") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be written; save to another place")
