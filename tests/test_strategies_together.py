"""Strategies in two processes that train together: what each decides is known to both."""

import pytest
import torch

from tests.processes import of_two_processes
from tests.tiny import UNDECIDED, step, task
from train.strategies.mixup import Mixup
from train.strategies.scn import SelfCure


def relabel(rank):
    """Each process meets one face of four and gives it the likelier label."""
    strategy = SelfCure(task([1.0, 1.0], labels=[0, 0, 0, 0], width=1))
    strategy._relabel(torch.tensor([[0.0, 9.0]]), torch.tensor([0]), torch.tensor([2 * rank]))
    return strategy.labels


def mixed(rank):
    """Which of 16 batches a process with its own draws mixes."""
    torch.manual_seed(rank)
    strategy = Mixup(task([1.0, 1.0]), share=0.5)
    now = step(UNDECIDED, [0, 1])._replace(view=lambda: torch.zeros(2, 1))
    return [strategy.loss(now).logits is None for _ in range(16)]


def both(rank):
    return relabel(rank), mixed(rank)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What both do in each process: to begin two takes seconds."""
    return of_two_processes(both, tmp_path_factory.mktemp("processes"))


def test_new_labels_are_known_to_all_processes(found):
    assert [labels.tolist() for labels, _ in found] == [[1, 0, 1, 0]] * 2


def test_processes_mix_the_same_batches(found):
    (_, first), (_, second) = found
    assert first == second
    assert 0 < sum(first) < 16
