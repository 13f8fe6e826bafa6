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
from fer_live.runtimes.base import Scores, from_flat
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
        self._grad_cam = GradCam(network, network.map_shape)
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, images: FloatArray) -> Scores:
        found = self._session.run(None, {"images": np.ascontiguousarray(images)})
        return from_flat(found, self._grad_cam.arrays)

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass


def to_onnx(network: Network, card: Card) -> bytes:
    """The network as an ONNX model: images (B, C, H, W) -> logits, feature_map[, uncertainty].

    Raises UserError where the package onnx is not installed.
    """
    example = torch.zeros(2, card.channels, card.size, card.size)
    names = ["logits", "feature_map"]
    if network(example).uncertainty is not None:
        names.append("uncertainty")
    try:
        with warnings.catch_warnings():
            # Torch points to its newer exporter, which needs more packages.
            warnings.simplefilter("ignore")
            content = io.BytesIO()
            torch.onnx.export(
                Flat(network).eval(),
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
