"""Short messages that go away."""

import time

STAY = 2.0  # seconds


class Messages:
    """The newest message, for STAY seconds."""

    def __init__(self) -> None:
        self._text, self._until = "", 0.0

    def say(self, text: str) -> None:
        self._text, self._until = text, time.monotonic() + STAY

    def lines(self, *lasting: str | None) -> tuple[str, ...]:
        """`lasting`, where there are such, and below them the newest while it stays."""
        newest = self._text if time.monotonic() < self._until else None
        return tuple(line for line in (*lasting, newest) if line)
