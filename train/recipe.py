"""Recipes: all that decides a training run, as one YAML file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from fer_live.errors import UserError
from train.data.augment import Augmentation
from train.recipe_checks import check, check_names, check_values, warn_of_stages
from train.strategies import STRATEGIES

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """One way to train one network.

    Network: `arguments` are its own, `size` and `channels` those of its images; `align` puts the eyes at
    fixed places, where the data set has landmarks. It starts at random;
    or from `init`, a weight file (name or path) of the same network, whose other heads start at random;
    or its trunk from `pretrained`, "imagenet" or a file of public weights; or from what the recipe `after` (with the fields in `before`
    changed) has trained, which `fit` runs first. `trains`: the beginnings of the names of the parameters
    that train, all where it is empty; the rest stays as it was loaded, BatchNorm's statistics too.

    Learning: `strategy` and its `options`; `teachers`: weight files (names or paths) whose readings
    of the training faces are the targets of the strategy "distillation", or have their share in the labels
    ("rul", "multitask"). `teaching`: they read each face once, as it is ("faces"), or every view that
    the student is shown ("views"), which takes longer and teaches more. `class_weights`: exponent of Eq. 1's weights (0 for none), or
    one weight for each class; `weight_mode`: "loss" weighs the loss, "class_balanced" does with
    weights of effective numbers and `class_weights` as beta, "prior" reads Eq. 1 literally and adds
    the logarithm of the classes' shares to the logits. `sampler`: "balanced" draws each class as often.

    Until `small_until`, a share of the training, faces are shrunk to `small_size` pixels, which is
    quicker (0 for never). `schedule`: "cosine" falls to 0, "step" multiplies by `decay` each `decay_every`
    epochs; after more than `plateau_patience` epochs (0 for never) without a better loss on the selection split
    the rate falls to a tenth as well. `head_rate`: the classifier's learning rate over the others'.
    Warm-up and the averaging of weights (`ema`, the decay per step; 0 for none) count in epochs and
    steps; `clip_norm` 0 for none. `precision`: "auto" for the one that is quicker on the device.
    """

    network: str
    description: str = ""
    table: str = ""
    row: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    size: int = 48
    channels: int = 1
    align: bool = False
    init: str = ""
    pretrained: str = ""
    after: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    trains: list[str] = field(default_factory=list)
    dataset: str = "fer2013"
    strategy: str = "supervised"
    options: dict[str, Any] = field(default_factory=dict)
    teachers: list[str] = field(default_factory=list)
    teaching: Literal["faces", "views"] = "faces"
    class_weights: float | list[float] = 0.0
    weight_mode: Literal["loss", "prior", "class_balanced"] = "loss"
    sampler: Literal["shuffled", "balanced"] = "shuffled"
    label_smoothing: float = 0.0
    small_size: int = 0
    small_until: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 30
    batch_size: int = 128
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    learning_rate: float = 0.1
    head_rate: float = 1.0
    weight_decay: float = 5e-4
    schedule: Literal["cosine", "step"] = "cosine"
    decay: float = 0.9
    decay_every: int = 1
    plateau_patience: int = 0
    warmup_epochs: float = 1.0
    ema: float = 0.998
    clip_norm: float = 5.0
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As YAML and JSON can hold it: tuples become lists."""
        return json.loads(json.dumps(asdict(self)))

    @property
    def first_size(self) -> int:
        """Pixels a side of the faces that the training begins with."""
        return self.small_size if self.small_size and self.small_until > 0 else self.size

    @property
    def learns_votes(self) -> bool:
        """Whether its training faces need FER+'s votes, for a head that its strategy teaches them."""
        return STRATEGIES[self.strategy].of_votes and bool(self.arguments.get("crowd"))

    def network_arguments(self, classes: int) -> dict[str, Any]:
        """All that builds the network, as the card keeps it."""
        own = {"channels": self.channels, "size": self.size}
        return {"classes": classes, **own, **self.arguments}


FIELDS = [one.name for one in fields(Recipe)]
AMOUNTS = [one.name for one in fields(Augmentation)]


def load(
    name: str,
    overrides: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
    teachers: Sequence[str] = (),
) -> Recipe:
    """Read the recipe called `name` (or the YAML file of that path), with some fields changed.

    `overrides`: of the form `key=value`, nested keys with dots: `augmentation.rotation=20`. `changes`:
    whole fields. `teachers`: weight files to learn from by distillation, whatever the recipe's strategy.
    Raises UserError with what is wrong; warns where several remedies for rare classes are stacked.
    """
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        raise UserError(f"recipe {name!r} is neither a file nor one of: {', '.join(names())}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise UserError(f"{path} is not a mapping of recipe fields")
        content.update(changes or {})
        if teachers:
            content.update(_taught(content, teachers))
        for override in overrides:
            _set(content, override)
        _check_fields(content, f"recipe {name}")
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(Recipe, "recipe")
        recipe = parser.instantiate_classes(parser.parse_object({"recipe": content})).recipe
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"recipe {path} cannot be read as text ({error}): give a YAML file"
        ) from None
    except (ArgumentError, yaml.YAMLError) as error:
        message = " ".join(str(error).split())
        raise UserError(f"recipe {name}: {message}") from None
    check(recipe.to_dict(), name)
    return recipe


def check_overrides(overrides: Sequence[str]) -> None:
    """Raise UserError on the first that can be none of any recipe."""
    _check_fields(overridden(overrides), "--set")


def overridden(overrides: Sequence[str]) -> dict[str, Any]:
    """The fields that are set, nested ones as mappings. Raises UserError where one is of another form."""
    content: dict[str, Any] = {}
    for override in overrides:
        _set(content, override)
    return content


def before(recipe: Recipe, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe that `recipe` comes after, for the same data and the same network's images.

    `overrides`: as `load` takes them. Warns where both have remedies for rare classes.
    """
    shared = ("dataset", "seed", "size", "channels", "align")
    same = {name: getattr(recipe, name) for name in shared}
    found = load(recipe.after, overrides, {**same, **recipe.before})
    warn_of_stages(found.to_dict(), recipe.to_dict(), recipe.after)
    return found


def names() -> list[str]:
    """The recipes that travel with the workshop."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def _taught(content: Mapping[str, Any], teachers: Sequence[str]) -> dict[str, Any]:
    """The fields that `teachers` change: another strategy's options, and its further heads, mean nothing to distillation."""
    fields: dict[str, Any] = {"teachers": list(teachers)}
    if content.get("strategy") == "distillation":
        return fields
    arguments = content.get("arguments")
    if isinstance(arguments, Mapping):
        unsure = {"uncertainty": False} if arguments.get("uncertainty") else {}
        fields["arguments"] = {k: arguments[k] for k in arguments if k != "crowd"} | unsure
    return fields | {"strategy": "distillation", "options": {}}


def _check_fields(content: Mapping[str, Any], where: str) -> None:
    check_names(content, FIELDS, where)
    check_values(content, where)
    augmentation = content.get("augmentation", {})
    if not isinstance(augmentation, Mapping):
        raise UserError(
            f"{where}: augmentation {augmentation!r} is not a mapping: set its fields, such as "
            "augmentation.rotation=10"
        )
    check_names(augmentation, AMOUNTS, f"{where}: augmentation")


def _set(content: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator:
        raise UserError(f"--set {override!r} is not of the form key=value")
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise UserError(f"--set {override!r}: {parent} has no fields of its own")
    try:
        content[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"--set {override!r}: {value!r} is no YAML value: quote it") from None
