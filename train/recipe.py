"""Recipes: all that decides a training run, as one YAML file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from fer_live.errors import UserError
from train.data.augment import Augmentation

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """One way to train one network.

    `arguments`: the network's own. `init`: a weight file (name or path) of the same network to start
    from, instead of at random. Until `small_until`, a share of the training, faces are shrunk to
    `small_size` pixels, which is quicker (0 for never). `class_weights`: exponent of Eq. 1's weights, 0 for none.
    `mixing_from`: RUL's mixing begins after this share of the training. Warm-up and the averaging of
    weights (`ema`, the decay per step; 0 for none) count in epochs and steps; `clip_norm` 0 for none.
    """

    network: Literal["cucn", "cnn6"]
    description: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    init: str = ""
    dataset: Literal["fer2013"] = "fer2013"
    strategy: Literal["supervised", "rul"] = "supervised"
    class_weights: float = 0.0
    label_smoothing: float = 0.0
    mixing_from: float = 0.0
    small_size: int = 0
    small_until: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 30
    batch_size: int = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    warmup_epochs: float = 1.0
    ema: float = 0.998
    clip_norm: float = 5.0
    precision: Literal["32-true", "bf16-mixed"] = "bf16-mixed"
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As YAML and JSON can hold it: tuples become lists."""
        return json.loads(json.dumps(asdict(self)))


def load(name: str, overrides: list[str]) -> Recipe:
    """Read the recipe called `name` (or the YAML file of that path), with `key=value` overrides.

    Nested keys take dots: `augmentation.rotation=20`. Raises UserError with what is wrong.
    """
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.yaml")))
        raise UserError(f"recipe {name!r} is neither a file nor one of: {known}")
    try:
        content = yaml.safe_load(path.read_text())
        if not isinstance(content, dict):
            raise UserError(f"{path} is not a mapping of recipe fields")
        for override in overrides:
            _set(content, override)
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(Recipe, "recipe")
        return parser.instantiate_classes(parser.parse_object({"recipe": content})).recipe
    except (ArgumentError, yaml.YAMLError) as error:
        message = " ".join(str(error).split())
        raise UserError(f"recipe {name}: {message}") from None


def _set(content: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator:
        raise UserError(f"--set {override!r} is not of the form key=value")
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise UserError(f"--set {override!r}: {parent} has no fields of its own")
    content[last] = yaml.safe_load(value)
