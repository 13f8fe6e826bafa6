"""The tab's parts; what moves in them is static/live.js."""

from html import escape

import gradio as gr

from fer_live.timeline import SPAN
from fer_live.web.live.routes import PATH
from fer_live.web.readers import Readers
from fer_live.web.show import note
from fer_live.web.theme import script, style

ABOUT = (
    "Reads the faces that your camera sees, frame by frame, and forgets each frame at once. It tells how a face is "
    "held, not what someone feels: not for watching people, or for judging them."
)


def build(readers: Readers) -> None:
    """Put the tab's parts where the caller stands."""
    gr.Markdown(ABOUT, elem_classes="about")
    gr.HTML(
        _parts(readers.names),
        js_on_load=script("live.js"),
        css_template=style("live.css"),
        elem_id="live",
    )


def _parts(models: list[str]) -> str:
    options = "".join(f"<option>{escape(name)}</option>" for name in models)
    off = note("The camera is off. It starts when you say so, and stops when you leave this tab.")
    return f"""<div class="controls">
<button type="button" class="go" data-part="go">Start the camera</button>
<label>Model <select data-part="model">{options}</select></label>
<label><input type="checkbox" data-part="heatmap" checked> Heat-map</label>
<label><input type="checkbox" data-part="mirror" checked> Mirror</label>
<span class="pace" data-part="pace"></span>
</div>
<p class="status" role="alert" data-part="status"></p>
<div class="scene" data-path="{PATH.lstrip("/")}">
<div class="stage"><div class="off" data-part="off">{off}</div>
<canvas data-part="picture" role="img" aria-label="the camera is off" hidden></canvas></div>
<section class="beside" aria-label="reading of one face">
<div class="who"><h3 data-part="who">nothing read yet</h3>
<button type="button" data-part="onward" hidden>next face</button></div>
<p class="rank" data-part="rank">How sure the model is of each expression, and the last half minute, come here.</p>
<div data-part="details" hidden><table class="bars"><caption class="hidden">probabilities</caption><tbody data-part="bars"></tbody></table>
<h4>the last {SPAN:.0f} seconds</h4>
<div class="curves"><ul aria-hidden="true" data-part="names"></ul>
<canvas data-part="curves" role="img" aria-label="no timeline yet"></canvas></div></div>
</section></div>
<p class="hidden" aria-live="polite" data-part="spoken"></p>"""
