"""What a network is shown of a data set, and what is made of its answers, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fer_live.card import Card
from fer_live.expressions import ANGRY, HAPPY, SAD
from fer_live.models import Output
from train import predict as predicting
from train.data import LabelledFaces
from train.exclusions import kept
from train.fitted import fitted_to
from train.predict import Logits, predict

SIDE = 8
CPU = torch.device("cpu")
CARD = Card("tiny", "cnn6", {}, (ANGRY, HAPPY, SAD), SIDE, 1, 0.5, 0.25)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE), np.uint8)
WEIGHTS = torch.from_numpy(np.random.default_rng(1).normal(0, 0.1, (SIDE * SIDE, 3))).float()


class Linear(nn.Module):
    """Its logits are sums over the pixels, and so are its log variance and, if it has one, its `crowd` head's."""

    def __init__(self, crowd=False):
        super().__init__()
        self.crowd = crowd

    def forward(self, images):
        logits = images.flatten(1) @ WEIGHTS
        return Output(logits, logits[:, :1], images, logits, logits[:, 1:] if self.crowd else None)


def faces(*classes):
    return LabelledFaces(
        dataset="noise",
        split="test",
        classes=classes,
        labels=np.zeros(len(PIXELS), np.int64),
        rows=np.arange(len(PIXELS)),
        images=PIXELS,
    )


def read(pixels):
    """Logits of pictures (N, 8, 8)."""
    return torch.from_numpy((pixels / 255 - 0.5) / 0.25).float().flatten(1) @ WEIGHTS


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(predicting, "BATCH", 2)


def test_faces_are_read_in_their_order_whatever_the_batch():
    found = predict(Linear(), CARD, faces(ANGRY, HAPPY, SAD), CPU)
    torch.testing.assert_close(found.logits, read(PIXELS))
    torch.testing.assert_close(found.head, read(PIXELS)[:, 0].exp())
    assert found.variance is found.crowd is None


def test_how_people_would_vote_and_the_variance_are_told_apart():
    found, logits = predict(Linear(crowd=True), CARD, faces(ANGRY, HAPPY, SAD), CPU), read(PIXELS)
    torch.testing.assert_close(found.crowd, logits[:, 1:])
    shares = logits[:, 1:].softmax(1)
    torch.testing.assert_close(found.head, -(shares * shares.log()).sum(1))
    torch.testing.assert_close(found.variance, logits[:, 0].exp())
    head, variance = found.raw()
    assert (head.tolist(), variance.tolist()) == (found.head.tolist(), found.variance.tolist())


def test_probabilities_are_over_the_temperature():
    found = Logits(torch.tensor([[2 * math.log(3), 0.0]]), None)
    assert found.probabilities(2.0).tolist() == [pytest.approx([0.75, 0.25])]
    assert found.raw() == (None, None)


def test_logits_are_in_the_data_sets_order_and_of_its_classes_alone():
    found = predict(Linear(), CARD, faces(SAD, ANGRY), CPU)
    torch.testing.assert_close(found.logits, read(PIXELS)[:, [2, 0]])


def test_ten_views_are_the_face_and_its_mirror_image_in_five_places():
    views = []
    for down, right in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
        rows, columns = (np.clip(np.arange(SIDE) + by, 0, SIDE - 1) for by in (down, right))
        moved = PIXELS[:, rows][:, :, columns]  # the edge's pixels are repeated
        views += [moved, moved[:, :, ::-1]]
    found = predict(Linear(), CARD, faces(ANGRY, HAPPY, SAD), CPU, tta=True)
    expected = torch.stack([read(view).log_softmax(1) for view in views]).mean(0)
    torch.testing.assert_close(found.logits, expected)
    torch.testing.assert_close(found.head, read(PIXELS)[:, 0].exp())  # of the plain view


def test_what_all_the_models_classes_say_is_kept_where_the_data_set_lacks_some():
    torch.testing.assert_close(predict(Linear(), CARD, faces(SAD, ANGRY), CPU).whole, read(PIXELS))
    assert predict(Linear(), CARD, faces(SAD, HAPPY, ANGRY), CPU).whole is None


def test_rows_to_leave_out_that_are_not_there_are_told_of(tmp_path, caplog):
    (tmp_path / "list.txt").write_text("test 1\ntest 999\n")
    assert kept(faces(ANGRY, HAPPY, SAD), tmp_path / "list.txt").tolist() == [
        *(True, False, True, True, True)
    ]
    assert "names rows that the split test lacks (1, such as 999)" in caplog.text


def test_what_fitted_one_folder_fitted_no_other():
    told = {"matrix_scaling": {"by": "bias", "split": "test"}}
    classes = (ANGRY, HAPPY, SAD)
    card = replace(
        CARD, labels=classes, dataset="folder", split_sizes={"test": len(PIXELS)}, training=told
    )
    own = replace(faces(*classes), dataset="folder")
    assert fitted_to(own, card)
    assert not fitted_to(replace(own, classes=classes[:2]), card)
    assert not fitted_to(own, replace(card, split_sizes={"test": 9}))
