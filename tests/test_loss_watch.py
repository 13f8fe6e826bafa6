"""The losses that a training reads: on a CPU of the step itself, on a GPU of the one before."""

import math

import pytest
import torch

from train.loss_watch import LossWatch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
def test_each_loss_is_seen_with_its_step(device):
    watch = LossWatch()
    losses = torch.tensor([1.0, math.nan, 2.0], device=device)
    late = int(device == "cuda")
    seen = [watch.seen(loss, step) for step, loss in enumerate(losses)][late:]
    assert [one.step for one in seen] == list(range(3 - late))
    assert [one.loss for one in seen] == pytest.approx(
        [1.0, math.nan, 2.0][: 3 - late], nan_ok=True
    )
