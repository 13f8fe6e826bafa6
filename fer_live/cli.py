"""`fer-live`: the command line. Heavy imports wait until the command is known."""

import argparse
import re
import sys
from pathlib import Path
from typing import NoReturn

from fer_live import __version__
from fer_live.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 1 where a check failed, 2 on bad input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    commands = {None: _live, "doctor": _doctor}
    if options.command not in commands:
        parser.error(
            f"no command {options.command!r}; a video or picture is read with --source FILE"
        )
    try:
        return commands[options.command](options)
    except UserError as error:
        print(f"fer-live: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fer-live: stopped", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is what --help is for."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fer-live: {message}; see fer-live --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "fer-live",
        description="Reads facial expressions live: each face with its expression, a bar for every "
        "class, how sure the model is, and a heat-map of what it looked at.",
        epilog="Keys in the window: q or Esc quit, g heat-map, b bars, s snapshot, space pause, h help.",
    )
    parser.add_argument(
        "command", nargs="?", metavar="doctor", help="check this computer: a line for each part"
    )
    parser.add_argument("--version", action="version", version=f"fer-live {__version__}")
    source = parser.add_argument_group("what to read").add_mutually_exclusive_group()
    source.add_argument("--camera", type=int, metavar="N", help="camera number (default: 0)")
    source.add_argument("--source", metavar="FILE", help="a video or a picture")
    source.add_argument("--demo", action="store_true", help="the built-in clip")
    output = parser.add_argument_group("what to write")
    output.add_argument("--output", type=Path, metavar="FILE", help="annotated .mp4, .png or .jpg")
    output.add_argument(
        "--log", type=Path, metavar="FILE", help="readings as .jsonl, a line a frame"
    )
    output.add_argument("--no-window", action="store_true", help="show nothing")
    output.add_argument("--max-frames", type=_positive, metavar="N", help="stop after N frames")
    reading = parser.add_argument_group("how to read")
    reading.add_argument(
        "--model",
        default="cucn",
        metavar="NAME",
        help="weights: cucn, cnn6 or a file (default: cucn)",
    )
    reading.add_argument(
        "--device", type=_device, default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    reading.add_argument(
        "--scan",
        choices=["full", "live"],
        help="look everywhere in every frame, or a part of it a frame (default: live, full for pictures)",
    )
    reading.add_argument(
        "--smoothing",
        type=_seconds,
        default=0.3,
        metavar="SECONDS",
        help="time constant of the probabilities; 0 turns it off (default: 0.3)",
    )
    reading.add_argument(
        "--heatmap",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="begin with the heat-map on (default) or off",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return seconds


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is none of auto, cpu, cuda, cuda:N and mps")
    return text


def _live(options: argparse.Namespace) -> int:
    from fer_live.live import LiveOptions, run

    return run(
        LiveOptions(
            camera=options.camera or 0,
            source=options.source,
            demo=options.demo,
            output=options.output,
            log=options.log,
            window=not options.no_window,
            max_frames=options.max_frames,
            model=options.model,
            device=options.device,
            scan=options.scan,
            smoothing=options.smoothing,
            heatmap=options.heatmap,
        )
    )


def _doctor(options: argparse.Namespace) -> int:
    from fer_live.doctor import examine

    return examine()
