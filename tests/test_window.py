"""The window's size and its memory; on a screen of its own where Xvfb and xdotool are installed."""

import subprocess
import sys

import pytest

from fer_live.sinks.window import remember_size, remembered_size, suitable_size
from fer_live.sinks.x11 import key_name
from tests.commands import PATIENCE, ROOT, environment
from tests.screens import needs_screen, virtual_screen


@pytest.mark.parametrize(
    ("picture", "window"),
    [
        ((1280, 720), (1280, 720)),
        ((160, 120), (640, 480)),
        ((1, 1), (480, 480)),
        ((3840, 2160), (1280, 720)),
        ((720, 1280), (450, 800)),
        ((10, 4000), (240, 800)),
    ],
)
def test_a_window_suits_its_picture(picture, window):
    assert suitable_size(picture) == window


def test_the_size_is_remembered(tmp_path):
    remember_size(tmp_path / "new" / "window.json", (900, 500))
    assert remembered_size(tmp_path / "new" / "window.json") == (900, 500)


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", "[]", "{}", '{"width": 900}', '{"width": -5, "height": 9}', '{"width": null}'],
)
def test_a_broken_memory_is_ignored(tmp_path, content):
    (tmp_path / "window.json").write_text(content)
    assert remembered_size(tmp_path / "window.json") is None
    assert remembered_size(tmp_path / "missing.json") is None


LETTER, DIGIT, EQUAL = (0x71, 0x51), (0x31, 0x21), (0x3D, 0x2B)  # q Q, 1 !, = +
CYRILLIC = (0x71, 0x51, 0x6CA, 0x6EA)
END = (0xFF9C, 0xFFB1)  # the keypad's 1


@pytest.mark.parametrize(
    ("symbols", "state", "name"),
    [
        (LETTER, 0, "q"),
        (LETTER, 1, "q"),  # with Shift
        (LETTER, 2, "q"),  # with Caps Lock
        (LETTER, 4, None),  # with Control
        (LETTER, 8, None),  # with Alt
        (DIGIT, 0, "1"),
        (EQUAL, 0, "="),
        (EQUAL, 1, "+"),
        (CYRILLIC, 1 << 13, "q"),  # switched to Russian
        (END, 0, None),
        (END, 0x10, "1"),  # with Num Lock
        ((0xFFAB,), 0, "+"),
        ((0x20,), 0, "space"),
        ((0xFF09, 0xFE20), 0, "tab"),
        ((0xFF1B,), 0, "esc"),
        ((0xFF51,), 0, None),  # left
        ((0, 0), 0, None),
        ((), 0, None),
    ],
)
def test_keys_are_called_by_what_is_printed_on_them(symbols, state, name):
    assert key_name(symbols, state) == name


def test_a_memory_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").touch()
    remember_size(tmp_path / "file" / "window.json", (900, 500))
    assert (tmp_path / "file").read_bytes() == b""


SCRIPT = """
import struct, subprocess, sys, time
from pathlib import Path
import numpy as np
import PIL.ImageGrab
from fer_live.sinks import Window
from fer_live.types import Frame, Scene

settings = Path(sys.argv[1])

def tool(*words):
    return subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True).stdout

def picture(size):
    return np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)

def until(done, what):
    keys, clicks, end = [], [], time.monotonic() + 30
    while not done(keys, clicks):
        assert time.monotonic() < end, (what, keys, clicks, window.size((320, 240)))
        canvas = picture(window.size((320, 240)))
        window.write(Scene(Frame(canvas), []), canvas)
        key, click = window.poll(), window.click()
        keys += [key] if key else []
        clicks += [click] if click else []
    return keys, clicks

def shows(size):
    seen = np.asarray(PIL.ImageGrab.grab().convert("RGB"))[: size[1], : size[0]]
    return window.size((320, 240)) == size and (seen == picture(size)).all()

with Window("a window of tests", settings) as window:
    assert window.size((320, 240)) == (640, 480)
    until(lambda keys, clicks: shows((640, 480)), "shown")
    found = tool("search", "--name", "a window of tests").split()[-1]
    tool("windowfocus", "--sync", found)
    for size in ((900, 700), (400, 300), (1000, 400)):
        tool("windowsize", found, *size)
        until(lambda keys, clicks: shows(size), "resized")
    tool("mousemove", 700, 100, "click", 4, "click", 4, "click", 1)
    keys, clicks = until(lambda keys, clicks: clicks, "click after the wheel")
    assert abs(clicks[0].x - 700) <= 2 and abs(clicks[0].y - 100) <= 2, clicks
    for name, key in (("Tab", "tab"), ("plus", "+"), ("minus", "-"), ("7", "7"), ("space", "space")):
        tool("key", name)
        keys, _ = until(lambda keys, clicks: keys, name)
        assert keys == [key], (name, keys)
    tool("key", "--delay", 0, *"bgh1234567" * 9, "r", "l", "KP_Add", "ctrl+p", "alt+h", "Left", "shift+q")
    keys, _ = until(lambda keys, clicks: "q" in keys, "many keys at once")
    assert keys == [*"bgh1234567" * 9, "r", "l", "+", "q"], keys
    tool("windowsize", found, 800, 640)
    until(lambda keys, clicks: shows((800, 640)), "resized")
with Window("a window of tests", settings) as window:
    assert window.size((320, 240)) == (800, 640)
    until(lambda keys, clicks: shows((800, 640)), "remembered")
    own = window._own  # whose close button is pressed, as a window manager does it
    protocols, close = own.server.atom(b"WM_PROTOCOLS"), own.server.atom(b"WM_DELETE_WINDOW")
    message = struct.pack("BBH7I", 33, 32, 0, own.window, protocols, close, 0, 0, 0, 0)
    own.server.send("send_event", 0, own.window, 0, message)
    own.server.flush()
    keys, _ = until(lambda keys, clicks: keys, "close button")
    assert keys == ["close"]
print("all well")
"""


@needs_screen
def test_a_real_window_is_resized_clicked_typed_into_and_closed(tmp_path):
    with virtual_screen() as display:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "window.json")],
            cwd=ROOT,
            env=environment(display),
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE,
        )
    assert done.stdout.strip().endswith("all well"), done.stderr
