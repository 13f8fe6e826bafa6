"""Addresses in place of files: Gradio would fetch whatever public one a visitor names, of any size."""

from collections.abc import Iterator
from contextlib import contextmanager

from gradio import processing_utils

from fer_live.web.uploads import message


@contextmanager
def refused_addresses() -> Iterator[None]:
    """As long as the block lasts nothing is fetched, and whoever asks is told."""
    fetch = processing_utils.async_ssrf_protected_download
    processing_utils.async_ssrf_protected_download = _refuse
    try:
        yield
    finally:
        processing_utils.async_ssrf_protected_download = fetch


async def _refuse(url: str, cache_dir: str) -> str:
    """In place of Gradio's; raises what a page shows and a program reads."""
    raise message(f"{url} is not fetched; send the file itself, not an address")
