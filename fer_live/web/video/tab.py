"""The tab's parts and what happens when one of them is used."""

import os
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from fer_live.errors import UserError
from fer_live.summary.words import clock
from fer_live.web.readers import Readers
from fer_live.web.show import note
from fer_live.web.theme import script, style
from fer_live.web.uploads import plain_words, told
from fer_live.web.video import reading, timeline
from fer_live.web.video.films import look
from fer_live.web.video.people import track_of
from fer_live.web.video.recording import Recording
from fer_live.web.video.task import Task

ABOUT = (
    "Reads every face of a film, frame by frame, and shows which expressions were read when. What a face "
    "shows is no feeling, and a curve no record of anyone's mind: not for judging the people in it."
)
NOTHING = "Nothing read yet: drop a film, or open a finished recording."
LOOK = 0.3  # seconds between looks at how far a film is
AT_ONCE = 2  # films that are worked on; others wait
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(readers: Readers) -> tuple[gr.File, ...]:
    """Put the tab's parts where the caller stands; those that hold files."""
    css = style("video.css")
    recording = gr.State(None, delete_callback=_forget)
    busy = gr.State(None)
    gr.Markdown(ABOUT, elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=280):
            dropped = gr.File(
                label="Film: it is read when you drop it",
                type="filepath",
                height=150,
                elem_id="film-drop",
            )
            model = gr.Dropdown(readers.names, value=readers.names[0], label="Model")
            heatmap = gr.Checkbox(True, label="Draw heat-maps on the film")
            again = gr.Button("Read it again")
            with gr.Accordion("Open a finished recording", open=False):
                film_file = gr.File(
                    label="Its film", type="filepath", height=150, elem_id="film-finished"
                )
                log_file = gr.File(
                    label="Its log (.jsonl or .csv)",
                    type="filepath",
                    height=150,
                    elem_id="film-log",
                )
                opening = gr.Button("Open")
            prepare = gr.Button("Make the CSV")
            table = gr.File(
                label="All readings, with names",
                visible=False,
                interactive=False,
                elem_id="film-csv",
            )
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(visible=False, css_template=css, elem_id="film-status")
            stop = gr.Button("Cancel", variant="stop", visible=False, elem_id="film-cancel")
            shown = gr.HTML(note(NOTHING, "empty"), css_template=css, elem_id="film")
            curves = gr.HTML(
                "",
                css_template=css,
                js_on_load=script("timeline.js") + script("video.js"),
                padding=False,
                elem_id="timeline",
            )

    def read(
        before: Task[Recording] | None,
        old: Recording | None,
        path: str | None,
        model: str,
        heatmap: bool,
    ) -> Iterator[list[Any]]:
        _forget(old, before)
        yield from _follow(lambda: reading.read(look(path), readers, model, heatmap), "Reading")

    def reopen(
        before: Task[Recording] | None, old: Recording | None, film: str | None, log: str | None
    ) -> Iterator[list[Any]]:
        if not film or not log:
            raise UserError("a recording has two files; choose its film and its log")
        _forget(old, before)
        yield from _follow(lambda: reading.reopen(look(film), log, Path(log).name), "Opening")

    def cancel(task: Task[Recording] | None) -> None:
        """The page drops its film, which goes unless another visitor has it; whoever follows the work tells the rest."""
        if task is not None:
            task.cancel()

    def change(now: Recording | None, event: gr.EventData) -> list[Any]:
        """Names and persons, as the page's script tells of them."""
        if now is None:
            raise UserError("there is no recording any more; read the film again")
        try:
            _change(now, event.pick)
        except UserError as error:
            gr.Warning(escape(str(error)))  # an error would cover the timeline
        return [now, timeline.timeline(now), gr.update(value=None, visible=False)]

    def write(now: Recording | None) -> Any:
        if now is None:
            raise UserError("there is nothing to list yet; drop a film first")
        return gr.update(value=str(now.table()), visible=True)

    view = [busy, recording, status, stop, shown, curves, table]
    work: dict[str, Any] = {
        "concurrency_limit": AT_ONCE,
        "concurrency_id": "films",
        "trigger_mode": "multiple",  # a second film takes the place of the first
        "show_progress": "minimal",
        "show_progress_on": [status],
        **PRIVATE,
    }
    asked = [busy, recording, dropped, model, heatmap]
    gr.on([dropped.upload, again.click], told(read), asked, view, **work)
    opening.click(told(reopen), [busy, recording, film_file, log_file], view, **work)
    stop.click(told(cancel), busy, dropped, queue=False, **PRIVATE)
    curves.select(told(change), recording, [recording, curves, table], **PRIVATE)
    prepare.click(told(write), recording, table, **PRIVATE)
    return dropped, film_file, log_file


def _follow(prepare: Callable[[], reading.Work], doing: str) -> Iterator[list[Any]]:
    """The page's parts while the work that `prepare` makes goes on, and at its end; leaving it stops the work."""
    task = Task[Recording](lambda task: prepare()(task), os.environ.get("GRADIO_TEMP_DIR"))
    try:
        for page in _pages(task, doing):
            # Work stops a moment after another film has taken its place: the page is that one's by now.
            yield [gr.skip()] * len(page) if task.replaced else page
    finally:
        task.cancel()


def _pages(task: Task[Recording], doing: str) -> Iterator[list[Any]]:
    try:
        while not task.wait(LOOK):
            yield _page(task, status=_progress(task, doing))
        done = task.take()
        if done is None:
            yield _page(film=note("Cancelled; nothing was kept.", "empty"))
        else:
            yield _page(None, done, "", timeline.film(done), timeline.timeline(done))
    except Exception as error:
        yield _page(status=note(plain_words(error), "alert"), film=note(NOTHING, "empty"))
        if not isinstance(error, UserError):
            raise  # to the log


def _page(
    task: Task[Recording] | None = None,
    recording: Recording | None = None,
    status: str = "",
    film: str = "",
    curves: str = "",
) -> list[Any]:
    """Values of all that a reading changes: the two states, and what is shown."""
    return [
        task,
        recording,
        gr.update(value=status, visible=bool(status)),
        gr.update(visible=task is not None),
        film,
        curves,
        gr.update(value=None, visible=False),
    ]


def _progress(task: Task[Recording], doing: str) -> str:
    done, total, label = task.done, task.total, f"{doing} the film"
    text = f"{done:,} frames" if total is None else f"{done:,} of {total:,} frames"
    if task.left is not None:
        text += f", about {clock(task.left + 1)} left"
    value = f' value="{min(done, total)}" max="{total}"' if total else ""
    return (
        f'<div class="reading-film"><progress aria-label="{label}"{value}></progress>'
        f"<p>{label}: {text}</p></div>"
    )


def _change(recording: Recording, pick: Any) -> None:
    """One wish: what, of whom, and the new name or the other person. Raises UserError."""
    match pick:
        case ["name", who, str(name)]:
            recording.people.rename(track_of(who), name)
        case ["same", who, other]:
            recording.people.merge(track_of(who), track_of(other))
        case ["split", who, _]:
            recording.people.split(track_of(who))
        case _:
            raise UserError("that can be done to no one; choose again")


def _forget(recording: Recording | None, task: Task[Recording] | None = None) -> None:
    if recording is not None:
        recording.remove()
    if task is not None:
        task.replaced = True
        task.cancel()
