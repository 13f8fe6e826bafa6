"""Runs with a real screen, keyboard and mouse, or with an OpenCV that has no windows."""

import re
from contextlib import ExitStack

import cv2
import pytest

from fer_live.cli import main
from fer_live.sinks import embedded_record
from tests.commands import PATIENCE, begun, complaints, fer_live, log_lines, video_frames, wait_for
from tests.screens import needs_screen, virtual_screen, xdotool

RAPID = "bgph1234567" * 9  # keys


@pytest.fixture(scope="module")
def screen():
    with virtual_screen() as display:
        yield display


def focus(screen: str) -> str:
    """Look for the program's window, and type into it from now on."""
    window = xdotool(screen, "search", "--sync", "--onlyvisible", "--name", "^fer-live$")
    xdotool(screen, "windowfocus", "--sync", window)
    return window


@needs_screen
def test_the_demo_opens_a_window(screen, tmp_path):
    done = fer_live(tmp_path, "--demo", "--max-frames", "20", display=screen)
    assert done.returncode == 0, done.stderr
    assert "No window" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@needs_screen
def test_a_screen_that_goes_ends_a_session_as_its_close_button_does(tmp_path):
    with ExitStack() as stack:
        screen = stack.enter_context(ExitStack())
        display = screen.enter_context(virtual_screen())
        files = ("--output", "film.mp4", "--summary", "page.html")
        program = stack.enter_context(begun(tmp_path, "--demo", *files, display=display))
        screen.close()
        _, told = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, told
    assert "written: page.html" in told
    assert "neutral" in (tmp_path / "page.html").read_text()
    assert video_frames(tmp_path / "film.mp4") == len(log_lines(tmp_path / "log.jsonl")) < 336


@needs_screen
def test_a_session_of_real_keys_and_clicks(screen, tmp_path):
    """What keys ask for is there, whole; a hundred of them at once hang nothing."""

    def files(suffix: str) -> list:
        return sorted(tmp_path.glob(f"fer-live-*{suffix}"))

    with begun(tmp_path, "--demo", "--model", "cnn6", display=screen) as program:
        window = focus(screen)
        xdotool(screen, "key", "space")  # the film waits
        xdotool(screen, "key", "--delay", "1", "p", "Tab", "h", "h", "4", "plus", "minus", "f", "f")
        xdotool(
            screen, "mousemove", "--window", window, 320, 240, "click", 1, "click", 4, "click", 5
        )
        xdotool(screen, "key", "s")
        wait_for(lambda: files(".png"), program)
        xdotool(screen, "key", "r")
        wait_for(lambda: files(".mp4"), program)
        xdotool(screen, "key", "l")
        wait_for(lambda: files(".jsonl"), program)
        xdotool(screen, "key", "space")
        (log,) = files(".jsonl")
        wait_for(lambda: log.read_bytes().count(b"\n") >= 5, program)
        xdotool(screen, "key", "--delay", "0", *RAPID, "q")
        _, told = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, told
    assert not complaints(told)
    assert "Traceback" not in told
    (picture,), (video,) = files(".png"), files(".mp4")
    assert len(embedded_record(picture)["faces"]) == 1
    for path in (picture, video, log):
        assert re.search(rf"^written: {path.name}$", told, re.MULTILINE)
    frames = [line["frame"] for line in log_lines(log)]
    assert len(frames) >= 5
    assert frames == list(range(frames[0], frames[-1] + 1))
    # The log begins with the picture that is shown, the recording with the next one.
    assert video_frames(video) >= len(frames) - 1
    assert len(log_lines(tmp_path / "log.jsonl")) < 336  # q ended it, not the film


def test_without_gui_support_the_command_is_told_and_files_still_work(
    portrait, refusal, tmp_path, monkeypatch
):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                 NONE\n")
    line = refusal("--source", portrait)
    assert "pip install" in line
    assert "--no-window" in line
    assert main(["--source", portrait, "--no-window", "--log", "log.jsonl"]) == 0
    assert log_lines(tmp_path / "log.jsonl")
