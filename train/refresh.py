"""`python -m train refresh`: a weight file measured anew, after a change to its last layer if one is asked for."""

from pathlib import Path

import torch

from fer_live import card as cards
from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from train.data import DATASETS
from train.fit import Splits, read_splits
from train.fitted import Scaling
from train.last_layer import less_prior, scaled
from train.measured import Uncertainty, measured
from train.model_cards import write_model_cards
from train.recipe import Recipe


def refresh(
    weights: str,
    root: Path,
    device: torch.device,
    uncertainty: Uncertainty = "auto",
    adjustment: float = 0.0,
    scaling: Scaling | None = None,
) -> Path:
    """Measure a weight file's card anew on the data set of its recipe, renew the file and the list of cards.

    `adjustment`: so many times the classes' log prior is taken from the calibrated logits for good, so
    that rare classes are named more often; the card adds up what was taken. `scaling`: the last layer is
    calibrated on the split that selects, by a matrix or by biases alone. Otherwise the tensors, and what
    tells how they were made, stay as they are. Raises UserError where the card names no data set that is
    known, `root` holds other classes or numbers of faces, the last layer cannot be changed so, or the file
    cannot be written.
    """
    if adjustment and scaling:
        raise UserError(
            f"--{scaling}-scaling gives back what --logit-adjustment takes: leave one of them out"
        )
    path = cards.find_weights(weights)
    network, card = weight_files.load(path)
    if card.dataset not in DATASETS or not card.recipe:
        raise UserError(f"{path}: its card names no recipe and data set to measure it by")
    recipe = Recipe(card.network, dataset=card.dataset, align=bool(card.recipe.get("align")))
    splits = read_splits(recipe, root, card.training.get("limit"))
    _refuse_other_data(card, splits, root)
    tensors = dict(weight_files.load_tensors(path))
    if adjustment:
        card = less_prior(card, network, tensors, adjustment)
    if scaling:
        card = scaled(card, network, tensors, splits.selection, device, scaling)
    try:
        weight_files.save(path, measured(card, network, splits, root, device, uncertainty), tensors)
    except OSError as error:
        raise UserError(f"cannot write to {path.parent} ({error.strerror})") from None
    write_model_cards(path.parent)
    return path


def _refuse_other_data(card: Card, splits: Splits, root: Path) -> None:
    """Raise UserError where these are not the faces that the card tells of."""
    if set(splits.training.classes) != set(card.labels):
        raise UserError(
            f"{card.name} was trained for {', '.join(card.labels)}, {root} has "
            f"{', '.join(splits.training.classes)}: give the same --root"
        )
    for faces in splits:
        told = card.split_sizes.get(faces.split, len(faces))
        if told != len(faces):
            raise UserError(
                f"{card.name} is of {told} faces of the split {faces.split}, {root} has {len(faces)}: give the "
                "same --root"
            )
