"""Where a network's parameters come from before the first step."""

from pathlib import Path

import torch

from fer_live import card as cards
from fer_live.errors import UserError
from fer_live.models import Network
from train.recipe import Recipe


def start(network: Network, recipe: Recipe, before: Path | None) -> None:
    """Fill the network as the recipe asks; `before`: the run folder of the recipe it comes after.

    Raises UserError where the tensors found are not those of the network.
    """
    if recipe.init:
        _from_weight_file(network, recipe)
    if before is not None:
        _from_run(network, recipe, before)


def _from_weight_file(network: Network, recipe: Recipe) -> None:
    path = cards.find_weights(recipe.init)
    found, card = cards.load(path)
    try:
        network.load_state_dict(found.state_dict())
    except RuntimeError:
        raise UserError(
            f"init {path} is {card.network} with {card.arguments}, the recipe asks for "
            f"{recipe.network} with {recipe.network_arguments(len(card.labels))}"
        ) from None


def _from_run(network: Network, recipe: Recipe, before: Path) -> None:
    """Take over all that stays as it is; what trains starts anew, unless everything trains."""
    checkpoint = torch.load(before / "best.ckpt", map_location="cpu", weights_only=True)
    prefix = "network."
    found = {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items()}
    fresh = tuple(recipe.trains)
    kept = {k: found.get(k) for k in network.state_dict() if not (fresh and k.startswith(fresh))}
    lacking = sorted(k for k, tensor in kept.items() if tensor is None)
    if lacking:
        raise UserError(f"{before} was trained without {', '.join(lacking[:3])}: see `after`")
    network.load_state_dict(kept, strict=False)
