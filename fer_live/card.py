"""Weight files: tensors in safetensors format, with a card in the header that says what they mean."""

import errno
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fer_live import packaged
from fer_live.card_fields import check_fields
from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.home import at_home
from fer_live.models import MODELS, Network

# What tells how unsure a reading is: the entropy of its calibrated probabilities, or the network's own head.
UncertaintyScore = Literal["entropy", "head"]


@dataclass(frozen=True)
class Crop:
    """How a face's square crop follows from the detector's box, so that it looks like a training image.

    `margin`: side of the crop in sides of the box (its longer one). `offset_x`, `offset_y`: from the
    box's centre to the crop's, in sides of the box. `align`: turn the crop so that the eyes lie level.
    """

    margin: float = 1.0
    offset_x: float = 0.0
    offset_y: float = 0.0
    align: bool = False


@dataclass(frozen=True)
class Card:
    """All that a weight file means.

    `network` and `arguments` build it from MODELS. Images are `size` pixels square with `channels` (1
    grey, 3 RGB), values in [0, 1] less `mean`, over `deviation`. Logits are divided by `temperature`
    before the softmax, the mean log-probabilities of ten views by `tta_temperature`. `prior`: (K,) share
    of each class in training. `uncertainty_quantiles`: 101 values of the `uncertainty_score` on the
    training set, 0th to 100th percentile; empty where there is none. `abstain_below`: the confidence from which on nine of ten readings were right on the split
    that selects; less sure ones name no single expression. The rest says where the numbers come from.
    """

    name: str
    network: str
    arguments: dict[str, Any]
    labels: tuple[Expression, ...]
    size: int
    channels: int
    mean: float
    deviation: float
    crop: Crop = field(default_factory=Crop)
    temperature: float = 1.0
    tta_temperature: float = 1.0
    prior: tuple[float, ...] = ()
    uncertainty_score: UncertaintyScore = "head"  # what cards that do not say have
    uncertainty_quantiles: tuple[float, ...] = ()
    abstain_below: float = 0.0
    dataset: str = ""
    split_sizes: dict[str, int] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    commit: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    def raw_uncertainty(self, calibrated: Tensor, head: Tensor | None) -> NDArray | None:
        """The `uncertainty_score` (B,), higher where less sure; None where it is a head's that is not there.

        `calibrated`: logits (B, K) over their temperature; `head`: (B,), the uncertainty head's scores.
        """
        if self.uncertainty_score == "head":
            return None if head is None else head.numpy()
        return torch.special.entr(calibrated.softmax(1)).sum(1).numpy()

    def uncertainty(self, calibrated: Tensor, head: Tensor | None) -> NDArray[np.float64] | None:
        """The place in [0, 1] of each `raw_uncertainty` among the training set's: (B,), or None."""
        raw, quantiles = self.raw_uncertainty(calibrated, head), self.uncertainty_quantiles
        if raw is None or not quantiles:
            return None
        return np.interp(raw, quantiles, np.linspace(0, 1, len(quantiles)))

    def accuracy(self, split: str) -> float:
        """On that split of its metrics; by the last layer of other faces where its own was fitted to it."""
        fitted = self.training.get("matrix_scaling", {})
        scores = fitted if fitted.get("split") == split else self.metrics[split]
        return float(scores["accuracy"])

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """Raises ValueError, TypeError or KeyError where the text is no card."""
        content = json.loads(text)
        content["labels"] = tuple(Expression(name) for name in content["labels"])
        content["crop"] = Crop(**content["crop"])
        for key in ("prior", "uncertainty_quantiles"):
            content[key] = tuple(content[key])
        score = content.get("uncertainty_score", "head")
        if score not in get_args(UncertaintyScore):
            raise ValueError(f"unknown uncertainty score {score!r}")
        card = cls(**content)
        check_fields(card)
        return card


def find_weights(name: str) -> Path:
    """The weight file that `name` means: a path, or the name of one that comes with the package."""
    shipped = packaged.folder("weights") / f"{name}.safetensors"
    if shipped.is_file():
        return shipped
    path = at_home(name)
    if path.is_file():
        return path
    known = ", ".join(packaged.names()) or "none"
    raise UserError(f"no weight file {name!r}: give a path, or one of: {known}")


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
        told = re.search(r"os error (\d+)", str(error))  # which it has in words alone
        number = int(told[1]) if told else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def load_card(path: Path) -> Card:
    """The card alone. Raises UserError that says what is wrong with the file."""
    return _read(path)[0]


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors alone, in the precision of the file. Raises UserError as `load_card` does.

    They do not lie in the file, as the library's do: Windows replaces no file that is mapped.
    """
    return {name: tensor.clone() for name, tensor in _read(path)[1].items()}


def load(path: Path) -> tuple[Network, Card]:
    """The network in eval mode with float32 weights, and its card.

    Raises UserError where the file is broken, has no card, or its tensors are not the network's.
    """
    card, tensors = _read(path)
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


def _read(path: Path) -> tuple[Card, dict[str, Tensor]]:
    try:
        with path.open("rb") as raw:
            start = raw.read(9)
        # A safetensors file begins with its header's length, whose bytes may look like a pickle's, and "{".
        if start[8:] != b"{" and (start[:1] == b"\x80" or start[:2] == b"PK"):
            raise UserError(
                f"{path} is a pickle, which can run code when opened: use a .safetensors file, such as "
                "`python -m train export` writes"
            )
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("card")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}): fetch it again"
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if text is None:
        raise UserError(f"{path} has no card: write it with `python -m train export`")
    try:
        return Card.from_json(text), tensors
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: its card cannot be read ({error}): export it again") from None


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
