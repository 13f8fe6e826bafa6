"""Earlier recordings of a name: what a camera showed does not come again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from fer_live.errors import UserError, one_line
from fer_live.home import at_home
from fer_live.sinks.base import hold, numbered


@contextmanager
def keep_earlier(path: Path, console: Console) -> Iterator[None]:
    """Let a file that is there already stand aside, as name-1, for one that is written meanwhile.

    Where nothing is written it has its name again afterwards. Raises UserError where it cannot be renamed, or
    another program is recording to it.
    """
    place = at_home(path).resolve()
    if not place.is_file() or not place.stat().st_size:
        yield
        return
    hold(place).close()
    try:
        aside = numbered(place, 1)
        place.rename(aside)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UserError(
            f"{path} holds an earlier recording, which cannot be renamed ({reason}); choose another name"
        ) from None
    try:
        yield
    finally:
        if place.exists():
            where = aside if at_home(path).is_symlink() else f"{aside.name} beside it"
            told = one_line(f"kept: the earlier {path} is now {where}")
            console.print(told, soft_wrap=True, highlight=False, markup=False)
        else:
            aside.rename(place)
