"""The list of faces that `evaluate --exclude` leaves out, as `audit` writes it and people edit it.

One face a line: the split's name, then the face's row in the published data set, counted from 0. What
follows a `#` is a remark; empty lines are skipped. Lines of other splits than the one that is scored
do not count.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import UserError
from train.data import Faces

HEAD = "# Faces that `python -m train evaluate --exclude` leaves out: split, row (from 0), # why.\n"

logger = logging.getLogger(__name__)


def write_exclusions(path: Path, faces: Iterable[tuple[str, int, str]]) -> None:
    """Write (split, row, reason) of each face."""
    lines = [f"{split} {row}  # {reason}\n" for split, row, reason in faces]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")


def read_exclusions(path: Path) -> list[tuple[str, int]]:
    """(split, row) of each face on the list. Raises UserError on a line that is neither."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--exclude {path} cannot be read ({reason}): give a list from audit"
        ) from None
    found = []
    for number, line in enumerate(lines, start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not words[1].isdecimal():
            raise UserError(
                f"{path}, line {number}: {line.strip()!r} is not a split and a row number, "
                "such as `public 28709`"
            )
        found.append((words[0], int(words[1])))
    return found


def kept(faces: Faces, path: Path) -> NDArray[np.bool_]:
    """(N,) whether each face stays. Warns where all do, and of rows that are not there. Raises UserError where none would."""
    rows = [row for split, row in read_exclusions(path) if split == faces.split]
    absent = sorted(set(rows) - set(faces.rows.tolist()))
    stays = ~np.isin(faces.rows, rows)
    if not stays.any():
        raise UserError(f"--exclude {path} leaves no face of the split {faces.split}")
    if stays.all():
        logger.warning(
            f"--exclude {path} names no face of the split {faces.split}: none is left out"
        )
    elif absent:
        logger.warning(
            f"--exclude {path} names rows that the split {faces.split} lacks ({len(absent)}, such as {absent[0]}): "
            "was it made for another file?"
        )
    return stays
