"""`fer-live image`: many pictures at once."""

import csv
import os
import signal
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from fer_live.batch import pictures
from fer_live.cli import main
from fer_live.sinks import embedded_record
from tests.commands import log_lines
from tests.fakes import fake_analyzer, slow_down


def save(path, seed=0, size=(320, 240), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(60, 160, (size[1], size[0], 3), np.uint8)
    PIL.Image.fromarray(noise).save(path, **options)
    return path


@pytest.fixture
def image(monkeypatch, tmp_path):
    """A function that runs `fer-live image` in tmp_path with a fake analyzer, which it remembers."""
    monkeypatch.chdir(tmp_path)
    analyzer = fake_analyzer()
    loaded = []

    def load(*arguments, **options):
        loaded.append(arguments)
        return analyzer

    monkeypatch.setattr(pictures.Analyzer, "load", load)

    def run(*arguments: str) -> int:
        return main(["image", *arguments])

    run.analyzer, run.loaded = analyzer, loaded
    return run


def test_pictures_are_annotated_and_logged(image, tmp_path, capsys):
    for i in range(3):
        save(tmp_path / "in" / f"{i}.png", i)
    assert image("in", "--output", "out", "--log", "log.jsonl") == 0
    assert [line["source"] for line in log_lines(tmp_path / "log.jsonl")] == [
        "in/0.png",
        "in/1.png",
        "in/2.png",
    ]
    for i, line in enumerate(log_lines(tmp_path / "log.jsonl")):
        copy = tmp_path / "out" / f"{i}.png"
        assert (line["frame"], line["faces"][0]["expression"]) == (i, "happy")
        record = embedded_record(copy)
        assert record.pop("read_with").endswith("heat-map, abstain the card's")
        assert len(record.pop("picture")) == 12
        assert record == line
        assert (
            np.asarray(PIL.Image.open(copy)) != np.asarray(PIL.Image.open(line["source"]))
        ).any()
    told = capsys.readouterr()
    assert "3/3" in told.err
    assert "written: out" in told.err
    assert "happy" in told.out


def test_the_faces_of_several_pictures_are_one_batch(image, tmp_path):
    for i in range(10):
        save(tmp_path / "in" / f"{i}.png")
    image("in", "--log", "log.csv")
    assert image.analyzer.classifier.batches == [8, 2]
    with (tmp_path / "log.csv").open() as file:
        assert [row["source"] for row in csv.DictReader(file)] == [f"in/{i}.png" for i in range(10)]


def test_the_time_of_the_first_batch_counts(image, tmp_path, monkeypatch, capsys):
    slow_down(monkeypatch, image.analyzer, 4)
    for i in range(2):
        save(tmp_path / "in" / f"{i}.png")
    image("in", "--log", "log.csv")
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "per second" in line)
    assert row.split()[-2] == "0.5"


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


def test_where_all_is_done_no_model_is_loaded(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    image("in", "--output", "out")
    assert image("in", "--output", "out") == 0
    assert len(image.loaded) == 1


@pytest.mark.parametrize(
    "other", [("--model", "cnn6"), ("--no-heatmap",), ("--abstain", "0.9")], ids=" ".join
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
    image("moved", "--output", "out")
    assert image.analyzer.classifier.batches == [1]
    save(tmp_path / "in" / "a.png", seed=1)
    image(str(tmp_path / "in"), "--output", "out")
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


def test_a_model_is_known_by_its_content(image, tmp_path, random_weights):
    save(tmp_path / "in" / "a.png")
    arguments = ("in", "--output", "out", "--model", "mine.safetensors")
    for seed in (0, 0, 1):
        Path(random_weights(seed)).replace(tmp_path / "mine.safetensors")
        image(*arguments)
    assert image.analyzer.classifier.batches == [1, 1]


def test_a_crowd_whose_readings_did_not_all_fit_is_read_again_for_a_log(image, tmp_path):
    save(tmp_path / "in" / "a.jpg")
    image.analyzer.detector.faces *= 500
    image("in", "--output", "out")
    assert image("in", "--output", "out", "--log", "log.jsonl") == 0
    assert len(log_lines(tmp_path / "log.jsonl")[0]["faces"]) == 500


def test_a_file_in_the_place_of_a_folder_is_one_line(image, tmp_path, capsys):
    save(tmp_path / "in" / "x" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    assert image("in/**/*.png", "--output", "out") == 2
    assert "fer-live: out/x cannot be made (File exists)" in capsys.readouterr().err


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


def test_what_cannot_be_read_is_listed_and_the_rest_is_read(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    (tmp_path / "in" / "c.jpg").write_bytes(save(tmp_path / "x.jpg").read_bytes()[:500])
    assert image("in", "--output", "out") == 0
    lines = capsys.readouterr().err.splitlines()
    start = lines.index("skipped 2 of 3 pictures:")
    assert "b.png is not a picture" in lines[start + 1]
    assert "c.jpg is not whole" in lines[start + 2]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_not_one_readable_picture_is_an_error(image, tmp_path, capsys):
    for name in ("text.png", "more.png"):
        (tmp_path / name).write_text("words")
    assert image("text.png", "more.png", "--output", "out") == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "fer-live: not one of 2 pictures could be read; name other files"
    assert "written: out" not in told


def test_someone_elses_picture_in_the_output_folder_is_left_alone(image, tmp_path, capsys):
    save(tmp_path / "in" / "a.png")
    theirs = save(tmp_path / "out" / "a.png", seed=5).read_bytes()
    assert image("in", "in/a.png", "--output", "out") == 2
    assert "a.png is not from fer-live; add --again" in capsys.readouterr().err
    assert (tmp_path / "out" / "a.png").read_bytes() == theirs
    assert image("in", "--output", "out", "--again") == 0
    assert embedded_record(tmp_path / "out" / "a.png")


def test_patterns_keep_their_folders_and_other_kinds_become_png(image, tmp_path):
    save(tmp_path / "in" / "x" / "1.webp")
    save(tmp_path / "in" / "y" / "1.webp")
    save(tmp_path / "in" / "z.jpg")
    assert image("in/**/*.webp", "in/z.jpg", "--output", "out") == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/**/*.*"))
    assert found == ["x/1.webp.png", "y/1.webp.png", "z.jpg"]


def test_a_picture_named_twice_is_read_once(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    image("in/a.png", "in", "in/*.png", "--log", "log.jsonl")
    assert len(log_lines(tmp_path / "log.jsonl")) == 1


def test_a_photo_keeps_its_orientation(image, tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    save(tmp_path / "photo.jpg", exif=exif)
    image("photo.jpg", "--output", "out")
    copy = PIL.Image.open(tmp_path / "out" / "photo.jpg")
    assert copy.size == (240, 320)
    assert 0x0112 not in copy.getexif()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.png"], ["nothing would be written", "--output FOLDER"]),
        (["missing.png", "--output", "out"], ["missing.png: no such file"]),
        (["", "--output", "out"], ["'' names no file"]),
        (["text.png", "--output", "out"], ["text.png is not a picture"]),
        (["empty", "--output", "out"], ["empty holds no pictures"]),
        (["*.gif", "--output", "out"], ["*.gif matches no file"]),
        (["a.png", "--output", "."], ["a.png is the picture itself", "--output"]),
        (
            ["a.png", "b/a.png", "--output", "out"],
            ["a.png and b/a.png would both become out/a.png"],
        ),
        (["a.png", "--output", "text.png/out"], ["text.png/out cannot be made"]),
        (["a.png", "--output", "out.png"], ["out.png is to be a folder: name one"]),
        (["a.png", "--log", "a.png/log.csv"], ["log.csv cannot be written"]),
        (["a.png", "--log", "log.txt"], ["log.txt", ".jsonl or .csv"]),
        (["a.png", "--output", "out", "--model", "resnet"], ["'resnet'", "cucn"]),
        ([], ["PLACE", "fer-live image --help"]),
    ],
    ids=" ".join,
)
def test_bad_arguments_are_refused(refusal, tmp_path, arguments, words):
    save(tmp_path / "a.png")
    save(tmp_path / "b" / "a.png")
    (tmp_path / "text.png").write_text("words")
    (tmp_path / "empty").mkdir()
    line = refusal("image", *arguments)
    assert all(word in line for word in words), line
    assert not (tmp_path / "out.png").exists()


def test_a_folder_that_is_named_like_a_picture_takes_copies(image, tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "out.png").mkdir()
    assert image("a.png", "--output", "out.png") == 0
    assert (tmp_path / "out.png" / "a.png").is_file()
