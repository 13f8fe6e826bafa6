"""The numbers of an evaluation as the terminal shows them."""

import re
from pathlib import Path

import numpy as np
import pytest

from fer_live.expressions import ANGRY, HAPPY
from train.metrics import measure
from train.score_table import print_scores

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9]])
TRUE = np.array([0, 0, 1, 1])  # the second is taken for happy


@pytest.fixture
def shown(capsys):
    """A function that gives the numbers in the line that begins so."""
    scores = measure(PROBABILITIES, TRUE, (ANGRY, HAPPY))
    clean = measure(PROBABILITIES[:2], TRUE[:2], (ANGRY, HAPPY))
    words = {"weights": "a", "dataset": "b", "split": "public", "clean_reason": "no twins"}
    without = dict.fromkeys(("tta", "excluded", "cross_fitted", "crowd"))
    adjustment = {"tau": 0.0, "chosen_on": None}
    whole = {**scores, **words, **without, "clean": clean, "logit_adjustment": adjustment}
    print_scores(whole, Path("out"))
    lines = [line.strip("│┃ ") for line in capsys.readouterr().out.splitlines()]

    def numbers(start):
        (line,) = [line for line in lines if line.startswith(start)]
        return [float(number) for number in re.findall(r"\d+\.?\d*", line)]

    return numbers


def test_each_class_has_its_faces_recall_and_precision(shown):
    assert shown("angry") == [2, 50, 100]
    assert shown("happy") == [2, 100, 66.67]
    assert shown("mean over classes") == [4, 75, 83.33]


def test_all_faces_and_clean_ones_stand_below_each_other(shown):
    # sqrt(.75 * .25 / 4), sqrt(.5 * .5 / 2)
    assert shown("as published") == [4, 75, 21.65, 75]
    assert shown("clean  ") == [2, 50, 35.36, 50]


def test_the_other_scores_are_in_a_line(shown):
    # F1: of .67 and .8; three of four pairs are in order; right at .9, .9 and .7, wrong at .8.
    _, f1, auc, ece, adaptive, nll, brier, aurc = shown("macro F1")
    assert (f1, auc, ece, adaptive) == (73.33, 75, 32.5, 32.5)
    assert (nll, brier, aurc) == (0.544, 0.375, 0.146)
