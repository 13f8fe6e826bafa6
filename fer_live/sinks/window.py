"""A window on the screen, through OpenCV."""

import json
import os
import re
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

import cv2
from platformdirs import user_config_path

from fer_live.errors import UserError
from fer_live.home import kept_in
from fer_live.sinks import x11
from fer_live.sinks.xcb import Connection
from fer_live.types import Image, Point, Scene

# Key codes without a character of their own.
NAMES = {9: "tab", 27: "esc", 32: "space"}
SETTLE = 50  # milliseconds that the first picture is given to appear
SMALLEST, LARGEST = (640, 480), (1280, 800)  # of a window that was never resized
LEAST = (240, 180)  # that shows all there is


class Window:
    """A resizable window. After each `write`, `poll` draws it and tells which key was pressed.

    It shows pictures as they are: ask for its `size` and draw in that. `settings`: the file that
    remembers the size; by default in the user's configuration folder.
    """

    def __init__(self, title: str = "fer-live", settings: Path | None = None):
        self.title = title
        self.settings = settings or kept_in(user_config_path) / "window.json"
        self._shown: tuple[int, int] | None = None  # size of the picture
        self._size: tuple[int, int] | None = None
        self._full = False
        self._clicked: Point | None = None
        self._pressed: deque[str] = deque()  # keys nobody asked for yet
        self._own: x11.XWindow | None = None  # under X11

    def __enter__(self) -> "Window":
        with x11.connected():
            available, reason = gui_available()
            if not available:
                raise UserError(reason)
            x11.prepare()
            kind = cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL
            cv2.namedWindow(self.title, kind)
        cv2.setMouseCallback(self.title, self._mouse)
        self._shown = self._clicked = None
        self._pressed.clear()
        self._size, self._full = remembered_size(self.settings), False
        return self

    def __exit__(self, *exception: object) -> None:
        gone = self._own is not None and self._own.gone
        if not gone:
            self._remember()
        if self._own is not None:
            self._own.close()
            self._own = None
        if not gone and not self.closed:
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
        cv2.imshow(self.title, cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))
        if first:
            cv2.waitKey(SETTLE)
            cv2.resizeWindow(self.title, *self._shown)
            self._own = x11.find_window(self.title)

    def poll(self) -> str | None:
        """The next key that was pressed, such as "g", "esc" or "space"; "close" once closed."""
        if not self._pressed:
            if self._own is not None:
                self._pressed.extend(self._own.keys())
                if self._own.gone:  # OpenCV would end the program at its next look
                    return "close"
            code = cv2.waitKeyEx(1)  # waitKey would give arrow keys as letters
            if self._shown and self.closed:
                return "close"
            # Below 128 without Num Lock and its like.
            if self._own is None and 0 < code & 0xFFFF < 128 and code > 0:
                self._pressed.append(NAMES.get(code & 0xFFFF, chr(code & 0xFFFF).lower()))
        return self._pressed.popleft() if self._pressed else None

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
        # Under X11, OpenCV tells the size of its picture, which does not grow with the window.
        told = self._own.size if self._own else cv2.getWindowImageRect(self.title)[2:]
        if told and min(told) >= 1:  # not so before it is on the screen
            self._size = told[0], told[1]

    def _mouse(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        if event == cv2.EVENT_LBUTTONDOWN:
            self._clicked = Point(x, y)


def suitable_size(picture: tuple[int, int]) -> tuple[int, int]:
    """Of a window for a picture of that size (width, height): its own, unless that is tiny or huge."""
    width, height = picture
    grow = max(1.0, min(SMALLEST[0] / width, SMALLEST[1] / height))
    shrink = min(LARGEST[0] / (width * grow), LARGEST[1] / (height * grow), 1.0)
    shown = round(width * grow * shrink), round(height * grow * shrink)
    return max(shown[0], LEAST[0]), max(shown[1], LEAST[1])


def remembered_size(settings: Path) -> tuple[int, int] | None:
    """Width and height as written by `remember_size`; None where the file is missing or broken."""
    try:
        content = json.loads(settings.read_text(encoding="utf-8"))
        width, height = int(content["width"]), int(content["height"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (width, height) if LEAST[0] <= width <= 10_000 and LEAST[1] <= height <= 10_000 else None


def remember_size(settings: Path, size: tuple[int, int]) -> None:
    """A folder that cannot be written costs the memory only."""
    with suppress(OSError):
        settings.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"width": size[0], "height": size[1]})
        settings.write_text(content + "\n", encoding="utf-8")


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
    """Try it: Qt would abort the whole process where the display is wrong."""
    try:
        server = Connection()
    except OSError:
        return False, "the X library libxcb.so.1 is missing; run: sudo apt-get install libxcb1"
    failed = server.failed
    server.close()
    if failed:
        return False, (
            f"the screen {display} (DISPLAY) does not open; run it on a desktop, or use ssh -X"
        )
    return True, ""
