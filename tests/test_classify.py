"""From what a network says of a crop to the reading."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fer_live import card as cards
from fer_live import weight_files
from fer_live.classify import Classifier
from fer_live.expressions import SEVEN
from fer_live.runtimes import Scores, joined
from fer_live.runtimes.eager import Eager


@pytest.fixture
def classifier(random_weights):
    """Of temperature 2, and uncertain by its entropy, of which log(7) is the most."""
    network, card = weight_files.load(cards.find_weights(random_weights(0)))
    told = {"uncertainty_score": "entropy", "uncertainty_quantiles": (0.0, math.log(7))}
    return Classifier(replace(card, temperature=2.0, **told), Eager(network))


def test_logits_are_divided_by_the_cards_temperature(classifier):
    scores = classifier.score([np.zeros((48, 48), np.uint8)])
    scores = scores._replace(logits=2 * np.log([[3.0, 1, 1, 1, 1, 1, 1]]))
    (said,) = classifier.predictions(scores)
    assert list(said.probabilities) == list(SEVEN)
    assert list(said.probabilities.values()) == pytest.approx([1 / 3] + [1 / 9] * 6)
    entropy = math.log(3) / 3 + 2 * math.log(9) / 3
    assert said.uncertainty == pytest.approx(entropy / math.log(7))


def test_however_sure_a_network_is_its_probabilities_are_numbers(classifier):
    scores = classifier.score([np.zeros((48, 48), np.uint8)])
    scores = scores._replace(logits=np.array([[9e3, 0, 0, 0, 0, 0, 0]], np.float32))
    (said,) = classifier.predictions(scores)
    assert list(said.probabilities.values()) == [1, 0, 0, 0, 0, 0, 0]
    assert said.uncertainty == 0


def test_no_crops_are_no_predictions(classifier):
    assert classifier([]) == []


def test_uncertainty_of_all_parts_is_joined_where_there_is_any():
    parts = [Scores(np.zeros((1, 7)), np.array([unsure]), ()) for unsure in (0.1, 0.2)]
    assert joined(parts).uncertainty.tolist() == [0.1, 0.2]
    assert joined([part._replace(uncertainty=None) for part in parts]).uncertainty is None


def test_a_crowd_is_read_a_part_at_a_time_as_if_it_were_at_once(classifier, monkeypatch):
    crops = list(np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8))
    whole, taken = classifier.score(crops), []
    runtime = classifier.runtime

    def counted(images):
        taken.append(len(images))
        return runtime(images)

    monkeypatch.setattr("fer_live.classify.MOST", 2)
    monkeypatch.setattr(classifier, "runtime", counted)
    parts = classifier.score(crops)
    assert taken == [2, 2, 1]
    np.testing.assert_allclose(whole.logits, parts.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whole.heatmaps(), parts.heatmaps(), rtol=1e-4, atol=1e-5)
