"""Files of any kind, good and bad, on the command line."""

import logging
import pickle

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from safetensors.torch import save_file
from skimage import data

from fer_live import card, weight_files
from fer_live.cli import main
from tests.clips import record
from tests.commands import WEIGHTS, log_lines, video_frames


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "notes.mp4"], ["notes.mp4", "neither a picture nor a video", "another file"]),
        (["--source", "missing.mp4"], ["missing.mp4", "no such file"]),
        (["--source", "*.gif"], ["*.gif"]),
        (["--output", "clip.txt"], ["clip.txt", ".mp4", ".png"]),
        (["--output", "clip"], ["clip", ".mp4"]),
        (["--output", "portrait.png"], ["portrait.png", "is the source", "another file"]),
        (["--source", "*.png", "--output", "portrait.png"], ["portrait.png", "is the source"]),
        (
            ["--output", "notes.mp4/new/clip.mp4"],
            ["clip.mp4", "cannot be written", "another place"],
        ),
        (["--output", "notes.mp4/picture.png"], ["picture.png", "cannot be written"]),
        (["--log", "notes.mp4/log.jsonl"], ["log.jsonl", "cannot be written", "another place"]),
        (["--log", "log.txt"], ["log.txt", ".jsonl", ".csv"]),
        (["--log", "notes.mp4/log.csv"], ["log.csv", "cannot be written", "another place"]),
        (["--summary", "a.pdf"], ["a.pdf", ".html", ".png"]),
        (["--resolution", "640x480"], ["portrait.png is no camera"]),
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
    weight_files.save(tmp_path / "foreign.safetensors", card.load_card(WEIGHTS), tensors)
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
