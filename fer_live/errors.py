"""What a person can mend."""

import re

# C0 and C1 of Unicode, and what separates lines: names of files may hold them.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class UserError(Exception):
    """Bad input: one line that names the value and the fix. Commands print it and exit with code 2."""

    def __init__(self, message: str):
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """The text with line breaks and other controls written out, as Python's strings have them."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
