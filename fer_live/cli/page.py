"""`fer-live web`: the page."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from fer_live.cli import options as kinds
from fer_live.errors import UserError
from fer_live.home import place

AUTH = "FER_LIVE_AUTH"  # of the environment: passwords on a command line are seen by others


def define(parser: ArgumentParser) -> None:
    where = parser.add_argument_group("where the page is")
    where.add_argument("--port", type=_port, default=7860, metavar="N", help="default: 7860")
    where.add_argument(
        "--host",
        type=_host,
        default="127.0.0.1",
        metavar="ADDRESS",
        help="0.0.0.0 lets other computers in (default: 127.0.0.1, this one alone)",
    )
    where.add_argument(
        "--auth",
        type=_auth,
        metavar="USER:PASSWORD",
        help=f"who may come in (default: the environment's {AUTH}, else everyone who reaches it)",
    )
    where.add_argument(
        "--share",
        action="store_true",
        help="a public address through Gradio's servers: what is dropped there passes through them",
    )
    shown = parser.add_argument_group("what it shows")
    kinds.add_model(shown)
    shown.add_argument(
        "--inspect",
        type=place,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="folders that `python -m train evaluate` wrote, to look at errors",
    )
    shown.add_argument(
        "--corrections",
        type=place,
        metavar="FOLDER",
        help="keep the faces that visitors say were read wrong, to look at them in Inspect (default: off)",
    )


def run(options: Namespace) -> int:
    from fer_live.web.run import WebOptions, serve

    auth = options.auth
    if auth is None and os.environ.get(AUTH):
        try:
            auth = _auth(os.environ[AUTH])
        except ArgumentTypeError as error:
            raise UserError(f"the environment's {AUTH}: {error}") from None
    return serve(
        WebOptions(
            port=options.port,
            host=options.host,
            auth=auth,
            share=options.share,
            model=options.model,
            device=options.device,
            runtime=options.runtime,
            inspect=tuple(options.inspect),
            corrections=options.corrections,
        )
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _host(text: str) -> str:
    """As sockets have it: IPv6 addresses stand in brackets only before a port."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _auth(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user or not password:
        raise ArgumentTypeError("it is not USER:PASSWORD, such as me:correct-horse")
    return user, password
