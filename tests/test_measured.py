from pathlib import Path

import numpy as np
import pytest
import torch

from fer_live import card as cards
from fer_live import weight_files
from tests.crowds import SPLIT, UNANIMOUS, write_votes
from tests.small_sets import write_class_folders
from train import measured
from train.__main__ import main
from train.cross_fitting import cross_fit
from train.data.fer2013 import load
from train.metrics import confidence_for, nll
from train.predict import fit_temperature, predict
from train.vote import Opinion

pytestmark = pytest.mark.usefixtures("small_networks")

CPU = torch.device("cpu")
RECIPE = {"description": "random", "epochs": 0, "seed": 0}
FACTS = {"dataset": "fer2013", "recipe": RECIPE, "split_sizes": {"train": 56, "public": 21}}
TRAINING = {"epoch": 0, "device": "cpu", "limit": None}
SIZES = {"cnn6": 48, "cucn": 24}  # pixels of a face: few are enough, and soon read


@pytest.fixture
def refresh(fer2013_csv, random_weights, capsys):
    """A function that refreshes random weights; returns the exit code, what was said, and both cards."""

    def run(network, *arguments):
        size = {"size": SIZES[network]}
        path = Path(random_weights(network=network, arguments=size, training=TRAINING, **FACTS))
        before = cards.load_card(path)
        code = main(["refresh", "--weights", str(path), "--root", str(fer2013_csv), *arguments])
        return code, capsys.readouterr().err, before, weight_files.load(path)

    return run


def test_a_network_without_a_head_gets_the_entropy(refresh):
    code, _, before, (network, card) = refresh("cnn6")
    assert code == 0
    assert card.uncertainty_score == "entropy"
    assert len(card.uncertainty_quantiles) == 101
    scores = card.metrics["public"]
    assert scores["cross_fitted"]["folds"] == 5
    assert sum(map(sum, scores["confusion"])) == scores["n"]  # what the page's tab Models draws
    assert card.tta_temperature != 1
    assert (card.name, card.recipe, card.training) == (before.name, RECIPE, before.training)
    torch.manual_seed(0)
    for name, tensor in type(network)().state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor)


def test_scores_and_temperatures_are_of_the_selection_split_and_quantiles_of_the_training_split(
    refresh, fer2013_csv
):
    _, _, _, (network, card) = refresh("cnn6")
    training, selection = (load(fer2013_csv, split) for split in ("train", "public"))
    labels, scores = torch.from_numpy(selection.labels), card.metrics["public"]
    plain = predict(network, card, selection, CPU).logits
    views = predict(network, card, selection, CPU, tta=True).logits
    assert card.temperature == pytest.approx(fit_temperature(plain, labels), rel=1e-3)
    assert card.tta_temperature == pytest.approx(fit_temperature(views, labels), rel=1e-3)
    probabilities = (plain.double() / card.temperature).softmax(1)
    assert scores["nll"] == pytest.approx(nll(probabilities.numpy(), selection.labels))
    assert scores["accuracy"] == (plain.argmax(1) == labels).double().mean().item()
    assert scores["tta"]["accuracy"] == (views.argmax(1) == labels).double().mean().item()
    for fitted, logits in ((scores, plain), (scores["tta"], views)):
        cross = cross_fit([Opinion("", logits.double(), None, None)], selection.labels)
        found = fitted["cross_fitted"]["nll"]
        assert found == pytest.approx(nll(cross, selection.labels), rel=1e-3)
    wanted = confidence_for(probabilities.numpy(), selection.labels, 0.9)
    assert card.abstain_below == pytest.approx(wanted, abs=1e-4)
    found = [card.uncertainty_quantiles[place] for place in (0, 50, 100)]
    for faces in (training, selection):
        known = predict(network, card, faces, CPU).logits.double() / card.temperature
        unsure = torch.special.entr(known.softmax(1)).sum(1).numpy()
        own = [unsure.min(), np.median(unsure), unsure.max()]
        assert (found == pytest.approx(own, rel=1e-6)) == (faces is training)


def test_a_head_that_nothing_speaks_for_is_not_shown(refresh):
    assert refresh("cucn")[3][1].uncertainty_score == "entropy"


def test_a_head_can_be_asked_for(refresh):
    assert refresh("cucn", "--uncertainty", "head")[3][1].uncertainty_score == "head"


def test_a_head_that_is_not_there_is_refused(refresh):
    code, said, *_ = refresh("cnn6", "--uncertainty", "head")
    assert code == 2
    assert "random0 has no uncertainty head" in said


def test_data_of_other_classes_are_refused(random_weights, tmp_path, capsys):
    data = write_class_folders(tmp_path / "data", {"happy": 4, "sad": 4})
    path = random_weights(training=TRAINING, **FACTS | {"dataset": "folder"})
    assert main(["refresh", "--weights", path, "--root", str(data)]) == 2
    assert "random0 was trained for angry, disgust, " in capsys.readouterr().err


def test_other_numbers_of_faces_are_refused(random_weights, fer2013_csv, capsys):
    facts = FACTS | {"split_sizes": {"train": 56, "public": 30}}
    path = Path(random_weights(training=TRAINING, **facts))
    before = path.read_bytes()
    assert main(["refresh", "--weights", str(path), "--root", str(fer2013_csv)]) == 2
    assert "is of 30 faces of the split public, " in capsys.readouterr().err
    assert path.read_bytes() == before


def test_agreement_with_the_crowd_is_in_the_card(refresh, fer2013_csv):
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT])
    _, _, _, (_, card) = refresh("cucn")
    assert set(card.metrics["public"]["agreement"]) == {"entropy", "head"}


@pytest.mark.parametrize(
    ("ahead", "error", "shown"),
    [(0.05, 0.02, True), (0.03, 0.02, False), (-0.05, 0.02, False), (None, None, False)],
)
def test_a_head_is_shown_only_where_it_is_clearly_ahead_of_the_entropy(ahead, error, shown):
    assert measured._is_ahead({"ahead": ahead, "ahead_standard_error": error}) is shown
