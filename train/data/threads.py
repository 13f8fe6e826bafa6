"""Work on many pictures at once: decoding lets other threads run."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import track

CHUNK = 64  # pictures that a thread takes at a time
LONG = 5_000  # pictures from which on a bar shows how far it is
T = TypeVar("T")


def on_threads(work: Callable[[int], T], count: int, doing: str) -> Iterator[T]:
    """`work` of each number below `count`, in order; on a terminal a bar says what it is `doing`."""

    def chunk(start: int) -> list[T]:
        return [work(i) for i in range(start, min(start + CHUNK, count))]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        chunks = pool.map(chunk, range(0, count, CHUNK))
        found = (result for results in chunks for result in results)
        shown = count >= LONG and sys.stderr.isatty()
        console = Console(stderr=True)
        yield from track(found, doing, count, console=console, transient=True, disable=not shown)
