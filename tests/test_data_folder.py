import os
import sys
from pathlib import Path

import pytest

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, HAPPY, NEUTRAL, SURPRISE
from tests.small_sets import write_class_folders
from train.__main__ import Once
from train.data import FOLDER, unreadable

COUNTS = {"Happiness": 20, "anger": 10, "surprised": 10}


def test_names_and_synonyms_decide_the_classes(tmp_path):
    write_class_folders(tmp_path, COUNTS)
    faces = FOLDER.load(tmp_path, "train")
    assert faces.classes == (ANGRY, HAPPY, SURPRISE)  # their own order, not the folders'
    for place in (0, len(faces) - 1):
        red = int(faces.picture(place)[0, 0, 0])
        assert faces.classes[faces.labels[place]] is [HAPPY, ANGRY, SURPRISE][red // 30]


def test_plain_class_folders_are_split_by_class(tmp_path):
    write_class_folders(tmp_path, COUNTS)
    splits = [FOLDER.load(tmp_path, split) for split in ("train", "validation", "test")]
    assert [s.class_counts().tolist() for s in splits] == [[8, 16, 8], [1, 2, 1], [1, 2, 1]]
    files = [name for split in splits for name in split.files]
    assert len(set(files)) == 40


def test_split_folders_are_taken_as_they_are(tmp_path):
    for name, count in (("train", 4), ("val", 2), ("test", 1)):
        write_class_folders(tmp_path / name, {"neutral": count, "0_happy": count})
    sizes = [len(FOLDER.load(tmp_path, split)) for split in ("train", "validation", "test")]
    assert sizes == [8, 4, 2]
    assert FOLDER.load(tmp_path, "test").classes == (HAPPY, NEUTRAL)


def test_without_a_validation_folder_a_tenth_of_training_selects(tmp_path):
    write_class_folders(tmp_path / "train", {"happy": 20, "sad": 10})
    write_class_folders(tmp_path / "test", {"happy": 3, "sad": 3})
    splits = [FOLDER.load(tmp_path, split) for split in ("train", "validation", "test")]
    assert [s.class_counts().tolist() for s in splits] == [[18, 9], [2, 1], [3, 3]]


def test_pictures_that_are_left_out_are_told_once(tmp_path, caplog):
    write_class_folders(tmp_path / "train", {"happy": 20, "sad": 10})
    write_class_folders(tmp_path / "Training", {"sad": 3})
    write_class_folders(tmp_path / "train" / "sad", {"deep": 4})
    with caplog.filtering(Once()):
        for split in ("train", "validation"):
            FOLDER.load(tmp_path, split)
    assert sorted(caplog.messages) == [
        f"{tmp_path / 'train' / 'sad'}: 4 pictures in folders within it are left out: move them up",
        f"{tmp_path}: train is train/; Training/ is left out: move its pictures there",
    ]


def test_a_test_split_that_is_not_there_is_told(tmp_path):
    write_class_folders(tmp_path / "train", {"happy": 2})
    with pytest.raises(UserError, match="no folder test/"):
        FOLDER.load(tmp_path, "test")


def test_a_missing_training_folder_is_told(tmp_path):
    write_class_folders(tmp_path / "test", {"happy": 2})
    with pytest.raises(UserError, match="no train/"):
        FOLDER.load(tmp_path, "train")


def test_unknown_names_are_told(tmp_path):
    write_class_folders(tmp_path, {"happy": 1, "bored": 1, "tired": 1})
    with pytest.raises(UserError, match="no expression is called bored, tired"):
        FOLDER.load(tmp_path, "train")


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no class folders: looked for CLASS/"):
        FOLDER.load(tmp_path, "train")


def test_class_folders_without_pictures_are_told(tmp_path):
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "Thumbs.db").touch()
    with pytest.raises(UserError, match="too few pictures for a split train: add more"):
        FOLDER.load(tmp_path, "train")


def test_a_folder_too_small_to_hold_pictures_out_asks_for_more(tmp_path):
    write_class_folders(tmp_path, {"happy": 2, "sad": 2})
    with pytest.raises(
        UserError, match="split validation: add more of each class, or a folder val/"
    ):
        FOLDER.load(tmp_path, "validation")


def test_hidden_folders_are_no_classes(tmp_path):
    write_class_folders(tmp_path, {"happy": 12, ".cache": 1, "__MACOSX": 1})
    assert FOLDER.load(tmp_path, "train").classes == (HAPPY,)


def test_split_folders_may_have_capitals(tmp_path):
    for name, count in (("Train", 4), ("VAL", 2), ("Testing", 1)):
        write_class_folders(tmp_path / name, {"Happy": count})
    sizes = [len(FOLDER.load(tmp_path, split)) for split in ("train", "validation", "test")]
    assert sizes == [4, 2, 1]


def test_a_class_without_a_picture_in_a_split_is_warned_of(tmp_path, caplog):
    write_class_folders(tmp_path / "train", {"happy": 4, "sad": 4})
    write_class_folders(tmp_path / "val", {"happy": 2})
    (tmp_path / "train" / "fear" / "person_1").mkdir(parents=True)  # pictures a folder deeper
    FOLDER.load(tmp_path, "train")
    assert f"{tmp_path}: the split train has no picture of fear" in caplog.text
    FOLDER.load(tmp_path, "validation")
    assert "the split validation has no picture of fear, sad" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_read(tmp_path, caplog):
    root = write_class_folders(tmp_path / os.fsdecode(b"caf\xe9"), {"happy": 20})
    name = os.fsdecode(b"caf\xe9.png")  # as in archives from before UTF-8
    (root / "happy/0.png").rename(root / "happy" / name)
    splits = [FOLDER.load(root, split) for split in ("train", "validation", "test")]
    assert sum(len(split.in_memory(8, 1)) for split in splits) == 20
    unreadable.report([name], 200, root, "folder")
    assert "caf\\udce9.png" in caplog.text
    listed = caplog.text.split("all are listed in ")[1].split(": they")[0]
    assert Path(listed).read_bytes() == b"caf\xe9.png\n"
