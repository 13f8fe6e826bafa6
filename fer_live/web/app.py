"""The page: its frame, its tabs, and the server that shows it."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from fer_live.detect import MediaPipeDetector
from fer_live.device import is_cpu
from fer_live.web import api, models, pictures
from fer_live.web.addresses import refused_addresses
from fer_live.web.corrections import NAME, Corrections
from fer_live.web.gate import Gate
from fer_live.web.inspect import tab as inspect
from fer_live.web.inspect.folders import Folders
from fer_live.web.leftovers import SOON, Leftovers
from fer_live.web.live import tab as live
from fer_live.web.live.routes import routes
from fer_live.web.live.visit import Visit
from fer_live.web.live.visits import Visits
from fer_live.web.query import OnePage
from fer_live.web.readers import Readers
from fer_live.web.run import WebOptions, check_port
from fer_live.web.theme import style, theme
from fer_live.web.uploads import LARGEST_FILM
from fer_live.web.video import tab as video

TITLE = "fer-live"
WORDS = {
    "common.webcam": "Webcam",  # Gradio uses it and does not have it
    "upload_text.drop_gallery": "Drop Pictures Here",  # Gradio's are "Media"
}
AT_ONCE, WAITING = 2, 64  # requests that are worked on, and that may wait
INTRODUCTION = """# fer-live
Reads the configuration of a face, **not a feeling**, and is often wrong. {travels}, and
nothing is kept unless you ask."""
LAW = """Do not use it for decisions about people: hiring, schooling, policing, insurance, care, credit. The EU's AI Act
(Article 5) prohibits reading emotions at work and in schools, except for medical or safety reasons."""


@dataclass
class Page:
    """A page that is being served. `shared`: its public address, None without --share."""

    readers: Readers
    address: str
    shared: str | None

    def wait(self) -> None:
        """Until Ctrl-C."""
        while True:
            time.sleep(3600)


def build(options: WebOptions, readers: Readers, leftovers: Leftovers) -> gr.Blocks:
    """The whole page. Raises UserError where the folder for corrections cannot be used."""
    corrections = None if options.corrections is None else Corrections(options.corrections)
    folders = Folders(options.inspect, {} if corrections is None else {NAME: corrections.folder})
    with gr.Blocks(title=TITLE, analytics_enabled=False) as blocks:
        api.build(readers)  # first: a name that is taken gets a number
        gr.Markdown(INTRODUCTION.format(travels=options.travels), elem_id="introduction")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Pictures", id="pictures"):
                files = pictures.build(readers, corrections)
            with gr.Tab("Live", id="live"):
                live.build(readers)
            with gr.Tab("Video", id="video"):
                files += video.build(readers)
            with gr.Tab("Inspect", id="inspect") as inspection:
                files += inspect.build(readers, folders, blocks, tabs, inspection)
            with gr.Tab("Models", id="models"):
                models.build(readers)
        gr.Markdown(LAW, elem_id="law")
        leftovers.follow(*files)

        async def leave(request: gr.Request) -> None:
            """The page was closed. On the event loop, where Gradio keeps its sessions."""
            visitor, sessions = request.session_hash or "", blocks.state_holder
            leftovers.leave(visitor)
            if visitor in sessions:
                sessions.session_data[visitor].STATE_TTL_WHEN_CLOSED = 0  # Gradio's is an hour
                # Gradio would hold 165 kB of each of the last 10,000 pages.
                asyncio.get_running_loop().call_later(
                    SOON, sessions.session_data.pop, visitor, None
                )

        blocks.unload(leave)
    blocks.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)
    return blocks


@contextmanager
def launch(options: WebOptions) -> Iterator[Page]:
    """Serve the page as long as the block lasts. Raises UserError on bad input."""
    with ExitStack() as stack:
        is_cpu(options.device)  # one that is not to be had is told at once, as a broken file is
        readers = Readers(options.model, options.device, options.runtime)
        stack.callback(readers.close)
        readers.card(readers.names[0])
        visits = Visits(lambda: Visit(readers, MediaPipeDetector("live")))
        stack.callback(visits.close)
        leftovers = Leftovers(Path(os.environ["GRADIO_TEMP_DIR"]))
        stack.callback(leftovers.close)
        blocks = build(options, readers, leftovers)
        stack.callback(blocks.close, verbose=False)
        leftovers.watch(blocks.temp_file_sets)
        stack.enter_context(refused_addresses())
        try:
            _, local, shared = blocks.launch(
                # In brackets Gradio makes an address of it.
                server_name=f"[{options.host}]" if ":" in options.host else options.host,
                server_port=options.port,
                auth=options.auth,
                share=options.share,
                prevent_thread_lock=True,
                quiet=True,
                ssr_mode=False,
                footer_links=["api"],
                enable_monitoring=False,
                max_file_size=LARGEST_FILM,
                theme=theme(),
                css=style(),
                i18n=gr.I18n(en=WORDS),
                app_kwargs={
                    "routes": routes(visits),
                    "middleware": [Middleware(Gate), Middleware(OnePage)],
                },
            )
        except OSError:
            # Taken since `serve` looked, by another start; or there, where Gradio looks whatever the host is.
            for host in (options.host, "127.0.0.1"):
                check_port(host, options.port)
            raise
        yield Page(readers, local, shared if options.share else None)
