import pytest

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE
from tests.small_sets import write_picture
from train.data import RAF_DB

PUBLISHED = (SURPRISE, FEAR, DISGUST, HAPPY, SAD, ANGRY, NEUTRAL)


@pytest.fixture
def root(tmp_path):
    """70 training and 7 test faces; the red of each is ten times its published label."""
    lines = [f"train_{i + 1:05}.jpg {i % 7 + 1}" for i in range(70)]
    lines += [f"test_{i + 1:04}.jpg {i + 1}" for i in range(7)]
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text(
        "\n".join(lines)
    )  # no newline at the end
    for line in lines:
        name, label = line.split()
        picture = f"{name.removesuffix('.jpg')}_aligned.jpg"
        write_picture(tmp_path / "Image/aligned" / picture, 10 * int(label), side=100)
    return tmp_path


def test_labels_go_by_name(root):
    faces = RAF_DB.load(root, "test")
    assert [faces.classes[label] for label in faces.labels] == list(PUBLISHED)
    assert faces.rows.tolist() == list(range(70, 77))
    reds = [int(picture[50, 50, 0]) for picture in faces.pictures(range(7))]
    assert reds == pytest.approx([10 * label for label in range(1, 8)], abs=4)


def test_a_tenth_of_training_selects(root):
    training, selection = RAF_DB.load(root, "train"), RAF_DB.load(root, "validation")
    assert training.class_counts().tolist() == [9] * 7
    assert selection.class_counts().tolist() == [1] * 7
    assert not set(training.rows) & set(selection.rows)


def test_the_folder_above_will_do(root, tmp_path):
    above = tmp_path / "above"
    above.mkdir()
    (above / "basic").symlink_to(root)
    assert len(RAF_DB.load(above, "test")) == 7


def test_a_list_with_the_marks_of_windows_reads_the_same(root):
    before = RAF_DB.load(root, "train").files.tolist()
    path = root / "EmoLabel/list_patition_label.txt"
    lines = path.read_text().replace("\n", "\r\n")
    path.write_text(f"\ufeff{lines}\r\n", encoding="utf-8", newline="")
    assert RAF_DB.load(root, "train").files.tolist() == before


def test_another_layout_is_told(tmp_path):
    with pytest.raises(
        UserError, match=r"looked for EmoLabel/list_patition_label\.txt and the folder"
    ):
        RAF_DB.load(tmp_path, "train")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train_00001.jpg 8", "line 78: label '8' is not one of 1 to 7: mend or remove"),
        ("train_00001.jpg", "line 78: 'train_00001.jpg' does not begin"),
        ("valid_00001.jpg 1", "line 78: 'valid_00001.jpg 1' does not begin"),
    ],
)
def test_lines_that_do_not_fit_are_told(root, line, message):
    path = root / "EmoLabel/list_patition_label.txt"
    path.write_text(f"{path.read_text()}\n{line}")
    with pytest.raises(UserError, match=message):
        RAF_DB.load(root, "train")


def test_a_list_that_is_no_text_is_told(root):
    (root / "EmoLabel/list_patition_label.txt").write_bytes(b"\xff\xfe\x00\x80" * 20)
    with pytest.raises(UserError, match=r"label\.txt cannot be read as text .* fetch it again"):
        RAF_DB.load(root, "train")


def test_published_counts_add_up():
    assert sum(RAF_DB.counts["train"]) == 12271
    assert sum(RAF_DB.counts["test"]) == 3068
