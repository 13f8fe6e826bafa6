"""How the learning rate changes over a training."""

import math
from collections.abc import Callable

from train.recipe import Recipe

PLATEAU_FACTOR = 0.1


def factor(recipe: Recipe, steps: int) -> Callable[[int], float]:
    """The factor on the learning rate at each of a training's `steps`, as the recipe asks."""
    epoch = steps / max(recipe.epochs, 1)
    warmup = recipe.warmup_epochs * epoch
    if recipe.schedule == "cosine":
        return lambda step: warm_cosine(step, warmup, steps)

    def stairs(step: int) -> float:
        return min(1.0, (step + 1) / (warmup + 1)) * recipe.decay ** (
            step // (epoch * recipe.decay_every)
        )

    return stairs


def warm_cosine(step: int, warmup: float, steps: float) -> float:
    """A line up to 1 over `warmup` steps, then a cosine to 0."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1.0, steps - warmup))))


class Plateau:
    """A factor of its own beside any schedule: a tenth after more than `patience` epochs without a better loss.

    Kept apart from the other factor, because both torch's exponential and its plateau scheduler write
    the rate itself and would undo each other. A `patience` of 0 is never.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.factor = 1.0
        self.best = math.inf
        self.waited = 0

    def step(self, loss: float) -> None:
        """Count one epoch that ended with this loss on the selection split."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.patience and self.waited > self.patience:
            self.factor *= PLATEAU_FACTOR
            self.waited = 0

    def state_dict(self) -> dict[str, float]:
        return {"factor": self.factor, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.factor, self.best = state["factor"], state["best"]
        self.waited = int(state["waited"])
