"""Evaluation folders, whole and hostile, and what is selected of them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.types import Prediction
from fer_live.web.inspect.evaluation import open_evaluation
from fer_live.web.inspect.folders import Folders
from fer_live.web.inspect.grid import grid
from fer_live.web.inspect.marks import toggled, write
from fer_live.web.inspect.matrix import matrix, scores
from fer_live.web.inspect.means import means, parts_of
from fer_live.web.inspect.selection import Selection, chosen
from fer_live.web.inspect.tab import _other, _rivals
from tests.evaluations import FACES, write_evaluation


@pytest.fixture
def evaluation(tmp_path):
    return open_evaluation(write_evaluation(tmp_path / "scored"))


def rows(selection, evaluation, other=None):
    return evaluation.rows[chosen(selection, evaluation, other)].tolist()


def test_a_cell_holds_its_faces_surest_first(evaluation):
    assert rows(Selection(true="fear", predicted="sad"), evaluation) == [10, 13]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [12, 10, 11, 13]),
        ({"wrong": True}, [10, 13]),
        ({"order": "least confident"}, [13, 11, 10, 12]),
        ({"order": "most uncertain"}, [11, 13, 10, 12]),
        ({"order": "most disputed"}, [10, 11, 12, 13]),
        ({"low": 0.6, "high": 0.9}, [10, 11]),
        ({"true": "contempt"}, []),
    ],
    ids=str,
)
def test_filters_and_orders(evaluation, changes, expected):
    assert rows(replace(Selection(), **changes), evaluation) == expected


def test_errors_that_another_model_mends(evaluation, tmp_path):
    better = [(*face[:2], face[1] if face[0] == 10 else face[2], *face[3:]) for face in FACES[:3]]
    other = open_evaluation(write_evaluation(tmp_path / "better", better))
    assert rows(Selection(pair="first"), evaluation, other) == [10]
    assert rows(Selection(pair="second"), other, evaluation) == [10]
    assert rows(Selection(pair="both"), evaluation, other) == []
    assert rows(Selection(pair="neither"), evaluation, other) == [12, 11]


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [
        ({"dataset": "fer2013"}, {"dataset": "fer2013"}, True),
        ({"dataset": "fer2013"}, {"dataset": "ferplus"}, True),
        ({"dataset": "fer2013"}, {"dataset": "raf-db"}, False),
        ({"split": "test"}, {"split": "validation"}, False),
    ],
)
def test_rows_are_compared_where_they_are_the_same_faces(tmp_path, ours, theirs, fits):
    paths = (
        write_evaluation(tmp_path / "ours", **ours),
        write_evaluation(tmp_path / "theirs", **theirs),
    )
    folders = Folders(paths)
    other, trouble = _other(folders, "theirs", folders.open("ours"))
    assert (other is not None) == fits
    assert ("Not compared: theirs is of" in trouble) != fits


def test_corrections_are_not_offered_for_comparing(tmp_path):
    scored = write_evaluation(tmp_path / "scored")
    folders = Folders((scored,), {"my corrections": write_evaluation(tmp_path / "mine")})
    assert folders.names == ["scored", "my corrections"]
    assert _rivals(folders) == ["", "scored"]


def test_an_address_brings_the_selection_back():
    selection = Selection(
        "a", "b", "first", "fear", "sad", True, 0.25, 0.5, "most disputed", True, 3, 12
    )
    assert Selection.from_address(selection.to_address()) == selection
    assert Selection().to_address() == {}


def test_an_address_of_nonsense_is_the_beginning():
    nonsense = {
        "page": "-3",
        "low": "nan",
        "order": "<b>",
        "face": "x",
        "pair": "none",
        "high": "7",
    }
    assert Selection.from_address(nonsense) == Selection()


def test_each_folder_has_a_name_of_its_own(tmp_path):
    paths = [tmp_path / f"{run}/scores/{split}" for run in ("a", "b") for split in ("x", "y")]
    other = write_evaluation(tmp_path / "scored")
    folders = Folders((*map(write_evaluation, paths), other, other))
    assert folders.names == ["a/scores/x", "a/scores/y", "b/scores/x", "b/scores/y", "scored"]
    assert [folders.open(name).folder for name in folders.names] == [*paths, other]


def test_the_matrix_is_made_of_named_buttons(evaluation):
    page = matrix(evaluation, Selection(true="fear", predicted="sad"))
    assert page.count("<button") == 49
    assert 'data-pick="fear/sad"' in page
    assert 'aria-label="fear read as sad: 2 faces, 67% of fear"' in page
    assert page.count('aria-pressed="true"') == 1


def test_a_grid_reads_the_pictures_of_one_page_only(tmp_path, monkeypatch):
    many = [(row, "fear", "sad", 0.5, 0.5, None) for row in range(1000)]
    evaluation = open_evaluation(write_evaluation(tmp_path / "many", many))
    read = []
    encoded = evaluation.pictures.encoded
    monkeypatch.setattr(
        evaluation.pictures, "encoded", lambda row: read.append(row) or encoded(row)
    )
    page = grid(evaluation, np.arange(1000), Selection(of="many", page=3))
    assert read == list(range(96, 144))
    assert "page 3 of 21" in page
    assert 'data-address="of=many&amp;leaf=3"' in page


def test_markup_in_names_is_shown_and_not_run(tmp_path):
    folder = write_evaluation(tmp_path / "x", weights="<img src=x onerror=alert(1)>")
    assert "<img" not in scores(open_evaluation(folder))


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet"])
def test_an_incomplete_folder_is_told(tmp_path, name):
    folder = write_evaluation(tmp_path / "part")
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"part has no {name}"):
        open_evaluation(folder)


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet", "pictures.parquet"])
def test_a_file_of_rubbish_is_told(tmp_path, name):
    folder = write_evaluation(tmp_path / "broken")
    (folder / name).write_bytes(b"PAR1 but not really")
    with pytest.raises(UserError, match=f"broken/{name} cannot be used"):
        open_evaluation(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="uncertainty"), "no column 'uncertainty'"),
        (lambda t: t.assign(true="smirk"), "smirk"),
        (lambda t: t.assign(probabilities=[[0.5, 0.5]] * len(t)), "4 times 7"),
        (lambda t: t.assign(probabilities=[[np.nan] * 7] * len(t)), "finite"),
        (lambda t: t.assign(row=1), "twice"),
        (lambda t: t.head(0), "0 predictions"),
    ],
)
def test_a_table_of_the_wrong_kind_is_told(tmp_path, change, words):
    folder = write_evaluation(tmp_path / "wrong")
    path = folder / "predictions.parquet"
    change(pd.read_parquet(path)).to_parquet(path)
    with pytest.raises(UserError, match=words):
        open_evaluation(folder)


@pytest.mark.parametrize("labels", [["happy", "smirk"], None, {}, 3])
def test_labels_of_the_wrong_kind_are_told(tmp_path, labels):
    folder = write_evaluation(tmp_path / "wrong")
    (folder / "metrics.json").write_text(json.dumps({"labels": labels}))
    with pytest.raises(UserError, match="wrong/"):
        open_evaluation(folder)


def test_a_picture_that_is_none_is_told(tmp_path):
    folder = write_evaluation(tmp_path / "bad")
    table = pd.read_parquet(folder / "pictures.parquet").assign(picture=b"<svg onload=alert(1)>")
    table.to_parquet(folder / "pictures.parquet")
    evaluation = open_evaluation(folder)
    with pytest.raises(UserError, match="row 10 cannot be shown \\(it is no whole"):
        evaluation.picture(0)


def test_a_folder_without_pictures_still_shows_its_matrix(tmp_path):
    evaluation = open_evaluation(write_evaluation(tmp_path / "bare", pictures=False))
    assert evaluation.confusion.sum() == 4
    assert "no picture" in grid(evaluation, np.arange(4), Selection())


def test_folders_are_read_again_when_they_change(tmp_path):
    folder = write_evaluation(tmp_path / "scored")
    folders = Folders((folder,))
    assert len(folders.open("scored")) == 4
    write_evaluation(folder, FACES[:2])
    assert len(folders.open("scored")) == 2
    with pytest.raises(UserError, match=r"no folder '../etc'"):
        folders.open("../etc")


def test_marked_labels_as_a_table(evaluation, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    marks = toggled(toggled(toggled([], ("=a", 10)), ("=a", 11)), ("=a", 11))
    with open(write(marks, {"=a": evaluation}), encoding="utf-8") as file:  # noqa: PTH123
        lines = file.read().splitlines()
    assert lines[1:] == ["'=a,small,public,10,fear,sad,0.9"]


def test_the_shares_of_a_face_add_up():
    shares = parts_of(np.ones((3, 3), np.float32))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["eyes"] == pytest.approx(0.2, abs=0.03)


def test_a_mean_tells_how_many_maps_are_in_it(evaluation):
    maps = np.ones((7, 3, 3), np.float32)
    said = Prediction(dict.fromkeys(SEVEN, 1 / 7))

    class FakeReaders:
        def score(self, faces, model):
            return [(said, maps * (place > 0)) for place in range(len(faces))]

    page = means(evaluation, "cnn6", FakeReaders(), list)
    assert "mean heat-map of 1 wrong readings" in page  # of two, the first without heat
    assert "no heat" in page


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"probabilities": lambda p: [v * 0 + 3.0 for v in p]}, "their sums are not 1"),
        ({"row": lambda r: r + 0.5}, "rows are not whole numbers"),
        ({"true": lambda t: "joy"}, "it knows no 'joy'"),
        ({"probabilities": lambda p: None}, "cannot be used"),
    ],
)
def test_a_table_with_other_things_in_it_is_told_in_words(tmp_path, columns, words):
    folder = write_evaluation(tmp_path / "bad")
    path = folder / "predictions.parquet"
    table = pd.read_parquet(path)
    for name, change in columns.items():
        table[name] = change(table[name])
    table.to_parquet(path)
    with pytest.raises(UserError, match=words) as told:
        open_evaluation(folder)
    assert "object" not in str(told.value)


def test_votes_without_end_are_no_votes(tmp_path):
    folder = write_evaluation(tmp_path / "bad")
    table = pd.read_parquet(folder / "pictures.parquet").assign(votes='{"happy": 1e400}')
    table.to_parquet(folder / "pictures.parquet")
    assert open_evaluation(folder).votes(0) == {}


def test_a_score_tells_what_it_means(evaluation):
    assert '<abbr title="recall of each class, averaged:' in scores(evaluation)


def test_scores_that_are_none_are_left_out(evaluation):
    odd = replace(evaluation, scores={"ece": True, "auc": float("nan")})
    assert "ECE" not in scores(odd)
    assert "AUC" not in scores(odd)


def test_an_address_with_a_class_that_is_none_shows_all():
    assert Selection.from_address({"true": "joy", "predicted": "sad"}) == Selection(predicted="sad")
