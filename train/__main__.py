"""`python -m train`: the workshop's commands."""

import argparse
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from fer_live.errors import UserError, one_line, write_any_name
from train.cli import COMMANDS
from train.cli.options import Parser

CLOSED = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)  # a place
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, a quota, a file


class Once(logging.Filter):
    """Lets each message through once: all rows of a table read the same data set again."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        new = text not in self.said
        self.said.add(text)
        return new


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 on bad input, 130 when stopped."""
    write_any_name()
    options = _parser().parse_args(arguments)
    warnings = logging.StreamHandler()
    warnings.addFilter(Once())
    logging.basicConfig(format="%(message)s", handlers=[warnings])
    try:
        with _heeding_signals():
            options.run(options)
    except UserError as error:
        return _end(2, str(error))
    except KeyboardInterrupt:
        return _end(130, f"stopped; {options.again(options)}")
    except OSError as error:
        if error.errno in CLOSED and error.filename is not None:
            return _end(2, f"{one_line(str(error.filename))}: {error.strerror}; name another place")
        if error.errno not in FULL:
            raise
        place = error.filename or "a file"
        return _end(
            2,
            f"{place} could not be written ({os.strerror(error.errno)}): make room, "
            f"{options.again(options)}",
        )
    return 0


@contextmanager
def _heeding_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C, and on SIGTERM, which would end the process without a word.

    Not within an import: packages catch it there, and go on without the half that is missing.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if not _is_importing(frame):
            raise KeyboardInterrupt
        # On Windows `os.kill` is no signal, but the end.
        send = signal.raise_signal if os.name == "nt" else partial(os.kill, os.getpid())
        again = threading.Timer(0.1, send, (number,))
        again.daemon = True
        again.start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _end(code: int, message: str) -> int:
    # Of several processes that train together, all come here; Lightning kills the first of them
    # when another fails, before it could say why.
    if os.environ.get("LOCAL_RANK", "0") != "0":
        return 0
    print(f"train: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser("python -m train", description=__doc__)
    parser.set_defaults(again=lambda options: "give the same command to start again")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (explanation, add) in COMMANDS.items():
        add(commands.add_parser(name, help=explanation, description=explanation))
    return parser


if __name__ == "__main__":
    sys.exit(main())
