"""`fer-live export`: a weight file in the formats of other programs."""

import io
import json
import os
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args

import torch

from fer_live import card as cards
from fer_live import quiet_openvino, weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes.flat import Flat
from fer_live.sinks.base import save_whole

Format = Literal["onnx", "openvino", "torchscript"]
ENDINGS: dict[str, str] = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt"}


def export(weights: str, kind: Format, output: Path) -> Path:
    """Write the network as `kind` to `output`, and its card to `output`.json; return `output`.

    Input: images (B, C, H, W), float32, normalised as the card says. Outputs, in this order and by these
    names (torchscript has none): logits (B, K) before the card's temperature, feature_map (B, C, h, w), and
    where the network has them uncertainty (B,) and channel_weights (B, K, C), of which Grad-CAM's maps are
    relu(channel_weights @ feature_map). `output` must have the format's ending. All files are written
    whole, or none and UserError raised.
    """
    if kind not in get_args(Format):
        raise UserError(f"format {kind!r} is not one of {', '.join(get_args(Format))}")
    if output.suffix != ENDINGS[kind]:
        raise UserError(f"{output} cannot be saved as {kind}; end its name in {ENDINGS[kind]}")
    network, card = weight_files.load(cards.find_weights(weights))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{output} cannot be written ({os.strerror(error.errno or 0)}); save to another place"
        ) from None
    contents = {"onnx": _onnx, "openvino": _openvino, "torchscript": _torchscript}[kind]
    files = {output.with_suffix(end): made for end, made in contents(network, card).items()}
    beside = output.with_name(f"{output.name}.json")  # each export of one stem has its own
    save_whole(files | {beside: json.dumps(asdict(card), indent=2).encode()})
    return output


def _onnx(network: Network, card: Card) -> dict[str, bytes]:
    """The files' contents by their endings, as with the other formats."""
    from fer_live.runtimes.onnx import onnx_file

    return {".onnx": onnx_file(network, card)}


def _openvino(network: Network, card: Card) -> dict[str, bytes]:
    if not quiet_openvino.is_installed():
        raise UserError("format openvino is not installed: pip install openvino")
    from fer_live.runtimes.conversion import save

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        save(network, card, path)
        return {end: path.with_suffix(end).read_bytes() for end in (".xml", ".bin")}


def _torchscript(network: Network, card: Card) -> dict[str, bytes]:
    example = torch.zeros(2, card.channels, card.size, card.size)
    content = io.BytesIO()  # a full disk would end the process within torch
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shapes that never change here, and of newer formats
        traced = torch.jit.trace(Flat(network).eval(), example, check_trace=False)
        torch.jit.save(traced, content, _extra_files={"card.json": card.to_json()})
    return {".pt": content.getvalue()}
