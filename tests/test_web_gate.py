"""What the page's server does not answer, and what it does not fetch."""

import gradio as gr
import pytest
from gradio import processing_utils
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from fer_live.web.addresses import refused_addresses
from fer_live.web.gate import Gate

METHODS = ["GET", "POST", "PUT", "DELETE"]


@pytest.fixture
def client():
    """A server that answers everything."""
    answer = Route("/{path:path}", lambda request: PlainTextResponse("here"), methods=METHODS)
    return TestClient(Starlette(routes=[answer], middleware=[Middleware(Gate)]))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("method", METHODS[1:])
def test_other_sites_change_nothing(client, method, site):
    refused = client.request(method, "/gradio_api/upload", headers={"Sec-Fetch-Site": site})
    assert refused.status_code == 403
    assert refused.json() == {"error": "this server answers its own page alone"}


def test_other_sites_may_link_here(client):
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).text == "here"


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}])
def test_the_page_and_programs_are_answered(client, headers):
    assert client.post("/gradio_api/upload", headers=headers).text == "here"


@pytest.mark.parametrize(
    "path",
    [
        "process_recording",
        "process_recording/",
        "process%5Frecording",
        "deep_link?session_hash=a",
        "file=http://example.com/x.png",
        "file=https:%2F%2Fexample.com/x.png",
    ],
)
def test_what_gradio_has_beside_the_page_is_closed(client, path):
    for method in METHODS:
        assert client.request(method, f"/gradio_api/{path}").status_code == 404


def test_a_file_of_the_page_is_given_out(client):
    assert client.get("/gradio_api/file=/tmp/fer-live-web-1/http.png").text == "here"


def test_an_address_in_place_of_a_file_is_told_and_not_fetched(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", asked.append)
    place = "http://example.com/<b>.png"
    with refused_addresses(), pytest.raises(gr.Error, match="send the file itself") as told:
        processing_utils.save_url_to_cache(place, str(tmp_path))
    assert told.value.message.startswith("http://example.com/&lt;b&gt;.png is not fetched")
    assert not asked
    assert not list(tmp_path.iterdir())
