"""What models say of faces, calibrated by other faces alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from train.calibration import FOLDS
from train.cross_fitting import cross_fit
from train.matrix_scaling import Known, fit_correction, held_out
from train.vote import Opinion


def opinion(scale=1.0):
    logits = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (60, 3))) * scale
    return Opinion("x", logits, None, None)


LABELS = np.random.default_rng(2).integers(0, 3, 60)


def test_a_face_does_not_fit_its_own_temperature():
    before = cross_fit([opinion()], LABELS)
    changed = LABELS.copy()
    changed[0] = (changed[0] + 1) % 3
    after = cross_fit([opinion()], changed)
    same = np.isclose(before, after, rtol=1e-9).all(1)
    assert same[0]
    assert same.sum() == len(LABELS) // FOLDS


def test_an_earlier_temperature_does_not_matter():
    np.testing.assert_allclose(
        cross_fit([opinion()], LABELS), cross_fit([opinion(7.0)], LABELS), rtol=1e-4
    )


def test_a_prior_is_taken_after_the_temperature():
    prior = torch.tensor([0.5, 0.3, 0.2]).double()
    known = replace(opinion(), log_prior=prior.log())
    adjusted = cross_fit([known], LABELS, strength=1.0)
    without = cross_fit([known], LABELS) / prior.numpy()
    np.testing.assert_allclose(adjusted, without / without.sum(1, keepdims=True), rtol=1e-6)


def test_temperatures_of_a_layers_own_faces_are_raised():
    plain, raised = (
        cross_fit([replace(opinion(), optimism=factor)], LABELS) for factor in (1.0, 2.0)
    )
    flatter = np.sqrt(plain) / np.sqrt(plain).sum(1, keepdims=True)
    np.testing.assert_allclose(raised, flatter, rtol=1e-6)


def test_a_face_that_is_alone_has_no_others_to_fit_a_temperature():
    alone = Opinion("x", torch.tensor([[0.0, np.log(3)]]).double(), None, None)
    assert cross_fit([alone], np.array([0])).tolist() == [pytest.approx([1 / 4, 3 / 4])]


def test_several_models_vote_after_their_own_temperatures():
    one = cross_fit([opinion()], LABELS)
    np.testing.assert_allclose(cross_fit([opinion(), opinion(3.0)], LABELS), one, rtol=1e-4)


def test_who_fitted_a_last_layer_is_read_by_those_of_others():
    second = torch.from_numpy(np.random.default_rng(3).normal(0, 1, (60, 4)))
    known = Known(opinion().logits, second, torch.from_numpy(LABELS), torch.ones(3))
    corrected = fit_correction(*known).apply(known.logits, second)
    found = cross_fit([Opinion("x", corrected, None, None, known=known), opinion()], LABELS)
    expected = (held_out(known).softmax(1).numpy() + cross_fit([opinion()], LABELS)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-9)
