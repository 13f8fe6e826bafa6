"""Convolutions in integers of eight bits: on x86 half of the time, and probabilities that move by 0.004."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from fer_live import packaged, quiet_openvino
from fer_live.card import Card
from fer_live.preprocess import to_input
from fer_live.probabilities import softmax
from fer_live.types import FloatArray

SHEET, SIDE, COLUMNS = "faces.png", 64, 8  # in assets; pixels a face; faces a row
# Channels, in and out, from which on a convolution is worth it: the first ones of a network take little of
# the time, and most of what is lost is lost in them.
FEWEST = 16
MOST = 0.02  # that a face's probability may move by on average
Source = tuple[str, int]  # a node's name, and which of its outputs
Range = tuple[float, float]
AT_ONCE = 4  # faces


def calibration_faces() -> list[NDArray[np.uint8]]:
    """Grey faces (SIDE, SIDE), of nobody: averages of many people, and what lies between two of them."""
    with PIL.Image.open(packaged.folder("assets") / SHEET) as picture:
        sheet = np.asarray(picture.convert("L"))
    rows = sheet.reshape(-1, SIDE, COLUMNS, SIDE).swapaxes(1, 2)
    return list(rows.reshape(-1, SIDE, SIDE))


def quantised(model: Any, card: Card) -> Any | None:
    """The OpenVINO model, changed in place as `quantise` does; None where it would not do.

    That is where it has no large convolution, where OpenVINO cannot compile it (its own passes fail on a few
    graphs), or where its readings of `calibration_faces` move too far.
    """
    if not sources(model):
        return None
    images = to_input(calibration_faces(), card)
    try:
        exact = _probabilities(model, images, card)
        quantise(model, observed(model, images))
        moved = np.abs(_probabilities(model, images, card) - exact).max(1).mean()
    except RuntimeError:  # it has no others
        return None
    return model if moved <= MOST else None


def sources(model: Any) -> dict[Source, Any]:
    """What goes into the model's larger convolutions, each once though several may share it."""
    return {_source(node): node.input_value(0) for node in _large(model)}


def observed(model: Any, images: FloatArray) -> dict[Source, Range]:
    """The least and the most of each of `sources` on the images (B, C, H, W)."""
    found = sources(model)
    if not found:
        return {}
    probe = quiet_openvino.imported().Model([*found.values()], model.get_parameters())
    ends = [
        [(values.min(), values.max()) for values in said.to_tuple()]
        for said in _said(probe, images)
    ]
    low, high = np.array(ends).min(0)[:, 0], np.array(ends).max(0)[:, 1]
    return dict(zip(found, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def quantise(model: Any, ranges: Mapping[Source, Range]) -> None:
    """Have the model's larger convolutions compute in eight bits; all between them stays as it is.

    What comes in keeps its range, from 0 on where nothing below was seen (as after a ReLU) and symmetric
    elsewhere. Weights take one scale for each output channel. Jacob et al. 2018, section 3. On CPUs without
    VNNI two neighbouring products together are cut off at 16 bits, which only weights and inputs near their
    ends reach at once: `quantised` measures that, too.
    """
    ops = import_module("openvino.opset13")
    convolutions = _large(model)
    incoming = {
        source: ops.fake_quantize(output, *_ends(ops, *ranges[source]), levels=256)
        for source, output in sources(model).items()
    }
    for node in convolutions:
        weights = node.input_value(1).get_node().data
        scale = np.abs(weights).max((1, 2, 3), keepdims=True) / 127
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        whole = ops.convert(ops.constant(np.round(weights / scale).astype(np.int8)), "f32")
        node.input(1).replace_source_output(ops.multiply(whole, ops.constant(scale)).output(0))
        node.input(0).replace_source_output(incoming[_source(node)].output(0))
    model.validate_nodes_and_infer_types()


def _large(model: Any) -> list[Any]:
    return [node for node in model.get_ordered_ops() if _is_large(node)]


def _is_large(node: Any) -> bool:
    if node.get_type_name() != "Convolution":
        return False
    if node.input_value(1).get_node().get_type_name() != "Constant":
        return False
    outputs, inputs = node.input(1).get_shape()[:2]
    return bool(min(outputs, inputs) >= FEWEST)


def _source(node: Any) -> Source:
    output = node.input_value(0)
    return output.get_node().get_friendly_name(), output.get_index()


def _probabilities(model: Any, images: FloatArray, card: Card) -> FloatArray:
    logits = np.concatenate([said["logits"] for said in _said(model, images)])
    return softmax(logits / card.temperature)


def _said(model: Any, images: FloatArray) -> Iterator[Any]:
    """What the model says of the images, AT_ONCE at a time: maps of large faces take gigabytes."""
    compiled = _compiled(model)
    for start in range(0, len(images), AT_ONCE):
        yield compiled(np.ascontiguousarray(images[start : start + AT_ONCE]))


def _compiled(model: Any) -> Any:
    # One thread: at low priority two would wait for each other more than they work.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return quiet_openvino.core().compile_model(model, "CPU", settings)


def _ends(ops: Any, least: float, most: float) -> list[Any]:
    """Ends of the range as `fake_quantize` takes them: of 256 levels, with one at zero."""
    if least >= 0:
        low, high = 0.0, most or 1.0
    else:
        high = max(-least, most)
        low, high = -high, high * 127 / 128
    return [ops.constant(np.float32(end)) for end in (low, high, low, high)]
