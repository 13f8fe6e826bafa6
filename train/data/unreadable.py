"""Pictures that cannot be read: a few among thousands are left out, more stop the run."""

import contextlib
import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from fer_live.errors import UserError
from train.data.cache import folder

LARGEST_SHARE = 0.01
NAMED = 3

logger = logging.getLogger(__name__)


def report(names: Sequence[str], total: int, root: Path, title: str) -> None:
    """Warn that these of `total` pictures are left out, and list them in a file of `title` and this root.

    Raises UserError where they are more than a hundredth.
    """
    first = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    message = f"{len(names)} of {total} pictures under {root} cannot be read ({first})"
    mark = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
    path = folder() / f"{title}-{mark}-unreadable.txt"
    with contextlib.suppress(OSError):  # the message has the first of them in any case
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode("".join(f"{name}\n" for name in names)))
        message += f", all are listed in {path}"
    message = message.encode("utf-8", "backslashreplace").decode()  # names from before UTF-8
    if len(names) > LARGEST_SHARE * total:
        raise UserError(f"{message}: more than {LARGEST_SHARE:.0%}, fetch the data set again")
    logger.warning(f"{message}: they are left out")
