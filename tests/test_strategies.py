import math

import pytest
import torch

from fer_live.errors import UserError
from tests.tiny import step, task
from train.strategies.criterion import Criterion, build, class_weights
from train.strategies.rul import RelativeUncertainty, mix
from train.strategies.supervised import Supervised

FER2013_COUNTS = torch.tensor([3995, 436, 4097, 7215, 4830, 3171, 4965])


def test_class_weights_with_exponent_one_follow_equation_one():
    expected = [1.027, 9.407, 1.001, 0.568, 0.849, 1.293, 0.826]
    torch.testing.assert_close(
        class_weights(FER2013_COUNTS, 1.0), torch.tensor(expected), atol=1e-3, rtol=0
    )


def test_class_weights_with_exponent_one_half_have_mean_one_over_the_faces():
    weights = class_weights(FER2013_COUNTS, 0.5)
    expected = [1.058, 3.203, 1.045, 0.787, 0.962, 1.188, 0.949]
    torch.testing.assert_close(weights, torch.tensor(expected), atol=1e-3, rtol=0)
    mean = (weights * FER2013_COUNTS).sum() / FER2013_COUNTS.sum()
    assert mean.item() == pytest.approx(1, abs=1e-6)


def test_no_class_weighs_more_than_ten_faces():
    rare, common = class_weights(torch.tensor([1, 999]), 1.0).tolist()
    assert (rare, common) == pytest.approx((10, 1000 / 1998))


def test_weighted_loss_divides_by_the_batch_and_not_by_the_weights():
    logits = [[0.0, 0.0], [0.0, math.log(3)]]  # p of the label: 1/2, 3/4
    loss = Supervised(task([2.0, 1.0])).loss(step(logits, [0, 1]))
    assert loss.value.item() == pytest.approx((2 * math.log(2) + math.log(4 / 3)) / 2)


def test_mixing_gives_the_more_uncertain_face_the_larger_share():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    mixed = mix(logits, torch.tensor([3.0, 1.0]), torch.tensor([1, 0]))
    torch.testing.assert_close(mixed, torch.tensor([[0.75, 0.25], [0.75, 0.25]]))


def test_mixing_logits_is_mixing_features_before_a_linear_classifier():
    torch.manual_seed(0)
    classifier, features = torch.nn.Linear(5, 3), torch.randn(4, 5)
    scores, partner = torch.rand(4) + 0.1, torch.tensor([2, 0, 3, 1])
    share = (scores / (scores + scores[partner]))[:, None]
    expected = classifier(share * features + (1 - share) * features[partner])
    torch.testing.assert_close(mix(classifier(features), scores, partner), expected)


def test_add_up_loss_equals_a_hand_computed_value(monkeypatch):
    # Two faces with equal logits: mixing changes nothing, and each is charged half for either label.
    monkeypatch.setattr(torch, "randperm", lambda n, **_: torch.tensor([1, 0]))
    logits = [[math.log(3), 0.0], [math.log(3), 0.0]]  # p = 3/4, 1/4
    strategy = RelativeUncertainty(task([1.0, 2.0]))
    loss = strategy.loss(step(logits, [0, 1], 0.5, torch.zeros(2, 4)))
    assert loss.value.item() == pytest.approx(0.5 * (math.log(4 / 3) + 2 * math.log(4)))


def test_before_mixing_begins_the_loss_is_cross_entropy():
    strategy = RelativeUncertainty(task([1.0, 1.0]), mixing_from=0.5)
    now = step([[2.0, 0.0], [0.0, 1.0]], [0, 1], 0.4, torch.zeros(2, 4))
    assert strategy.loss(now).value.item() == Supervised(task([1.0, 1.0])).loss(now).value.item()
    assert not strategy.complete(0.5)
    assert strategy.complete(0.6)


def test_accuracy_is_that_of_the_faces_before_they_are_mixed(monkeypatch):
    monkeypatch.setattr(torch, "randperm", lambda n, **_: torch.tensor([1, 0]))
    now = step([[2.0, 0.0], [0.0, 1.0]], [0, 1], 0.5, torch.zeros(2, 4))
    found = RelativeUncertainty(task([1.0, 1.0])).loss(now).logits
    assert found.tolist() == [[2, 0], [0, 1]]


def test_labels_are_smoothed_until_mixing_begins():
    strategy = RelativeUncertainty(task([1.0, 1.0]), mixing_from=0.5)
    strategy.criterion.smoothing = 0.2
    early, late = (
        step([[math.log(3), 0.0]], [0], progress, torch.zeros(1, 4)) for progress in (0.4, 0.5)
    )  # p = 3/4; a face alone is mixed with itself
    smoothed = 0.9 * math.log(4 / 3) + 0.1 * math.log(4)
    assert strategy.loss(early).value.item() == pytest.approx(smoothed)
    assert strategy.loss(late).value.item() == pytest.approx(math.log(4 / 3))


def test_where_mixing_never_begins_any_epoch_may_be_chosen():
    assert RelativeUncertainty(task([1.0, 1.0]), mixing_from=1).complete(0.1)


def test_teachers_have_their_share_in_each_label(monkeypatch):
    # As above, with both faces called half their own label and half the teachers' (1, 0).
    monkeypatch.setattr(torch, "randperm", lambda n, **_: torch.tensor([1, 0]))
    logits = [[math.log(3), 0.0], [math.log(3), 0.0]]  # p = 3/4, 1/4
    strategy = RelativeUncertainty(task([1.0, 1.0]), taught=0.5)
    now = step(logits, [0, 1], 0.5, torch.zeros(2, 4))
    now = now._replace(targets=torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    expected = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    assert strategy.loss(now).value.item() == pytest.approx(expected)
    with pytest.raises(UserError, match="needs teachers"):
        strategy.loss(now._replace(targets=None))


@pytest.mark.parametrize(("exponent", "odds"), [(1.0, 9), (0.5, 3), (0.0, 1)])
def test_the_prior_is_added_to_the_logits_and_the_loss_weighs_all_alike(exponent, odds):
    criterion = build(torch.tensor([9, 1]), exponent, "prior", 0.0)
    loss = criterion(torch.zeros(1, 2), torch.tensor([1]))
    assert loss.item() == pytest.approx(math.log(1 + odds))  # p of the rare class: 1 of 10


MODES = [(0.5, "loss"), (0.5, "prior"), (0.9, "class_balanced"), ([1.0, 1.0], "loss")]


@pytest.mark.parametrize(("weights", "mode"), MODES)
def test_labels_are_smoothed_however_classes_are_weighed(weights, mode):
    assert build(torch.tensor([9, 1]), weights, mode, 0.2).smoothing == 0.2


@pytest.mark.parametrize(("weights", "mode"), MODES)
def test_a_class_without_faces_costs_no_nan(weights, mode):
    criterion = build(torch.tensor([4, 0]), weights, mode, 0.1)
    assert criterion(torch.zeros(1, 2), torch.tensor([0])).isfinite()


@pytest.mark.parametrize("mode", ["loss", "prior", "class_balanced"])
def test_a_weight_of_zero_leaves_all_as_it_is(mode):
    criterion = build(torch.tensor([9, 0, 1]), 0.0, mode, 0.0)
    assert (criterion.weights.tolist(), criterion.offset.tolist()) == ([1] * 3, [0] * 3)


def test_a_checkpoint_holds_no_weights_that_another_recipe_would_take_over():
    assert not Criterion(torch.ones(2)).state_dict()


def test_effective_numbers_by_hand():
    criterion = build(torch.tensor([1, 2]), 0.5, "class_balanced", 0.0)
    # (1 - b) / (1 - b^n): 1 and 2/3; scaled so that (1 * w_0 + 2 * w_1) / 3 is 1.
    torch.testing.assert_close(criterion.weights, torch.tensor([9 / 7, 6 / 7]))


def test_smoothing_gives_a_share_to_every_class():
    criterion = Criterion(torch.ones(2), smoothing=0.2)
    loss = criterion(torch.tensor([[math.log(3), 0.0]]), torch.tensor([0]))  # p = 3/4, 1/4
    assert loss.item() == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4))


def test_a_list_of_weights_is_taken_as_it_is():
    criterion = build(torch.tensor([5, 5]), [1.0, 3.0], "loss", 0.0)
    assert criterion.weights.tolist() == [1.0, 3.0]


def test_a_list_of_weights_has_one_for_each_class():
    with pytest.raises(UserError, match="class_weights has 2 weights, the data set 3 classes"):
        build(torch.tensor([5, 5, 5]), [1.0, 3.0], "loss", 0.0)


def test_a_distribution_costs_its_cross_entropy_and_weights_go_with_the_shares():
    criterion = Criterion(torch.tensor([1.0, 2.0]))
    loss = criterion.soft(torch.tensor([[math.log(3), 0.0]]), torch.tensor([[0.5, 0.5]]))
    assert loss.item() == pytest.approx(0.5 * math.log(4 / 3) + 0.5 * 2 * math.log(4))


def test_a_certain_distribution_costs_what_its_label_does():
    criterion = Criterion(torch.tensor([1.0, 3.0]), torch.tensor([math.log(3), 0.0]), smoothing=0.2)
    logits, label = torch.tensor([[1.0, 0.5]]), torch.tensor([1])
    certain = torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(criterion.soft(logits, certain), criterion(logits, label))
    # What is mixed of two faces is not smoothed besides.
    sharp = Criterion(criterion.weights, criterion.offset)(logits, label)
    torch.testing.assert_close(criterion.soft(logits, certain, smoothing=0.0), sharp)
