"""`fer-live image` once more: what is read anew, and what is not."""

import os
import signal
from pathlib import Path

import pytest

from fer_live.batch import pictures
from fer_live.errors import NoRoom
from fer_live.sinks import embedded_record
from fer_live.summary.logs import read_log
from tests.commands import log_lines
from tests.many_pictures import image_command, save


@pytest.fixture
def image(monkeypatch, tmp_path):
    return image_command(monkeypatch, tmp_path)


def test_a_second_run_reads_only_what_is_new(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    image("in", "--output", "out", "--log", "log.jsonl")
    (first,) = log_lines(tmp_path / "log.jsonl")
    save(tmp_path / "in" / "b.png")
    capsys.readouterr()
    assert image("in", "--output", "out", "--log", "log.jsonl") == 0
    assert "there already: 1 of 2 pictures" in capsys.readouterr().err
    assert image.analyzer.classifier.batches == [1, 1]
    again, second = log_lines(tmp_path / "log.jsonl")  # the log is whole nevertheless
    assert again == first
    assert second["source"] == "in/b.png"


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_the_log_of_a_second_run_is_in_the_pictures_order(image, tmp_path, capsys, name):
    for i in range(6):
        save(tmp_path / "in" / f"{i}.png")
    (tmp_path / "in" / "3.png").write_bytes(b"no picture")
    image("in", "--output", "out")
    for i in (1, 4):
        (tmp_path / "out" / f"{i}.png").unlink()
    assert image("in", "--output", "out", "--log", name) == 0
    assert "there already: 3 of 6 pictures" in capsys.readouterr().err
    seen = [r["frame"] for r in read_log(tmp_path / name) if r["faces"]]
    assert seen == [0, 1, 2, 4, 5]


def test_where_all_is_done_no_model_is_loaded(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    image("in", "--output", "out")
    assert image("in", "--output", "out") == 0
    assert len(image.loaded) == 1


@pytest.mark.parametrize(
    "other",
    [("--model", "cnn6"), ("--no-heatmap",), ("--abstain", "0.9"), ("--runtime", "torch")],
    ids=" ".join,
)
def test_what_another_model_or_option_made_is_made_anew(image, tmp_path, capsys, other):
    save(tmp_path / "in" / "a.png")
    image("in", "--output", "out")
    capsys.readouterr()
    assert image("in", "--output", "out", *other) == 0
    told = capsys.readouterr().err
    assert "with other options or before they changed: 1 of 1 pictures; they were read anew" in told
    assert image.analyzer.classifier.batches == [1, 1]
    image("in", "--output", "out", *other)
    assert "there already: 1 of 1 pictures" in capsys.readouterr().err


def test_one_exact_runtimes_copies_serve_for_another(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    for runtime in ("torch", "onnx"):
        assert image("in", "--output", "out", "--runtime", runtime) == 0
    assert "there already: 1 of 1 pictures" in capsys.readouterr().err


def test_another_picture_of_the_same_name_is_not_taken_for_the_one_that_was_read(
    image, tmp_path, capsys
):
    for seed, folder in enumerate(("first", "second")):
        save(tmp_path / folder / "a.png", seed)
    image("first", "--output", "out")
    copy = (tmp_path / "out" / "a.png").read_bytes()
    assert image("second", "--output", "out", "--log", "log.jsonl") == 2
    told = capsys.readouterr().err
    assert "out/a.png is of another picture, first/a.png; choose another --output" in told
    assert (tmp_path / "out" / "a.png").read_bytes() == copy
    assert not (tmp_path / "log.jsonl").exists()


def test_a_picture_that_changed_is_read_anew_and_one_that_moved_is_not(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    image("in", "--output", "out")
    (tmp_path / "in").rename(tmp_path / "moved")
    assert image("moved", "--output", "out") == 0
    assert image.analyzer.classifier.batches == [1]
    save(tmp_path / "in" / "a.png", seed=1)
    assert image(str(tmp_path / "in"), "--output", "out") == 0
    assert image.analyzer.classifier.batches == [1, 1]


def test_copies_that_a_pattern_finds_are_not_read(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    for _ in range(2):
        assert image("in/**/*.png", "--output", "in/read") == 0
    assert "there already: 1 of 1 pictures" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "in" / "read").iterdir()] == ["a.png"]
    (tmp_path / "in" / "a.png").unlink()
    assert image("in/**/*.png", "--output", "in/read") == 2
    assert "are annotated copies in in/read; name the pictures" in capsys.readouterr().err


def test_copies_beside_their_pictures_are_not_read_either(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.webp")
    for _ in range(2):
        assert image("in", "--output", "in") == 0
    assert "there already: 1 of 1 pictures" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"a.webp", "a.webp.png"}


def test_a_model_is_known_by_its_content(image, tmp_path, random_weights):
    save(tmp_path / "in" / "a.png")
    arguments = ("in", "--output", "out", "--model", "mine.safetensors")
    for seed in (0, 0, 1):
        Path(random_weights(seed)).replace(tmp_path / "mine.safetensors")
        image(*arguments)
    assert image.analyzer.classifier.batches == [1, 1]


@pytest.mark.parametrize(("faces", "told"), [(299, 0), (300, 2)])
def test_a_crowd_that_may_have_more_faces_than_are_read_is_told(
    image, tmp_path, capsys, faces, told
):
    save(tmp_path / "in" / "a.jpg")
    image.analyzer.detector.faces *= faces
    for _ in range(2):  # of a copy that holds a part of them as well
        assert image("in", "--output", "out") == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines.count("in/a.jpg: 300 faces, the most that are read in one picture") == told


def test_a_crowd_whose_readings_did_not_all_fit_is_read_again_for_a_log(image, tmp_path):
    save(tmp_path / "in" / "a.jpg")
    image.analyzer.detector.faces *= 500
    image("in", "--output", "out")
    assert image("in", "--output", "out", "--log", "log.jsonl") == 0
    assert len(log_lines(tmp_path / "log.jsonl")[0]["faces"]) == 500


def test_again_reads_all(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    for _ in range(2):
        image("in", "--output", "out", "--again")
    assert image.analyzer.classifier.batches == [1, 1]


@pytest.fixture
def stopped(image, tmp_path, monkeypatch):
    """`image`, with 20 pictures in tmp_path/in and a Ctrl-C in the first batch."""
    for i in range(20):
        save(tmp_path / "in" / f"{i:02}.png")
    read = image.analyzer.batch

    def batch(images, heatmaps):
        if not image.analyzer.classifier.batches:
            os.kill(os.getpid(), signal.SIGINT)
        return read(images, heatmaps)

    monkeypatch.setattr(image.analyzer, "batch", batch)
    return image


def test_a_stopped_run_goes_on_where_it_was(stopped, tmp_path):
    assert stopped("in", "--output", "out") == 130
    assert len(list((tmp_path / "out").iterdir())) == 8
    assert stopped("in", "--output", "out") == 0
    assert len(list((tmp_path / "out").iterdir())) == 20
    assert stopped.analyzer.classifier.batches == [8, 8, 4]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "out"], "the same command goes on from here"),
        (["--output", "out", "--again"], "the same command without --again goes on from here"),
        (["--log", "a.jsonl"], "the same command starts over and replaces a.jsonl"),
    ],
)
def test_a_stopped_run_tells_what_the_same_command_would_do(stopped, capsys, options, said):
    assert stopped("in", *options) == 130
    assert f"stopped with 12 to go; {said}" in capsys.readouterr().err.splitlines()


def test_a_stopped_runs_log_has_what_was_read_and_what_was_there(stopped, tmp_path):
    stopped("in", "--output", "out")
    (tmp_path / "out" / "02.png").unlink()
    stopped.analyzer.classifier.batches.clear()  # so that the next one is stopped, too
    assert stopped("in", "--output", "out", "--log", "log.jsonl") == 130
    assert [line["frame"] for line in log_lines(tmp_path / "log.jsonl")] == list(range(15))


def test_what_was_there_is_logged_although_a_copy_before_it_cannot_be_saved(
    image, tmp_path, monkeypatch, capsys
):
    for i in range(3):
        save(tmp_path / "in" / f"{i}.png")
    image("in", "--output", "out")
    (tmp_path / "out" / "1.png").unlink()

    def save_nothing(*arguments):
        raise NoRoom("the disk is full")

    monkeypatch.setattr(pictures, "save_picture", save_nothing)
    assert image("in", "--output", "out", "--log", "log.jsonl") == 2
    assert "fer-live: the disk is full" in capsys.readouterr().err
    assert [line["frame"] for line in log_lines(tmp_path / "log.jsonl")] == [0, 2]


def test_someone_elses_picture_in_the_output_folder_is_left_alone(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    theirs = save(tmp_path / "out" / "a.png", seed=5).read_bytes()
    assert image("in", "in/a.png", "--output", "out") == 2
    assert "a.png is not from fer-live; add --again" in capsys.readouterr().err
    assert (tmp_path / "out" / "a.png").read_bytes() == theirs
    assert image("in", "--output", "out", "--again") == 0
    assert embedded_record(tmp_path / "out" / "a.png")
