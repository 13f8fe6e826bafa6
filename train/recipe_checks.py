"""What a recipe must be, beyond the types of its fields."""

import inspect
import logging
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from math import inf
from typing import Any

from fer_live.errors import UserError
from fer_live.models import MODELS
from train.data import DATASETS
from train.strategies import ADJUSTING, STRATEGIES, check_options

# Field -> the lowest and the highest value.
LIMITS = {
    "size": (1, inf),
    "small_size": (0, inf),
    "small_until": (0, 1),
    "epochs": (0, inf),
    "batch_size": (2, inf),  # BatchNorm fails on one face
    "learning_rate": (0, inf),
    "head_rate": (0, inf),
    "weight_decay": (0, inf),
    "label_smoothing": (0, 1),
    "decay": (0, inf),
    "decay_every": (1, inf),
    "plateau_patience": (0, inf),
    "warmup_epochs": (0, inf),
    "ema": (0, 0.999999),  # at 1 the average would stay what the first step made
    "clip_norm": (0, inf),
    "seed": (0, 2**32 - 1),
}
AUGMENTATION_LIMITS = {
    "flip": (0, 1),
    "rotation": (0, inf),
    "scale": (0, inf),
    "aspect": (0, inf),
    "shift": (0, inf),
    "contrast": (0, inf),
    "brightness": (0, inf),
    "gamma": (0, inf),
    "photometric": (0, 1),
    "erasing": (0, 1),
    "spoiling": (0, 1),
}
OWN = ("classes", "size", "channels")  # of a network's arguments, those that are not in `arguments`

logger = logging.getLogger(__name__)


def check_names(content: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Raise UserError on the first name that is not known, with the likeliest, or all, of those that are."""
    for name in content:
        if name not in known:
            likely = get_close_matches(str(name), known, 1)
            told = f"did you mean {likely[0]}?" if likely else f"use {', '.join(sorted(known))}"
            raise UserError(f"{where}: there is no field {name!r}: {told}")


def check_values(content: Mapping[str, Any], where: str) -> None:
    """Raise UserError on the first field, or field of a field, that has no value."""
    for name, value in content.items():
        if value is None:
            raise UserError(f"{where}: {name} has no value: give one, or leave it out")
        if isinstance(value, Mapping) and name == "augmentation":
            check_values(value, f"{where}: {name}")


def check(fields: Mapping[str, Any], name: str) -> None:
    """Raise UserError where these fields of the recipe `name` cannot be; warn where remedies are stacked."""
    for field, known in (
        ("network", tuple(MODELS)),
        ("dataset", tuple(DATASETS)),
        ("strategy", tuple(STRATEGIES)),
        ("channels", (1, 3)),
    ):
        if fields[field] not in known:
            raise UserError(
                f"recipe {name}: {field} {fields[field]!r} is not one of {', '.join(map(str, known))}"
            )
    augmentation = fields["augmentation"]
    _within(LIMITS, fields, f"recipe {name}: ")
    _within(AUGMENTATION_LIMITS, augmentation, f"recipe {name}: augmentation.")
    low, high = augmentation["erased_area"]
    if not 0 <= low <= high <= 1:
        raise UserError(
            f"recipe {name}: augmentation.erased_area {[low, high]} is not a smallest and a largest share"
        )
    if augmentation["spoiling"] and not augmentation["ways"]:
        raise UserError(
            f"recipe {name}: augmentation.ways names no way of spoiling: name one, or set augmentation.spoiling=0"
        )
    _check_weights(fields["class_weights"], fields["weight_mode"], name)
    strange = [key for key in OWN if key in fields["arguments"]]
    if strange:
        raise UserError(f"recipe {name}: arguments.{strange[0]} is no argument: leave it out")
    check_arguments(fields["network"], fields["arguments"], f"recipe {name}")
    strategy = fields["strategy"]
    check_options(STRATEGIES[strategy], strategy, fields["options"], f"recipe {name}: ")
    _check_teachers(fields, name)
    if fields["before"] and not fields["after"]:
        raise UserError(
            f"recipe {name}: before.{next(iter(fields['before']))} changes the recipe it comes after, and it "
            "comes after none: leave it out, or set after"
        )
    votes = STRATEGIES[strategy].of_votes or fields["after"]
    if fields["arguments"].get("crowd") and not votes:
        raise UserError(
            f"recipe {name}: arguments.crowd is a head that strategy {strategy} does not teach: leave it out"
        )
    if fields["options"].get("crowd") and not fields["arguments"].get("crowd"):
        raise UserError(
            f"recipe {name}: options.crowd weighs a head that the network lacks: use arguments.crowd=8"
        )
    _check_uncertainty_head(fields, name)
    _warn_of_stacked(fields, name)


def _check_teachers(fields: Mapping[str, Any], name: str) -> None:
    """Their words go into the targets of a strategy that asks for them, and nowhere else."""
    strategy, teachers = fields["strategy"], fields["teachers"]
    asked = strategy == "distillation" or fields["options"].get("taught", 0) > 0
    if teachers and not asked:
        raise UserError(
            f"recipe {name}: strategy {strategy} asks teachers {', '.join(teachers)} nothing: use --teacher, "
            "or rul or multitask with options.taught above 0"
        )
    if asked and not teachers:
        how = strategy if strategy == "distillation" else "option taught"
        raise UserError(f"recipe {name}: {how} needs teachers: use teachers=[WEIGHTS]")


def check_arguments(network: str, arguments: Mapping[str, Any], where: str) -> None:
    """Raise UserError on the first that the network does not have."""
    known = [name for name in inspect.signature(MODELS[network]).parameters if name not in OWN]
    strangers = [name for name in arguments if name not in (*known, *OWN)]
    if strangers:
        raise UserError(
            f"{where}: arguments: {strangers[0]!r} is not one of network {network}'s: "
            f"{', '.join(known) or 'none'}"
        )


def _within(
    limits: Mapping[str, tuple[float, float]], fields: Mapping[str, Any], where: str
) -> None:
    for field, (lowest, highest) in limits.items():
        if not lowest <= fields[field] <= highest or fields[field] == inf:
            upper = "or more" if highest == inf else f"to {highest}"
            raise UserError(f"{where}{field} is {fields[field]}: use {lowest} {upper}")


def _check_weights(weights: float | list[float], mode: str, name: str) -> None:
    values = weights if isinstance(weights, list) else [weights]
    if not all(0 <= value < inf for value in values):
        raise UserError(f"recipe {name}: class_weights {weights}: use 0 or more")
    if mode == "class_balanced" and not isinstance(weights, list) and not weights < 1:
        raise UserError(
            f"recipe {name}: class_weights {weights} is beta in weight_mode class_balanced: use less than 1"
        )


def remedies(fields: Mapping[str, Any]) -> list[str]:
    """What in a recipe's fields makes rare classes weigh more, in words; those that a card lacks are none."""
    mode, strategy = fields.get("weight_mode", "loss"), fields.get("strategy")
    every = (
        ("a balanced sampler", fields.get("sampler") == "balanced"),
        (f"class weights ({mode})", bool(fields.get("class_weights"))),
        (f"the strategy {strategy}", strategy in ADJUSTING),
    )
    return [remedy for remedy, used in every if used]


def _warn_of_stacked(fields: Mapping[str, Any], name: str) -> None:
    stacked = remedies(fields)
    if len(stacked) > 1:
        logger.warning(
            f"recipe {name} stacks {' and '.join(stacked)}: each makes rare classes weigh more"
        )


def _check_uncertainty_head(fields: Mapping[str, Any], name: str) -> None:
    """Raise UserError where the strategy teaches one that is not there.

    Warn of one that no stage teaches: what a weight file says by it would be chance.
    """
    network, strategy = fields["network"], fields["strategy"]
    known = inspect.signature(MODELS[network]).parameters
    default = known["uncertainty"].default if "uncertainty" in known else False
    there = fields["arguments"].get("uncertainty", default)
    teaches = STRATEGIES[strategy].of_variance
    if teaches and not there:
        how = "arguments.uncertainty=true" if "uncertainty" in known else "another network"
        raise UserError(
            f"recipe {name}: strategy {strategy} needs an uncertainty head, which network {network} lacks: "
            f"use {how}"
        )
    if there and not (teaches or fields["after"] or fields["trains"]):
        logger.warning(
            f"recipe {name}: strategy {strategy} leaves the uncertainty head as it begins: use "
            "arguments.uncertainty=false"
        )


def warn_of_stages(earlier: Mapping[str, Any], fields: Mapping[str, Any], after: str) -> None:
    """Warn where a recipe adds remedies to those of `earlier`, the recipe called `after` that it goes on from."""
    first, then = remedies(earlier), remedies(fields)
    if first and then:
        logger.warning(
            f"{' and '.join(then)} after recipe {after} is stacked on its {' and '.join(first)}: each makes "
            "rare classes weigh more"
        )
