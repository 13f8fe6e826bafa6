"""`fer-live export`: a weight file in the formats of other programs."""

import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args

import torch

from fer_live import card as cards
from fer_live import quiet_openvino
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes.base import Flat

Format = Literal["onnx", "openvino", "torchscript"]
ENDINGS: dict[str, str] = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt"}


def export(weights: str, kind: Format, output: Path) -> Path:
    """Write the network as `kind`, and its card beside it as JSON; return the path written.

    Input: images (B, C, H, W), float32, normalised as the card says. Outputs, in this order: logits
    (B, K) before the card's temperature, feature_map (B, C, h, w), and uncertainty (B,) where the
    network has it. `output`: a file with the format's ending. Raises UserError where it cannot be written.
    """
    if kind not in get_args(Format):
        raise UserError(f"format {kind!r} is not one of {', '.join(get_args(Format))}")
    if output.suffix != ENDINGS[kind]:
        raise UserError(f"{output} cannot be saved as {kind}; end its name in {ENDINGS[kind]}")
    network, card = cards.load(cards.find_weights(weights))
    write = {"onnx": _onnx, "openvino": _openvino, "torchscript": _torchscript}[kind]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write(network, card, output)
        output.with_suffix(".json").write_text(json.dumps(asdict(card), indent=2))
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error}); save to another place") from None
    return output


def _onnx(network: Network, card: Card, path: Path) -> None:
    from fer_live.runtimes.onnx import write_onnx

    write_onnx(network, card, path)


def _openvino(network: Network, card: Card, path: Path) -> None:
    if not quiet_openvino.is_installed():
        raise UserError("format openvino is not installed: pip install openvino")
    from fer_live.runtimes.openvino import save

    save(network, card, path)


def _torchscript(network: Network, card: Card, path: Path) -> None:
    example = torch.zeros(2, card.channels, card.size, card.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shapes that never change here
        traced = torch.jit.trace(Flat(network).eval(), example, check_trace=False)
    traced.save(str(path), _extra_files={"card.json": card.to_json()})
