"""BlazeFace in OpenVINO: MediaPipe's model file, read without MediaPipe, many pictures at once."""

import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fer_live import quiet_openvino
from fer_live.detect.found import FACE_MODEL, INSTALL, SIDE, Found
from fer_live.errors import UserError
from fer_live.precisions import Precision, quickest
from fer_live.types import FloatArray, Image

GRIDS = ((16, 2), (8, 6))  # cells a side and anchors a cell, in the order of the model's output
AT_ONCE = 8  # requests in flight; each holds a megabyte
SAME = 0.3  # intersection over union from which two boxes are looks at one face


class Compiled:
    """What MediaPipe's graph does around the model (anchors, then weighted suppression), in arrays.

    `floor`: the lowest score to report. Raises UserError where MediaPipe's wheel, or the model in it,
    is missing.
    """

    def __init__(self, floor: float):
        self._lowest_logit = float(np.log(floor / (1 - floor)))
        self._exact = _Requests("f32")
        self._rough = _Requests(quickest("bf16"))

    def __call__(self, pictures: Sequence[Image], rough: int = 0) -> list[list[Found]]:
        found: list[list[Found]] = []
        exact = len(pictures) - rough
        for first in range(0, len(pictures), AT_ONCE):
            some = pictures[first : first + AT_ONCE]
            begun = []
            for i, picture in enumerate(some):
                requests = self._exact if first + i < exact else self._rough
                begun.append(requests.begin(i, picture))
            found += [self._read(request) for request in begun]
        return found

    def close(self) -> None:
        self._exact.drop()
        self._rough.drop()

    def _read(self, request: Any) -> list[Found]:
        request.wait()
        places, logits = (request.get_output_tensor(i).data[0] for i in range(2))
        logits = logits[:, 0]
        chosen = np.flatnonzero(logits >= self._lowest_logit)
        if not len(chosen):
            return []
        scores = 1 / (1 + np.exp(-logits[chosen]))
        return _merged(scores, _decoded(places[chosen], _anchors()[chosen]))


class _Requests:
    """The requests to one compiled model, made as they are needed."""

    def __init__(self, precision: Precision):
        self._model = compile_model(precision)
        self._each: dict[int, Any] = {}

    def begin(self, place: int, picture: Image) -> Any:
        """Start on a picture; `place`: of those in flight."""
        if place not in self._each:
            self._each[place] = self._model.create_infer_request()
        request = self._each[place]
        request.start_async([picture[None]], share_inputs=True)
        return request

    def drop(self) -> None:
        self._each = {}


def _decoded(places: FloatArray, anchors: FloatArray) -> FloatArray:
    """(N, 16) outputs, in pixels from their anchors, to (N, 8, 2): corners and keypoints in sides."""
    pairs = places.reshape(-1, 8, 2) / SIDE
    centres, sizes = pairs[:, 0] + anchors, pairs[:, 1]
    corners = np.stack([centres - sizes / 2, centres + sizes / 2], axis=1)
    return np.concatenate([corners, pairs[:, 2:] + anchors[:, None]], axis=1)


def _merged(scores: FloatArray, places: FloatArray) -> list[Found]:
    """One face of each group of overlapping looks: the best one's score, the mean place by score."""
    faces = []
    order = np.argsort(-scores, kind="stable")
    while len(order):
        overlaps = _overlaps(places[order[0]], places[order]) > SAME
        overlaps[0] = True  # an empty box does not even overlap itself
        group = order[overlaps]
        weights = scores[group] / scores[group].sum()
        faces.append(Found(float(scores[order[0]]), np.einsum("n,nij->ij", weights, places[group])))
        order = order[~overlaps]
    return faces


def _overlaps(one: FloatArray, others: FloatArray) -> FloatArray:
    """Intersection over union of a box with each of N."""
    shared = np.minimum(one[1], others[:, 1]) - np.maximum(one[0], others[:, 0])
    common = np.prod(np.maximum(shared, 0), axis=1)
    areas = np.prod(others[:, 1] - others[:, 0], axis=1)
    union = np.prod(one[1] - one[0]) + areas - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


@cache
def _anchors() -> FloatArray:
    """(896, 2) x and y of the cells' centres, in sides of the picture."""
    grids = []
    for cells, each in GRIDS:
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), each, axis=0))
    return np.concatenate(grids).astype(np.float32)


@quiet_openvino.once
def compile_model(precision: Precision) -> Any:
    """Read-only, and shared by all detectors: one stream of inference for each core."""
    openvino = quiet_openvino.imported()
    path = _path()
    try:
        model = quiet_openvino.core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"{path} cannot be read ({reason}): {INSTALL}") from None
    steps = openvino.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8)
    steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(127.5).scale(127.5)
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": os.cpu_count() or 1,
    }
    return quiet_openvino.core().compile_model(steps.build(), "CPU", settings)


def _path() -> Path:
    """The model in MediaPipe's wheel; MediaPipe itself is not imported, it takes a second."""
    package, _, rest = FACE_MODEL.partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"mediapipe is not installed: {INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / f"{rest}.tflite"
    if not path.is_file():
        raise UserError(f"mediapipe has no face model {path}: {INSTALL}")
    return path
