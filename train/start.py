"""A recipe's network, and where its parameters come from before the first step."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from fer_live import card as cards
from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.models import MODELS, Network
from fer_live.models.cbam import Cbam
from train.checkpoints import BEST, read_checkpoint
from train.data import Faces
from train.pretrained import load_pretrained
from train.recipe import Recipe
from train.strategies import Strategy, Task, build_strategy, criterion

LAST_LAYER = "classifier."
FITTED = "fitted to the split that selects"
Tensors = Mapping[str, torch.Tensor]

logger = logging.getLogger(__name__)


def build(recipe: Recipe, faces: Faces) -> tuple[Network, Strategy]:
    """The recipe's network with random parameters, and its strategy for these training faces.

    Raises UserError where the recipe's parts do not fit each other or the data.
    """
    classes = len(faces.classes)
    if classes < 2:
        raise UserError(
            f"{faces.dataset} has {faces.classes[0]} alone, and nothing to tell it from: add a class"
        )
    network = build_network(recipe, classes)
    _check_trains(network, recipe)
    labels = torch.from_numpy(faces.labels)
    loss = criterion.build(
        labels.bincount(minlength=classes),
        recipe.class_weights,
        recipe.weight_mode,
        recipe.label_smoothing,
    )
    task = Task(classes, labels, loss, network, faces.votes)
    strategy = build_strategy(recipe.strategy, task, recipe.options)
    check_small_faces(network, strategy, recipe)
    return network, strategy


def check_follows(network: Network, recipe: Recipe, earlier: Recipe, classes: int) -> None:
    """Raise UserError where the recipe's network cannot go on from that of `earlier`, which it comes after."""
    found = build_network(earlier, classes).state_dict()
    _taken_over(network, recipe, found, f"after: recipe {recipe.after}")


def build_network(recipe: Recipe, classes: int) -> Network:
    """The recipe's network with random parameters. Raises UserError where its arguments do not fit it."""
    try:
        return MODELS[recipe.network](**recipe.network_arguments(classes))
    except (TypeError, ValueError) as error:
        raise UserError(f"network {recipe.network} with {recipe.arguments}: {error}") from None


def _check_trains(network: Network, recipe: Recipe) -> None:
    names = [name for name, _ in network.named_parameters()]
    for beginning in recipe.trains:
        if not any(name.startswith(beginning) for name in names):
            raise UserError(
                f"trains: no parameter of {recipe.network} begins {beginning!r}: it has "
                f"{', '.join(dict.fromkeys(name.split('.')[0] for name in names))}"
            )


def check_small_faces(network: Network, strategy: Strategy, recipe: Recipe) -> None:
    """Raise UserError where faces of `small_size` make a map that layers built for `size` cannot take."""
    small, one_map = recipe.first_size, strategy.one_map
    if small == recipe.size or takes(network, recipe.channels, small, one_map):
        return
    # Maps grow with the faces, so that all sizes that fit lie side by side, up to the recipe's own.
    lowest, highest = 1, recipe.size
    while lowest < highest:
        middle = (lowest + highest) // 2
        if takes(network, recipe.channels, middle, one_map):
            highest = middle
        else:
            lowest = middle + 1
    fitting = f"{lowest} to {recipe.size}" if lowest < recipe.size else str(recipe.size)
    raise UserError(
        f"small_size {small} does not fit network {recipe.network}, built for {recipe.size} pixels: use "
        f"{fitting}, or 0 for none"
    )


@torch.no_grad()
def takes(network: Network, channels: int, size: int, one_map: bool = False) -> bool:
    """Whether the network reads images of this size; `one_map`: and makes the map of full-sized ones of them."""
    training = network.training
    network.eval()  # a dry run that leaves the running statistics alone
    try:
        said = network(torch.zeros(1, channels, size, size))
    except RuntimeError:
        return False
    finally:
        network.train(training)
    return not one_map or said.feature_map.shape[1:] == network.map_shape


def start(
    network: Network, recipe: Recipe, classes: Sequence[Expression], before: Path | None
) -> None:
    """Fill the network as the recipe asks; `before`: the run folder of the recipe it comes after.

    `classes`: what its logits are to mean. Raises UserError where the tensors found are not those of the
    network.
    """
    if recipe.init:
        _from_weight_file(network, recipe, classes)
    if recipe.pretrained:
        _from_public_weights(network, recipe)
    if before is not None:
        _from_run(network, recipe, before)


def _from_weight_file(network: Network, recipe: Recipe, classes: Sequence[Expression]) -> None:
    """Take over the trunk, which must fit, and of the heads what does.

    The classifier starts anew where it is for other classes, as many as they may be, and where matrix
    scaling fitted it to the selection split, whose labels train nothing.
    """
    path = cards.find_weights(recipe.init)
    found, card = weight_files.load(path)
    own = network.state_dict()
    kept = {
        name: tensor
        for name, tensor in found.state_dict().items()
        if name in own and own[name].shape == tensor.shape
    }
    fresh = [name for name in own if name not in kept]
    if card.network != recipe.network or any(name.startswith("trunk.") for name in fresh):
        raise UserError(
            f"init {path} is {card.network} with {card.arguments}, the recipe asks for "
            f"{recipe.network} with {recipe.network_arguments(len(card.labels))}"
        )
    if fresh:
        parts = dict.fromkeys(name.split(".")[0] for name in fresh)
        logger.warning(f"{', '.join(parts)} of the network start at random: {path} has other ones")
    fits = f"{LAST_LAYER}weight" in kept
    reason = _why_not_to_begin_with(card, classes) if fits else ""
    if fits and not _trains_classifier(network, recipe):
        _refuse_to_keep(card, reason, recipe)
    if reason:
        kept = {name: kept[name] for name in kept if not name.startswith(LAST_LAYER)}
        logger.warning(f"the network's classifier starts at random: that of {path} is {reason}")
    network.load_state_dict(kept, strict=False)


def _why_not_to_begin_with(card: Card, classes: Sequence[Expression]) -> str:
    """What speaks against a file's classifier; empty where nothing does."""
    if tuple(card.labels) != tuple(classes):
        return f"for {', '.join(card.labels)}"
    return FITTED if "matrix_scaling" in card.training else ""


def _trains_classifier(network: Network, recipe: Recipe) -> bool:
    names = [name for name, _ in network.named_parameters() if name.startswith(LAST_LAYER)]
    trained = not recipe.trains or any(name.startswith(tuple(recipe.trains)) for name in names)
    return bool(recipe.epochs) and trained


def _refuse_to_keep(card: Card, reason: str, recipe: Recipe) -> None:
    """Raise UserError where a file's classifier must not stay as it is; `reason`: why training would not begin with it.

    One that knows labels of the split that selects would teach the rest, and one that it or the prior changed
    would go on in files whose cards do not tell.
    """
    better = "for the same classes"
    if reason == FITTED:
        better = "from before its matrix scaling"
    elif not reason and card.training.get("logit_adjustment"):
        reason, better = "without some of its prior", "from before its logit adjustment"
    if reason:
        raise UserError(
            f"init {recipe.init}: its classifier is {reason}: train the classifier too, or begin with a file {better}"
        )


def _from_public_weights(network: Network, recipe: Recipe) -> None:
    load_pretrained(network, recipe.pretrained)
    attentive = any(isinstance(module, Cbam) for module in network.modules())
    if attentive and recipe.arguments.get("cbam_init") != "identity":
        logger.warning(
            "new CBAM gates divide each pretrained residual by about four at first: "
            "arguments.cbam_init=identity starts them open"
        )


def _from_run(network: Network, recipe: Recipe, before: Path) -> None:
    """Take over all that stays as it is; what trains starts anew, unless everything trains."""
    checkpoint = read_checkpoint(before / BEST)
    prefix = "network."
    found = {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items()}
    network.load_state_dict(_taken_over(network, recipe, found, str(before)), strict=False)


def _taken_over(network: Network, recipe: Recipe, found: Tensors, where: str) -> Tensors:
    """What of the tensors `found` stays as it is. Raises UserError where the network has others."""
    fresh = tuple(recipe.trains)
    own = network.state_dict()
    names = [name for name in own if not (fresh and name.startswith(fresh))]
    lacking = sorted(name for name in names if name not in found)
    if lacking:
        raise UserError(
            f"{where} has no {', '.join(lacking[:3])} for the recipe's network {recipe.network}: go on from "
            "one that has, or train them"
        )
    for name in names:
        if found[name].shape != own[name].shape:
            raise UserError(
                f"{where}: {name} is {tuple(found[name].shape)}, the recipe's network has "
                f"{tuple(own[name].shape)}: see `arguments`"
            )
    return {name: found[name] for name in names}
