"""`fer-live`: the command line. Heavy imports wait until the command is known."""

import errno
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import NamedTuple

from fer_live import __version__
from fer_live.cli import files, live, page, tools
from fer_live.cli.options import Parser
from fer_live.errors import UserError, one_line, write_any_name
from fer_live.stopping import INTERRUPTED


class Command(NamedTuple):
    """`define` names its options to a parser, `run` does it and returns the exit code."""

    summary: str
    define: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # why standard output takes no more
DEFAULT = "live"
COMMANDS = {
    "live": Command("a camera, a film or pictures in a window", live.define, live.run),
    "image": Command("many pictures at once", files.define_image, files.run_image),
    "video": Command("a film from end to end, with its sound", files.define_video, files.run_video),
    "web": Command("the same in a browser, and a look at errors", page.define, page.run),
    "summary": Command("a page made of a log", tools.define_summary, tools.run_summary),
    "cameras": Command("the cameras there are", tools.define_cameras, tools.run_cameras),
    "bench": Command("how fast this computer is", tools.define_bench, tools.run_bench),
    "export": Command("a model for other programs", tools.define_export, tools.run_export),
    "doctor": Command("a check of this computer", tools.define_doctor, tools.run_doctor),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 1 where a check failed, 2 on bad input, 130 where it was stopped."""
    write_any_name()
    words = sys.argv[1:] if arguments is None else arguments
    named = bool(words) and not words[0].startswith("-")
    name = words[0] if named else DEFAULT
    if name not in COMMANDS:
        overview().error(
            f"no command {name!r}; a video or picture is read with --source FILE, "
            f"the commands are {', '.join(COMMANDS)}"
        )
    command = COMMANDS[name]
    parser = Parser(f"fer-live {name}", command.summary) if named else overview()
    command.define(parser)
    options = parser.parse_args(words[1:] if named else words)
    try:
        return command.run(options)
    except UserError as error:
        print(f"fer-live: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None and error.errno in FULL:
            print(
                f"fer-live: standard output cannot be written ({error.strerror}); "
                "free some space or send it to another place",
                file=sys.stderr,
            )
            # Or Python would try what is left once more at its end, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 2
        if error.filename is None and error.errno == errno.ENOENT:
            print(
                "fer-live: no folder for temporary files can be written; set TMPDIR to one that can",
                file=sys.stderr,
            )
            return 2
        if error.filename is None:
            raise
        # A place that may not even be looked at, or whose name is too long.
        place = one_line(str(error.filename))
        print(f"fer-live: {place}: {error.strerror}; name another place", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fer-live: stopped", file=sys.stderr)
        return INTERRUPTED


def overview() -> Parser:
    """The parser of `fer-live` without a command's name: its help tells of them all."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    parser = Parser(
        "fer-live",
        "Reads facial expressions live: each face with its expression, a bar for every\n"
        "class, how sure the model is, and a heat-map of what it looked at.",
        "commands:\n"
        + "\n".join(lines)
        + f"\n\nWithout a command it is {DEFAULT}, with the options above; `fer-live COMMAND --help`\n"
        "tells those of the others. In the window, h shows the keys.",
    )
    parser.usage = "fer-live [command] [options]"
    parser.add_argument("--version", action="version", version=f"fer-live {__version__}")
    return parser
