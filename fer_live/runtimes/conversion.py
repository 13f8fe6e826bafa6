"""From torch to OpenVINO's files."""

import warnings
from pathlib import Path
from typing import Any

import torch

from fer_live import quiet_openvino
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes import eight_bits
from fer_live.runtimes.flat import Flat


def save(network: Network, card: Card, path: Path, quantised: Path | None = None) -> None:
    """Write the network as OpenVINO's .xml and .bin, straight from torch; its outputs have `Flat`'s names.

    `quantised`: where to write it once more, in eight bits, if that does. Raises UserError where they cannot be
    written.
    """
    openvino = quiet_openvino.imported()
    example = torch.zeros(2, card.channels, card.size, card.size)
    flat = Flat(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's tracer warns of shapes that never change here
        model = openvino.convert_model(flat, example_input=example, input=[-1, *example.shape[1:]])
    for output, name in zip(model.outputs, flat.names(example), strict=True):
        output.get_tensor().set_names({name})
    _write(model, path)
    if quantised is not None and (quick := eight_bits.quantised(model, card)) is not None:
        _write(quick, quantised)


def _write(model: Any, path: Path) -> None:
    try:
        quiet_openvino.imported().save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:  # it has no others, and keeps the system's reason for itself
        raise UserError(f"{path} cannot be written ({error}); free some space there") from None
