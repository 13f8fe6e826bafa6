"""What the page's server does not answer: other sites, and what Gradio has beside the page."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OWN = ("same-origin", "none")
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
# A recorder that keeps each film for ever, the page's state as a file, and any other site's files.
CLOSED = ("/gradio_api/process_recording", "/gradio_api/deep_link", "/gradio_api/file=http")


class Gate:
    """Lets in what the page itself asks, and programs.

    Another site's page can send here, though not read what comes back: it must neither take seats nor
    leave files.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)


def _refusal(scope: Scope) -> JSONResponse | None:
    if any(part in scope["path"] for part in CLOSED):
        return JSONResponse({"error": "there is nothing here"}, 404)
    # Programs say nothing of where they ask from.
    site = Headers(scope=scope).get("sec-fetch-site", OWN[0])
    if scope["method"] in CHANGES and site not in OWN:
        return JSONResponse({"error": "this server answers its own page alone"}, 403)
    return None
