"""Ways of learning: what a batch costs. A file each."""

from train.strategies.base import Loss, Step, Strategy, Task
from train.strategies.rul import RelativeUncertainty
from train.strategies.supervised import Supervised

STRATEGIES: dict[str, type[Strategy]] = {
    "rul": RelativeUncertainty,
    "supervised": Supervised,
}
# Those that make rare classes weigh more by themselves.
ADJUSTING: frozenset[str] = frozenset()

__all__ = ["ADJUSTING", "STRATEGIES", "Loss", "Step", "Strategy", "Task"]
