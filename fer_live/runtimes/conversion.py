"""From torch to OpenVINO's files."""

import io
import warnings
from pathlib import Path

import numpy as np
import torch

from fer_live import quiet_openvino, weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.explain.grad_cam import GradCam
from fer_live.models import Network
from fer_live.runtimes.cache import CHANNELS, MODEL
from fer_live.runtimes.flat import Flat


def write(weights: Path, folder: Path) -> None:
    """Convert a weight file: MODEL and, where Grad-CAM has a closed form, its weights (K, C) in CHANNELS.

    Raises UserError where the weight file cannot be read or the model not written, OSError where the
    other file cannot.
    """
    network, card = weight_files.load(weights)
    save(network, card, folder / MODEL)
    channels = GradCam(network, network.map_shape).weights
    if channels is not None:
        content = io.BytesIO()  # of a full disk, numpy does not tell the system's reason
        np.save(content, channels.numpy(), allow_pickle=False)
        (folder / CHANNELS).write_bytes(content.getvalue())


def save(network: Network, card: Card, path: Path) -> None:
    """Write the network as OpenVINO's .xml and .bin, straight from torch.

    Raises UserError where they cannot be written.
    """
    openvino = quiet_openvino.imported()
    example = torch.zeros(2, card.channels, card.size, card.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's tracer warns of shapes that never change here
        model = openvino.convert_model(
            Flat(network), example_input=example, input=[-1, *example.shape[1:]]
        )
    try:
        openvino.save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:  # it has no others, and keeps the system's reason for itself
        raise UserError(f"{path} cannot be written ({error}); free some space there") from None
