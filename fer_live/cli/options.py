"""What several commands share: the parser, options for reading, and what a value may be."""

import os
import re
import sys
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
    HelpFormatter,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Sequence
from typing import Any, NoReturn

from fer_live.errors import UserError
from fer_live.home import place
from fer_live.packaged import MODEL, names

RUNTIMES = ("auto", "torch", "openvino", "onnx")


class Parser(ArgumentParser):
    """Says what is wrong in one line; the usage is what --help is for."""

    def __init__(self, prog: str, description: str, epilog: str | None = None):
        super().__init__(
            prog,
            description=description[0].upper() + description[1:],
            epilog=epilog,
            # An epilog lists commands, line by line; other texts are filled.
            formatter_class=RawDescriptionHelpFormatter if epilog else HelpFormatter,
        )
        self._words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        files = [word for word in self._words if word.startswith("-") and os.path.isfile(word)]  # noqa: PTH113 (Path raises where a name is too long)
        message += "".join(f"; for the file write ./{name}" for name in files)
        line = " ".join(message.split())  # argparse repeats what was typed, line breaks and all
        self.exit(2, f"fer-live: {line}; see {self.prog} --help\n")


def add_model(group: Any) -> None:
    """Which model reads, and on what."""
    group.add_argument(
        "--model",
        default=MODEL,
        metavar="NAME",
        help=f"weights: {', '.join(names())} or a file; several vote, with commas between (default: {MODEL})",
    )
    group.add_argument(
        "--device", type=device, default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    group.add_argument(
        "--runtime",
        choices=RUNTIMES,
        default="auto",
        help="what runs the network: torch, openvino or onnx, exactly, or the quickest (default: auto)",
    )


def add_abstain(group: Any) -> None:
    group.add_argument(
        "--abstain",
        type=share,
        metavar="P",
        help="name a second expression where the first is less probable than P (default: the model's); "
        "logs and summaries have the first, however probable",
    )


def add_smoothing(group: Any) -> None:
    group.add_argument(
        "--smoothing",
        type=seconds,
        default=0.3,
        metavar="SECONDS",
        help="time constant of the probabilities; 0 turns it off (default: 0.3)",
    )


def add_heatmap(group: Any, text: str) -> None:
    group.add_argument("--heatmap", action=BooleanOptionalAction, default=True, help=text)


def add_summary(group: Any) -> None:
    group.add_argument(
        "--summary",
        type=place,
        metavar="FILE",
        help="a page at the end, .html or .png: who showed what, when, for how long",
    )
    group.add_argument(
        "--thumbnails",
        action="store_true",
        help="keep faces in the summary, at their clearest moments (default: none are kept)",
    )


def check_thumbnails(options: Namespace) -> None:
    """Raises UserError where thumbnails are asked for and no summary would show them."""
    if options.thumbnails and options.summary is None:
        raise UserError("--thumbnails are part of a summary; add --summary FILE")


def positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def camera(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not a camera's number; 0 is the first")
    return int(text)


def seconds(text: str) -> float:
    value = _number(text)
    if value is None or value < 0:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return value


def rate(text: str) -> float:
    value = _number(text)
    if value is None or not 0 < value <= 1000:
        raise ArgumentTypeError(f"{text!r} is not a number of frames per second, such as 30")
    return value


def share(text: str) -> float:
    value = _number(text)
    if value is None or not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def resolution(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", text, re.ASCII)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT in pixels, such as 1280x720")
    return int(match[1]), int(match[2])


def device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise ArgumentTypeError(f"{text!r} is none of auto, cpu, cuda, cuda:N and mps")
    return text


def _number(text: str) -> float | None:
    """None where it is no finite number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
