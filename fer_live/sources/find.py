"""Which cameras there are."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

SYSTEM = Path("/sys/class/video4linux")  # where Linux tells of cameras


def find_cameras() -> list[int]:
    """The indices of the cameras that open."""
    if sys.platform == "linux":
        names = [path.name.removeprefix("video") for path in Path("/dev").glob("video*")]
        candidates = sorted(int(name) for name in names if name.isdecimal())
    else:
        candidates = list(range(4))  # no listing here, and each try takes time
    return [index for index in candidates if _opens(index)]


def camera_name(index: int) -> str | None:
    """What the system calls a camera; None where it does not tell."""
    try:
        return (SYSTEM / f"video{index}" / "name").read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _opens(index: int) -> bool:
    with quiet():
        capture = cv2.VideoCapture(index)
        try:
            return capture.isOpened()
        finally:
            capture.release()


@contextmanager
def quiet() -> Iterator[None]:
    """OpenCV tells of cameras that are not there on stderr; ours is one line."""
    level = cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
