"""`python -m train export`: a run becomes a weight file with its card, and the list of cards is renewed."""

import logging
import platform
import shlex
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import MODELS
from train import recipe as recipes
from train.checkpoints import BEST, read_checkpoint
from train.data import DATASETS, ferplus
from train.fit import read_splits
from train.measured import Uncertainty, measured
from train.model_cards import write_model_cards
from train.origin import commits_of
from train.recipe import Recipe
from train.run_folder import FACTS, RECIPE, other_faces, read_facts
from train.strategies import STRATEGIES

Head = Literal["labels", "votes"]

logger = logging.getLogger(__name__)


def export(
    run: Path,
    root: Path,
    name: str,
    folder: Path,
    device: torch.device,
    uncertainty: Uncertainty = "auto",
    head: Head = "labels",
) -> Path:
    """Write `folder`/`name`.safetensors in fp16 from the run's best checkpoint; return its path.

    The training split gives the class prior; the rest is `measured`. `head`: "votes" for the second
    classifier of a multi-task run, which reads FER+'s eight expressions. Raises UserError where the run is
    not there, damaged or not finished enough.
    """
    if not name or {"/", "\\"} & set(name):
        raise UserError(
            f"name {name!r} is not a file's: leave / and \\ out, --output is for folders"
        )
    recipe, tensors, progress = _read_run(run, head)
    if not STRATEGIES[recipe.strategy].classifies:
        logger.warning(
            f"{run}: strategy {recipe.strategy} trains no classifier; what this file says of faces is chance, "
            "it is there to begin a training from (init)"
        )
    dataset = DATASETS[recipe.dataset]
    splits = read_splits(recipe, root, progress.get("limit"))
    training, selection = splits
    # The votes are of the same faces, less those that show none.
    other = other_faces(progress, training) if head == "labels" else ""
    if other:
        raise UserError(f"{run} is of {other}: give the same --root")
    counts = training.class_counts()
    plain = Card(
        name=name,
        network=recipe.network,
        arguments=recipe.network_arguments(len(training.classes)),
        labels=training.classes,
        size=recipe.size,
        channels=recipe.channels,
        mean=dataset.mean,
        deviation=dataset.deviation,
        crop=dataset.crop_for(recipe.align),
        prior=tuple(np.round(counts / counts.sum(), 6).tolist()),
        dataset=dataset.name,
        split_sizes={dataset.training: len(training), dataset.selection: len(selection)},
        recipe=recipe.to_dict(),
        training=progress,
        licence=dataset.licence,
        commit=commits_of(progress),
        versions={"python": platform.python_version(), "torch": version("torch")},
    )
    network = MODELS[plain.network](**plain.arguments)
    network.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
    card = measured(plain, network, splits, root, device, uncertainty)
    if head == "votes":
        card, tensors = _without_idle_head(card, tensors)
    path = folder / f"{name}.safetensors"
    if path.is_file():
        logger.warning(f"{path} was there before and is replaced")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        weight_files.save(path, card, tensors)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror})") from None
    write_model_cards(folder)
    return path


def _read_run(run: Path, head: Head) -> tuple[Recipe, Mapping[str, torch.Tensor], dict[str, Any]]:
    """The run's recipe, its best weights in fp16, and how they were trained."""
    path = run / BEST
    facts = read_facts(run)
    if not path.is_file():
        # A finished run would be refused by `fit`.
        again = f"delete {run} and train it again" if facts.get("finished") else "train it"
        raise UserError(
            f"{run} has no {BEST}: {again} with `python -m train fit --output {shlex.quote(str(run))}`"
        )
    if not facts:
        raise UserError(f"{run / FACTS} is missing: training on with --resume writes it again")
    recipe = recipes.load(str(run / RECIPE))
    checkpoint = read_checkpoint(path)
    state = _renamed(checkpoint["state_dict"], "network.")
    if head == "votes":
        second = {key: state.pop(key) for key in list(state) if key.startswith("crowd.")}
        if not second:
            raise UserError(
                f"{run} was trained with strategy {recipe.strategy}, which has one classifier: leave --head out"
            )
        state |= _renamed(second, "crowd.", "classifier.")
        arguments = {key: value for key, value in recipe.arguments.items() if key != "crowd"}
        # The votes' own loss knows no class weights.
        weights: dict[str, Any] = {"class_weights": 0.0, "weight_mode": "loss"}
        recipe = replace(recipe, dataset=ferplus.NAME, arguments=arguments, **weights)
    tensors = {
        key: tensor.half() if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
    for key, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise UserError(
                f"{path}: {key} has values that are not finite in fp16: train again with a lower learning_rate"
            )
    facts |= {"epoch": checkpoint["epoch"] + 1, "step": checkpoint["global_step"]}
    return recipe, tensors, facts


def _without_idle_head(
    card: Card, tensors: Mapping[str, torch.Tensor]
) -> tuple[Card, Mapping[str, torch.Tensor]]:
    """The same without RUL's head, which nothing reads where the entropy is what the app shows."""
    begins = "uncertainty."
    if card.uncertainty_score == "head" or not any(key.startswith(begins) for key in tensors):
        return card, tensors
    without = {"uncertainty": False}
    metrics = {
        split: {
            **scores,
            "agreement": {k: v for k, v in scores["agreement"].items() if k != "head"},
        }
        for split, scores in card.metrics.items()
    }
    left = replace(
        card,
        arguments=card.arguments | without,
        recipe=card.recipe | {"arguments": card.recipe["arguments"] | without},
        metrics=metrics,
    )
    return left, {key: tensors[key] for key in tensors if not key.startswith(begins)}


def _renamed(
    state: Mapping[str, torch.Tensor], before: str, after: str = ""
) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `before`, which becomes `after`."""
    begin = [key for key in state if key.startswith(before)]
    return {after + key.removeprefix(before): state[key] for key in begin}
