"""A window on the screen, through OpenCV."""

import ctypes
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import cv2
from platformdirs import user_config_path

from fer_live.errors import UserError
from fer_live.sinks import x11
from fer_live.types import Image, Point, Scene

# Key codes without a character of their own.
NAMES = {9: "tab", 27: "esc", 32: "space"}
MORE = 2  # pixels around a picture, see Window.write
SMALLEST, LARGEST = (640, 480), (1280, 800)  # of a window that was never resized


class Window:
    """A resizable window. After each `write`, `poll` draws it and tells which key was pressed.

    It shows pictures as they are: ask for its `size` and draw in that. `settings`: the file that
    remembers the size; by default in the user's configuration folder.
    """

    def __init__(self, title: str = "fer-live", settings: Path | None = None):
        self.title = title
        self.settings = settings or user_config_path("fer-live") / "window.json"
        self._shown: tuple[int, int] | None = None  # size of the picture
        self._size: tuple[int, int] | None = None
        self._full = False
        self._clicked: Point | None = None
        self._wheel: x11.NoWheel | None = None

    def __enter__(self) -> "Window":
        available, reason = gui_available()
        if not available:
            raise UserError(reason)
        x11.prepare()
        cv2.namedWindow(
            self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL
        )
        cv2.setMouseCallback(self.title, self._mouse)
        self._shown = self._clicked = None
        self._size, self._full = remembered_size(self.settings), False
        return self

    def __exit__(self, *exception: object) -> None:
        if self._wheel is not None:
            self._wheel.close()
            self._wheel = None
        self._remember()
        if not self.closed:
            cv2.destroyWindow(self.title)
            cv2.waitKey(1)  # without an event, some systems leave it open

    def size(self, picture: tuple[int, int]) -> tuple[int, int]:
        """Width and height of what it shows in pixels; at first as remembered, or to suit a `picture` of that size."""
        if self._shown:
            self._measure()
        if self._size is None:
            self._size = suitable_size(picture)
        return self._size

    def write(self, scene: Scene, canvas: Image) -> None:
        if self._shown and self.closed:
            return  # showing would open it again
        first, self._shown = self._shown is None, (canvas.shape[1], canvas.shape[0])
        if first:
            cv2.resizeWindow(self.title, *self._shown)
        # A pixel more than it has room for: Qt's view never grows beyond its picture, so that a
        # picture of the very size would hide that the window was enlarged.
        padded = cv2.copyMakeBorder(
            cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), 0, MORE, 0, MORE, cv2.BORDER_REPLICATE
        )
        cv2.imshow(self.title, padded)
        if first:
            cv2.waitKey(1)
            cv2.resizeWindow(self.title, *self._shown)
            self._wheel = x11.without_wheel(self.title)

    def poll(self) -> str | None:
        """The key pressed since the last call, such as "g", "esc" or "space"; "close" once closed."""
        code = cv2.waitKeyEx(1)  # waitKey would give arrow keys as letters
        if self._shown and self.closed:
            return "close"
        if code < 0:
            return None
        code &= 0xFFFF  # without Num Lock and its like
        if not 0 < code < 128:
            return None
        return NAMES.get(code, chr(code).lower())

    def click(self) -> Point | None:
        """Where the picture was clicked since the last call."""
        clicked, self._clicked = self._clicked, None
        return clicked

    def toggle_fullscreen(self) -> None:
        self._remember()  # the screen's own size is not worth it
        self._full = not self._full
        state = cv2.WINDOW_FULLSCREEN if self._full else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(self.title, cv2.WND_PROP_FULLSCREEN, state)

    @property
    def closed(self) -> bool:
        """Whether the close button was pressed."""
        try:
            return cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:
            return True

    def _remember(self) -> None:
        self._measure()
        if self._shown and self._size and not self._full:
            remember_size(self.settings, self._size)

    def _measure(self) -> None:
        """Ask how large the window is, for the size of the next picture."""
        if not self._shown or self.closed:
            return
        _, _, *seen = cv2.getWindowImageRect(self.title)
        if min(seen) < 1:
            return  # not on the screen yet
        # As large as the picture: there may be room for more than could be seen.
        width, height = (
            round(1.5 * one) if one == had + MORE else one
            for one, had in zip(seen, self._shown, strict=True)
        )
        self._size = width, height

    def _mouse(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        if event == cv2.EVENT_LBUTTONDOWN:
            self._clicked = Point(x, y)


def suitable_size(picture: tuple[int, int]) -> tuple[int, int]:
    """Of a window for a picture of that size (width, height): its own, unless that is tiny or huge."""
    width, height = picture
    grow = max(1.0, min(SMALLEST[0] / width, SMALLEST[1] / height))
    shrink = min(LARGEST[0] / (width * grow), LARGEST[1] / (height * grow), 1.0)
    return max(round(width * grow * shrink), 160), max(round(height * grow * shrink), 120)


def remembered_size(settings: Path) -> tuple[int, int] | None:
    """Width and height as written by `remember_size`; None where the file is missing or broken."""
    try:
        content = json.loads(settings.read_text())
        width, height = int(content["width"]), int(content["height"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (width, height) if 160 <= width <= 10_000 and 120 <= height <= 10_000 else None


def remember_size(settings: Path, size: tuple[int, int]) -> None:
    """A folder that cannot be written costs the memory only."""
    with suppress(OSError):
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps({"width": size[0], "height": size[1]}) + "\n")


def gui_available() -> tuple[bool, str]:
    """Whether a window can open, and if not the reason and the fix in one line."""
    toolkit = re.search(r"GUI:\s*(\S+)", cv2.getBuildInformation())
    if toolkit is None or toolkit[1] == "NONE":
        return False, (
            "this OpenCV was built without windows; run: pip uninstall -y opencv-python-headless "
            "opencv-contrib-python-headless && pip install --force-reinstall --no-deps "
            f"opencv-contrib-python=={cv2.__version__}.*"
        )
    if sys.platform != "linux":
        return True, ""
    display = os.environ.get("DISPLAY")
    if not display:
        hint = "install XWayland" if os.environ.get("WAYLAND_DISPLAY") else "run it on a desktop"
        return False, f"no screen (DISPLAY is not set); {hint}, or use ssh -X"
    return _display_opens(display)


def _display_opens(display: str) -> tuple[bool, str]:
    """Try it with X's own library: Qt would abort the whole process where the display is wrong."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False, "the X library libxcb.so.1 is missing; run: sudo apt-get install libxcb1"
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if failed:
        return False, (
            f"the screen {display} (DISPLAY) does not open; run it on a desktop, or use ssh -X"
        )
    return True, ""
