"""`python -m train`: the workshop's commands."""

import argparse
import os
import sys

from fer_live.errors import UserError
from train.cli import COMMANDS


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 on bad input, 130 when stopped."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        return _end(2, str(error))
    except KeyboardInterrupt:
        return _end(130, f"stopped; {options.again}")
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
