"""Work that takes minutes, in a thread of its own: watched, stopped, and never left running for nobody."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from fer_live.stopping import Stop

ABANDONED = 30.0  # seconds without a look after which nobody waits for the result any more

Result = TypeVar("Result")


class Task(Generic[Result]):
    """`work` gets this task, to tell how far it is and to see whether to stop, and its own new folder.

    The folder is removed unless the work ends well and its result is taken. `replaced`: someone set
    other work in its place, before cancelling it.
    """

    def __init__(
        self,
        work: Callable[["Task[Result]"], Result],
        parent: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="film-", dir=parent))
        self.stop = Stop()
        self.replaced = False
        self.done = 0
        self.total: int | None = None
        self._work, self._clock = work, clock
        self._began = self._looked = clock()
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._result: Result | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="fer-live film", daemon=True).start()

    def step(self) -> bool:
        """One more frame is done; whether to go on."""
        self.done += 1
        if self._clock() - self._looked > ABANDONED:
            self.stop.asked = True
        return not self.stop.asked

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after so many seconds at most."""
        self._looked = self._clock()
        return self._finished.wait(seconds)

    @property
    def left(self) -> float | None:
        """Seconds that it will take, by its speed so far; None as long as nobody can tell."""
        if not self.total or self.done < 10:
            return None
        return max(self.total - self.done, 0) * (self._clock() - self._began) / self.done

    def take(self) -> Result | None:
        """What the work made, once it has ended; from then on the folder is the caller's. Raises what it raised.

        None where it was stopped.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            result, self._result = self._result, None
            return result

    def cancel(self) -> None:
        """Stop soon, and remove what was made, unless that was taken. Returns at once."""
        with self._lock:
            self.stop.asked = True
            if self._finished.is_set() and self._result is not None:
                self._result = None
                shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        result, error = None, None
        try:
            result = self._work(self)
        except BaseException as raised:
            error = raised
        with self._lock:
            if error is None and not self.stop.asked:
                self._result = result
            else:
                self._error = error
                shutil.rmtree(self.folder, ignore_errors=True)
            self._finished.set()
