"""Weight files: tensors in safetensors format, with a card in the header that says what they mean."""

import errno
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fer_live import card as cards
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import MODELS, Network


def save(path: Path, card: Card, tensors: Mapping[str, Tensor]) -> None:
    """Write a weight file, whole or not at all; tensors are kept in the precision they come in. Raises OSError."""
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    path = path.resolve()  # a link stays one
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(contiguous, part, metadata={"card": card.to_json()})
        part.chmod(0o644)  # the library makes files that only their owner can read
        part.replace(path)
    except SafetensorError as error:
        told = re.search(r"(?:os error|code:) (\d+)", str(error))  # which it has in words alone
        number = int(told[1]) if told else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors alone, in the precision of the file. Raises UserError as `load_card` does.

    They do not lie in the file, as the library's do: Windows replaces no file that is mapped.
    """
    cards.load_card(path)
    return {name: tensor.clone() for name, tensor in _tensors(path).items()}


def load(path: Path) -> tuple[Network, Card]:
    """The network in eval mode with float32 weights, and its card.

    Raises UserError where the file is broken, has no card, or its tensors are not the network's.
    """
    card, tensors = cards.load_card(path), _tensors(path)
    if card.network not in MODELS:
        raise UserError(
            f"{path}: its card names the network {card.network!r}, this version knows "
            f"{', '.join(MODELS)}: update fer-live"
        )
    try:
        network = MODELS[card.network](**card.arguments)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]  # PyTorch's go on for lines
        raise UserError(f"{path}: its card does not build {card.network} ({reason})") from None
    _check(path, card, tensors, network.state_dict())
    network.load_state_dict(tensors)
    network.requires_grad_(False)
    return network.eval(), card


def _tensors(path: Path) -> dict[str, Tensor]:
    with cards.readable(path), safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _check(
    path: Path, card: Card, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> None:
    """Raise UserError unless both have the same names and shapes, and the numbers are finite."""
    wrong = sorted(found.keys() ^ expected.keys())
    if wrong:
        name = wrong[0]
        where = "is in the file only" if name in found else "is missing"
        raise UserError(
            f"{path}: its tensors are not those of {card.network}: {len(found)} found, "
            f"{len(expected)} expected; {name} {where}"
        )
    for name, tensor in expected.items():
        if found[name].shape != tensor.shape:
            raise UserError(
                f"{path}: {name} has shape {tuple(found[name].shape)}, {card.network} expects "
                f"{tuple(tensor.shape)}"
            )
        if not torch.isfinite(found[name]).all():
            raise UserError(f"{path}: {name} has values that are not finite: export it again")
    outputs = [expected[name] for name in expected if name.startswith("classifier.")][-1].shape[0]
    if outputs != len(card.labels):
        raise UserError(
            f"{path}: {outputs} outputs and {len(card.labels)} labels in its card: export it again"
        )
