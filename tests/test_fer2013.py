import csv
import gzip
import time

import numpy as np
import pytest
from PIL import Image

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, NEUTRAL
from tests.conftest import COUNTS, pixel_rows
from train.data import fer2013, ferplus

SPLITS = {"train": "Training", "public": "PublicTest", "private": "PrivateTest"}


@pytest.mark.parametrize("split", SPLITS)
def test_csv_has_three_splits_in_published_order(fer2013_csv, split):
    faces = fer2013.load(fer2013_csv.parent, split)
    expected = [(label, pixels) for label, pixels, usage in pixel_rows() if usage == SPLITS[split]]
    assert len(faces) == 7 * COUNTS[SPLITS[split]]
    assert faces.labels.tolist() == [label for label, _ in expected]
    np.testing.assert_array_equal(faces.images, [pixels for _, pixels in expected])


def test_rows_count_over_the_whole_file(fer2013_csv):
    assert fer2013.load(fer2013_csv.parent, "public").rows[0] == 7 * COUNTS["Training"]


def test_gzip_reads_the_same(fer2013_csv):
    packed = fer2013_csv.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(fer2013_csv.read_bytes()))
    plain, unpacked = fer2013.load(fer2013_csv, "train"), fer2013.load(packed, "train")
    np.testing.assert_array_equal(plain.images, unpacked.images)


def test_icml_csv_with_its_padded_header_and_other_order(fer2013_csv):
    rows = list(csv.reader(fer2013_csv.open()))[1:]
    path = fer2013_csv.with_name("icml_face_data.csv")
    lines = ["emotion, Usage, pixels", *(f"{e},{u},{p}" for e, p, u in rows)]
    path.write_text("\n".join(lines))
    fer2013_csv.unlink()
    assert len(fer2013.load(path.parent, "private")) == 7 * COUNTS["PrivateTest"]


def test_a_csv_that_a_spreadsheet_saved_reads_the_same(fer2013_csv):
    before = fer2013.load(fer2013_csv, "train")
    text = fer2013_csv.read_text().replace("\n", "\r\n")
    fer2013_csv.write_text(f"\ufeff{text}\r\n", encoding="utf-8", newline="")
    np.testing.assert_array_equal(fer2013.load(fer2013_csv, "train").images, before.images)


def test_folders_go_by_class_name_and_file_name(tmp_path):
    for part, usage in (("train", "Training"), ("test", "PublicTest"), ("test", "PrivateTest")):
        for name in ("neutral", "angry"):
            folder = tmp_path / part / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((48, 48), 99, np.uint8)).save(folder / f"{usage}_7.jpg")
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    for split in SPLITS:
        faces = fer2013.load(tmp_path, split)
        assert {faces.classes[label] for label in faces.labels} == {ANGRY, NEUTRAL}
        assert len(faces) == 2


def write_folders(root, count):
    folder = root / "train" / "happy"
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.full((48, 48), number, np.uint8)
        Image.fromarray(pixels).save(folder / f"Training_{number:03}.png")
    return folder


def test_a_broken_picture_among_many_is_left_out_and_shifts_no_row(tmp_path, caplog):
    folder = write_folders(tmp_path, 120)
    (folder / "Training_007.png").write_bytes(b"broken")
    faces = fer2013.load(tmp_path, "train")
    assert faces.rows.tolist() == [row for row in range(120) if row != 7]
    assert faces.images[7, 0, 0] == 8
    assert "1 of 120 pictures" in caplog.text


def test_broken_pictures_are_told_at_every_start(tmp_path, caplog):
    folder = write_folders(tmp_path, 120)
    (folder / "Training_007.png").write_bytes(b"broken")
    fer2013.load(tmp_path, "train")
    caplog.clear()
    fer2013.load(tmp_path, "train")
    assert "1 of 120 pictures" in caplog.text
    assert "Training_007.png" in caplog.text


def test_each_root_has_its_own_list_of_broken_pictures(tmp_path, caplog):
    for root in (tmp_path / "a", tmp_path / "b"):
        folder = write_folders(root, 120)
        (folder / "Training_007.png").write_bytes(b"broken")
        fer2013.load(root, "train")
    lists = {record.message.split("listed in ")[1] for record in caplog.records}
    assert len(lists) == 2


def test_many_broken_pictures_stop(tmp_path):
    folder = write_folders(tmp_path, 20)
    (folder / "Training_007.png").write_bytes(b"broken")
    for _ in range(2):  # the second start too
        with pytest.raises(UserError, match=r"1 of 20 pictures .* more than 1%"):
            fer2013.load(tmp_path, "train")


def test_mixed_sizes_are_told(tmp_path):
    folder = write_folders(tmp_path, 2)
    Image.fromarray(np.zeros((50, 48), np.uint8)).save(folder / "Training_001.png")
    with pytest.raises(
        UserError, match=r"Training_001\.png has 48x50 pixels instead of 48x48: remove it"
    ):
        fer2013.load(tmp_path, "train")


def test_second_start_is_quick(fer2013_csv, monkeypatch):
    fer2013.load(fer2013_csv, "train")
    monkeypatch.setattr(fer2013, "_parse_csv", None)  # would fail if it were parsed again
    assert len(fer2013.load(fer2013_csv, "public")) == 7 * COUNTS["PublicTest"]


def test_a_changed_file_is_read_anew(fer2013_csv):
    before = len(fer2013.load(fer2013_csv, "train"))
    time.sleep(0.01)
    lines = fer2013_csv.read_text().splitlines()
    fer2013_csv.write_text("\n".join([*lines, lines[1]]))
    assert len(fer2013.load(fer2013_csv, "train")) == before + 1


PIXELS = " ".join(["7"] * 2304)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("emotion,pixels\n0,1 2\n", "no column Usage"),
        ("", "no column emotion, pixels, Usage"),
        ("emotion,pixels,Usage\n", "no rows"),
        ("emotion,pixels,Usage\n0,1 2 3,Training\n", "line 2: 3 pixels instead of 2304"),
        (
            f"emotion,pixels,Usage\n7,{PIXELS},Training\n",
            "line 2: emotion '7' is not one of .*: mend the line",
        ),
        (
            f"emotion,pixels,Usage\nhappy,{PIXELS},Training\n",
            "line 2: emotion 'happy' is not one of .*: mend the line",
        ),
        (
            f"emotion,pixels,Usage\n0,{PIXELS},Testing\n",
            "line 2: Usage 'Testing' is not one of .*: mend the line",
        ),
        (f"emotion,pixels,Usage\n0,{PIXELS[:-1]}x,Training\n", "line 2: pixels are not all whole"),
        (f"emotion,pixels,Usage\n0,{PIXELS[:-1]}999,Training\n", "line 2: a pixel is outside"),
        (f"emotion,pixels,Usage\n0,{PIXELS}\n", "line 2: 2 fields instead of 3"),
        (f"emotion,pixels,Usage\n0,{PIXELS},PublicTest\n", "no face of the split 'train'"),
    ],
)
def test_errors_name_file_row_and_fix(tmp_path, content, message):
    path = tmp_path / "fer2013.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        fer2013.load(tmp_path, "train")
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "fer2013.csv").write_bytes(bytes(range(256)) * 50)
    with pytest.raises(UserError, match=r"fer2013\.csv is broken .* fetch it again"):
        fer2013.load(tmp_path, "train")


def test_a_row_in_the_headers_place_is_told_in_short(tmp_path):
    (tmp_path / "fer2013.csv").write_text(f"0,{PIXELS},Training\n")
    with pytest.raises(UserError, match="no column emotion, pixels, Usage among 0, 7 7") as caught:
        fer2013.load(tmp_path, "train")
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_a_file_of_somebody_else_is_not_called_broken(fer2013_csv, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(fer2013, "_open", closed)
    with pytest.raises(UserError, match=r"fer2013\.csv may not be read: ask its owner"):
        fer2013.load(fer2013_csv.parent, "train")


def test_missing_path_and_wrong_layout_are_told(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        fer2013.load(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match=r"looked for fer2013\.csv"):
        fer2013.load(tmp_path, "train")


def test_truncated_gzip_is_told(fer2013_csv):
    packed = fer2013_csv.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(fer2013_csv.read_bytes())[:-4000])
    with pytest.raises(UserError, match="is broken"):
        fer2013.load(packed, "train")


def write_votes(folder, usages):
    header = "Usage,Image name," + ",".join(ferplus.COLUMNS)
    lines = [f"{usage},,{i % 10},0,0,0,0,0,0,0,0,1" for i, usage in enumerate(usages)]
    (folder / ferplus.FILE).write_text("\n".join([header, *lines]))


def test_votes_are_joined_by_row(fer2013_csv):
    root = fer2013_csv.parent
    write_votes(root, [usage for _, _, usage in pixel_rows()])
    faces = ferplus.join_votes(fer2013.load(root, "public"), root)
    assert faces.votes.shape == (21, 10)
    assert faces.votes[:, 0].tolist() == (faces.rows % 10).tolist()


def test_votes_of_another_order_are_refused(fer2013_csv):
    root = fer2013_csv.parent
    write_votes(root, [usage for _, _, usage in reversed(pixel_rows())])
    with pytest.raises(UserError, match="votes join Kaggle's csv in its own order only"):
        ferplus.join_votes(fer2013.load(root, "train"), root)


def test_votes_for_too_few_rows_are_refused(fer2013_csv):
    root = fer2013_csv.parent
    write_votes(root, ["Training"] * 10)
    with pytest.raises(UserError, match="has 10 rows of Training, FER2013's csv has 56"):
        ferplus.join_votes(fer2013.load(root, "train"), root)


def test_a_face_that_is_missing_gives_no_other_its_votes(fer2013_csv):
    root = fer2013_csv.parent
    write_votes(root, [usage for _, _, usage in pixel_rows()])
    lines = fer2013_csv.read_text().splitlines()
    fer2013_csv.write_text("\n".join(lines[:6] + lines[7:]))
    for split in ("train", "public"):
        with pytest.raises(UserError, match="votes"):
            ferplus.join_votes(fer2013.load(root, split), root)
