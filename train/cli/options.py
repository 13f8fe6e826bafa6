"""Options that several commands have."""

import argparse
import os
from pathlib import Path
from typing import NoReturn

from fer_live.errors import UserError
from fer_live.home import place


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is what --help is for."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())  # argparse repeats what was typed, line breaks and all
        self.exit(2, f"train: {line}; see {self.prog} --help\n")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])


def add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compile", action="store_true", help="use torch.compile (a C++ compiler or a GPU)"
    )


def add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="only N faces a split: a smoke run"
    )


def add_set(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"override a field of {what} (a.b=c nests)",
    )


def add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", default="fer2013", help="its name (default: fer2013)")


def add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=place,
        default=os.environ.get("FER_DATA") or None,  # empty would be the current folder
        help="the data set's folder or file (default: the environment's FER_DATA)",
    )


def root_of(arguments: argparse.Namespace) -> Path:
    if arguments.root is None:
        raise UserError("no data set given: add --root FOLDER, or set FER_DATA")
    return Path(arguments.root)


def names(text: str) -> list[str]:
    """Names with commas between, for argparse."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} holds no name")
    return found


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    return _whole(text, 1)


def natural(text: str) -> int:
    """A whole number from 0, for argparse."""
    return _whole(text, 0)


def _whole(text: str, lowest: int) -> int:
    number = int(text) if text.isdecimal() else -1
    if number < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest}")
    return number
