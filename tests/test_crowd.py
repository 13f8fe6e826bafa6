import json
import math
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from fer_live.errors import UserError
from fer_live.expressions import CONTEMPT, HAPPY, NEUTRAL
from tests.crowds import NO_FACE, SCORN, SPLIT, UNANIMOUS, UNKNOWN, write_votes
from train import crowd
from train.__main__ import main
from train.vote import Opinion

pytestmark = pytest.mark.usefixtures("small_networks")

LN2 = math.log(2)


def opinion(rows, head=None):
    return Opinion("x", torch.tensor(rows, dtype=torch.double).log(), None, None, head)


def test_pictures_that_show_no_face_or_nothing_named_are_left_out():
    mostly_no_face = [0, 4, *[0] * 7, 6]
    votes = [UNANIMOUS, NO_FACE, UNKNOWN, mostly_no_face, SPLIT]
    people = crowd.crowd(np.array(votes, np.uint8))
    assert people.shown.tolist() == [True, False, False, False, True]
    assert people.entropy.tolist() == pytest.approx([0, LN2])
    assert people.top.tolist() == [1.0, 0.5]


def test_the_same_votes_for_other_expressions_tie():
    votes = [[*order, *[0] * 6] for order in permutations((1, 2, 3, 4))]
    assert len(set(crowd.crowd(np.array(votes, np.uint8)).entropy)) == 1


def test_scores_by_hand():
    rows = np.array([[0.5, 0, 0.5], [0.7, 0.2, 0.1]])
    scores = crowd.scores_of(rows, [opinion(rows)])
    assert list(scores) == ["entropy", "1 - max", "margin"]
    assert scores["entropy"][0] == pytest.approx(LN2)
    assert scores["1 - max"].tolist() == pytest.approx([0.5, 0.3])
    assert scores["margin"].tolist() == pytest.approx([0, -0.5])


def test_disagreement_is_what_the_mean_is_more_unsure_than_its_parts():
    one, other = [[0.9, 0.1], [0.6, 0.4]], [[0.1, 0.9], [0.6, 0.4]]
    scores = crowd.scores_of(np.full((2, 2), 0.5), [opinion(one), opinion(other)])
    part = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert scores["disagreement"].tolist() == pytest.approx([LN2 - part, 0])


def test_heads_of_other_scales_count_alike():
    rows = np.full((3, 2), 0.5)
    opinions = [opinion(rows, np.array([1.0, 2, 3])), opinion(rows, np.array([9.0, 100, 10]))]
    assert crowd.scores_of(rows, opinions)["head"].tolist() == [1.0, 2.5, 2.5]


def test_two_heads_of_one_network_are_scored_apart():
    rows = np.full((2, 2), 0.5)
    said = Opinion("x", torch.zeros(2, 2), None, None, np.array([1.0, 2]), np.array([9.0, 3]))
    scores = crowd.scores_of(rows, [said])
    assert (scores["head"].tolist(), scores["variance"].tolist()) == ([1.0, 2.0], [2.0, 1.0])


def test_measures_by_hand():
    votes = np.array([UNANIMOUS, [7, 3, *[0] * 8], SPLIT], np.uint8)
    scores = pd.DataFrame({"entropy": [0.1, 0.2, 0.3], "other": [0.1, 0.3, 0.2]})
    found = crowd.measures(scores, crowd.crowd(votes), np.array([False, True, False]))
    assert found["entropy"]["spearman"]["value"] == pytest.approx(1)
    # Ranks 1 3 2 against 1 2 3: 1 - 6 * 2 / (3 * 8).
    assert found["other"]["spearman"]["value"] == pytest.approx(0.5)
    assert found["other"]["spearman"]["ahead"] == pytest.approx(-0.5)
    assert found["other"]["auroc"]["value"] == 1  # .2 contested, .1 unanimous; .3 is neither
    assert found["entropy"]["aurc"]["value"] == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert found["other"]["aurc"]["value"] == pytest.approx((0 + 0 + 1 / 3) / 3)


def test_equal_scores_share_their_rank():
    votes = np.array([UNANIMOUS, UNANIMOUS, SPLIT, SPLIT], np.uint8)
    scores = pd.DataFrame({"entropy": [0.1, 0.2, 0.2, 0.3]})
    found = crowd.measures(scores, crowd.crowd(votes), np.zeros(4, bool))["entropy"]
    # Ranks 1 2.5 2.5 4 against 1.5 1.5 3.5 3.5: Pearson's of these, 3 / sqrt(4.5 * 4).
    assert found["spearman"]["value"] == pytest.approx(3 / 18**0.5)
    assert found["auroc"]["value"] == pytest.approx(3.5 / 4)  # a pair of equals counts half


def test_a_copy_of_the_entropy_is_ahead_by_nothing_for_certain():
    votes = np.array([UNANIMOUS, UNANIMOUS, SPLIT, SPLIT], np.uint8)
    same = [0.1, 0.2, 0.3, 0.4]
    scores = pd.DataFrame({"entropy": same, "copy": same})
    wrong = np.array([False, True, False, True])
    found = crowd.measures(scores, crowd.crowd(votes), wrong)["copy"]["aurc"]
    assert found["ahead"] == found["ahead_standard_error"] == 0
    assert found["standard_error"] > 0.05


def test_the_winner_has_the_highest_agreement_and_the_lowest_risk():
    found = {
        "a": {"spearman": {"value": None}, "auroc": {"value": 0.9}, "aurc": {"value": 0.3}},
        "b": {"spearman": {"value": None}, "auroc": {"value": 0.8}, "aurc": {"value": 0.2}},
    }
    assert [crowd._winner(found, name) for name in crowd.MEASURES] == [None, "a", "b"]


def test_what_the_crowd_says_of_three_faces_by_hand():
    votes = np.array([UNANIMOUS, NO_FACE, SPLIT], np.uint8)
    faces = SimpleNamespace(votes=votes, labels=np.array([0, 0, 0]), classes=(HAPPY, NEUTRAL))
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    summary, risks = crowd.against_crowd(rows, [opinion(rows)], faces)
    counts = ("n", "left_out", "contested", "unanimous", "kl_n")
    assert [summary[name] for name in counts] == [2, 1, 1, 1, 2]
    apart = [-math.log(0.9), 0.5 * math.log(0.5 / 0.4) + 0.5 * math.log(0.5 / 0.6)]
    assert summary["kl"] == pytest.approx(np.mean(apart))
    assert summary["kl_standard_error"] == pytest.approx(np.std(apart) / math.sqrt(2))
    assert set(summary["wins"].values()) == {"entropy"}  # the others say the same
    assert risks["entropy"].tolist() == [0, 0.5]  # the surer one is right


def test_divergence_is_over_the_classes_of_both():
    votes = np.array([[5, 5, *[0] * 8], [2, 2, *[0] * 5, 6, 0, 0], SCORN], np.uint8)
    model = np.tile([0.25, 0.75], (3, 1))
    found = crowd.kl_from_votes(votes, model, (NEUTRAL, HAPPY))
    # The votes for contempt do not count, and nobody is left of the third face.
    assert found.tolist() == pytest.approx([0.5 * math.log(2) + 0.5 * math.log(2 / 3)] * 2)
    eight = np.column_stack([model / 2, np.full(3, 0.5)])
    assert len(crowd.kl_from_votes(votes, eight, (NEUTRAL, HAPPY, CONTEMPT))) == 3


def test_evaluating_against_the_crowd(fer2013_csv, tmp_path, capsys, random_weights):
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT, NO_FACE])
    output = tmp_path / "out"
    arguments = ["evaluate", "--weights", random_weights(0), random_weights(1), "--votes"]
    assert main([*arguments, "--root", str(fer2013_csv), "--output", str(output)]) == 0
    found = json.loads((output / "metrics.json").read_text())["crowd"]
    assert (found["n"], found["contested"], found["unanimous"], found["left_out"]) == (14, 7, 7, 7)
    assert set(found["scores"]) == {"entropy", "1 - max", "margin", "disagreement"}
    assert set(found["wins"]) == {"spearman", "auroc", "aurc"}
    assert (output / "risk_coverage.png").stat().st_size > 0
    assert "unsure where FER+'s crowd is" in capsys.readouterr().out


def test_a_majority_has_no_divergence_from_the_crowd(fer2013_csv, tmp_path, capsys, random_weights):
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT])
    arguments = ["evaluate", "--weights", random_weights(0), random_weights(1), "--votes"]
    arguments += ["--vote", "majority", "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["crowd"]
    assert found["kl"] is found["kl_standard_error"] is None  # shares of two votes
    assert found["scores"]["1 - max"]["auroc"]["value"] is not None
    assert "KL" not in capsys.readouterr().out


def test_missing_votes_are_told_before_any_work(fer2013_csv, tmp_path, capsys, random_weights):
    arguments = ["evaluate", "--weights", random_weights(0), "--root", str(fer2013_csv), "--votes"]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "fer2013new.csv does not exist" in line


def test_only_ferplus_has_votes(tmp_path):
    faces = type("Other", (), {"votes": None, "dataset": "expw"})()
    with pytest.raises(UserError, match="expw has no crowd's votes"):
        crowd.with_crowd(faces, tmp_path)
