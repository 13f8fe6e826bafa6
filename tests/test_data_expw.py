import csv
from collections import defaultdict

import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from tests.small_sets import write_picture
from train.data import EXPW, expw

SPLITS = ("train", "validation", "test")


@pytest.fixture
def root(tmp_path):
    """40 pictures with two faces each, ids 0 to 6 in turn."""
    lines = []
    for number in range(40):
        name = f"face_{number}.jpg"
        write_picture(tmp_path / "image/origin" / name, side=60)
        for face in range(2):
            label = (2 * number + face) % 7
            lines.append(f"{name} {face} 5 {10 + 20 * face} {30 + 20 * face} 25 43.5 {label}")
    (tmp_path / "label").mkdir()
    (tmp_path / "label/label.lst").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_faces_are_cut_top_left_right_bottom(root):
    faces = EXPW.load(root, "train")
    assert faces.picture(0).shape == (20, 20, 3)
    face = int(faces.rows[0]) % 2
    assert faces.boxes[0].tolist() == [10 + 20 * face, 5, 30 + 20 * face, 25]
    assert faces.classes[faces.labels[0]] is SEVEN[int(faces.rows[0]) % 7]


def test_splits_share_no_picture_and_lose_no_face(root):
    splits = {split: EXPW.load(root, split) for split in SPLITS}
    pictures = [set(faces.files) for faces in splits.values()]
    assert sum(map(len, pictures)) == len(set.union(*pictures)) == 40
    assert sum(map(len, splits.values())) == 80
    assert min(map(len, splits.values())) >= 8


def test_the_split_is_saved_beside_the_list_and_kept(root):
    before = EXPW.load(root, "test").rows.tolist()
    with (root / expw.SPLIT_FILE).open() as file:
        saved = list(csv.DictReader(file))
    by_split = defaultdict(set)
    for row in saved:
        by_split[row["split"]].add(row["image_name"])
    assert by_split["test"] == {f"face_{row // 2}.jpg" for row in before}
    # Another split in the file is what counts.
    swapped = {"train": "test", "test": "train", "validation": "validation"}
    lines = [f"{row['image_name']},{swapped[row['split']]}" for row in saved]
    (root / expw.SPLIT_FILE).write_text("\n".join(["image_name,split", *lines]))
    assert EXPW.load(root, "train").rows.tolist() == before


def test_the_split_follows_from_the_names_where_nothing_can_be_saved(root):
    names, _, labels = expw._read(root / expw.LIST)
    saved = expw.split_of_pictures(root, names, labels)
    elsewhere = expw.split_of_pictures(root / "nowhere", names, labels)
    assert saved == elsewhere


def test_a_split_of_other_pictures_is_refused(root):
    (root / expw.SPLIT_FILE).write_text("image_name,split\nface_0.jpg,train\n")
    with pytest.raises(UserError, match="splits other pictures"):
        EXPW.load(root, "train")


def test_counts_are_of_the_whole_list(root, caplog):
    EXPW.load(root, "train")
    published = (3671, 3995, 1088, 30537, 10559, 7060, 34883)
    assert sum(published) == 91793
    assert "angry 12 instead of 3671" in caplog.text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg 0 1 2 3 4 5.0 7", "line 81: label '7' is not one of 0 to 6: mend or remove"),
        ("a.jpg 0 1 2 3 4 5.0", "line 81: 7 fields instead of image_name"),
        ("a.jpg 0 1 2 x 4 5.0 1", "line 81: '1 2 x 4' is no box"),
    ],
)
def test_lines_that_do_not_fit_are_told(root, line, message):
    with (root / expw.LIST).open("a") as file:
        file.write(line)
    with pytest.raises(UserError, match=message):
        EXPW.load(root, "train")


@pytest.mark.parametrize(
    ("name", "mend"), [(expw.LIST, "fetch it again"), (expw.SPLIT_FILE, "remove it")]
)
def test_a_list_that_is_no_text_is_told(root, name, mend):
    (root / name).write_bytes(b"\xff\xfe\x00\x80" * 20)
    with pytest.raises(UserError, match=f"{name} cannot be read as text .* {mend}"):
        EXPW.load(root, "train")


def test_another_layout_is_told(tmp_path):
    with pytest.raises(UserError, match=r"looked for label/label\.lst and the folder image/origin"):
        EXPW.load(tmp_path, "train")


def test_labels_are_whole_numbers(root):
    assert EXPW.load(root, "train").labels.dtype == np.int64
