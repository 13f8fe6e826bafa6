"""What OpenCV's window does not do under X11: tell its true size, miss no key, leave the wheel alone.

OpenCV's picture never grows with its window, so that its size is not the window's; of the keys pressed
between two looks only the last is told; and the wheel zooms, for which there is no switch: a grab takes
its buttons before the window sees them.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from fer_live.sinks.xcb import HEAD, Connection

WHEEL = (4, 5, 6, 7)  # buttons: up, down, left, right
ANY_MODIFIER, ASYNCHRONOUS = 0x8000, 1
WM_NAME, ANY_TYPE, LONGEST = 39, 0, 64  # the title's property; of it so many times 4 bytes are read
PROCESS = b"_NET_WM_PID"  # the property that tells whose window it is
DEEPEST = 4  # window managers wrap a window in at most so many others
EVENT_MASK, KEY_PRESSES = 1 << 11, 1
KEY_PRESS, MAPPING_NOTIFY = 2, 34  # events
FIRST_KEY, KEYS = 8, 248  # keycodes

SHIFT, NUM_LOCK, GROUP = 0x01, 0x10, 13  # in a key's state; of the group, the lowest bit's place
ELSEWHERE = 0x04 | 0x08 | 0x40  # Control, Alt and Super: such keys are not for us
NAMES = {0x20: "space", 0xFF09: "tab", 0xFF1B: "esc", 0xFFAB: "+", 0xFFAD: "-"}
KEYPAD = {0xFFB0 + digit: str(digit) for digit in range(10)}


def prepare() -> None:
    """Before the first window: settings of Qt, which draws it."""
    if sys.platform == "linux":
        # The wheel as buttons, which can be grabbed, not as XInput's axes.
        os.environ.setdefault("QT_XCB_NO_XI2", "1")
        # Pictures are drawn in the screen's own pixels: scaled once more they would be blurred.
        os.environ["QT_AUTO_SCREEN_SCALE_FACTOR"] = "0"
        for name in ("QT_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS"):
            os.environ.pop(name, None)
        with suppress(OSError):  # where the system has none, OpenCV's own is used
            # OpenCV's does not fit the system's libX11, which then takes some of Qt's events: a
            # window whose first ones are gone stays black.
            ctypes.CDLL("libX11-xcb.so.1", ctypes.RTLD_GLOBAL)


@contextmanager
def connected() -> Iterator[None]:
    """Stay a client of the display: some, such as Xvfb, start anew when their last one leaves."""
    server = None
    if sys.platform == "linux":
        with suppress(OSError):  # without the library, there is nothing to stay at
            server = Connection()
    try:
        yield
    finally:
        if server is not None:
            server.close()


class XWindow:
    """This process's window with that title; until it is closed, it gets no wheel.

    Raises LookupError where there is none, OSError without libxcb.
    """

    def __init__(self, title: str):
        self.server = Connection()
        try:
            self._process = self.server.atom(PROCESS)
            self.window = next(self._named(title.encode(), self.server.root, DEEPEST), 0)
            if not self.window:
                raise LookupError(f"no window is called {title!r}")
            for button in WHEEL:
                places = (self.window, 0, ASYNCHRONOUS, ASYNCHRONOUS, 0, 0, button, ANY_MODIFIER)
                self.server.send("grab_button", 0, *places)
            wanted = (ctypes.c_uint * 1)(KEY_PRESSES)
            self.server.send("change_window_attributes", self.window, EVENT_MASK, wanted)
            self.server.flush()
            self._symbols = self._keyboard()
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height within its frame; None once it is gone."""
        reply = self.server.ask("get_geometry", self.window)
        return struct.unpack_from("HH", reply, 16) if reply else None

    @property
    def gone(self) -> bool:
        """Whether the screen itself is, as far as `keys` has seen."""
        return self.server.failed

    def keys(self) -> list[str]:
        """The names of all keys pressed since the last call, in order."""
        pressed = []
        while event := self.server.event():
            kind = event[0] & 0x7F
            if kind == MAPPING_NOTIFY:
                self._symbols = self._keyboard()
            elif kind == KEY_PRESS:
                (state,) = struct.unpack_from("H", event, 28)
                pressed.append(key_name(self._symbols[event[1] - FIRST_KEY], state))
        return [name for name in pressed if name]

    def close(self) -> None:
        self.server.close()

    def _keyboard(self) -> list[tuple[int, ...]]:
        """What each key stands for, two symbols a group: plain and with Shift."""
        reply = self.server.ask("get_keyboard_mapping", FIRST_KEY, KEYS)
        each = reply[1]
        symbols = struct.unpack_from(f"{KEYS * each}I", reply, HEAD)
        return [symbols[i * each : (i + 1) * each] for i in range(KEYS)]

    def _named(self, title: bytes, window: int, depth: int) -> Iterator[int]:
        """This process's windows of that title below `window`."""
        reply = self.server.ask("query_tree", window)
        count = struct.unpack_from("H", reply, 16)[0] if reply else 0
        for child in struct.unpack_from(f"{count}I", reply, HEAD):
            if self._property(child, WM_NAME) == title:
                if self._property(child, self._process) == struct.pack("I", os.getpid()):
                    yield child
            elif depth > 1:
                yield from self._named(title, child, depth - 1)

    def _property(self, window: int, name: int) -> bytes:
        reply = self.server.ask("get_property", 0, window, name, ANY_TYPE, 0, LONGEST)
        if not reply:
            return b""
        bits, length = reply[1], struct.unpack_from("I", reply, 16)[0]
        return reply[HEAD : HEAD + bits // 8 * length]


def find_window(title: str) -> XWindow | None:
    """This process's window of that title; None where there is no X11."""
    if sys.platform != "linux":
        return None
    try:
        return XWindow(title)
    except (OSError, LookupError, AttributeError, struct.error):
        return None


def key_name(symbols: Sequence[int], state: int) -> str | None:
    """What `Window.poll` calls a key, by its symbols and what else is held down; None for other keys.

    Where a keyboard is switched to other letters, such as Cyrillic ones, the Latin letter counts.
    """
    if state & ELSEWHERE:
        return None
    shift, group = state & SHIFT, state >> GROUP & 3
    if state & NUM_LOCK and not shift:
        for symbol in symbols:
            if symbol in KEYPAD:
                return KEYPAD[symbol]
    for place in (2 * group + shift, 2 * group, shift, 0):
        symbol = symbols[place] if place < len(symbols) else 0
        if symbol in NAMES:
            return NAMES[symbol]
        if 0x21 <= symbol < 0x7F:
            return chr(symbol).lower()
    return None
