"""`python -m train`: the workshop's commands."""

import argparse
import errno
import logging
import os
import sys

from fer_live.errors import UserError
from train.cli import COMMANDS

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
    options = _parser().parse_args(arguments)
    warnings = logging.StreamHandler()
    warnings.addFilter(Once())
    logging.basicConfig(format="%(message)s", handlers=[warnings])
    try:
        options.run(options)
    except UserError as error:
        return _end(2, str(error))
    except KeyboardInterrupt:
        return _end(130, f"stopped; {options.again}")
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = error.filename or "a file"
        return _end(
            2,
            f"{place} could not be written ({os.strerror(error.errno)}): make room, {options.again}",
        )
    return 0


def _end(code: int, message: str) -> int:
    # Of several processes that train together, all come here; Lightning kills the first of them
    # when another fails, before it could say why.
    if os.environ.get("LOCAL_RANK", "0") != "0":
        return 0
    print(f"train: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m train", description=__doc__)
    parser.set_defaults(again="give the same command to start again")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (explanation, add) in COMMANDS.items():
        add(commands.add_parser(name, help=explanation, description=explanation))
    return parser


if __name__ == "__main__":
    sys.exit(main())
