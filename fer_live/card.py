"""What a weight file means: the card in its header. Read without torch, whose import takes seconds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from fer_live import packaged
from fer_live.card_fields import check_fields
from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.home import at_home
from fer_live.probabilities import Floats, entropy, softmax

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

    def raw_uncertainty(self, calibrated: Floats, head: Floats | None) -> Floats | None:
        """The `uncertainty_score` (B,), higher where less sure; None where it is a head's that is not there.

        `calibrated`: logits (B, K) over their temperature; `head`: (B,), the uncertainty head's scores.
        """
        if self.uncertainty_score == "head":
            return head
        return entropy(softmax(calibrated))

    def uncertainty(self, calibrated: Floats, head: Floats | None) -> NDArray[np.float64] | None:
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


def load_card(path: Path) -> Card:
    """The card alone. Raises UserError that says what is wrong with the file."""
    with readable(path), safe_open(path, framework="np") as file:
        text = (file.metadata() or {}).get("card")
    if text is None:
        raise UserError(f"{path} has no card: write it with `python -m train export`")
    try:
        return Card.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: its card cannot be read ({error}): export it again") from None


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """While a weight file is read: what is wrong with it becomes a UserError."""
    try:
        with path.open("rb") as raw:
            start = raw.read(9)
        # A safetensors file begins with its header's length, whose bytes may look like a pickle's, and "{".
        if start[8:] != b"{" and (start[:1] == b"\x80" or start[:2] == b"PK"):
            raise UserError(
                f"{path} is a pickle, which can run code when opened: use a .safetensors file, such as "
                "`python -m train export` writes"
            )
        yield
    except SafetensorError as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}): fetch it again"
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
