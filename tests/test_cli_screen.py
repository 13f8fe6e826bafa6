"""Runs with a real screen, or with an OpenCV that has none."""

import os
import select
import shutil
import subprocess

import cv2
import pytest

from fer_live.cli import main
from tests.commands import PATIENCE, begun, environment, fer_live, log_lines


@pytest.fixture(scope="module")
def screen():
    """A display of its own, as DISPLAY has it."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], PATIENCE)
        number = os.read(reading, 16).decode().strip() if ready else ""
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
        os.close(reading)


def test_the_demo_opens_a_window(screen, tmp_path):
    done = fer_live(tmp_path, "--demo", "--max-frames", "20", display=screen)
    assert done.returncode == 0, done.stderr
    assert "No window" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")
def test_q_quits_and_leaves_a_whole_log(screen, tmp_path):
    with begun(tmp_path, "--demo", display=screen) as program:
        press = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "fer-live"]
        press += ["windowfocus", "--sync", "key", "q"]
        subprocess.run(press, env=environment(screen), check=True, timeout=PATIENCE)
        _, told = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, told
    frames = [line["frame"] for line in log_lines(tmp_path / "log.jsonl")]
    assert frames == list(range(len(frames)))
    assert len(frames) < 336


def test_without_gui_support_the_command_is_told_and_files_still_work(
    portrait, refusal, tmp_path, monkeypatch
):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                 NONE\n")
    line = refusal("--source", portrait)
    assert "pip install" in line
    assert "--no-window" in line
    assert main(["--source", portrait, "--no-window", "--log", "log.jsonl"]) == 0
    assert log_lines(tmp_path / "log.jsonl")
