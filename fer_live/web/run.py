"""`fer-live web`: the page, until Ctrl-C."""

import ctypes
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from fer_live.errors import UserError
from fer_live.packaged import MODEL
from fer_live.runtimes import RuntimeName

# All of it before Gradio is imported: counts of use, a look for newer versions, model hubs, and a page
# that keeps what was asked in the browser or at a hub.
SILENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ARENA_MAX, MMAP_THRESHOLD = -8, -3  # glibc's malloc.h

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebOptions:
    """`inspect`: evaluation folders. `corrections`: where they are kept, None for not. `auth`: user and password, None for everyone."""

    port: int = 7860
    host: str = "127.0.0.1"
    auth: tuple[str, str] | None = None
    share: bool = False
    model: str = MODEL
    device: str = "auto"
    runtime: RuntimeName = "auto"
    inspect: tuple[Path, ...] = ()
    corrections: Path | None = None

    @property
    def travels(self) -> str:
        """How far what a visitor drops goes, as the page says it."""
        if self.share:
            return "What you drop goes through Gradio's servers to the computer that reads it"
        if self.host not in LOOPBACK:
            return "What you drop goes to the computer that serves this page, and no further"
        return "Nothing leaves this computer"


def serve(options: WebOptions) -> int:
    """Open the page and stay until Ctrl-C; return the exit code. Raises UserError on bad input."""
    console = Console(stderr=True)
    for shown in options.inspect:
        if not shown.is_dir():
            raise UserError(
                f"--inspect {shown} is no folder: give one that `python -m train evaluate` wrote"
            )
        if not os.access(shown, os.R_OK | os.X_OK):
            raise UserError(f"--inspect {shown} may not be read: give another folder")
    _return_memory()
    check_port(options.host, options.port)
    # Windows removes no file that is still open, such as a film in work: the rest of the folder goes.
    with tempfile.TemporaryDirectory(prefix="fer-live-web-", ignore_cleanup_errors=True) as folder:
        _prepare(Path(folder))
        _leave_on_sigterm(Path(folder))
        from fer_live.web.app import launch

        with launch(options) as page:
            console.print(f"fer-live: open {page.address} (Ctrl-C stops)", highlight=False)
            if options.share:
                console.print(
                    f"fer-live: --share: whoever knows {page.shared} comes in, and what they drop "
                    "passes through Gradio's servers",
                    highlight=False,
                    soft_wrap=True,
                )
            threading.Thread(target=_warm_up, args=(page.readers.warm_up,), daemon=True).start()
            page.wait()
    return 0


def _return_memory() -> None:
    """Keep no more than is in use, before any thread starts: pictures of many visitors pass through many threads.

    glibc gives each thread an arena of its own and keeps what was freed in it; under load the server grew by
    130 MB a minute, and now by 20.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if change is not None:
        change(ARENA_MAX, 2)
        change(MMAP_THRESHOLD, 1 << 20)


def _leave_on_sigterm(folder: Path) -> None:
    """SIGTERM frees the port at once: a slow heat-map or an open page would hold a tidy end up."""

    def leave(number: int, frame: object) -> None:
        tunneling = sys.modules.get("gradio.tunneling")
        for tunnel in tunneling.CURRENT_TUNNELS if tunneling else ():
            tunnel.kill()  # --share's own process outlives this one otherwise
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def _warm_up(load: Callable[[], object]) -> None:
    try:
        load()
    except UserError as error:  # the first visitor will read it, too
        logger.error(str(error))


def _prepare(folder: Path) -> None:
    """Uploads and results go to `folder`, which is removed at the end."""
    # By its own name: Gradio follows links in some of its paths, and macOS has its folder behind one.
    os.environ.update(SILENT, GRADIO_TEMP_DIR=str(folder.resolve()))
    if find_spec("gradio") is None:
        raise UserError("gradio is not installed: pip install 'fer-live[web]'")


def check_port(host: str, port: int) -> None:
    """Raises UserError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as place:
        if os.name != "nt":  # where that would take an address from who has it
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((host, port))
        except (OSError, TypeError, UnicodeError) as error:  # names that no host can have
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"{host}:{port} cannot be used ({reason}): choose another --port or --host"
            ) from None
