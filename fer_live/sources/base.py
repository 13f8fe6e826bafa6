"""What every source offers."""

from collections.abc import Iterator
from typing import Protocol

from fer_live.errors import UserError
from fer_live.types import Frame


class Lost(UserError):
    """A camera or a stream, called `name`, that gave frames and then broke off; it may come back."""

    def __init__(self, name: str, fix: str):
        super().__init__(f"{name} stopped; {fix}")
        self.name = name


class Source(Protocol):
    """Frames, RGB uint8, from a camera, a video or pictures.

    A context manager: entering opens it or raises UserError, leaving releases it. Iterate once; a
    live source that breaks off raises Lost.
    """

    @property
    def live(self) -> bool:
        """Frames come as time passes and are lost if not taken; known once entered."""

    @property
    def stills(self) -> bool:
        """Each frame is a picture of its own, with nothing to follow from one to the next."""

    @property
    def fps(self) -> float | None:
        """Frames per second, known once entered; None where the source does not tell."""

    @property
    def frame_count(self) -> int | None:
        """How many frames there will be, known once entered; None where the source does not tell."""

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) of the first frame; None before it, except where the source tells."""

    @property
    def state(self) -> str | None:
        """Why no frames come, in words for a window to show; None while they do."""

    def __enter__(self) -> "Source": ...

    def __exit__(self, *exception: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Around:
    """A source made of another one, of which it tells the same."""

    def __init__(self, source: Source):
        self._source = source

    @property
    def live(self) -> bool:
        return self._source.live

    @property
    def stills(self) -> bool:
        return self._source.stills

    @property
    def fps(self) -> float | None:
        return self._source.fps

    @property
    def frame_count(self) -> int | None:
        return self._source.frame_count

    @property
    def size(self) -> tuple[int, int] | None:
        return self._source.size

    @property
    def state(self) -> str | None:
        return self._source.state
