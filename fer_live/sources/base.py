"""What every source offers."""

from collections.abc import Iterator
from typing import Protocol

from fer_live.types import Frame


class Source(Protocol):
    """Frames, RGB uint8, from a camera, a video or a picture.

    A context manager: entering opens it or raises UserError, leaving releases it. Iterate once.
    `live`: frames come as time passes and are lost if not taken. `fps`, `frame_count` and `size`
    (width, height) are known once entered, and None where the source does not tell; a video's size
    is that of its first frame.
    """

    live: bool
    fps: float | None
    frame_count: int | None
    size: tuple[int, int] | None

    def __enter__(self) -> "Source": ...

    def __exit__(self, *exception: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...
