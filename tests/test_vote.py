"""Opinions of several weight files: how they are adjusted by the prior, and how they vote."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from train.__main__ import main
from train.data.fer2013 import load
from train.evaluate import EvaluateOptions, evaluate
from train.predict import predict
from train.vote import Opinion, best_strength, together
from train.vote import opinion as opinion_of

pytestmark = pytest.mark.usefixtures("small_networks")

CPU = torch.device("cpu")
TWO = torch.tensor([0.9, 0.1], dtype=torch.double).log()


def opinion(*rows):
    return Opinion("x", torch.tensor(rows, dtype=torch.double).log(), None, None)


def adjusted(weights, root, output):
    """Evaluate with all of the prior taken away."""
    options = EvaluateOptions(logit_adjustment=1.0)
    return evaluate([weights], "fer2013", root, None, output, CPU, options)


def test_adjustment_divides_by_the_prior():
    one = Opinion("x", torch.tensor([[0.6, 0.4]], dtype=torch.double).log(), TWO, None)
    # .6 / .9 to .4 / .1
    assert one.probabilities(1.0)[0].tolist() == pytest.approx([1 / 7, 6 / 7])
    assert one.probabilities(0.0)[0].tolist() == pytest.approx([0.6, 0.4])


def test_the_smallest_of_the_best_strengths_is_chosen():
    rows = [[0.95, 0.05]] * 3 + [[0.8, 0.2]]
    one = Opinion("x", torch.tensor(rows, dtype=torch.double).log(), TWO, None)
    # The fourth turns at ln(4) / ln(9) = 0.63, the others at ln(19) / ln(9) = 1.34.
    assert best_strength([one], "soft", np.array([0, 0, 0, 1])) == 0.65


def test_the_strength_is_chosen_on_the_selection_split_alone(fer2013_csv, tmp_path, random_weights):
    both = [
        evaluate(
            [random_weights()],
            "fer2013",
            fer2013_csv,
            split,
            tmp_path / split,
            CPU,
            EvaluateOptions(logit_adjustment="auto"),
        )["logit_adjustment"]
        for split in ("public", "private")
    ]
    assert both[0] == both[1]
    assert both[0]["chosen_on"] == "public"


def test_adjusting_without_a_prior_is_refused(fer2013_csv, tmp_path, random_weights):
    with pytest.raises(UserError, match="does not know its classes' prior"):
        adjusted(random_weights(prior=()), fer2013_csv, tmp_path / "out")


def test_one_view_and_ten_have_temperatures_of_their_own(fer2013_csv, random_weights):
    path = random_weights(temperature=2.0, tta_temperature=4.0)
    network, card = weight_files.load(Path(path))
    faces = load(fer2013_csv, "public")
    for tta, temperature in ((False, 2), (True, 4)):
        logits = predict(network, card, faces, CPU, tta).logits.double()
        torch.testing.assert_close(opinion_of(path, faces, CPU, tta).logits, logits / temperature)


def test_the_prior_is_in_the_data_sets_order(fer2013_csv, random_weights):
    faces = replace(load(fer2013_csv, "public"), classes=(SAD, HAPPY))  # of happy it is 0.4
    found = opinion_of(random_weights(), faces, CPU, tta=False)
    assert found.log_prior.exp().tolist() == pytest.approx([0.1, 0.4])


def test_a_soft_vote_is_the_mean():
    voted = together([opinion([0.9, 0.1]), opinion([0.4, 0.6])], "soft")
    assert voted[0].tolist() == pytest.approx([0.65, 0.35])


def test_a_majority_outvotes_one_that_is_surer():
    sure, others = opinion([0.98, 0.02]), opinion([0.4, 0.6])
    assert together([sure, others, others], "soft").argmax() == 0
    voted = together([sure, others, others], "majority")
    assert voted.argmax() == 1
    assert voted.sum() == pytest.approx(1)


def test_a_tie_goes_to_the_surer():
    assert together([opinion([0.9, 0.1]), opinion([0.4, 0.6])], "majority").argmax() == 0
    assert together([opinion([0.6, 0.4]), opinion([0.1, 0.9])], "majority").argmax() == 1


def test_several_weight_files_vote(fer2013_csv, tmp_path, random_weights, capsys):
    arguments = [
        "evaluate",
        "--weights",
        random_weights(0),
        random_weights(1),
        random_weights(2),
        "--vote",
        "majority",
    ]
    arguments += ["--root", str(fer2013_csv), "--output", str(tmp_path / "out")]
    assert main(arguments) == 0
    scores = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert scores["weights"] == "random0 + random1 + random2"
    assert scores["vote"] == "majority"
    assert scores["cross_fitted"] is None
    for part in (scores, scores["clean"]):  # shares of three votes are no confidences
        assert part["ece"] is part["nll"] is part["brier"] is part["reliability"] is None
        assert part["aurc"] is not None
    printed = capsys.readouterr().out
    assert "as published" in printed
    assert "clean" in printed
    assert "ECE" not in printed
    assert ", AURC " in printed


def test_a_file_that_is_named_twice_has_one_vote(fer2013_csv, tmp_path, random_weights, capsys):
    path = random_weights()
    arguments = ["evaluate", "--weights", path, path, "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 2
    assert f"--weights names {path} twice: each file has one vote" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("strength", ["inf", "nan", "much"])
def test_a_strength_that_is_no_number_is_refused(strength, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--weights", "x", "--output", "y", "--logit-adjustment", strength])
    assert stopped.value.code == 2
    assert f"{strength!r} is neither a number nor auto" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"class_weights": 0.5}, "class weights (loss)"),
        ({"sampler": "balanced", "strategy": "supervised"}, "a balanced sampler"),
        ({"strategy": "ldam"}, "the strategy ldam"),
        ({"class_weights": 0.0, "sampler": "shuffled"}, None),
        ({}, None),
    ],
)
def test_adjusting_what_was_trained_with_a_remedy_is_warned_of(
    fer2013_csv, tmp_path, random_weights, caplog, recipe, told
):
    adjusted(random_weights(recipe=recipe), fer2013_csv, tmp_path / "out")
    line = f"--logit-adjustment is stacked on {told} of random0: each makes rare classes weigh more"
    assert (line in caplog.text) == (told is not None)
    assert ("stacked" in caplog.text) == (told is not None)


def test_adjusting_what_has_lost_its_prior_is_warned_of(
    fer2013_csv, tmp_path, random_weights, caplog
):
    weights = random_weights(training={"logit_adjustment": 0.5})
    adjusted(weights, fer2013_csv, tmp_path / "out")
    assert "is stacked on the 0.5 times the log prior that refresh took from" in caplog.text
