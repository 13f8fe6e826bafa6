"""Whole runs of the demo: files, signals, a full disk."""

import json
import resource
import signal

import pytest

from fer_live.card import find_weights, load_card
from fer_live.cli import main
from fer_live.packaged import MODEL
from tests.commands import PATIENCE, begun, complaints, fer_live, log_lines, video_frames

HOLDS = ("neutral", "happy", "surprise", "fear", "sad", "angry", "disgust")  # of the demo clip


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
    assert list(face["probabilities"]) == [
        str(label) for label in load_card(find_weights(MODEL)).labels
    ]
    assert face["expression"] == max(face["probabilities"], key=face["probabilities"].get)


def test_the_demos_faces_are_read_right(tmp_path):
    log = tmp_path / "demo.jsonl"
    assert main(["--demo", "--no-window", "--log", str(log)]) == 0
    lines = log_lines(log)
    middles = [min(lines, key=lambda line: abs(line["seconds"] - 2 * i - 0.9)) for i in range(7)]
    read = [[face["expression"] for face in line["faces"]] for line in middles]
    assert sum(found == [shown] for found, shown in zip(read, HOLDS, strict=True)) >= 6, read


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["ctrl-c", "terminate", "closed terminal"],
)
def test_a_stopped_recording_is_whole(tmp_path, number):
    with begun(tmp_path, "--demo", "--no-window", "--output", "clip.mp4") as program:
        program.send_signal(number)
        _, told = program.communicate(timeout=PATIENCE)
    assert program.returncode == 130, told
    assert "stopped; what was read until then is written\nwritten: clip.mp4\n" in told
    assert "Traceback" not in told
    frames = [line["frame"] for line in log_lines(tmp_path / "log.jsonl")]
    assert 10 <= len(frames) < 336
    assert frames == list(range(len(frames)))
    assert video_frames(tmp_path / "clip.mp4") == len(frames)


def test_a_killed_session_leaves_a_whole_table(tmp_path):
    with begun(tmp_path, "--demo", "--no-window", log="log.csv") as program:
        program.kill()
        program.communicate()
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert len(rows) >= 10
    assert {row.count(",") for row in rows} == {rows[0].count(",")}


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path):
    with begun(tmp_path, "--demo", "--no-window", "--pipe") as program:
        line = program.stdout.readline()
        program.stdout.close()
        told = program.stderr.read()
        assert program.wait(PATIENCE) == 0
    assert json.loads(line)["frame"] == 0
    assert "Traceback" not in told
    assert "Exception ignored" not in told
    assert len(log_lines(tmp_path / "log.jsonl")) < 336


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
