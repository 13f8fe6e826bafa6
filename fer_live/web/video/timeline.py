"""A recording as HTML: its film, and for each person a place that the page's script draws a timeline in."""

import base64
import json
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from fer_live.expressions import Expression
from fer_live.summary.collect import Person, Summary
from fer_live.summary.words import clock, percent
from fer_live.web.show import css, note
from fer_live.web.video.people import Someone
from fer_live.web.video.recording import Recording

SHOWN = 40  # people with a timeline
FIRST = 8  # of those, shown before one asks for more
BUTTONS = {
    "in": ("+", "Zoom in"),
    "out": ("-", "Zoom out"),
    "left": ("←", "Earlier"),
    "right": ("→", "Later"),
    "all": ("All", "Show the whole film"),
}
HELP = (
    "Click: go there. Drag: zoom to that part. Ctrl and wheel: zoom. Keys: arrows move, + and - zoom, "
    "0 shows all, space plays."
)


def film(recording: Recording) -> str:
    """The film to play, and where to get it."""
    source = _address(recording.video)
    stem = escape(Path(recording.name).stem)
    notes = "".join(note(text) for text in recording.notes)
    return (
        f'<figure><video controls preload="auto" playsinline src="{source}" '
        f'aria-label="{escape(recording.name)}"></video>'
        f"<figcaption>{escape(recording.name)}: {escape(_counts(recording))} "
        f'<a href="{source}" download="{stem}-fer-live{recording.video.suffix}">Download this video</a>'
        f"</figcaption></figure>{notes}"
    )


def timeline(recording: Recording) -> str:
    """Legend, buttons, one canvas a person, and a table with what to change of each person."""
    summary, everyone = recording.summary, recording.people.everyone()
    if not everyone:
        return note("No face was found in this film.", "empty")
    shown = everyone[:SHOWN]
    data = {
        "id": recording.folder.name,
        "seconds": recording.seconds,
        "width": summary.width,
        "began": (summary.began or 0.0) - recording.began,
        "patience": summary.patience,
        "labels": [str(label) for label in summary.labels],
        "colours": [css(label) for label in summary.labels],
        "people": [_curve(one, summary.labels) for one in shown],
    }
    legend = "".join(
        f'<button type="button" data-label="{i}" aria-pressed="true">'
        f'<i style="background:{css(label)}"></i>{label}</button>'
        for i, label in enumerate(summary.labels)
    )
    buttons = "".join(
        f'<button type="button" data-zoom="{name}" aria-label="{text}" title="{text}">{sign}</button>'
        for name, (sign, text) in BUTTONS.items()
    )
    lanes = "".join(_lane(one, summary, i < FIRST) for i, one in enumerate(shown))
    later = len(shown) - FIRST
    ask = (
        f'<button type="button" class="more" data-more="{later}" aria-expanded="false">'
        f"Show {later} more, seen for less time</button>"
        if later > 0
        else ""
    )
    rest = len(everyone) - len(shown)
    more = (
        note(f"{rest} more, seen for the least time, are in the table and in the CSV.")
        if rest
        else ""
    )
    return (
        f'<section class="timeline" data-timeline="{escape(json.dumps(data))}">'
        f'<h3>What was read when</h3><div class="tools"><div class="zoom">{buttons}'
        '<button type="button" data-lines aria-pressed="false">Lines</button></div>'
        f'<div class="legend" role="group" aria-label="Expressions shown">{legend}</div></div>'
        f'<div class="lanes">{lanes}<i class="cursor"></i><output class="reading" aria-hidden="true" hidden>'
        f'</output></div><canvas class="ruler" aria-hidden="true"></canvas>{ask}{note(HELP)}{more}'
        f"</section>{_table(everyone, recording)}"
    )


def _curve(one: Someone, labels: list[Expression]) -> dict[str, Any]:
    """`at`: indices of the parts in which the person was read; `p`: (n, K) bytes, 255 times the mean."""
    bins = one.person.bins
    at = sorted(bins)
    means = np.array([[bins[i].mean(label) for label in labels] for i in at], np.float64)
    values = np.round(255 * means.clip(0, 1)).astype(np.uint8)
    return {"key": one.key, "name": one.name, "at": at, "p": base64.b64encode(values).decode()}


def _lane(one: Someone, summary: Summary, shown: bool) -> str:
    name, text = escape(one.name), escape(f"{one.name}: {_words(one.person, summary)}")
    return (
        f'<div class="lane"{"" if shown else " hidden"}><span class="name">{name}</span><canvas tabindex="0" role="slider" '
        f'data-person="{one.key}" aria-label="Timeline of {text}" aria-valuemin="0"></canvas></div>'
    )


def _words(person: Person, summary: Summary) -> str:
    """The curve in words: the shares of the time, largest first."""
    shares = sorted(person.shares.items(), key=lambda pair: -pair[1])
    told = [f"{label} {percent(share)}" for label, share in shares if share >= 0.005]
    return f"{', '.join(told)} of the time"


def _table(everyone: list[Someone], recording: Recording) -> str:
    heads = "".join(f'<th scope="col">{label}</th>' for label in recording.summary.labels)
    rows = "".join(_row(one, everyone, recording) for one in everyone)
    return (
        '<section class="people"><h3>Who is who</h3><div class="wide"><table>'
        '<caption class="hidden">people, and the share of time of each expression</caption>'
        '<thead><tr><th scope="col">name</th><th scope="col">same person as</th>'
        f'<th scope="col">seen</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _row(one: Someone, everyone: list[Someone], recording: Recording) -> str:
    summary, began = recording.summary, recording.began
    name = escape(one.name)
    given = escape(recording.people.names.get(one.tracks[0], ""))
    default = escape(Person(one.tracks[0], 0, 0).name)
    others = "".join(
        f'<option value="{other.key}">{escape(other.name)}</option>'
        for other in everyone[:SHOWN]
        if other is not one
    )
    split = (
        f'<button type="button" data-split="{one.key}" title="{_parts(one)}" '
        f'aria-label="Take apart what was merged into {name}">take apart ({len(one.tracks)})</button>'
        if len(one.tracks) > 1
        else ""
    )
    seen = f"{clock(one.person.first - began)} to {clock(one.person.last - began)}"
    shares = "".join(f"<td>{percent(one.person.shares[label])}</td>" for label in summary.labels)
    return (
        f'<tr><td><input data-name="{one.key}" value="{given}" placeholder="{default}" maxlength="40" '
        f'aria-label="Name of {name}" autocomplete="off"></td>'
        f'<td><select data-same="{one.key}" aria-label="{name} is the same person as">'
        f'<option value="-">no other</option>{others}</select>{split}</td><td>{seen}</td>{shares}</tr>'
    )


def _parts(one: Someone) -> str:
    return escape(", ".join(Person(track, 0, 0).name for track in one.tracks))


def _counts(recording: Recording) -> str:
    summary, number = recording.summary, len(recording.people.everyone())
    who = "1 person" if number == 1 else f"{number:,} people"
    return f"{clock(recording.seconds)} long, {who}, {summary.readings:,} faces read."


def _address(path: Path) -> str:
    """Where the page serves a file of its folder; relative, so that it holds behind any host."""
    return f"gradio_api/file={quote(str(path))}"
