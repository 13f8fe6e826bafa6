"""The command line: what it takes and what it refuses."""

import io
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import get_args

import pytest

from fer_live.cameras import Camera
from fer_live.cli import COMMANDS, live, main, tools
from fer_live.cli.options import place
from fer_live.detect import Scan
from fer_live.export import Format
from fer_live.live import LiveOptions
from fer_live.runtimes import RuntimeName
from tests.commands import environment

LONG = 300 * "a"  # more than a file system takes; what may not be looked at fails alike


def test_help_loads_nothing_heavy():
    code = """
import sys
from fer_live.cli import COMMANDS, main
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


@pytest.mark.parametrize(
    ("define", "option", "there"),
    [
        (live.define, "--runtime", RuntimeName),
        (live.define, "--scan", Scan),
        (tools.define_export, "--format", Format),
    ],
)
def test_the_command_line_offers_what_there_is(define, option, there):
    """It has lists of its own: those of the packages would take seconds to import."""
    parser = ArgumentParser()
    define(parser)
    (offered,) = [action.choices for action in parser._actions if option in action.option_strings]
    assert tuple(offered) == get_args(there)


def test_the_options_reach_the_session(monkeypatch):
    seen = []
    monkeypatch.setattr("fer_live.live.run", lambda options: seen.append(options) or 0)
    assert main([]) == main(["--camera", "3", "--no-window", "--smoothing", "0"]) == 0
    main(["--source", "a.mp4", "--output", "b.mp4", "--log", "c.jsonl", "--max-frames", "7"])
    main(["--demo", "--model", "cnn6", "--device", "cpu", "--scan", "full", "--no-heatmap"])
    main(["live", "--resolution", "640x480", "--fps", "15", "--every-frame", "--abstain", "0.4"])
    main(["--summary", "a.html", "--thumbnails", "--pipe", "--runtime", "torch", "--panel"])
    assert seen == [
        LiveOptions(),
        LiveOptions(camera=3, window=False, smoothing=0),
        LiveOptions(source="a.mp4", output=Path("b.mp4"), log=Path("c.jsonl"), max_frames=7),
        LiveOptions(demo=True, model="cnn6", device="cpu", scan="full", heatmap=False),
        LiveOptions(resolution=(640, 480), fps=15.0, every_frame=True, abstain=0.4),
        LiveOptions(
            summary=Path("a.html"), thumbnails=True, pipe=True, runtime="torch", panel=True
        ),
    ]


def test_a_cameras_name_is_written_where_output_is_of_one_code_page(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr("sys.stdout", output)
    named = Camera(0, "\u6444\u50cf\u5934 \xe9", (640, 480), 30.0, None)
    monkeypatch.setattr("fer_live.cameras.list_cameras", lambda: iter([named]))
    assert main(["cameras"]) == 0
    output.flush()
    said = output.buffer.getvalue()
    assert said == b"0  \\u6444\\u50cf\\u5934 \xe9, 640x480, 30 fps\n"


def test_no_folder_for_temporary_files_is_one_line(refusal, monkeypatch):
    def homeless(options):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("fer_live.live.run", homeless)
    assert "no folder for temporary files can be written; set TMPDIR" in refusal()


def test_ctrl_c_before_the_first_frame_is_no_traceback(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("fer_live.live.run", interrupt)
    assert main([]) == 130
    assert capsys.readouterr().err == "fer-live: stopped\n"


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
        (["a.mp4"], ["'a.mp4'", "--source FILE", "image, video"]),
        (["two\nlines"], ["--source FILE"]),
        (["--no-window", "a.mp4"], ["a.mp4", "--help"]),
        (["--camera", "-1"], ["--camera", "-1"]),
        (["--resolution", "720p"], ["--resolution", "'720p'", "1280x720"]),
        (["--resolution", "0x480"], ["--resolution", "'0x480'"]),
        (["--fps", "0"], ["--fps", "'0'", "30"]),
        (["--fps", "inf"], ["--fps", "'inf'"]),
        (["--abstain", "1.5"], ["--abstain", "'1.5'", "0 to 1"]),
        (["--runtime", "tensorrt"], ["--runtime", "'tensorrt'", "openvino"]),
        (["--output", ""], ["--output", "'' names no file or folder"]),
        (["image", "a.png", "--output", " "], ["--output", "' ' names no file or folder"]),
        (["cameras", "--thumbnails", ""], ["--thumbnails", "'' names no file or folder"]),
        (["summary", ""], ["'' names no file or folder"]),
        (["--source", LONG], [LONG, "File name too long", "another place"]),
        (["image", LONG, "--log", "a.csv"], [LONG, "File name too long"]),
        (["export", "--model", LONG, "--format", "onnx", "--output", "a.onnx"], ["too long"]),
        (["--thumbnails"], ["--thumbnails", "--summary FILE"]),
        (["bench", "--frames", "none"], ["--frames", "'none'", "fer-live bench --help"]),
        (["bench", "--soak", "-3"], ["--soak"]),
        (["bench", "--soak", "9"], ["--soak", "'9' is too few"]),
        (["export", "--format", "onnx"], ["--output"]),
        (["export", "--format", "tflite", "--output", "a"], ["'tflite'", "openvino"]),
        (["cameras", "all"], ["all", "fer-live cameras --help"]),
        (["doctor", "now"], ["now", "fer-live doctor --help"]),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_refused_in_one_line(refusal, arguments, words):
    line = refusal(*arguments)
    assert all(word in line for word in words)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_helps_and_is_named_in_the_overview(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    told = capsys.readouterr().out
    assert told.startswith(f"usage: fer-live {name} ")
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert f"{name} " in capsys.readouterr().out


def test_the_smaller_commands_reach_their_programs(monkeypatch):
    from fer_live.bench.run import BenchOptions

    seen = []

    def remember(*arguments):
        seen.append(arguments)
        return 0

    monkeypatch.setattr("fer_live.bench.run.run", remember)
    monkeypatch.setattr("fer_live.cameras.show", remember)
    monkeypatch.setattr("fer_live.export.export", lambda *a: seen.append(a) or "a.onnx")
    assert main(["bench", "--frames", "5", "--soak", "0", "--compare", "--json", "a.json"]) == 0
    assert main(["cameras", "--thumbnails", "eyes"]) == main(["cameras"]) == 0
    assert main(["export", "--model", "cnn6", "--format", "onnx", "--output", "a.onnx"]) == 0
    assert seen == [
        (BenchOptions(frames=5, compare=True, json=Path("a.json")),),
        (Path("eyes"),),
        (None,),
        ("cnn6", "onnx", Path("a.onnx")),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["image", "-dash.jpg", "--log", "x.jsonl"],
        ["image", "a.jpg", "-dash.jpg", "--log", "x.jsonl"],
        ["--source", "-dash.jpg"],
    ],
    ids=" ".join,
)
def test_a_file_that_is_named_like_an_option_is_told_apart(refusal, tmp_path, arguments):
    (tmp_path / "-dash.jpg").touch()
    assert "; for the file write ./-dash.jpg; see fer-live" in refusal(*arguments)


def test_a_place_to_write_may_be_in_the_home_folder():
    """After "--json=" no shell puts it in."""
    assert place("~/bench.json") == Path.home() / "bench.json"


def test_an_option_too_long_for_a_files_name_is_no_file(refusal):
    assert "write ./" not in refusal("image", f"-{LONG}", "--log", "x.jsonl")
