import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

from fer_live.card import load_card
from fer_live.errors import UserError
from fer_live.expressions import ANGRY, HAPPY, SAD
from train import metrics
from train.__main__ import main
from train.learner import MacroRecall
from train.metrics import Scores, measure
from train.predict import fit_temperature


def test_scores_of_a_matrix_by_hand():
    scores = Scores(np.array([[8, 2], [1, 3]]))
    assert scores.accuracy == pytest.approx(11 / 14)
    assert scores.recall.tolist() == [0.8, 0.75]
    assert scores.precision.tolist() == pytest.approx([8 / 9, 3 / 5])
    assert scores.macro_recall == pytest.approx(0.775)
    assert scores.f1[1] == pytest.approx(2 * 0.75 * 0.6 / 1.35)


def test_confusion_has_the_true_classes_in_rows():
    confusion = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert confusion.tolist() == [[1, 1], [0, 1]]


def test_all_scores_of_six_faces_by_hand():
    probabilities = np.array(
        [[8, 1, 1], [3, 6, 1], [1, 7, 2], [2, 5, 3], [1, 9, 0], [9, 1, 0]], float
    )
    true = np.array([0, 0, 1, 1, 2, 0])  # the second and the fifth are taken for happy
    scores = measure(probabilities / 10, true, (ANGRY, HAPPY, SAD))
    assert scores["confusion"] == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert scores["per_class_recall"] == pytest.approx({"angry": 2 / 3, "happy": 1, "sad": 0})
    assert scores["per_class_precision"] == {"angry": 1, "happy": 0.5, "sad": 0}
    # Of happy's and of the others' faces five of eight pairs are in order, of sad's half of one in five.
    assert scores["per_class_auc"] == pytest.approx({"angry": 1, "happy": 5 / 8, "sad": 0.1})
    expected = {
        "accuracy": 4 / 6,
        "macro_recall": (2 / 3 + 1 + 0) / 3,
        "macro_precision": (1 + 0.5 + 0) / 3,
        "macro_f1": (0.8 + 2 / 3 + 0) / 3,
        "min_recall": 0,
        "max_recall": 1,
        "auc": (1 + 5 / 8 + 0.1) / 3,
        "ece": (0.2 + 0.6 + 0.3 + 0.5 + 2 * 0.4) / 6,  # two faces at 0.9, one of them right
        "adaptive_ece": (0.2 + 0.6 + 0.3 + 0.5 + 0.9 + 0.1) / 6,
    }
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


def test_a_class_without_faces_has_no_recall_and_does_not_count():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    scores = measure(probabilities, np.array([0, 0]), (ANGRY, HAPPY))
    assert scores["per_class_recall"] == {"angry": 0.5, "happy": None}
    assert scores["macro_recall"] == 0.5
    while_training = MacroRecall(2)(torch.from_numpy(probabilities), torch.tensor([0, 0]))
    assert while_training == 0.5


def test_predictions_that_are_not_numbers_are_refused():
    probabilities = np.array([[0.2, 0.8], [math.nan, math.nan]])
    with pytest.raises(UserError, match="1 of 2 predictions are not numbers: the weights are"):
        measure(probabilities, np.array([0, 1]), (ANGRY, HAPPY))


def test_calibration_error_by_hand():
    # Two of fifteen bins, which ten would put together: 0.68 sure and right, 0.62 and right half of the time.
    probabilities = np.array([[0.68, 0.32], [0.62, 0.38], [0.62, 0.38]])
    bins = metrics.reliability(probabilities, np.array([0, 0, 1]))
    assert bins.error == pytest.approx((0.32 + 2 * 0.12) / 3)
    assert (bins.faces[9], bins.faces[10], bins.faces.sum()) == (2, 1, 3)


def test_adaptive_bins_hold_equally_many_faces():
    # Sorted by confidence: .6 wrong, .7 right | .8 right, .9 right.
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    bins = metrics.reliability(probabilities, np.array([0, 1, 0, 1]), bins=2, adaptive=True)
    assert bins.faces.tolist() == [2, 2]
    assert bins.confidence.tolist() == pytest.approx([0.65, 0.85])
    assert bins.accuracy.tolist() == [0.5, 1.0]
    assert bins.error == pytest.approx((0.15 + 0.15) / 2)


@pytest.mark.parametrize("wrong", [[True, False, False], [False, True, False]])
def test_the_risk_of_equals_does_not_depend_on_their_order(wrong):
    found = metrics.risk_by(np.array([0.2, 0.2, 0.5]), np.array(wrong))
    assert found.tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 3])


def test_risk_grows_as_less_sure_predictions_are_read():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]])
    risk = metrics.risk_at_coverage(probabilities, np.array([0, 1, 0]))
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3])
    area = measure(probabilities, np.array([0, 1, 0]), (ANGRY, HAPPY))["aurc"]
    assert area == pytest.approx((0 + 0 + 1 / 3) / 3)


def test_area_under_the_curve_is_the_share_of_pairs_in_the_right_order():
    # Class 0: its faces have .9 and .4, the others .5 and .2: three of four pairs are in order.
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.2, 0.8]])
    areas = metrics.areas_under_roc(probabilities, np.array([0, 0, 1, 1]))
    assert areas.tolist() == pytest.approx([0.75, 0.75])


def test_a_class_without_faces_has_no_area():
    scores = measure(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]), (ANGRY, HAPPY))
    assert scores["per_class_auc"] == {"angry": None, "happy": None}
    assert scores["auc"] is None


def test_standard_error_of_a_share():
    assert metrics.standard_error(0.735, 3589) == pytest.approx(0.0074, abs=5e-5)


def test_brier_and_likelihood_by_hand():
    probabilities, true = np.array([[0.75, 0.25]]), np.array([1])
    assert metrics.brier(probabilities, true) == pytest.approx(2 * 0.75**2)
    assert metrics.nll(probabilities, true) == pytest.approx(math.log(4))


def test_temperature_undoes_overconfidence():
    torch.manual_seed(0)
    logits = torch.randn(4000, 5)
    labels = torch.distributions.Categorical(logits=logits).sample()
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.08)


def test_fit_export_and_evaluate_in_a_row(fer2013_csv, tmp_path, capsys):
    root, run, folder = str(fer2013_csv.parent), tmp_path / "run", tmp_path / "weights"
    tiny = [
        "size=36",
        "epochs=6",
        "batch_size=8",
        "ema=0",
        "precision=32-true",
        "learning_rate=0.003",
    ]
    overrides = [part for override in tiny for part in ("--set", override)]
    fit = ["fit", "--recipe", "cnn6-fer2013", "--root", root, "--output", str(run), *overrides]
    assert main(fit) == 0
    export = ["export", "--run", str(run), "--root", root, "--name", "tiny"]
    assert main([*export, "--output", str(folder)]) == 0
    weights = folder / "tiny.safetensors"
    assert weights.stat().st_size < 4e6
    assert "## tiny" in (folder / "README.md").read_text()
    card = load_card(weights)
    assert card.split_sizes == {"train": 56, "public": 21}
    assert card.recipe["network"] == "cnn6"

    output = tmp_path / "evaluation"
    evaluate = ["evaluate", "--weights", str(weights), "--dataset", "fer2013", "--root", root]
    assert main([*evaluate, "--split", "public", "--output", str(output)]) == 0
    scores = json.loads((output / "metrics.json").read_text())
    assert scores["n"] == 21
    assert scores["accuracy"] == pytest.approx(card.metrics["public"]["accuracy"])
    assert scores["accuracy"] > 0.5  # seven stripe patterns, far above chance
    assert np.array(scores["confusion"]).sum() == 21
    table = pd.read_parquet(output / "predictions.parquet")
    assert (table["row"] >= 56).all()
    assert (table["true"] == table["predicted"]).mean() == pytest.approx(scores["accuracy"])
    assert np.stack(table["probabilities"]).sum(1) == pytest.approx(np.ones(21))
    assert (output / "confusion.png").stat().st_size > 5000
    assert "no TTA" in capsys.readouterr().out
    assert main([*evaluate, "--split", "private", "--output", str(output), "--tta"]) == 0
    assert json.loads((output / "metrics.json").read_text())["tta"] is True


def test_evaluating_into_a_file_is_refused(fer2013_csv, tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.touch()
    arguments = ["evaluate", "--weights", "cnn6", "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(blocked)]) == 2
    assert "choose another --output" in capsys.readouterr().err


def test_the_confidence_from_which_on_enough_is_right():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    true = np.array([0, 0, 1, 0])  # right, right, wrong, right: 1, 1, 2/3, 3/4
    assert metrics.confidence_for(probabilities, true, 0.75) == 0.6
    assert metrics.confidence_for(probabilities, true, 0.9) == 0.8
    assert metrics.confidence_for(probabilities, 1 - true, 0.9) == 1.0


def test_readings_of_one_confidence_are_all_trusted_or_none():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    true = np.array([0, 0, 1])
    assert metrics.confidence_for(probabilities, true, 0.9) == 0.8
    assert metrics.confidence_for(probabilities, true, 0.6) == 0.6
