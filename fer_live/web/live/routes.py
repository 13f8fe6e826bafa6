"""The tab's own addresses beside Gradio's: its queue would take longer for a frame than reading it.

POST /live begins a visit, POST /live/VISIT takes a frame, DELETE /live/VISIT ends the visit.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fer_live.errors import UserError
from fer_live.types import Point
from fer_live.web.live.frames import LARGEST_FRAME
from fer_live.web.live.visit import Wish
from fer_live.web.live.visits import Refused, Visits

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
PATH = "/live"

logger = logging.getLogger(__name__)


def routes(visits: Visits) -> list[Route]:
    """To be given to the server that Gradio starts."""

    async def begin(request: Request) -> Response:
        name = await run_in_threadpool(visits.open)
        _end_when_idle(visits, name)
        return JSONResponse({"visit": name}, 201)

    async def look(request: Request) -> Response:
        encoded, wish = await _body(request), _wish(request)
        answer = await run_in_threadpool(visits.answer, request.path_params["visit"], encoded, wish)
        return Response(answer, media_type="application/octet-stream")

    async def leave(request: Request) -> Response:
        await run_in_threadpool(visits.end, request.path_params["visit"])
        return Response(status_code=204)

    one = PATH + "/{visit}"
    return [
        Route(PATH, _guarded(begin), methods=["POST"]),
        Route(one, _guarded(look), methods=["POST"]),
        Route(one, _guarded(leave), methods=["DELETE"]),
    ]


def _guarded(handler: Handler) -> Handler:
    """For visitors that may come in, with what went wrong told as Gradio's handlers tell it."""

    @functools.wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            _check(request)
            response = await handler(request)
        except Refused as refused:
            response = JSONResponse({"error": str(refused)}, refused.status)
        except UserError as error:
            response = JSONResponse({"error": str(error)}, 400)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody hears it
        except Exception:
            logger.exception("a live frame failed")
            text = "something went wrong here; the server's log says what"
            response = JSONResponse({"error": text}, 500)
        response.headers["Cache-Control"] = "no-store"
        return response

    return guarded


def _check(request: Request) -> None:
    """Raises Refused for who has not logged in where that is asked."""
    app = request.app
    if app.auth is None:
        return
    cookies = [
        request.cookies.get(f"access-token-{kind}{app.cookie_id}") for kind in ("", "unsecure-")
    ]
    if not any(cookie in app.tokens for cookie in cookies):
        raise Refused("log in first: load the page again", 401)


async def _body(request: Request) -> bytes:
    """Raises Refused before too much has come in."""
    encoded = bytearray()
    async for part in request.stream():
        encoded += part
        if len(encoded) > LARGEST_FRAME:
            raise Refused(f"a frame may have {LARGEST_FRAME / 1e6:.0f} MB", 413)
    return bytes(encoded)


def _wish(request: Request) -> Wish:
    """Raises Refused where the numbers are none."""
    asked = request.query_params
    at = None
    if "at" in asked:
        try:
            x, y = map(float, asked["at"].split(","))
        except ValueError:
            raise Refused(f"at={asked['at']!r} is no point; write x,y", 400) from None
        at = Point(x, y)
    return Wish(asked.get("model", ""), asked.get("heatmap") == "1", asked.get("onward") == "1", at)


def _end_when_idle(visits: Visits, name: str) -> None:
    """A browser that crashed or lost its way says no farewell."""
    loop = asyncio.get_running_loop()
    left = visits.left(name)
    if left > 0:
        loop.call_later(left, _end_when_idle, visits, name)
    else:
        loop.run_in_executor(None, visits.end, name)
