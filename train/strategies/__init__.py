"""Ways of learning: what a batch costs. A file each."""

from collections.abc import Mapping
from typing import Any

from train.strategies.adcorre import AdaptiveCorrelation
from train.strategies.base import Loss, Step, Strategy, Task
from train.strategies.center import CenterLoss
from train.strategies.dacl import AttentiveCenterLoss
from train.strategies.distillation import Distillation
from train.strategies.distributions import LabelDistributions
from train.strategies.dlp import LocalityPreserving
from train.strategies.eac import ErasingAttentionConsistency
from train.strategies.focal import Focal
from train.strategies.ldam import LabelDistributionAwareMargin
from train.strategies.logit_adjustment import LogitAdjustment
from train.strategies.mixup import Mixup
from train.strategies.multitask import MultiTask
from train.strategies.options import check_options
from train.strategies.prob_nll import ProbabilityNll
from train.strategies.rul import RelativeUncertainty
from train.strategies.scn import SelfCure
from train.strategies.simclr import SimClr
from train.strategies.supervised import Supervised
from train.strategies.tau_norm import TauNormalisation

STRATEGIES: dict[str, type[Strategy]] = {
    "adcorre": AdaptiveCorrelation,
    "center": CenterLoss,
    "dacl": AttentiveCenterLoss,
    "distillation": Distillation,
    "distributions": LabelDistributions,
    "dlp": LocalityPreserving,
    "eac": ErasingAttentionConsistency,
    "focal": Focal,
    "ldam": LabelDistributionAwareMargin,
    "logit_adjustment": LogitAdjustment,
    "mixup": Mixup,
    "multitask": MultiTask,
    "prob_nll": ProbabilityNll,
    "rul": RelativeUncertainty,
    "scn": SelfCure,
    "simclr": SimClr,
    "supervised": Supervised,
    "tau_norm": TauNormalisation,
}
# Those that make rare classes weigh more by themselves.
ADJUSTING: frozenset[str] = frozenset({"ldam", "logit_adjustment", "tau_norm"})


def build_strategy(name: str, task: Task, options: Mapping[str, Any]) -> Strategy:
    """The strategy of that name. Raises UserError as `check_options` does."""
    check_options(STRATEGIES[name], name, options)
    return STRATEGIES[name](task, **options)


__all__ = [
    "ADJUSTING",
    "STRATEGIES",
    "Loss",
    "Step",
    "Strategy",
    "Task",
    "build_strategy",
    "check_options",
]
