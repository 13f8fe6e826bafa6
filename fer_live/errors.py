"""What a person can mend, and how it is written."""

import io
import re
import sys

# C0 and C1 of Unicode, and what separates lines: names of files may hold them.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class UserError(Exception):
    """Bad input: one line that names the value and the fix. Commands print it and exit with code 2."""

    def __init__(self, message: str):
        super().__init__(one_line(message))


class NoRoom(UserError):
    """A disk or a quota that is full: what comes next will not fit, either."""


def one_line(text: str) -> str:
    """The text with line breaks and other controls written out, as Python's strings have them."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def write_any_name() -> None:
    """Let standard output spell out letters that its encoding lacks, as standard error does.

    Files and cameras may have them in their names, and on Windows what goes to a file or a pipe is of one code page.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
