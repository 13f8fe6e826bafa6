"""A log in the pictures' order, whichever of them is known first."""

from typing import Any

from fer_live.sinks.log import Log


class InOrder:
    """Hands a log the records of pictures by their numbers, from 0 on; those that come early are held."""

    def __init__(self, log: Log | None):
        self._log = log
        self._held: dict[int, dict[str, Any] | None] = {}
        self._next = 0

    def put(self, number: int, record: dict[str, Any] | None) -> None:
        """Each number once; None for a picture that was skipped."""
        self._held[number] = record
        while self._next in self._held:
            self._write(self._held.pop(self._next))
            self._next += 1

    def flush(self) -> None:
        """Write what is held although an earlier picture never came: where a failure ended the work."""
        for number in sorted(self._held):
            self._write(self._held.pop(number))

    def _write(self, record: dict[str, Any] | None) -> None:
        if self._log is not None and record is not None:
            self._log.write_record(record)
