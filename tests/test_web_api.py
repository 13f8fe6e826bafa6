"""The page's server as programs use it."""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from skimage import data

from fer_live import Analyzer
from fer_live.detect import MOST
from fer_live.sinks.record import face_record
from scripts.web_load import load
from tests.web import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(
        tmp_path_factory.mktemp("page"), "--model", "cnn6", "--runtime", "torch"
    ) as address:
        yield address


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    return Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("fetched")))


@pytest.fixture
def face(tmp_path):
    path = tmp_path / "face.png"
    PIL.Image.fromarray(data.astronaut()[:300, 100:400]).save(path)
    return path


def test_read_says_what_a_log_says(client, face):
    record = client.predict(handle_file(str(face)), api_name="/read")
    with Analyzer.load("cnn6", runtime="torch") as analyzer:
        (reading,) = analyzer(np.asarray(PIL.Image.open(face)))
    (found,) = record["faces"]
    expected = face_record(reading)
    assert found["box"] == expected["box"]
    assert found["expression"] == expected["expression"]
    assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-3)
    assert record["source"] == "face.png"


def test_explain_gives_a_picture_and_a_map(client, face):
    drawn, details = client.predict(
        handle_file(str(face)), 0, "sad", "HiResCAM", "cucn", api_name="/explain"
    )
    assert PIL.Image.open(drawn).size == (208, 208)
    assert np.array(details["map"]).shape == (3, 3)
    assert (details["expression"], details["method"], len(details["area"])) == (
        "sad",
        "HiResCAM",
        4,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, "", "Grad-CAM", "cnn6"), "there is no face 3"),
        ((0.5, "", "Grad-CAM", "cnn6"), "face 0.5 is no whole number"),
        ((None, "", "Grad-CAM", "cnn6"), "face None is no whole number"),
        (("first", "", "Grad-CAM", "cnn6"), "face first is no whole number"),
        ((0, "smug", "Grad-CAM", "cnn6"), "no expression 'smug'"),
        ((0, "", "MagicCAM", "cnn6"), "no method"),
        ((0, "", "Grad-CAM", "../secret"), "no model"),
    ],
)
def test_explain_refuses_in_words(client, face, arguments, words):
    with pytest.raises(AppError, match=words):
        client.predict(handle_file(str(face)), *arguments, api_name="/explain")


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_bad_upload_is_told_and_the_server_lives_on(client, face, tmp_path, content):
    bad = tmp_path / "bad<b>.png"
    bad.write_bytes(content)
    with pytest.raises(AppError, match="bad") as refused:
        client.predict(handle_file(str(bad)), api_name="/read")
    assert "Traceback" not in str(refused.value)
    assert client.predict(handle_file(str(face)), api_name="/read")["faces"]


def test_of_ten_thousand_faces_the_surest_are_read(client, face, tmp_path):
    close = PIL.Image.fromarray(data.astronaut()[60:190, 160:290])
    tile = np.asarray(close.resize((40, 40), PIL.Image.Resampling.BOX))
    crowd = tmp_path / "crowd.png"
    PIL.Image.fromarray(np.tile(tile, (100, 100, 1))).save(crowd)
    found = client.predict(handle_file(str(crowd)), api_name="/read")["faces"]
    assert len(found) == MOST
    assert client.predict(handle_file(str(face)), api_name="/read")["faces"]


def test_only_the_two_are_offered(client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/read", "/explain"}


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "pyproject.toml", "/proc/self/environ"]
)
def test_files_of_the_computer_are_not_given_out(address, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}gradio_api/file={path}", timeout=60)
    assert refused.value.code in (403, 404)


def test_an_address_in_place_of_a_picture_is_told(client):
    with pytest.raises(AppError, match="send the file itself, not an address"):
        client.predict(handle_file("http://example.com/x.png"), api_name="/read")


@pytest.mark.parametrize(
    ("path", "code"), [("upload", 403), ("process_recording", 404), ("deep_link", 404)]
)
def test_other_sites_leave_no_files(address, path, code):
    request = urllib.request.Request(
        f"{address}gradio_api/{path}", b"", {"Sec-Fetch-Site": "cross-site"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == code


@pytest.mark.parametrize("path", ["gradio_api/runs", "monitoring", "monitoring/summary"])
def test_no_history_of_what_was_asked_is_kept(address, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}{path}", timeout=60)
    assert refused.value.code in (403, 404)


def test_answers_are_not_mixed_up(address, tmp_path):
    """Visitors at the same time, each with another number of faces."""
    face = data.astronaut()[:300, 100:400]

    def ask(count):
        path = tmp_path / f"{count}.png"
        PIL.Image.fromarray(np.concatenate([face] * count, 1)).save(path)
        client = Client(address, verbose=False)
        return len(client.predict(handle_file(str(path)), api_name="/read")["faces"])

    with ThreadPoolExecutor(4) as visitors:
        assert list(visitors.map(ask, [1, 2, 3, 4])) == [1, 2, 3, 4]


def test_visitors_of_all_kinds_get_what_is_theirs(address):
    """The script that loads a server: of five visitors one looks live, and one has a film read."""
    seen = load(address, 5, 0)
    assert not seen.errors
    assert (seen.work, seen.mixed, len(seen.seconds)) == (17, 0, 5)
