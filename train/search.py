"""What `tune` searches: learning rate, weight decay, class weights' exponent and strength of augmentation."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from optuna import Trial

from train.data.augment import Augmentation
from train.recipe import Recipe
from train.strategies import ADJUSTING

RATE_FACTOR, DECAY_FACTOR = 5.0, 10.0  # how far below and above the recipe's own values
AMOUNTS = ("rotation", "scale", "aspect", "shift", "contrast", "brightness", "gamma")
STRONGEST = 2.0


def own_settings(recipe: Recipe) -> dict[str, float]:
    """The recipe's values of all that is searched. Class weights stay where other remedies act already."""
    settings = {
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "augmentation": 1.0,
    }
    if not recipe.weight_decay:
        del settings["weight_decay"]  # factors of none are none
    exponent = recipe.class_weights
    alone = recipe.sampler == "shuffled" and recipe.strategy not in ADJUSTING
    if not isinstance(exponent, list) and recipe.weight_mode == "loss" and alone:
        settings["class_weights"] = exponent
    if recipe.augmentation == strengthened(recipe.augmentation, STRONGEST):
        del settings["augmentation"]  # there is none to strengthen
    return settings


def with_settings(recipe: Recipe, settings: Mapping[str, float]) -> Recipe:
    """The recipe with values as `own_settings` names them."""
    fields: dict[str, Any] = dict(settings)
    strength = fields.pop("augmentation", 1.0)
    return replace(recipe, augmentation=strengthened(recipe.augmentation, strength), **fields)


def strengthened(augmentation: Augmentation, strength: float) -> Augmentation:
    """All amounts times `strength`; erasing, a probability, at most 1."""
    values = asdict(augmentation)
    amounts = {name: strength * values[name] for name in AMOUNTS}
    return replace(augmentation, **amounts, erasing=min(1.0, strength * augmentation.erasing))


def suggest(trial: Trial, recipe: Recipe) -> dict[str, float]:
    """Values around the recipe's own, as the study's sampler draws them."""
    own = own_settings(recipe)
    rate = own["learning_rate"]
    settings = {
        "learning_rate": trial.suggest_float(
            "learning_rate", rate / RATE_FACTOR, rate * RATE_FACTOR, log=True
        ),
    }
    if "weight_decay" in own:
        decay = own["weight_decay"]
        settings["weight_decay"] = trial.suggest_float(
            "weight_decay", decay / DECAY_FACTOR, decay * DECAY_FACTOR, log=True
        )
    if "class_weights" in own:
        highest = max(1.0, own["class_weights"])
        settings["class_weights"] = trial.suggest_float("class_weights", 0.0, highest)
    if "augmentation" in own:
        settings["augmentation"] = trial.suggest_float("augmentation", 0.0, STRONGEST)
    return settings
