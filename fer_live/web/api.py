"""What programs may ask of the page: `/read` and `/explain`."""

import os
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
import PIL.Image

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.sinks.record import scene_record
from fer_live.types import Frame, Scene
from fer_live.web import heat
from fer_live.web.explainers import Explainers
from fer_live.web.readers import Readers
from fer_live.web.uploads import read_upload, told

QUEUE = "programs"  # one for both: who reads does not wait longer than who asks for a heat-map


def build(readers: Readers) -> None:
    """Hidden parts that name the two and their values."""
    explainers = Explainers(readers)
    first = readers.names[0]

    def read(picture: str, model: str = first) -> dict[str, Any]:
        image = read_upload(picture)
        readings = [said[0].reading(face) for face, said in readers.read(image, [model])]
        return scene_record(Scene(Frame(image, source=Path(picture).name), readings))

    def explain(
        picture: str, face: object, expression: str, method: str, model: str
    ) -> tuple[str, dict[str, Any]]:
        number, image = _whole(face), read_upload(picture)
        found = readers.find(image)
        if not 0 <= number < len(found):
            raise UserError(f"there is no face {number}: the picture has {len(found)}, from 0")
        (opinion,) = readers.opinions(image, [found[number]], model)
        predicted = opinion.prediction.expression
        target = _expression(expression) if expression else predicted
        values = explainers(model, opinion.crop, method, target)
        path = Path(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR"))) / "heat-map.png"
        PIL.Image.fromarray(heat.over(opinion.crop, values, float(values.max()))).save(path)
        return str(path), {
            "model": model,
            "method": method,
            "expression": str(target),
            "predicted": str(predicted),
            "map": [[round(float(value), 6) for value in row] for row in values],
            "area": [[round(float(x), 1), round(float(y), 1)] for x, y in opinion.area],
        }

    with gr.Group(visible=False):
        picture = gr.File(label="picture", type="filepath")
        model = gr.Textbox(first, label="model")
        face = gr.Number(0, label="face")
        expression = gr.Textbox("", label="expression")
        method = gr.Textbox("Grad-CAM", label="method")
        record = gr.JSON(label="record")
        drawn = gr.File(label="heat-map")
        details = gr.JSON(label="details")
        ask_read, ask_explain = gr.Button("read"), gr.Button("explain")
    ask_read.click(
        told(read, markup=False),
        [picture, model],
        record,
        api_name="read",
        concurrency_id=QUEUE,
        api_description="Read the faces of a picture: the record that a .jsonl log has of a frame, "
        "`faces` with box, expression, probabilities and uncertainty, row by row from the top, each from "
        "left to right.",
    )
    ask_explain.click(
        told(explain, markup=False),
        [picture, face, expression, method, model],
        [drawn, details],
        api_name="explain",
        concurrency_id=QUEUE,
        api_description="Heat-map of one face of a picture, counted from 0 in the order of `/read`. `expression` "
        "empty: the predicted one. `method`: Grad-CAM, HiResCAM, Grad-CAM++, LayerCAM, EigenCAM, ScoreCAM or "
        "AblationCAM. Returns the face with the map as PNG, and the map's values with the corners of "
        "its area in the picture.",
    )


def _whole(face: object) -> int:
    """Raises UserError on what programs send besides numbers: Gradio lets words and lists through."""
    if isinstance(face, float) and face.is_integer():
        return int(face)
    if not isinstance(face, int):
        raise UserError(f"face {face} is no whole number; faces are counted from 0")
    return face


def _expression(name: str) -> Expression:
    try:
        return Expression(name)
    except ValueError:
        known = ", ".join(map(str, Expression))
        raise UserError(f"no expression {name!r}; choose one of {known}") from None
