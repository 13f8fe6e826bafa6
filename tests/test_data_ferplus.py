import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.expressions import CONTEMPT, HAPPY, NEUTRAL
from tests.conftest import pixel_rows
from train.data import FERPLUS, ferplus

# In the columns' order: neutral happiness surprise sadness anger disgust fear contempt unknown NF.
CLEAR = [2, 7, 0, 0, 0, 0, 0, 1, 0, 0]  # happy; the vote for contempt is one person's
SPLIT = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
UNKNOWN = [2, 0, 0, 0, 0, 0, 0, 0, 8, 0]
NO_FACE = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10]
SCORN = [4, 0, 0, 0, 0, 0, 0, 6, 0, 0]
NINE = [5, 0, 0, 4, 0, 0, 0, 0, 0, 0]  # 5 of 9 are more than half


@pytest.fixture
def root(fer2013_csv):
    votes = [CLEAR, SPLIT, UNKNOWN, NO_FACE, SCORN, NINE]
    lines = ["Usage,Image name," + ",".join(ferplus.COLUMNS)]
    for row, (_, _, usage) in enumerate(pixel_rows()):
        own = votes[row % 6]
        name = "" if own is NO_FACE else f"fer{row:07}.png"
        lines.append(f"{usage},{name},{','.join(map(str, own))}")
    (fer2013_csv.parent / ferplus.FILE).write_text("\n".join(lines))
    return fer2013_csv.parent


def test_only_rows_with_a_clear_majority_stay_and_keep_their_numbers(root):
    faces = FERPLUS.load(root, "public")
    assert faces.rows.tolist() == [row for row in range(56, 77) if row % 6 in (0, 4, 5)]
    named = {0: HAPPY, 4: CONTEMPT, 5: NEUTRAL}
    assert [faces.classes[label] for label in faces.labels] == [named[r % 6] for r in faces.rows]


def test_a_csv_that_is_named_is_the_one_that_is_read(root):
    other = root / "other.csv"
    lines = (root / "fer2013.csv").read_text().splitlines()
    emotion, _, usage = lines[1].split(",")
    other.write_text(
        "\n".join([lines[0], f"{emotion},{' '.join(['7'] * 2304)},{usage}", *lines[2:]])
    )
    assert (FERPLUS.load(other, "train").images[0] == 7).all()
    (root / "fer2013.csv").unlink()
    assert (FERPLUS.load(other, "train").images[0] == 7).all()


def test_pictures_are_those_of_the_rows(root):
    faces = FERPLUS.load(root, "public")
    expected = [pixel_rows()[row][1] for row in faces.rows]
    np.testing.assert_array_equal(faces.images, expected)


def test_targets_are_the_votes_less_single_ones(root):
    faces = FERPLUS.load(root, "train")
    happy = faces.targets[faces.rows.tolist().index(0)]
    assert happy[faces.classes.index(HAPPY)] == pytest.approx(7 / 9)
    assert happy[faces.classes.index(NEUTRAL)] == pytest.approx(2 / 9)
    assert happy[faces.classes.index(CONTEMPT)] == 0
    np.testing.assert_allclose(faces.targets.sum(1), 1, rtol=1e-6)


def test_folders_have_no_rows_to_join(tmp_path):
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / ferplus.FILE).write_text("")
    with pytest.raises(UserError, match="FER2013 as folders, whose rows are lost"):
        FERPLUS.load(tmp_path, "train")


def test_votes_that_are_missing_are_told(fer2013_csv):
    with pytest.raises(UserError, match=r"fer2013new\.csv does not exist"):
        FERPLUS.load(fer2013_csv.parent, "train")


@pytest.mark.parametrize("vote", ["-3", "256", "1.5", "", "x"])
def test_votes_that_are_no_counts_are_told(root, vote):
    path = root / ferplus.FILE
    lines = path.read_text().splitlines()
    usage, name, _, rest = lines[-1].split(",", 3)
    path.write_text("\n".join([*lines[:-1], f"{usage},{name},{vote},{rest}"]))
    with pytest.raises(UserError, match="votes are not all whole numbers from 0 to 255"):
        FERPLUS.load(root, "private")


def test_published_counts_add_up():
    totals = {split: sum(counts) for split, counts in FERPLUS.counts.items()}
    assert totals == {"train": 25060, "public": 3199, "private": 3153}
