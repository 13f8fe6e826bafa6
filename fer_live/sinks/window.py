"""A window on the screen, through OpenCV."""

import ctypes
import os
import re
import sys

import cv2

from fer_live.errors import UserError
from fer_live.types import Image, Scene

NAMES = {27: "esc", 32: "space"}  # key codes without a character of their own


class Window:
    """A resizable window. After each `write`, `poll` draws it and tells which key was pressed."""

    def __init__(self, title: str = "fer-live"):
        self.title = title
        self._shown = False

    def __enter__(self) -> "Window":
        available, reason = gui_available()
        if not available:
            raise UserError(reason)
        flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        cv2.namedWindow(self.title, flags)
        self._shown = False
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.closed:
            cv2.destroyWindow(self.title)
            cv2.waitKey(1)  # without an event, some systems leave it open

    def write(self, scene: Scene, canvas: Image) -> None:
        if self._shown and self.closed:
            return  # showing would open it again
        if not self._shown:
            cv2.resizeWindow(self.title, canvas.shape[1], canvas.shape[0])
        cv2.imshow(self.title, cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))
        self._shown = True

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

    @property
    def closed(self) -> bool:
        """Whether the close button was pressed."""
        try:
            return cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:
            return True


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
