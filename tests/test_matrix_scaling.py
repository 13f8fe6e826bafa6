"""Matrix scaling's fit: what it finds, what it is held to, and how sure it leaves its own faces."""

import numpy as np
import pytest
import torch

from train.matrix_scaling import (
    PENALTY,
    Correction,
    Known,
    cross_fitted,
    fit_correction,
    optimism,
    recovered,
)
from train.predict import Logits, fit_temperature

FACES = 4000
ALIKE = torch.ones(3)


def doubtful():
    """Logits that are too sure, second logits that tell of how many labels were swapped with the next class."""
    generator = torch.Generator().manual_seed(0)
    true = torch.randint(3, (FACES,), generator=generator)
    doubtful = torch.rand(FACES, generator=generator) < 0.5
    swapped = doubtful & (torch.rand(FACES, generator=generator) < 0.5)
    labels = torch.where(swapped, (true + 1) % 3, true)
    logits = 6 * torch.nn.functional.one_hot(true, 3).float()
    second = 8 * torch.nn.functional.one_hot(true, 3) * doubtful[:, None].float()
    return Logits(logits, None, crowd=second), labels


def loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels).item()


def test_second_logits_tell_which_labels_are_doubtful():
    found, labels = doubtful()
    by_temperature = loss(found.logits / fit_temperature(found.logits, labels), labels)
    correction = fit_correction(found.logits, found.crowd, labels, ALIKE)
    by_matrix = loss(correction.apply(found.logits.double(), found.crowd.double()), labels)
    # With all known, only the doubtful half costs anything: ln 2 each.
    assert by_matrix == pytest.approx(np.log(2) / 2, abs=0.03)
    assert by_matrix < by_temperature - 0.15


def test_calibrated_logits_stay_nearly_as_they_are():
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(FACES, 3, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    correction = fit_correction(logits, logits, labels, ALIKE)
    corrected = correction.apply(logits.double(), logits.double())
    assert loss(corrected, labels) == pytest.approx(loss(logits, labels), abs=0.005)


def test_scores_come_from_corrections_of_other_faces():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(60, 3, generator=generator)
    labels = torch.randint(3, (60,), generator=generator)
    known = Known(noise, noise, labels, ALIKE)
    fitted = fit_correction(*known).apply(noise.double(), noise.double())
    assert cross_fitted(known)["nll"] > loss(fitted, labels) + 0.02


def test_cross_fitted_scores_are_of_the_temperature_that_follows_too():
    # A weighted correction alone is too sure of the second class.
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(1000, generator=generator) < 0.25).long()
    logits = 2 * torch.nn.functional.one_hot(labels, 2) + torch.randn(1000, 2, generator=generator)
    known = Known(logits, logits, labels, torch.tensor([1.0, 20.0]))
    alone = loss(fit_correction(*known).apply(logits.double(), logits.double()), labels)
    assert cross_fitted(known)["nll"] < alone


def test_faces_that_fitted_the_correction_are_too_sure():
    generator = torch.Generator().manual_seed(0)

    def told(faces):
        true = torch.randint(3, (faces,), generator=generator)
        noisy = torch.nn.functional.one_hot(true, 3) + torch.randn(faces, 3, generator=generator)
        known = Known(noisy, noisy, true, ALIKE)
        return optimism(known, fit_correction(*known))

    few = told(120)
    assert 1.05 < few < 2
    # Sixteen times as many faces are fitted the less closely.
    assert 1 < told(1920) < 1 + (few - 1) / 4


def test_optimism_is_against_the_temperature_of_the_correction_itself():
    generator = torch.Generator().manual_seed(0)
    true = torch.randint(3, (120,), generator=generator)
    noisy = torch.nn.functional.one_hot(true, 3) + torch.randn(120, 3, generator=generator)
    known = Known(noisy, noisy, true, ALIKE)
    once = fit_correction(*known)
    twice = Correction(*(2 * part for part in once))  # as sure as at half the temperature
    assert optimism(known, twice) == pytest.approx(optimism(known, once) / 2, rel=1e-3)


@pytest.fixture(params=[0, 3])
def corrected(request):
    """Uncorrected logits with as many second ones, and the same corrected by their own fit."""
    found, labels = doubtful()
    noise = torch.randn(FACES, 3, generator=torch.Generator().manual_seed(1))
    known = Known(
        found.logits + noise, found.crowd[:, : request.param], labels, torch.tensor([1.0, 2.0, 1.5])
    )
    said = fit_correction(*known).apply(known.logits.double(), known.second.double())
    return known, known._replace(logits=said.half().float())


def test_what_a_correction_was_fitted_to_follows_from_what_came_of_it(corrected):
    known, said = corrected
    before = recovered(said)
    ratio = (before.logits / known.logits).median()  # the scale stays unknown
    torch.testing.assert_close(before.logits, ratio * known.logits.double(), rtol=0, atol=0.02)
    found, expected = cross_fitted(before), cross_fitted(known)
    assert found["accuracy"] == pytest.approx(expected["accuracy"], abs=2 / FACES)
    assert found["nll"] == pytest.approx(expected["nll"], abs=1e-4)


def test_of_other_faces_nothing_follows(corrected):
    known, said = corrected
    some = np.arange(FACES) < 3 * FACES / 4
    assert recovered(said.of(some)) is None
    assert recovered(known) is None


def test_what_is_added_is_held_near_nothing_by_its_squares():
    labels, ones = (torch.arange(FACES) % 4 == 0).long(), torch.ones(FACES, 1).double()
    found = fit_correction(torch.zeros(FACES, 2), ones, labels, ALIKE[:2])
    said = found.apply(torch.zeros(1, 2).double(), ones[:1]).softmax(1)[0]
    for added in (found.bias, found.matrix[:, 0]):
        # Where the slopes of cross-entropy and of the penalty are even.
        torch.testing.assert_close(
            said - torch.tensor([0.75, 0.25]),
            -2 * PENALTY * added,
            rtol=0,
            atol=1e-5,
            check_dtype=False,
        )


@pytest.mark.parametrize(("weights", "share"), [((1.0, 1.0), 0.25), ((1.0, 3.0), 0.5)])
def test_weights_keep_what_training_balanced(weights, share):
    # One face in four is of the second class, and nothing tells which.
    labels, nothing = (torch.arange(FACES) % 4 == 0).long(), torch.zeros(FACES, 2)
    correction = fit_correction(nothing, nothing, labels, torch.tensor(weights))
    said = correction.apply(nothing.double(), nothing.double()).softmax(1)
    assert said[:, 1].mean().item() == pytest.approx(share, abs=0.02)


def test_biases_alone_say_each_class_as_often_as_it_occurs():
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(FACES, generator=generator) < 0.25).long()
    # Of a network that learned both classes as equals.
    seen = 2 * torch.nn.functional.one_hot(labels, 2) + torch.randn(FACES, 2, generator=generator)
    correction = fit_correction(seen, seen[:, :0], labels, ALIKE[:2])
    said = correction.apply(seen.double(), seen[:, :0].double()).softmax(1)
    assert seen.softmax(1)[:, 1].mean().item() > 0.3
    assert said[:, 1].mean().item() == pytest.approx(0.25, abs=0.01)
