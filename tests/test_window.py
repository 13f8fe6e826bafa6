"""The window's size and its memory; on a screen of its own where Xvfb and xdotool are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.sinks.window import remember_size, remembered_size, suitable_size

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("picture", "window"),
    [
        ((1280, 720), (1280, 720)),
        ((160, 120), (640, 480)),
        ((1, 1), (480, 480)),
        ((3840, 2160), (1280, 720)),
        ((720, 1280), (450, 800)),
        ((10, 4000), (160, 800)),
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


def test_a_memory_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").touch()
    remember_size(tmp_path / "file" / "window.json", (900, 500))
    assert (tmp_path / "file").read_bytes() == b""


SCRIPT = """
import subprocess, sys, time
from pathlib import Path
import cv2, numpy as np
from fer_live.sinks import Window
from fer_live.types import Frame, Scene

settings = Path(sys.argv[1])

def tool(*words):
    return subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True).stdout

def until(done, what):
    keys, clicks, end = [], [], time.monotonic() + 10
    while not done(keys, clicks):
        assert time.monotonic() < end, (what, keys, clicks, window.size((320, 240)))
        size = window.size((320, 240))
        canvas = np.zeros((size[1], size[0], 3), np.uint8)
        window.write(Scene(Frame(canvas), []), canvas)
        key, click = window.poll(), window.click()
        keys += [key] if key else []
        clicks += [click] if click else []
    return keys, clicks

def size_is(size):
    return lambda keys, clicks: window.size((320, 240)) == size

with Window("a window of tests", settings) as window:
    assert window.size((320, 240)) == (640, 480)
    looks = iter(range(9))
    until(lambda keys, clicks: next(looks) == 8, "shown")
    assert window.size((320, 240)) == (640, 480)
    found = tool("search", "--name", "a window of tests").split()[-1]
    tool("windowfocus", "--sync", found)
    for size in ((900, 700), (400, 300), (1000, 400)):
        tool("windowsize", found, *size)
        until(size_is(size), "resized")
    tool("windowmove", found, 0, 0)
    tool("mousemove", 700, 100, "click", 4, "click", 4, "click", 1)
    keys, clicks = until(lambda keys, clicks: clicks, "click after the wheel")
    assert abs(clicks[0].x - 700) <= 2 and abs(clicks[0].y - 100) <= 2, clicks
    for name, key in (("Tab", "tab"), ("plus", "+"), ("minus", "-"), ("7", "7"), ("space", "space")):
        tool("key", name)
        keys, _ = until(lambda keys, clicks: keys, name)
        assert keys == [key], (name, keys)
    tool("windowsize", found, 800, 640)
    until(size_is((800, 640)), "resized")
with Window("a window of tests", settings) as window:
    assert window.size((320, 240)) == (800, 640)
print("all well")
"""


@pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
)
def test_a_real_window_is_resized_clicked_and_typed_into(tmp_path):
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24"]
    screen = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    try:
        os.close(write)
        with os.fdopen(read) as told:
            display = f":{told.readline().strip()}"
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "window.json")],
            cwd=ROOT,
            env=os.environ | {"DISPLAY": display},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        screen.terminate()
        screen.wait()
    assert done.stdout.strip().endswith("all well"), done.stderr
