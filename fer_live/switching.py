"""From one model to the next while pictures go on."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from fer_live.errors import UserError
from fer_live.voting import FaceReader

logger = logging.getLogger(__name__)


class Models:
    """Classifiers by name, loaded in a thread when they are first asked for and kept.

    `names`: the first is the one in use, `current`. `load` makes a classifier of a name.
    """

    def __init__(
        self, names: Sequence[str], current: FaceReader, load: Callable[[str], FaceReader]
    ):
        self._names, self._load = list(names), load
        self._at = 0
        self._loaded = {names[0]: current} if names else {}
        self._coming: Future[FaceReader] | None = None
        self._thread = ThreadPoolExecutor(1, "fer-live models")

    def begin_next(self) -> str:
        """Ask for the next model; tells what is coming."""
        if len(self._names) < 2:
            return "there is no other model"
        if self._coming is None:
            self._at = (self._at + 1) % len(self._names)
            name = self._names[self._at]
            if name in self._loaded:
                self._coming = Future()
                self._coming.set_result(self._loaded[name])
            else:
                self._coming = self._thread.submit(self._load, name)
        return f"model {self._names[self._at]} …"

    def arrived(self) -> tuple[FaceReader | None, str]:
        """The classifier that was asked for, once, and what to tell; None and "" while there is none."""
        if self._coming is None or not self._coming.done():
            return None, ""
        coming, self._coming = self._coming, None
        name = self._names[self._at]
        try:
            self._loaded[name] = coming.result()
        except UserError as error:
            self._names.remove(name)
            self._at = (self._at - 1) % len(self._names)
            logger.warning(str(error))  # the window may cut it off
            return None, str(error)
        return self._loaded[name], f"model {name}"

    def close(self, keep: FaceReader) -> None:
        """Close all but the one that is still in use elsewhere."""
        self._thread.shutdown(wait=self._coming is not None, cancel_futures=True)
        if self._coming is not None and not self._coming.cancelled():
            self.arrived()
        for classifier in self._loaded.values():
            if classifier is not keep:
                classifier.close()
