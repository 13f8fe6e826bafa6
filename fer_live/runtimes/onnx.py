"""ONNX Runtime, and networks as ONNX files for other programs."""

import io
import os
import warnings

import numpy as np
import torch

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.explain.grad_cam import GradCam
from fer_live.models import Network
from fer_live.runtimes.base import CHANNEL_WEIGHTS, Scores, from_flat
from fer_live.runtimes.flat import Flat
from fer_live.types import FloatArray

OPERATIONS = 17  # the ONNX operator set: known to every runtime of the last years
MISSING = "is not installed: pip install 'fer-live[onnx]'"


class OnnxRuntime:
    """A network through ONNX Runtime on the CPU. `threads`: 0 for as many as it chooses."""

    name = "onnx"
    device = "cpu"
    own_threads = True

    def __init__(self, network: Network, card: Card, threads: int = 0):
        # It would name the computer and send counts of use to its maker from its import on; older
        # versions know the call alone.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            import onnxruntime
        except ImportError:
            raise UserError(f"runtime onnx: onnxruntime {MISSING}") from None
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        content = to_onnx(network, card)
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._names = [output.name for output in self._session.get_outputs()]
        closed_form = CHANNEL_WEIGHTS in self._names
        self._explain = None if closed_form else GradCam(network, network.map_shape).arrays

    def __call__(self, images: FloatArray) -> Scores:
        found = self._session.run(None, {"images": np.ascontiguousarray(images)})
        return from_flat(dict(zip(self._names, found, strict=True)), self._explain)

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass


def to_onnx(network: Network, card: Card) -> bytes:
    """The network as an ONNX model: images (B, C, H, W) -> what `Flat` returns.

    Raises UserError where the package onnx is not installed.
    """
    example = torch.zeros(2, card.channels, card.size, card.size)
    flat = Flat(network).eval()
    names = flat.names(example)
    try:
        with warnings.catch_warnings():
            # Torch points to its newer exporter, which needs more packages.
            warnings.simplefilter("ignore")
            content = io.BytesIO()
            torch.onnx.export(
                flat,
                (example,),
                content,  # type: ignore[arg-type]  # taken, though its types say paths alone
                input_names=["images"],
                output_names=names,
                dynamic_axes={name: {0: "batch"} for name in ("images", *names)},
                opset_version=OPERATIONS,
                dynamo=False,
            )
            return content.getvalue()
    except ImportError:
        raise UserError(f"onnx {MISSING}") from None


def onnx_file(network: Network, card: Card) -> bytes:
    """The ONNX model with its card among the metadata."""
    import onnx

    model = onnx.load_from_string(to_onnx(network, card))
    entry = model.metadata_props.add()
    entry.key, entry.value = "card", card.to_json()
    content: bytes = model.SerializeToString()
    return content
