"""`fer-live image`: many pictures at once."""

import csv
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from fer_live.batch import pictures
from fer_live.sinks import embedded_record
from tests.commands import log_lines
from tests.fakes import slow_down
from tests.many_pictures import image_command, save


@pytest.fixture
def image(monkeypatch, tmp_path):
    return image_command(monkeypatch, tmp_path)


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


def test_the_heat_map_is_drawn_unless_it_is_left_out(image, tmp_path):
    save(tmp_path / "in.png")
    image("in.png", "--output", "hot")
    image("in.png", "--output", "bare", "--no-heatmap")
    hot, bare = (np.asarray(PIL.Image.open(f"{name}/in.png"), int) for name in ("hot", "bare"))
    assert np.abs(hot - bare)[60:160, 100:200].mean() > 10  # the face
    assert image.analyzer.classifier.explained == 1


def test_labels_name_what_is_sure_enough_for_the_card_or_for_who_asks(image, tmp_path):
    save(tmp_path / "in.png")
    classifier, copies = image.analyzer.classifier, []
    for least, asked in ((0.0, ()), (0.0, ("0.9",)), (0.9, ()), (0.9, ("0",))):
        classifier.card = replace(classifier.card, abstain_below=least)
        folder = f"out{len(copies)}"
        image("in.png", "--output", folder, *(("--abstain", *asked) if asked else ()))
        copies.append(np.asarray(PIL.Image.open(f"{folder}/in.png")))
    named, unnamed, unnamed_too, named_too = copies
    assert (named != unnamed).any()
    assert (unnamed_too == unnamed).all()
    assert (named_too == named).all()


def test_a_log_has_the_most_probable_expression_and_all_probabilities_whatever_is_abstained(
    image, tmp_path
):
    save(tmp_path / "in.png")
    for least in ("0", "0.99"):
        image("in.png", "--abstain", least, "--log", f"{least}.jsonl")
    (named,), (unsure,) = (log_lines(tmp_path / f"{least}.jsonl") for least in ("0", "0.99"))
    assert named == unsure
    assert named["faces"][0]["expression"] == "happy"
    assert len(named["faces"][0]["probabilities"]) == 7


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


@pytest.mark.parametrize(
    ("output", "expected"), [(("--log", "log.csv"), []), (("--output", "out"), ["a.png"])], ids=str
)
def test_only_pictures_that_get_a_copy_are_hashed(
    image, tmp_path, monkeypatch, capsys, output, expected
):
    """A film among them may have gigabytes."""
    hashed = []
    monkeypatch.setattr(pictures, "digest", lambda path: hashed.append(path.name) or "")
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "fi\nlm.mp4").write_bytes(bytes(100))
    assert image("in/*", *output) == 0
    assert "  in/fi\\nlm.mp4 is a film; read it with: fer-live video" in capsys.readouterr().err
    assert hashed == expected


def test_a_file_in_the_place_of_a_folder_is_one_line(image, tmp_path, capsys):
    save(tmp_path / "in" / "x" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    assert image("in/**/*.png", "--output", "out") == 2
    assert "fer-live: out/x cannot be made (File exists)" in capsys.readouterr().err


def test_a_copy_that_cannot_be_written_costs_no_reading(image, tmp_path, capsys):
    for name in ("a", "x/b", "x/c"):
        save(tmp_path / "in" / f"{name}.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    assert image("in/**/*.png", "--output", "out", "--log", "log.jsonl") == 0
    assert [line["source"] for line in log_lines(tmp_path / "log.jsonl")] == [
        "in/a.png",
        "in/x/b.png",
        "in/x/c.png",
    ]
    said = capsys.readouterr().err
    assert "read, but without a copy: 2\n  out/x cannot be made (File exists)" in said
    assert (tmp_path / "out" / "a.png").is_file()
    assert image("in/x*/*.png", "--output", "out") == 2
    assert "fer-live: not one of 2 copies could be written" in capsys.readouterr().err


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


def test_patterns_keep_their_folders_and_other_kinds_become_png(image, tmp_path):
    save(tmp_path / "in" / "x" / "1.webp")
    save(tmp_path / "in" / "y" / "1.webp")
    save(tmp_path / "in" / "z.jpg")
    assert image("in/**/*.webp", "in/z.jpg", "--output", "out") == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/**/*.*"))
    assert found == ["x/1.webp.png", "y/1.webp.png", "z.jpg"]


@pytest.mark.parametrize("output", [(), ("--output", "out")], ids=str)
def test_a_picture_named_twice_is_read_once(image, tmp_path, output):
    path = save(tmp_path / "in" / "a.png")
    (tmp_path / "link").symlink_to("in")
    same = ("in", "in/*.png", "./in/../in", str(path), path.as_uri(), "link/a.png")
    assert image("in/a.png", *same, *output, "--log", "log.jsonl") == 0
    assert [line["source"] for line in log_lines(tmp_path / "log.jsonl")] == ["in/a.png"]


def test_a_link_to_a_picture_gets_a_copy_of_its_own(image, tmp_path):
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").symlink_to("a.png")
    assert image("in", "--output", "out") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "b.png"}


def test_the_url_of_a_file_names_it(image, tmp_path):
    save(tmp_path / "two words.png")
    assert image((tmp_path / "two words.png").as_uri(), "--log", "log.jsonl") == 0
    (line,) = log_lines(tmp_path / "log.jsonl")
    assert line["source"] == str(tmp_path / "two words.png")


@pytest.mark.parametrize("again", [(), ("--again",)], ids=str)
def test_a_picture_whose_copys_name_is_too_long_is_skipped(image, tmp_path, capsys, again):
    save(tmp_path / "in" / "a.png")
    name = "n" * 251 + ".bmp"  # 255, the most there is; its copy would end in .bmp.png
    save(tmp_path / "in" / name)
    save(tmp_path / "in" / "z.png")
    assert image("in", "--output", "out", *again) == 0
    assert f"{name}.png cannot be written (File name too long); give" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "z.png"}


def test_a_line_break_in_a_name_does_not_break_the_line(image, tmp_path, capsys):
    save(tmp_path / "a.png")
    image("a.png", "--output", "two\nlines")
    assert "written: two\\nlines\n" in capsys.readouterr().err


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
        (["none.png", "--output", "out"], ["none.png is empty; name another file"]),
        (
            ["http://me:secret@host/a.png?b&c", "--output", "out"],
            [
                "http://me:***@host/a.png?b&c is no file; download it",
                "fer-live --source 'http://me:***@host/a.png?b&c' --no-window",
            ],
        ),
        (
            ["my film.mp4", "--output", "out"],
            ["my film.mp4 is a film; read it with: fer-live video 'my film.mp4'"],
        ),
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
    (tmp_path / "my film.mp4").write_bytes(bytes(100))
    (tmp_path / "none.png").touch()
    (tmp_path / "empty").mkdir()
    line = refusal("image", *arguments)
    assert all(word in line for word in words), line
    assert not (tmp_path / "out.png").exists()


def test_a_folder_that_is_named_like_a_picture_takes_copies(image, tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "out.png").mkdir()
    assert image("a.png", "--output", "out.png") == 0
    assert (tmp_path / "out.png" / "a.png").is_file()
