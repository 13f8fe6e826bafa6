"""`python -m train`: the workshop's commands."""

import argparse
import sys

from fer_live.errors import UserError
from train.cli import COMMANDS


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 on bad input, 130 when stopped."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"train: stopped; {options.again}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m train", description=__doc__)
    parser.set_defaults(again="give the same command to start again")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (explanation, add) in COMMANDS.items():
        add(commands.add_parser(name, help=explanation, description=explanation))
    return parser


if __name__ == "__main__":
    sys.exit(main())
