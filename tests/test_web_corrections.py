"""Faces that were read wrong: kept whole, taken back, and opened as an evaluation."""

import json
import subprocess
import sys

import numpy as np
import pytest
from filelock import FileLock

from fer_live.errors import UserError
from fer_live.expressions import SEVEN, Expression
from fer_live.types import Prediction
from fer_live.web import corrections as kept
from fer_live.web.correction import form, parsed
from fer_live.web.corrections import NAME, Corrections
from fer_live.web.inspect.evaluation import open_evaluation
from fer_live.web.inspect.folders import Folders
from fer_live.web.pile import Pile, ReadPicture, toggle
from fer_live.web.readers import Opinion
from tests.evaluations import write_evaluation

FEAR, SAD, CONTEMPT = Expression.FEAR, Expression.SAD, Expression.CONTEMPT


def opinion(seed: int, model: str = "cnn6") -> Opinion:
    """A face read as happy."""
    crop = np.random.default_rng(seed).integers(0, 255, (48, 48, 3), np.uint8)
    probabilities = {e: 0.7 if e == Expression.HAPPY else 0.05 for e in SEVEN}
    maps = np.zeros((7, 3, 3), np.float32)
    area = np.zeros((4, 2), np.float32)
    return Opinion(model, crop, area, Prediction(probabilities, 0.25), maps, (Expression.HAPPY,))


def test_a_correction_opens_as_an_evaluation(tmp_path):
    Corrections(tmp_path).add(opinion(0), CONTEMPT)
    evaluation = open_evaluation(tmp_path)
    assert (evaluation.model, evaluation.labels) == ("cnn6", tuple(Expression))
    assert evaluation.labels[evaluation.true[0]] == CONTEMPT
    assert evaluation.labels[evaluation.predicted[0]] == Expression.HAPPY
    assert evaluation.uncertainty.tolist() == [0.25]
    assert (evaluation.picture(0) == opinion(0).crop).all()


def test_a_restart_goes_on_where_the_last_ended(tmp_path):
    Corrections(tmp_path).add(opinion(0), FEAR)
    assert Corrections(tmp_path).add(opinion(1, "cucn"), SAD) == 1
    evaluation = open_evaluation(tmp_path)
    assert evaluation.rows.tolist() == [0, 1]
    assert evaluation.model == "cnn6 + cucn"


def test_two_servers_on_one_folder_lose_nothing(tmp_path):
    """Each loads, adds and stores the whole table: without turns the later one would undo the other's."""
    script = (
        "import sys; from pathlib import Path; from fer_live.expressions import Expression; "
        "from fer_live.web.corrections import Corrections; "
        "from tests.test_web_corrections import opinion; "
        "kept = Corrections(Path(sys.argv[1])); first = int(sys.argv[2]); "
        "[kept.add(opinion(first + i), Expression.FEAR) for i in range(15)]"
    )
    servers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(first)])
        for first in (0, 100)
    ]
    assert [server.wait(60) for server in servers] == [0, 0]
    assert sorted(open_evaluation(tmp_path).rows.tolist()) == list(range(30))


def test_a_folder_that_stays_in_use_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "PATIENCE", 0.05)
    corrections = Corrections(tmp_path)
    with FileLock(tmp_path / kept.LOCK), pytest.raises(UserError, match="in use by another server"):
        corrections.add(opinion(0), FEAR)


def test_the_same_face_is_kept_once(tmp_path):
    corrections = Corrections(tmp_path)
    assert corrections.add(opinion(0), FEAR) == corrections.add(opinion(0), SAD)
    evaluation = open_evaluation(tmp_path)
    assert [evaluation.labels[i] for i in evaluation.true] == [SAD]


def test_what_is_taken_back_is_gone_and_its_row_is_not_mixed_up(tmp_path):
    corrections = Corrections(tmp_path)
    first, second = corrections.add(opinion(0), FEAR), corrections.add(opinion(1), SAD)
    corrections.remove(first)
    evaluation = open_evaluation(tmp_path)
    assert evaluation.rows.tolist() == [second]
    assert (evaluation.picture(0) == opinion(1).crop).all()
    corrections.remove(second)
    assert corrections.empty


def test_a_row_is_never_given_out_twice_not_even_when_all_was_taken_back(tmp_path):
    corrections = Corrections(tmp_path)
    assert corrections.add(opinion(0), FEAR) == 0
    corrections.remove(0)
    assert Corrections(tmp_path).add(opinion(1), SAD) == 1
    corrections.remove(1)
    corrections.remove(1)
    assert corrections.add(opinion(2), SAD) == 2


def test_a_folder_of_before_goes_on_after_its_last_row(tmp_path):
    corrections = Corrections(tmp_path)
    corrections.add(opinion(0), FEAR)
    scores = json.loads((tmp_path / "metrics.json").read_text())
    del scores[kept.FOLLOWING]
    (tmp_path / "metrics.json").write_text(json.dumps(scores))
    corrections.remove(0)
    assert corrections.add(opinion(1), SAD) == 1


@pytest.mark.parametrize("name", ["pictures.parquet", "metrics.json", "predictions.parquet"])
def test_a_full_disk_loses_nothing_recorded_before(tmp_path, monkeypatch, name):
    corrections = Corrections(tmp_path)
    corrections.add(opinion(0), FEAR)

    def full(path, target):
        if target.name == name:
            raise OSError(28, "No space left on device")
        return path.rename(target)

    monkeypatch.setattr(kept.Path, "replace", full)
    with pytest.raises(
        UserError, match=r"not kept .No space left on device.; those before are safe"
    ):
        corrections.add(opinion(1), SAD)
    monkeypatch.undo()
    evaluation = open_evaluation(tmp_path)
    assert evaluation.rows.tolist() == [0]
    assert not list(tmp_path.glob(".*.part"))
    corrections.add(opinion(2), SAD)
    assert (open_evaluation(tmp_path).picture(1) == opinion(2).crop).all()


def test_a_folder_of_another_evaluation_is_left_alone(tmp_path):
    write_evaluation(tmp_path)
    with pytest.raises(UserError, match="holds another evaluation"):
        Corrections(tmp_path)


def test_a_place_that_is_no_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        Corrections(tmp_path / "file")


def test_visitors_fill_no_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 1)
    corrections = Corrections(tmp_path)
    corrections.add(opinion(0), FEAR)
    with pytest.raises(UserError, match="holds 1 faces already"):
        corrections.add(opinion(1), FEAR)


def test_the_inspector_lists_them_as_soon_as_there_are_and_reads_them_again(tmp_path):
    corrections = Corrections(tmp_path)
    folders = Folders((), {NAME: tmp_path})
    assert folders.names == []
    with pytest.raises(UserError, match="there are none yet"):
        folders.open(NAME)
    corrections.add(opinion(0), FEAR)
    assert folders.names == [NAME]
    assert len(folders.open(NAME)) == 1
    corrections.add(opinion(1), FEAR)
    assert len(folders.open(NAME)) == 2


def test_a_button_pressed_twice_takes_the_correction_back(tmp_path):
    corrections = Corrections(tmp_path)
    image = np.zeros((9, 9, 3), np.uint8)
    pile = Pile([ReadPicture("a", tmp_path / "a", image, 1.0, [(None, [opinion(0)])])])
    toggle(pile, (0, 0), FEAR, corrections)
    assert pile.corrected == {(0, 0): (0, FEAR)}
    toggle(pile, (0, 0), FEAR, corrections)
    assert not pile.corrected
    assert corrections.empty


def test_what_another_page_took_back_takes_no_other_face_with_it(tmp_path):
    corrections = Corrections(tmp_path)
    image = np.zeros((9, 9, 3), np.uint8)
    first, second, third = (
        Pile([ReadPicture("a", tmp_path / "a", image, 1.0, [(None, [opinion(seed)])])])
        for seed in (0, 0, 1)
    )
    for pile in (first, second, first, third, second):
        toggle(pile, (0, 0), FEAR, corrections)
    assert (open_evaluation(tmp_path).picture(0) == opinion(1).crop).all()
    assert third.corrected == {(0, 0): (1, FEAR)}


@pytest.mark.parametrize("place", [(0, 0), (-1, 0), (9, 9)])
def test_a_face_that_is_not_shown_is_told(tmp_path, place):
    with pytest.raises(UserError, match="not shown any more"):
        toggle(Pile(), place, FEAR, Corrections(tmp_path))


@pytest.mark.parametrize(
    "pick", ["", "0/0", "0/0/smug", "a/0/fear", "0/0/fear/x", None, "../x/fear"]
)
def test_a_button_of_nonsense_is_told(pick):
    with pytest.raises(UserError, match="no expression of a face"):
        parsed(pick)


def test_without_a_folder_the_page_says_how_to_name_one():
    page = form((0, 0), opinion(0), None, on=False)
    assert "fer-live web --corrections FOLDER" in page
    assert "<button" not in page
