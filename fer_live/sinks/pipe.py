"""Readings on standard output, for other programs."""

import errno
import os
import sys

from fer_live.errors import UserError
from fer_live.sinks.log import json_line
from fer_live.sinks.record import scene_record
from fer_live.types import Image, Scene

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
# How a write to a pipe fails that nobody reads any more; Windows also calls it an invalid argument.
CLOSED = {errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE}


class PipeClosed(Exception):
    """The reader of the pipe has gone: a session's end, not a failure."""


class JsonPipe:
    """JSON lines as in a log, one for each frame, each sent at once.

    While entered, all else that is printed, by whatever library, goes to standard error: the pipe
    holds JSON lines only.
    """

    drawn = False

    def __init__(self) -> None:
        self._pipe: int | None = None

    def __enter__(self) -> "JsonPipe":
        """Raises UserError where there is no standard output: by its number another file may be meant."""
        if sys.stdout is None:
            raise UserError("standard output is closed; leave out --pipe, or let something read it")
        self._pipe = os.dup(STANDARD_OUTPUT)
        os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pipe is not None:
            os.dup2(self._pipe, STANDARD_OUTPUT)
            os.close(self._pipe)
            self._pipe = None

    def write(self, scene: Scene, canvas: Image) -> None:
        """Raises PipeClosed once nobody reads any more, UserError where the disk behind it is full."""
        if self._pipe is None:
            raise RuntimeError("enter the pipe before writing to it")
        left = json_line(scene_record(scene))
        try:
            while left:  # a pipe may take a part
                left = left[os.write(self._pipe, left) :]
        except OSError as error:
            if error.errno in CLOSED:
                raise PipeClosed from None
            raise UserError(
                f"standard output cannot be written further ({error.strerror}); "
                "free some space or send it to another place"
            ) from None
