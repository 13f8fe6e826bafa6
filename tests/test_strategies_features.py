"""What strategies that look at features, maps and faces beside each other charge, by hand."""

import math

import pytest
import torch
from torch import nn

from fer_live.errors import UserError
from fer_live.models import Output
from fer_live.models.adcorre import AdCorre
from tests.tiny import LN2, LN3, UNDECIDED, TinyNetwork, step, task, value
from train.strategies import Step
from train.strategies.adcorre import AdaptiveCorrelation, agreement, feature_loss, mean_loss
from train.strategies.center import CenterLoss
from train.strategies.dacl import AttentiveCenterLoss
from train.strategies.dlp import LocalityPreserving
from train.strategies.eac import ErasingAttentionConsistency
from train.strategies.scn import SelfCure
from train.strategies.simclr import SimClr, nt_xent


def test_center_loss_is_half_the_squared_distance_and_the_centre_follows():
    strategy = CenterLoss(task([1.0, 1.0]), weight=0.1, rate=0.5)
    now = step(UNDECIDED, [0, 0], embedding=[[1.0, 0.0], [3.0, 0.0]])
    assert value(strategy, now) == pytest.approx(LN2 + 0.1 * 0.5 * (1 + 9) / 2)
    # Half of (1 + 3) / (1 + 2 faces); the class without faces stays.
    torch.testing.assert_close(strategy.centres.points, torch.tensor([[2 / 3, 0.0], [0.0, 0.0]]))


def test_centres_of_classes_that_a_batch_lacks_stay():
    strategy = CenterLoss(task([1.0, 1.0, 1.0]), rate=0.5)
    strategy.loss(step([[0.0] * 3] * 2, [0, 1], embedding=[[2.0, 0.0], [0.0, 4.0]]))
    assert strategy.centres.points.tolist() == [[0.5, 0.0], [0.0, 1.0], [0.0, 0.0]]


def test_centres_are_in_the_checkpoint():
    strategy, resumed = (CenterLoss(task([1.0, 1.0])) for _ in range(2))
    strategy.loss(step(UNDECIDED, [0, 1], embedding=[[2.0, 0.0], [0.0, 4.0]]))
    resumed.load_state_dict(strategy.state_dict())
    assert resumed.centres.points.tolist() == [[0.5, 0.0], [0.0, 1.0]]


def test_attention_of_one_half_halves_the_center_loss_and_its_centres_pull():
    strategy = AttentiveCenterLoss(task([1.0, 1.0]), weight=0.1, rate=0.5, hidden=[3, 3])
    nn.init.zeros_(strategy.attention.layers[-1].weight)
    nn.init.zeros_(strategy.attention.layers[-1].bias)
    now = step(UNDECIDED, [0, 0], embedding=[[1.0, 0.0], [3.0, 0.0]])
    assert value(strategy, now) == pytest.approx(LN2 + 0.1 * 0.5 * 0.5 * (1 + 9) / 2)
    torch.testing.assert_close(strategy.centres.points[0], torch.tensor([1 / 3, 0.0]))
    assert strategy.measures() == {"attention": pytest.approx(0.5)}


def test_attention_reads_the_whole_map_through_bounded_features():
    network = TinyNetwork(2)
    strategy = AttentiveCenterLoss(task([1.0, 1.0], network=network), hidden=[3, 2])
    kinds = [type(layer).__name__ for layer in strategy.attention.layers]
    hidden = ["Linear", "BatchNorm1d"]
    assert kinds == ["Flatten", *hidden, "ReLU", *hidden, "Tanh", "Linear"]
    assert strategy.attention(torch.rand(4, *network.map_shape)).shape == (4, network.width)


def test_the_curves_tell_the_attention_of_the_last_batch():
    strategy = AttentiveCenterLoss(task([1.0, 1.0]), hidden=[3, 3])
    nn.init.zeros_(strategy.attention.layers[-1].weight)
    strategy.attention.layers[-1].bias.data = torch.tensor([0.0, LN3, 0.0, LN3])
    strategy.loss(step(UNDECIDED, [0, 0], embedding=UNDECIDED))
    assert strategy.measures() == {"attention": pytest.approx(0.75)}


@pytest.mark.parametrize(
    ("neighbours", "squares"),
    [
        (1, 1 + 1 + 4),  # 0 and 1 are each other's nearest, 3 is nearest to 1
        (20, 2**2 + 0.5**2 + 2.5**2),  # all there are: means 2, 1.5 and 0.5
    ],
)
def test_locality_is_the_distance_to_the_mean_of_the_nearest_of_the_class(neighbours, squares):
    # Three faces of one class at 0, 1 and 3; one alone in its class at 2 costs nothing.
    embedding = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [2.0, 0.0]]
    now = step(UNDECIDED + UNDECIDED, [0, 0, 0, 1], embedding=embedding)
    strategy = LocalityPreserving(task([1.0, 1.0]), weight=0.1, neighbours=neighbours)
    assert value(strategy, now) == pytest.approx(LN2 + 0.1 * 0.5 * squares / 4)


def test_neighbours_are_not_pulled_by_the_face_that_comes_near():
    embedding = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], requires_grad=True)
    now = step([*UNDECIDED, [0.0, 0.0]], [0, 0, 0])
    said = now.forward(None)._replace(embedding=embedding)
    strategy = LocalityPreserving(task([1.0, 1.0]), weight=3.0, neighbours=1)
    strategy.loss(now._replace(forward=lambda images: said)).value.backward()
    # Each face's own way from its nearest: 1, 0 and 1; a mean over three faces, three times.
    assert embedding.grad[:, 0].tolist() == [-1, 1, 2]


def self_cure(known=None, **options):
    """Importance is the sigmoid of the one-dimensional embedding; two faces, labelled 1 and 0."""
    known = known or task([1.0, 1.0], labels=[1, 0], width=1)
    strategy = SelfCure(known, **{"high_share": 0.5, **options})
    nn.init.ones_(strategy.importance.weight)
    nn.init.zeros_(strategy.importance.bias)
    return strategy


# Importance 3/4 and 1/4; times these logits: p = 3/4 for class 0, and for class 1.
SCN_SAYS = {"logits": [[LN3 / 0.75, 0.0], [0.0, LN3 / 0.25]], "embedding": [[LN3], [-LN3]]}


def test_self_cure_weighs_logits_and_asks_for_a_gap_in_importance():
    strategy = self_cure(margin=0.6, relabel_from=1.0)
    # Both labels have p = 1/4; the gap is 1/2 where 0.6 is asked for.
    assert value(strategy, step(labels=[1, 0], **SCN_SAYS)) == pytest.approx(math.log(4) + 0.1)


def test_self_cure_compares_the_means_of_its_groups():
    strategy = self_cure(margin=0.6, relabel_from=1.0)
    strategy.labels = torch.tensor([1, 0, 1, 0])
    # Importance 3/4 and 1/2, 1/2 and 1/4: the gap is 1/4.
    now = step(UNDECIDED * 2, [1, 0, 1, 0], embedding=[[LN3], [0.0], [0.0], [-LN3]])
    assert value(strategy, now) == pytest.approx(LN2 + 0.6 - 0.25)


@pytest.mark.parametrize("high_share", [0.0, 1.0])
def test_self_cure_has_a_face_in_either_group(high_share):
    strategy = self_cure(margin=0.6, relabel_from=1.0, high_share=high_share)
    assert value(strategy, step(labels=[1, 0], **SCN_SAYS)) == pytest.approx(math.log(4) + 0.1)


def test_self_cure_tells_the_logits_as_they_are():
    found = self_cure(relabel_from=1.0).loss(step(labels=[1, 0], **SCN_SAYS)).logits
    torch.testing.assert_close(found, torch.tensor(SCN_SAYS["logits"]))


def test_self_cure_changes_the_label_of_the_least_important_only_and_late():
    known = task([1.0, 1.0], labels=[1, 0], width=1)
    strategy = self_cure(known, relabel_from=0.5)
    strategy.loss(step(labels=[1, 0], progress=0.4, **SCN_SAYS))
    assert strategy.labels.tolist() == [1, 0]
    strategy.loss(step(labels=[1, 0], progress=0.5, **SCN_SAYS))
    # The second face took the likelier label; the first is important and keeps its own.
    assert strategy.labels.tolist() == [1, 1]
    assert strategy.given.tolist() == [1, 0]
    assert known.labels.tolist() == [1, 0]
    assert strategy.measures() == {"relabelled": 0.5, "importance": pytest.approx(0.5)}


def test_self_cure_charges_for_the_new_label_and_remembers_it_in_the_checkpoint():
    strategy = self_cure(relabel_from=0.0)
    strategy.loss(step(labels=[1, 0], **SCN_SAYS))
    resumed = self_cure(relabel_from=0.0)
    resumed.load_state_dict(strategy.state_dict())
    charged = value(resumed, step(labels=[1, 0], **SCN_SAYS))
    assert charged == pytest.approx((math.log(4) + math.log(4 / 3)) / 2)


def test_self_cure_keeps_a_label_that_is_nearly_as_likely():
    strategy = self_cure(relabel_from=0.0, relabel_margin=0.51)
    strategy.loss(step(labels=[1, 0], **SCN_SAYS))
    assert strategy.labels.tolist() == [1, 0]


def test_self_cure_ranks_faces_in_mixed_precision_as_well():
    strategy = self_cure(relabel_from=0.0, relabel_margin=-1.0)
    now = step([[9.0, 0.0], [0.0, 9.0]], [1, 0], embedding=[[-0.001], [0.001]])
    with torch.autocast("cpu", torch.bfloat16):
        strategy.loss(now)
    assert strategy.labels.tolist() == [0, 0]  # the first one, by a hair


UP, DOWN = [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]  # their correlation is -1


def test_agreement_is_two_for_equal_rows_and_nothing_for_opposite_ones():
    assert agreement(torch.tensor([UP, UP])).item() == pytest.approx(2, abs=1e-6)
    assert agreement(torch.tensor([UP, DOWN])).item() == pytest.approx(0, abs=1e-6)
    assert agreement(torch.tensor([UP])).item() == 0


def test_feature_loss_counts_pairs_of_a_class_that_disagree():
    features = torch.tensor([[UP, DOWN]])
    # Of four pairs the two of different faces are off by 2.
    assert feature_loss(features, torch.tensor([0, 0])).item() == pytest.approx(1, abs=1e-6)
    assert feature_loss(features, torch.tensor([0, 1])).item() == pytest.approx(0, abs=1e-6)


def test_mean_loss_compares_the_means_of_classes():
    features = torch.tensor([[UP, [2.0, 4.0, 6.0], [5.0, 4.0, 3.0]]])
    assert mean_loss(features, torch.tensor([3, 3, 1])).item() == pytest.approx(0, abs=1e-6)
    assert mean_loss(features, torch.tensor([3, 1, 1])).item() == pytest.approx(2, abs=1e-6)


def test_adaptive_correlation_adds_up():
    network = AdCorre(classes=2, size=16, embeddings=2, dimensions=3)
    strategy = AdaptiveCorrelation(task([1.0, 1.0], network=network), weight=0.1)
    now = step(UNDECIDED, [0, 1], embedding=[UP + DOWN, UP + DOWN])
    # FD: in either embedding two faces of two classes correlate, off by 2 in half the pairs: 1.
    # MD: the two classes' means are equal: 2. ED: the embeddings of each face are opposite: 0.
    assert value(strategy, now) == pytest.approx(LN2 + 0.1 * 3, abs=1e-6)


def test_correlations_carry_a_gradient():
    features = torch.tensor([[UP, [1.0, 2.3, 3.0]]], requires_grad=True)
    feature_loss(features, torch.tensor([0, 1])).backward()
    assert features.grad.abs().sum() > 0.01


def test_contrastive_loss_of_two_orthogonal_faces():
    faces = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    # The partner has a cosine of 1, the two others of 0.
    expected = math.log(math.exp(1 / 0.5) + 2) - 1 / 0.5
    assert nt_xent(torch.cat([faces, faces]), 0.5).item() == pytest.approx(expected)


def test_contrast_is_between_two_draws_of_the_same_faces_in_order():
    views = iter(torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]]))
    shown = []

    def read(images):
        shown.append(images.flatten().tolist())
        return Output(images, None, images, images.expand(-1, 2))

    now = step(UNDECIDED, [0, 1])._replace(view=lambda: next(views), forward=read)
    assert SimClr(task([1.0, 1.0])).loss(now).logits is None
    assert shown == [[1, 2, 3, 4]]
    assert not SimClr.classifies


def consistency(forward):
    """Of one face, (1, 2, 1, 2), whose first channel is 1 on the left; the classifier adds a bias."""
    strategy = ErasingAttentionConsistency(task([1.0, 1.0], network=TinyNetwork(2)), weight=5.0)
    classifier = nn.Linear(2, 2)
    nn.init.eye_(classifier.weight)
    nn.init.constant_(classifier.bias, 7.0)
    image = torch.tensor([[[[1.0, 0.0]], [[0.0, 0.0]]]])

    def said(images):
        feature_map = forward(images)
        logits = torch.zeros(len(images), 2)
        return Output(logits, None, feature_map, logits)

    now = Step(lambda: image, said, classifier, torch.tensor([0]), torch.tensor([0]), progress=0.0)
    return value(strategy, now)


def test_maps_that_mirror_with_the_face_cost_nothing():
    assert consistency(lambda images: images) == pytest.approx(LN2)


def test_maps_that_stay_when_the_face_is_mirrored_are_charged():
    # The first class's map is off by 1 in two of four values.
    found = consistency(lambda images: images[:1].expand(2, -1, -1, -1))
    assert found == pytest.approx(LN2 + 5 * 0.5)


def test_one_embedding_has_nothing_to_correlate():
    with pytest.raises(UserError, match="use network adcorre"):
        AdaptiveCorrelation(task([1.0, 1.0], network=TinyNetwork(2)))


@pytest.mark.parametrize(
    "network",
    [TinyNetwork(2, "cosine"), AdCorre(classes=2, size=16, embeddings=2, dimensions=3)],
    ids=["cosines", "embeddings"],
)
def test_a_head_whose_maps_do_not_add_up_is_refused(network):
    with pytest.raises(UserError, match="linear classifier"):
        ErasingAttentionConsistency(task([1.0, 1.0], network=network))


def test_dropout_does_not_hide_that_maps_add_up_and_goes_on():
    network = TinyNetwork(2)
    network.embed = lambda feature_map: nn.functional.dropout(
        feature_map.mean((2, 3)), 0.5, network.training
    )
    for training in (True, False):
        ErasingAttentionConsistency(task([1.0, 1.0], network=network.train(training)))
        assert network.training is training


def test_accuracy_is_that_of_the_face_and_not_of_its_mirror_image():
    strategy = ErasingAttentionConsistency(task([1.0, 1.0], network=TinyNetwork(2)))
    images = torch.tensor([[[[1.0, 0.0]], [[0.0, 5.0]]]])
    left = step(UNDECIDED[:1], [0])._replace(
        view=lambda: images,
        forward=lambda images: Output(images[:, :, 0, 0], None, images, images[:, :, 0, 0]),
    )
    assert strategy.loss(left).logits.tolist() == [[1, 0]]
