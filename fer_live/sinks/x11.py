"""The mouse wheel under X11: OpenCV's window would zoom with it, and has no switch against that.

A grab takes the wheel's buttons before the window sees them; through libxcb, which OpenCV's windows
need anyway. Where anything is missing, the wheel stays as it is.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from typing import Any

WHEEL = (4, 5, 6, 7)  # buttons: up, down, left, right
ANY_MODIFIER, ASYNCHRONOUS = 0x8000, 1
WM_NAME, ANY_TYPE, LONGEST = 39, 0, 64  # the title's property; of it so many times 4 bytes are read
DEEPEST = 4  # window managers wrap a window in at most so many others
HEAD = 32  # bytes of a reply before what varies


def prepare() -> None:
    """Before the first window: have Qt take the wheel as buttons, which can be grabbed, not as XInput's axes."""
    if sys.platform == "linux":
        os.environ.setdefault("QT_XCB_NO_XI2", "1")


class NoWheel:
    """Keeps the wheel from the window with that title until it is closed."""

    def __init__(self, title: str):
        self._xcb = _library()
        self._connection = self._xcb.xcb_connect(None, None)
        try:
            screens = self._xcb.xcb_setup_roots_iterator(self._xcb.xcb_get_setup(self._connection))
            (root,) = struct.unpack("I", ctypes.string_at(screens.data, 4))
            for window in self._named(title.encode(), root, DEEPEST):
                for button in WHEEL:
                    self._xcb.xcb_grab_button(
                        self._connection,
                        *(0, window, 0, ASYNCHRONOUS, ASYNCHRONOUS, 0, 0, button, ANY_MODIFIER),
                    )
            self._xcb.xcb_flush(self._connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._xcb.xcb_disconnect(self._connection)

    def _named(self, title: bytes, window: int, depth: int) -> Iterator[int]:
        """The windows of that title below `window`."""
        reply = self._reply("query_tree", window)
        count = struct.unpack_from("H", reply, 16)[0] if reply else 0
        for child in struct.unpack_from(f"{count}I", reply, HEAD):
            if self._title(child) == title:
                yield child
            elif depth > 1:
                yield from self._named(title, child, depth - 1)

    def _title(self, window: int) -> bytes:
        reply = self._reply("get_property", 0, window, WM_NAME, ANY_TYPE, 0, LONGEST)
        length = struct.unpack_from("I", reply, 16)[0] if reply else 0
        return reply[HEAD : HEAD + length]

    def _reply(self, request: str, *arguments: int) -> bytes:
        """What the server answers; empty where it refuses, as for a window that has just closed."""
        cookie = getattr(self._xcb, f"xcb_{request}")(self._connection, *arguments)
        reply = getattr(self._xcb, f"xcb_{request}_reply")(self._connection, cookie, None)
        if not reply:
            return b""
        (more,) = struct.unpack_from("I", ctypes.string_at(reply, 8), 4)  # in 4 bytes
        content = ctypes.string_at(reply, HEAD + 4 * more)
        _free(ctypes.c_void_p(reply))
        return content


class _Screens(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("rest", ctypes.c_int), ("index", ctypes.c_int))


def without_wheel(title: str) -> NoWheel | None:
    """None where there is no X11."""
    if sys.platform != "linux":
        return None
    try:
        return NoWheel(title)
    except (OSError, AttributeError, struct.error):
        return None


def _library() -> ctypes.CDLL:
    """libxcb with the types of what is called; raises OSError where it is missing."""
    xcb = ctypes.CDLL("libxcb.so.1")
    pointer, number = ctypes.c_void_p, ctypes.c_uint
    byte, short = ctypes.c_uint8, ctypes.c_uint16
    tree, title = [pointer, number], [pointer, byte, *[number] * 5]
    grab = [pointer, byte, number, short, byte, byte, number, number, byte, short]
    functions: list[tuple[str, Any, list[Any]]] = [
        ("connect", pointer, [ctypes.c_char_p, pointer]),
        ("disconnect", None, [pointer]),
        ("flush", ctypes.c_int, [pointer]),
        ("get_setup", pointer, [pointer]),
        ("setup_roots_iterator", _Screens, [pointer]),
        ("query_tree", number, tree),
        ("query_tree_reply", pointer, [pointer, number, pointer]),
        ("get_property", number, title),
        ("get_property_reply", pointer, [pointer, number, pointer]),
        ("grab_button", number, grab),
    ]
    for name, result, arguments in functions:
        function = getattr(xcb, f"xcb_{name}")
        function.restype, function.argtypes = result, arguments
    return xcb


def _free(pointer: ctypes.c_void_p) -> None:
    free = ctypes.CDLL(None).free
    free.argtypes, free.restype = [ctypes.c_void_p], None
    free(pointer)
