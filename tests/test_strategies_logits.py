"""What strategies that look at logits and labels alone charge, by hand."""

import math

import pytest
import torch
from torch.distributions import Beta

from fer_live.errors import UserError
from fer_live.models import Output
from fer_live.models.classifiers import CosineLinear
from tests.tiny import LN2, LN3, UNDECIDED, TinyNetwork, step, task, value
from train.strategies.distillation import Distillation
from train.strategies.distributions import LabelDistributions
from train.strategies.focal import Focal
from train.strategies.ldam import LabelDistributionAwareMargin
from train.strategies.logit_adjustment import LogitAdjustment
from train.strategies.mixup import Mixup
from train.strategies.prob_nll import ProbabilityNll
from train.strategies.tau_norm import TauNormalisation


def test_focal_loss_is_small_where_the_face_is_right():
    now = step([[LN3, 0.0], [LN3, 0.0]], [0, 1])  # p of the label: 3/4, 1/4
    expected = (0.25**2 * math.log(4 / 3) + 0.75**2 * math.log(4)) / 2
    assert value(Focal(task([1.0, 1.0]), gamma=2), now) == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_face_that_is_certain_has_a_gradient_in_focal_loss(gamma):
    now = step([[40.0, 0.0]], [0])
    logits = now.forward(None).logits.requires_grad_()
    Focal(task([1.0, 1.0]), gamma).loss(now).value.backward()
    assert logits.grad.abs().max() < 1e-6


@pytest.mark.parametrize(
    ("strategy", "expected"), [(Focal, math.log(4) * 0.75**2), (ProbabilityNll, -0.25)]
)
def test_a_prior_moves_the_probability_too(strategy, expected):
    known = task([1.0, 1.0])
    known.criterion.offset = torch.tensor([LN3, 0.0])
    assert value(strategy(known), step([[0.0, 0.0]], [1])) == pytest.approx(expected)


def margins(deferred_from):
    network = TinyNetwork(classes=2)
    network.classifier = CosineLinear(32, 2, scale=2.0)
    several = task([1.0, 1.0], labels=[0] * 16 + [1], network=network)
    return LabelDistributionAwareMargin(several, 0.5, deferred_from, beta=0.5)


def test_margins_follow_the_fourth_root_of_the_class_sizes():
    strategy = margins(deferred_from=1.0)
    assert strategy.margins.tolist() == [0.25, 0.5]
    # Twice the margin is taken from the label's logit.
    expected = (math.log(1 + math.exp(0.5)) + math.log(1 + math.exp(1))) / 2
    assert value(strategy, step(UNDECIDED, [0, 1])) == pytest.approx(expected)


def test_margins_are_joined_by_weights_in_the_last_part():
    strategy = margins(deferred_from=0.8)
    early, late = (value(strategy, step([[0.0, 0.0]], [1], progress)) for progress in (0.7, 0.8))
    raw = [0.5 / (1 - 0.5**16), 1.0]  # (1 - beta) / (1 - beta^n) of 16 and of 1
    assert late / early == pytest.approx(17 * raw[1] / (16 * raw[0] + raw[1]))


@pytest.mark.parametrize(("tau", "share"), [(1.0, 1 / 4), (0.5, 1 / (1 + math.sqrt(3)))])
def test_logit_adjustment_adds_the_logarithm_of_the_shares(tau, share):
    strategy = LogitAdjustment(task([1.0, 1.0], labels=[0, 0, 0, 1]), tau)
    assert value(strategy, step([[0.0, 0.0]], [1])) == pytest.approx(-math.log(share))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("strategy", [LabelDistributionAwareMargin, LogitAdjustment])
def test_a_class_without_faces_costs_no_nan(strategy, smoothing):
    network = TinyNetwork(2, "cosine")
    known = task([1.0, 1.0], labels=[0, 0], network=network)
    known.criterion.smoothing = smoothing
    assert known.counts.tolist() == [2, 0]
    for progress in (0.0, 1.0):
        assert math.isfinite(value(strategy(known), step(UNDECIDED, [0, 0], progress)))


def test_deferred_weights_smooth_labels_as_the_rest_of_the_training_does():
    known = task([1.0, 1.0], network=TinyNetwork(2, "cosine"))
    known.criterion.smoothing = 0.1
    assert LabelDistributionAwareMargin(known).weighted.smoothing == 0.1


@pytest.mark.parametrize("strategy", [LabelDistributionAwareMargin, LogitAdjustment])
def test_accuracy_is_that_of_the_logits_as_they_are(strategy):
    known = task([1.0, 1.0], labels=[0, 0, 0, 1], network=TinyNetwork(2, "cosine"))
    assert strategy(known).loss(step([[1.0, 0.5]], [1])).logits.tolist() == [[1.0, 0.5]]


@pytest.mark.parametrize("strategy", [LabelDistributionAwareMargin, LogitAdjustment])
def test_a_checkpoint_holds_nothing_that_follows_from_the_data(strategy):
    assert not strategy(task([1.0, 1.0], network=TinyNetwork(2, "cosine"))).state_dict()


def mixup_of_two(monkeypatch, **options):
    """What two images with the logits (4 ln 3, 0) and (0, 0), of either class, cost when both are mixed."""
    monkeypatch.setattr(torch, "randperm", lambda n, **_: torch.tensor([1, 0]))
    images = torch.tensor([[4 * LN3, 0.0], [0.0, 0.0]])[:, :, None, None]

    def reads_off(images):
        logits = images[:, :, 0, 0]
        return Output(logits, None, images, logits)

    now = step(UNDECIDED, [0, 1])._replace(view=lambda: images, forward=reads_off)
    return Mixup(task([1.0, 1.0]), share=1.0, **options).loss(now)


def test_mixup_charges_for_each_label_as_much_as_there_is_of_its_image(monkeypatch):
    monkeypatch.setattr(Beta, "sample", lambda beta: torch.tensor(0.75))
    found = mixup_of_two(monkeypatch)
    # Three quarters of the first image have the logits (3 ln 3, 0), a quarter (ln 3, 0): p = 27/28 and 3/4.
    own, other = math.log(28 / 27) + math.log(4), math.log(28) + math.log(4 / 3)
    assert found.value.item() == pytest.approx((0.75 * own + 0.25 * other) / 2)
    assert found.logits is None


def test_a_large_alpha_mixes_halves(monkeypatch):
    # Both mixed images have the logits (2 ln 3, 0): p = 9/10, 1/10.
    found = mixup_of_two(monkeypatch, alpha=1e8)
    assert found.value.item() == pytest.approx((math.log(10 / 9) + math.log(10)) / 2, abs=1e-3)


def test_batches_that_mixup_leaves_alone_cost_cross_entropy():
    strategy = Mixup(task([1.0, 1.0]), share=0.0)
    assert value(strategy, step([[LN3, 0.0]], [0])) == pytest.approx(math.log(4 / 3))


def test_negative_probability():
    now = step([[LN3, 0.0], [LN3, 0.0]], [0, 1])
    assert value(ProbabilityNll(task([1.0, 2.0])), now) == pytest.approx(-(0.75 + 2 * 0.25) / 2)


def test_distributions_are_learned_as_they_are():
    now = step([[LN3, 0.0]], [0], targets=[[0.5, 0.5]])
    expected = (math.log(4 / 3) + math.log(4)) / 2
    assert value(LabelDistributions(task([1.0, 1.0])), now) == pytest.approx(expected)


def test_tau_is_chosen_by_macro_recall_and_the_bias_goes():
    network = TinyNetwork(classes=2)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.weight[0, 0] = 4.0
        network.classifier.weight[1, 1] = 1.0

    def best_at_twice_the_length():
        long, short = network.classifier.weight.norm(dim=1).tolist()
        return -abs(long / short - 2)

    strategy = TauNormalisation(task([1.0, 1.0], network=network))
    strategy.adjust(network, best_at_twice_the_length)
    # 4^(1 - tau) is 2 at a tau of one half.
    assert network.classifier.weight.norm(dim=1).tolist() == pytest.approx([2, 1])
    assert not network.classifier.bias.any()


def test_distributions_need_votes():
    with pytest.raises(UserError, match="use strategy supervised"):
        LabelDistributions(task([1.0, 1.0])).loss(step([[0.0, 0.0]], [0]))


def test_tau_normalisation_trains_nothing():
    strategy = TauNormalisation(task([1.0, 1.0], network=TinyNetwork(2)))
    with pytest.raises(UserError, match="use epochs 0"):
        strategy.loss(step([[0.0, 0.0]], [0]))


def test_distillation_adds_how_far_the_teachers_are_away():
    strategy = Distillation(task([1.0, 1.0]), temperature=1.0, weight=0.5)
    now = step(UNDECIDED, [0, 1])._replace(targets=torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    # The first teacher agrees with the student; from certainty to one half it is ln 2.
    assert value(strategy, now) == pytest.approx(0.5 * LN2 + 0.5 * LN2 / 2, abs=1e-4)


def test_distillation_softens_teacher_and_student_alike():
    strategy = Distillation(task([1.0, 1.0]), temperature=2.0, weight=1.0)
    now = step([[2 * LN3, 0.0]], [0])._replace(targets=torch.tensor([[0.9, 0.1]]))
    # At T = 2 the teacher says 3/4 and so does the student.
    assert value(strategy, now) == pytest.approx(0, abs=1e-6)
    apart = 0.75 * math.log(1.5) - 0.25 * LN2  # from an undecided student, times T squared
    undecided = step(UNDECIDED[:1], [0])._replace(targets=torch.tensor([[0.9, 0.1]]))
    assert value(strategy, undecided) == pytest.approx(4 * apart)


def test_distillation_keeps_its_precision_where_the_network_computes_in_half():
    strategy = Distillation(task([1.0, 1.0]), temperature=3.0, weight=1.0)
    now = step([[0.7, -0.2]], [0])._replace(targets=torch.tensor([[0.9, 0.1]]))
    said = now.forward(None)
    half = said.logits.bfloat16()
    exact, rough = (
        value(strategy, now._replace(forward=lambda _, logits=each: said._replace(logits=logits)))
        for each in (half.float(), half)
    )
    assert rough == exact


def test_distillation_asks_for_teachers():
    with pytest.raises(UserError, match="--teacher WEIGHTS"):
        Distillation(task([1.0, 1.0])).loss(step(UNDECIDED, [0, 1]))


def test_margins_are_refused_where_there_are_no_cosines():
    with pytest.raises(UserError, match=r'arguments\.classifier "cosine"'):
        LabelDistributionAwareMargin(task([1.0, 1.0], network=TinyNetwork(2)))


def test_cosines_cannot_be_evened_out():
    with pytest.raises(UserError, match="linear classifier"):
        TauNormalisation(task([1.0, 1.0], network=TinyNetwork(2, "cosine")))
