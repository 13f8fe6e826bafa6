"""The command line as people meet it: whole runs, bad input, keys on a real screen."""

import json
import logging
import os
import pickle
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from safetensors.torch import save_file
from skimage import data

from fer_live import card, packaged
from fer_live.cli import main
from fer_live.expressions import SEVEN
from fer_live.live import LiveOptions
from tests.test_sources import record

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights" / "cnn6.safetensors"
HOLDS = ("neutral", "happy", "surprise", "fear", "sad", "angry", "disgust")  # of the demo clip
PATIENCE = 60  # seconds that a program may take to start


def environment(display: str | None = None) -> dict[str, str]:
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    kept = {name: value for name, value in os.environ.items() if name not in screens}
    return kept | {"PYTHONPATH": str(ROOT)} | ({"DISPLAY": display} if display else {})


def fer_live(folder: Path, *arguments: str, display: str | None = None, **options):
    """Run `python -m fer_live` in `folder`; without a display unless one is named."""
    return subprocess.run(
        [sys.executable, "-m", "fer_live", *arguments],
        cwd=folder,
        env=environment(display),
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@contextmanager
def begun(folder: Path, *arguments: str, display: str | None = None):
    """`python -m fer_live` with --log log.jsonl, once it has logged ten frames; killed at the end."""
    program = subprocess.Popen(
        [sys.executable, "-m", "fer_live", "--log", "log.jsonl", *arguments],
        cwd=folder,
        env=environment(display),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log, until = folder / "log.jsonl", time.monotonic() + PATIENCE
    try:
        while not log.exists() or log.read_bytes().count(b"\n") < 10:
            assert program.poll() is None, program.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield program
    finally:
        program.kill()
        program.communicate()


def log_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def video_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("fer-live: ")]


@pytest.fixture
def portrait(tmp_path) -> str:
    """A picture of one face."""
    PIL.Image.fromarray(data.astronaut()[:300, 100:400]).save(tmp_path / "portrait.png")
    return str(tmp_path / "portrait.png")


@pytest.fixture
def refusal(capsys, tmp_path, monkeypatch):
    """A function that runs bad arguments and returns the one line with which they are refused."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        try:
            code = main([*map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
        told = capsys.readouterr()
        assert code == 2
        assert told.out == ""
        (line,) = told.err.splitlines()
        assert line.startswith("fer-live: ")
        return line

    return run


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


def test_help_loads_nothing_heavy():
    code = """
import sys
from fer_live.cli import main
try:
    main(["--help"])
finally:
    print([m for m in ("torch", "cv2", "mediapipe", "numpy", "rich", "av") if m in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "--camera N" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_options_reach_the_session(monkeypatch):
    seen = []
    monkeypatch.setattr("fer_live.live.run", lambda options: seen.append(options) or 0)
    assert main([]) == main(["--camera", "3", "--no-window", "--smoothing", "0"]) == 0
    main(["--source", "a.mp4", "--output", "b.mp4", "--log", "c.jsonl", "--max-frames", "7"])
    main(["--demo", "--model", "cnn6", "--device", "cpu", "--scan", "full", "--no-heatmap"])
    assert seen == [
        LiveOptions(),
        LiveOptions(camera=3, window=False, smoothing=0),
        LiveOptions(source="a.mp4", output=Path("b.mp4"), log=Path("c.jsonl"), max_frames=7),
        LiveOptions(demo=True, model="cnn6", device="cpu", scan="full", heatmap=False),
    ]


def test_ctrl_c_before_the_first_frame_is_no_traceback(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("fer_live.live.run", interrupt)
    assert main([]) == 130
    assert capsys.readouterr().err == "fer-live: stopped\n"


def test_without_camera_and_screen_one_line_tells_of_the_camera(tmp_path):
    done = fer_live(tmp_path, "--camera", "93")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("fer-live: camera 93 does not open; ")
    assert "found" in line
    assert "--source FILE" in line
    assert "--demo" in line


def test_the_demo_without_a_screen_writes_files(tmp_path):
    done = fer_live(tmp_path, "--demo", "--max-frames", "12")
    assert done.returncode == 0, done.stderr
    assert sum("No window" in line for line in done.stderr.splitlines()) == 1
    assert "12/12" in done.stderr
    for row in ("frames ", "faces", "frames per second", "detect, ms", "classify, ms", "%"):
        assert row in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"demo.mp4", "demo.jsonl"}
    assert video_frames(tmp_path / "demo.mp4") == 12
    lines = log_lines(tmp_path / "demo.jsonl")
    assert [line["frame"] for line in lines] == list(range(12))
    assert lines[6]["seconds"] == 0.25
    (face,) = lines[6]["faces"]
    assert list(face) == ["track", "box", "score", "expression", "probabilities", "uncertainty"]
    assert (face["track"], len(face["box"])) == (1, 4)
    assert list(face["probabilities"]) == [str(expression) for expression in SEVEN]
    assert face["expression"] == max(face["probabilities"], key=face["probabilities"].get)


def test_the_demos_faces_are_read_right(tmp_path):
    done = fer_live(tmp_path, "--demo", "--no-window", "--log", "demo.jsonl")
    assert done.returncode == 0, done.stderr
    lines = log_lines(tmp_path / "demo.jsonl")
    middles = [min(lines, key=lambda line: abs(line["seconds"] - 2 * i - 0.9)) for i in range(7)]
    read = [[face["expression"] for face in line["faces"]] for line in middles]
    assert sum(found == [shown] for found, shown in zip(read, HOLDS, strict=True)) >= 6, read


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_a_stopped_recording_is_whole(tmp_path, number):
    with begun(tmp_path, "--demo", "--no-window", "--output", "clip.mp4") as program:
        program.send_signal(number)
        _, told = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, told
    assert "Traceback" not in told
    frames = [line["frame"] for line in log_lines(tmp_path / "log.jsonl")]
    assert 10 <= len(frames) < 336
    assert frames == list(range(len(frames)))
    assert video_frames(tmp_path / "clip.mp4") == len(frames)


def test_a_disk_that_fills_up_is_one_line_and_keeps_what_there_is(tmp_path):
    def shrink():
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    done = fer_live(
        tmp_path,
        *("--demo", "--no-window", "--output", "clip.mp4", "--log", "log.jsonl"),
        preexec_fn=shrink,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    (line,) = complaints(done.stderr)
    assert "clip.mp4" in line
    assert "so far is kept" in line
    frames = [line["frame"] for line in log_lines(tmp_path / "log.jsonl")]
    assert frames == list(range(len(frames)))
    assert 10 <= video_frames(tmp_path / "clip.mp4") <= len(frames) + 1


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-frames", "0"], ["--max-frames", "'0'", "above 0"]),
        (["--max-frames", "many"], ["--max-frames", "'many'"]),
        (["--smoothing", "x"], ["--smoothing", "'x'", "seconds"]),
        (["--smoothing", "-1"], ["--smoothing", "'-1'"]),
        (["--smoothing", "nan"], ["--smoothing", "'nan'"]),
        (["--camera", "front"], ["--camera", "'front'"]),
        (["--source", "a.mp4", "--camera", "1"], ["--camera", "--source"]),
        (["--source", "a.mp4", "--demo"], ["--demo", "--source"]),
        (["--scan", "fast"], ["--scan", "'fast'", "live"]),
        (["--device", "tpu"], ["--device", "'tpu'", "cuda"]),
        (["--outptu", "a.mp4"], ["--outptu", "--help"]),
        (["a.mp4"], ["'a.mp4'", "--source FILE"]),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_refused_in_one_line(refusal, arguments, words):
    line = refusal(*arguments)
    assert all(word in line for word in words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "notes.mp4"], ["notes.mp4", "neither a picture nor a video", "another file"]),
        (["--source", "missing.mp4"], ["missing.mp4", "no such file"]),
        (["--source", "."], [". is a folder"]),
        (["--output", "clip.txt"], ["clip.txt", ".mp4", ".png"]),
        (["--output", "clip"], ["clip", ".mp4"]),
        (["--output", "portrait.png"], ["portrait.png", "is the source", "--output"]),
        (
            ["--output", "notes.mp4/new/clip.mp4"],
            ["clip.mp4", "cannot be written", "another place"],
        ),
        (["--output", "notes.mp4/picture.png"], ["picture.png", "cannot be written"]),
        (["--log", "notes.mp4/log.jsonl"], ["log.jsonl", "cannot be written", "another place"]),
        (["--log", "log.csv"], ["log.csv", ".jsonl"]),
        (["--model", "resnet"], ["'resnet'", "cnn6", "cucn"]),
        (["--model", "missing.safetensors"], ["missing.safetensors", "cucn"]),
        (["--model", "truncated.safetensors"], ["truncated.safetensors", "fetch it again"]),
        (["--model", "foreign.safetensors"], ["foreign.safetensors", "not those of cnn6"]),
        (["--model", "cardless.safetensors"], ["cardless.safetensors", "has no card"]),
        (["--model", "torch.pt"], ["torch.pt", "is a pickle", ".safetensors"]),
        (["--model", "pickle.pt"], ["pickle.pt", "is a pickle", ".safetensors"]),
        (["--model", "notes.mp4"], ["notes.mp4", "not a whole safetensors file"]),
    ],
    ids=" ".join,
)
def test_a_bad_file_is_refused_in_one_line(refusal, bad_files, portrait, arguments, words):
    source = [] if "--source" in arguments else ["--source", "portrait.png"]
    line = refusal(*source, *arguments, "--no-window")
    assert all(word in line for word in words)


@pytest.fixture
def bad_files(tmp_path) -> None:
    (tmp_path / "notes.mp4").write_text("only words\n" * 50)
    (tmp_path / "truncated.safetensors").write_bytes(WEIGHTS.read_bytes()[:100_000])
    tensors = {"weight": torch.zeros(2)}
    card.save(tmp_path / "foreign.safetensors", card.load_card(WEIGHTS), tensors)
    save_file(tensors, tmp_path / "cardless.safetensors")
    torch.save(tensors, tmp_path / "torch.pt")
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps({"weight": [0.0]}))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_refused(refusal, portrait):
    line = refusal("--source", portrait, "--no-window", "--device", "cuda")
    assert "'cuda'" in line
    assert "use cpu" in line


def test_a_refused_run_leaves_older_files_alone(refusal, portrait, tmp_path):
    for name in ("clip.mp4", "log.jsonl"):
        (tmp_path / name).write_text("precious")
    files = ["--output", "clip.mp4", "--log", "log.jsonl", "--no-window"]
    refusal("--source", portrait, *files, "--model", "resnet")
    refusal("--source", "missing.mp4", *files)
    assert {(tmp_path / name).read_text() for name in ("clip.mp4", "log.jsonl")} == {"precious"}


def test_a_picture_too_large_for_video_is_refused(refusal, tmp_path):
    PIL.Image.new("L", (20_000, 16)).save(tmp_path / "wide.png")
    line = refusal("--source", "wide.png", "--output", "wide.mp4", "--no-window")
    assert "20000x16" in line
    assert ".png" in line
    assert not (tmp_path / "wide.mp4").exists()


def save_grey(image, path):
    PIL.Image.fromarray(image).convert("L").save(path)


def save_rgba(image, path):
    PIL.Image.fromarray(image).convert("RGBA").save(path)


def save_sixteen_bits(image, path):
    PIL.Image.fromarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257).save(path)


def save_rotated(image, path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    PIL.Image.fromarray(np.rot90(image)).save(path, exif=exif)


@pytest.mark.parametrize("save", [save_grey, save_rgba, save_sixteen_bits, save_rotated])
def test_a_picture_of_any_kind_is_read(tmp_path, save):
    path, log, output = (tmp_path / name for name in ("in.png", "new/log.jsonl", "new/out.png"))
    save(data.astronaut()[:300, 100:400], path)
    files = ["--log", str(log), "--output", str(output)]
    assert main(["--source", str(path), "--no-window", "--model", "cnn6", *files]) == 0
    (line,) = log_lines(log)
    (face,) = line["faces"]
    left, top, right, bottom = face["box"]
    assert [(left + right) / 2, (top + bottom) / 2] == pytest.approx([125, 122], abs=10)
    assert PIL.Image.open(output).size == (300, 300)


def test_one_pixel_is_read_and_recorded(tmp_path):
    path, log, output = (tmp_path / name for name in ("dot.png", "log.jsonl", "out.mp4"))
    PIL.Image.new("RGB", (1, 1)).save(path)
    files = ["--log", str(log), "--output", str(output)]
    assert main(["--source", str(path), "--no-window", "--model", "cnn6", *files]) == 0
    assert log_lines(log) == [{"frame": 0, "seconds": 0.0, "faces": []}]
    assert video_frames(output) == 1


def test_a_video_that_ends_midway_is_read_with_a_warning(tmp_path, caplog):
    whole, cut, log = (tmp_path / name for name in ("whole.mp4", "cut.mp4", "log.jsonl"))
    record(whole)
    cut.write_bytes(whole.read_bytes()[: int(0.9 * whole.stat().st_size)])
    with caplog.at_level(logging.WARNING):
        assert (
            main(["--source", str(cut), "--no-window", "--model", "cnn6", "--log", str(log)]) == 0
        )
    (warning,) = [r.message for r in caplog.records if r.name.startswith("fer_live")]
    assert "cut.mp4 is cut off" in warning
    assert f"{len(log_lines(log))} frames" in warning


def test_the_doctor_has_a_line_for_each_part(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert all(line.split()[0] in ("ok", "none") for line in lines)
    parts = " ".join(line[6:].strip().split("  ")[0] for line in lines)
    for part in ("Python", "torch", "mediapipe", "cv2", "window", "cameras", "weights", "codecs"):
        assert part in parts
    assert "demo clip" in parts


def test_the_doctor_finds_missing_weights(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(packaged, "folder", lambda name: tmp_path)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    missing = [line for line in lines if line.startswith("missing")]
    assert [line.split()[1] for line in missing] == ["weights", "demo"]
    assert all("fix: " in line for line in missing)
