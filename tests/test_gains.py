"""What a row gains over the first, and how far chance alone would move it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.test_report import result
from train import gains as gain
from train.gains import against_first


def gains(*results):
    table = against_first(results)
    pairs = [[float(part) for part in text.split(" ± ")] for text in table["accuracy"]]
    return [gain for gain, _ in pairs], [error for _, error in pairs], list(table.iloc[:, -1])


def test_the_error_of_a_gain_is_that_of_each_faces_difference():
    # Of 140 faces b reads 14 more than a does, and none less: sqrt(.1 * .9 / 140).
    moved, error, beyond = gains(result("a", 0.5), result("b", 0.6))
    assert moved == [10]
    assert error == [pytest.approx(100 * math.sqrt(0.1 * 0.9 / 140), abs=0.01)]
    assert beyond == ["yes"]


def test_a_difference_under_two_standard_errors_is_chance():
    first, other = result("a", 0.5), result("b", 0.52)
    swapped = replace(other, right=np.roll(other.right, 70))  # about as good, on other faces
    moved, error, beyond = gains(first, swapped)
    assert moved == [2.14]
    assert error[0] > 8
    assert beyond == ["no"]


def test_rows_of_other_faces_have_both_errors():
    _, error, _ = gains(result("a", 0.5), result("b", 0.5, faces=280))
    assert error == [
        pytest.approx(100 * math.hypot(0.5 / math.sqrt(140), 0.5 / math.sqrt(280)), abs=0.01)
    ]


def test_seeds_add_their_own_error():
    _, error, _ = gains(result("a", 0.5), result("b", 0.4, 0.6))
    of_seeds = np.std([0.4, 0.6], ddof=1) / math.sqrt(2)
    # b's two runs differ on 28 faces, which half of them read.
    differing = np.repeat([0.5, -0.5, 0], [14, 14, 112]).std() / math.sqrt(140)
    assert error == [pytest.approx(100 * math.hypot(of_seeds, differing), abs=0.01)]


def test_macro_recall_has_the_error_of_each_class():
    # b reads a's faces and all of the first class: 20 faces, half of them new.
    first, other = result("a", 0.5), result("b", 0.5)
    better = replace(other, right=np.where(other.true == 0, 1.0, other.right))
    (text,) = against_first([first, better])["macro recall"]
    _, error = text.split(" ± ")
    assert float(error) == pytest.approx(100 / 7 * math.sqrt(0.5 * 0.5 / 20), abs=0.01)


def test_better_classes_are_a_gain_and_a_wider_gap():
    # The first class is read whole, the second not at all, the others half as they were.
    other = result("b", 0.5)
    scores = {**other.seeds[0], "macro_recall": 0.6, "min_recall": 0.0, "max_recall": 1.0}
    line = against_first([result("a", 0.5), replace(other, seeds=(scores,))]).iloc[0]
    assert line["macro recall"].startswith("+10.00 ± ")
    assert line["highest less lowest class"] == "+100.00"


def test_the_error_of_accuracy_does_not_take_each_class_for_itself():
    # b reads a class more than a does: 20 of 140 faces, as many as might have been of any other class.
    first, other = result("a", 0.5), result("b", 0.5)
    better = replace(other, right=first.right + (first.true == 0))
    _, error, _ = gains(first, better)
    share = 1 / 7
    assert error == [pytest.approx(100 * math.sqrt(share * (1 - share) / 140), abs=0.01)]


@pytest.mark.parametrize(("errors", "said"), [(2.1, "yes"), (-2.1, "yes"), (1.9, "no")])
def test_two_standard_errors_are_beyond_chance(monkeypatch, errors, said):
    monkeypatch.setattr(gain, "_gain", lambda *_: (0.01 * errors, 0.01))
    assert gains(result("a", 0.5), result("b", 0.5))[2] == [said]
