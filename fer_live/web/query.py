"""What stands in an address before Gradio reads it."""

from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = b"page="


class OnePage:
    """Without `page`, which Gradio takes for the name of a page: one that it lacks was an error of the server."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if PAGE in scope.get("query_string", b""):
            parts = scope["query_string"].split(b"&")
            rest = b"&".join(part for part in parts if not part.startswith(PAGE))
            scope = {**scope, "query_string": rest}
        await self.app(scope, receive, send)
