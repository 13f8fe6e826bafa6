"""A connection to the X server, through libxcb, which OpenCV's windows need anyway."""

import ctypes
import struct
from typing import Any

HEAD = 32  # bytes of an event, and of a reply before what varies


class Connection:
    """To the display that DISPLAY names. Raises OSError without libxcb, AttributeError with an odd one."""

    def __init__(self) -> None:
        self._xcb = _library()
        self._server = self._xcb.xcb_connect(None, None)

    def close(self) -> None:
        self._xcb.xcb_disconnect(self._server)

    @property
    def failed(self) -> bool:
        """Whether the display did not open, or has gone."""
        return bool(self._xcb.xcb_connection_has_error(self._server))

    @property
    def root(self) -> int:
        """The window that is the screen."""
        screens = self._xcb.xcb_setup_roots_iterator(self._xcb.xcb_get_setup(self._server))
        (root,) = struct.unpack("I", ctypes.string_at(screens.data, 4))
        return int(root)

    def send(self, request: str, *arguments: Any) -> None:
        """A request without an answer; `flush` brings it to the server."""
        getattr(self._xcb, f"xcb_{request}")(self._server, *arguments)

    def flush(self) -> None:
        self._xcb.xcb_flush(self._server)

    def ask(self, request: str, *arguments: Any) -> bytes:
        """What the server answers; empty where it refuses, as for a window that has just closed."""
        cookie = getattr(self._xcb, f"xcb_{request}")(self._server, *arguments)
        reply = getattr(self._xcb, f"xcb_{request}_reply")(self._server, cookie, None)
        if not reply:
            return b""
        (more,) = struct.unpack_from("I", ctypes.string_at(reply, 8), 4)  # in 4 bytes
        return _taken(reply, HEAD + 4 * more)

    def event(self) -> bytes:
        """The next event that came; empty where there is none."""
        event = self._xcb.xcb_poll_for_event(self._server)
        return _taken(event, HEAD) if event else b""

    def atom(self, name: bytes) -> int:
        """The number by which the server knows a name; 0 where nobody ever used it."""
        reply = self.ask("intern_atom", 1, len(name), name)
        return int(struct.unpack_from("I", reply, 8)[0]) if reply else 0


class _Screens(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("rest", ctypes.c_int), ("index", ctypes.c_int))


def _library() -> ctypes.CDLL:
    """libxcb with the types of what is called; raises OSError where it is missing."""
    xcb = ctypes.CDLL("libxcb.so.1")
    pointer, number, text = ctypes.c_void_p, ctypes.c_uint, ctypes.c_char_p
    byte, short = ctypes.c_uint8, ctypes.c_uint16
    questions: dict[str, list[Any]] = {
        "query_tree": [number],
        "get_geometry": [number],
        "intern_atom": [byte, short, text],
        "get_property": [byte, *[number] * 5],
        "get_keyboard_mapping": [byte, byte],
    }
    orders: dict[str, list[Any]] = {
        "disconnect": [],
        "flush": [],
        "grab_button": [byte, number, short, byte, byte, number, number, byte, short],
        "change_window_attributes": [number, number, pointer],
        "send_event": [byte, number, number, text],
    }
    functions: list[tuple[str, Any, list[Any]]] = [
        ("connect", pointer, [text, pointer]),
        ("connection_has_error", ctypes.c_int, [pointer]),
        ("get_setup", pointer, [pointer]),
        ("setup_roots_iterator", _Screens, [pointer]),
        ("poll_for_event", pointer, [pointer]),
        *((name, number, [pointer, *types]) for name, types in (questions | orders).items()),
        *((f"{name}_reply", pointer, [pointer, number, pointer]) for name in questions),
    ]
    for name, result, arguments in functions:
        function = getattr(xcb, f"xcb_{name}")
        function.restype, function.argtypes = result, arguments
    return xcb


def _taken(pointer: int, size: int) -> bytes:
    """What lies there; it is freed."""
    content = ctypes.string_at(pointer, size)
    free = ctypes.CDLL(None).free
    free.argtypes, free.restype = [ctypes.c_void_p], None
    free(pointer)
    return content
