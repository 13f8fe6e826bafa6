"""`fer-live web` with what it cannot use: told at once, before anything is served."""

import socket
from urllib.request import urlopen

import pytest

from fer_live.cli import main
from fer_live.errors import UserError
from fer_live.web.run import WebOptions
from tests.commands import free_port


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "'70000' is not a port from 1 to 65535"),
        (["--host", "ä..b"], "choose another --port or --host"),
        (["--inspect", "nowhere"], "--inspect nowhere is no folder"),
        (["--auth", "me"], "it is not USER:PASSWORD"),
        (["--model", "cnn6,cnn6"], "each once"),
        (["--model", "cnn6,cucn-plus"], "cannot vote"),
        (["--device", "cuda:99"], "cuda:99"),
    ],
)
def test_bad_arguments_are_told_in_a_line(refusal, arguments, words):
    assert words in refusal("web", *arguments)


def test_a_folder_that_may_not_be_read_is_told_at_the_start(refusal, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    words = f"--inspect {tmp_path} may not be read"
    assert words in refusal("web", "--inspect", tmp_path)


def test_a_password_of_the_environment_is_blamed_on_it(refusal, monkeypatch):
    monkeypatch.setenv("FER_LIVE_AUTH", "me")
    assert "the environment's FER_LIVE_AUTH: it is not USER:PASSWORD" in refusal("web")


def test_an_empty_password_of_the_environment_is_none(refusal, monkeypatch):
    monkeypatch.setenv("FER_LIVE_AUTH", "")
    assert "AUTH" not in refusal("web", "--inspect", "nowhere")


def test_brackets_of_an_address_are_none_of_the_hosts(monkeypatch):
    served = []
    monkeypatch.setattr("fer_live.web.run.serve", served.append)
    main(["web", "--host", "[::1]"])
    assert served[0].host == "::1"


def test_an_address_of_the_sixth_version_is_served(tmp_path, monkeypatch):
    from fer_live.web.app import launch

    with socket.socket(socket.AF_INET6) as place:
        try:
            place.bind(("::1", 0))
        except OSError:
            pytest.skip("this computer has no IPv6")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    port = free_port()
    with launch(WebOptions(port=port, host="::1")) as page:
        assert page.address == f"http://[::1]:{port}/"
        with urlopen(page.address, timeout=60) as answer:
            assert b"fer-live" in answer.read()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_another_start_took_meanwhile_is_told_in_a_line(tmp_path, monkeypatch, host):
    from fer_live.web.app import launch

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        options = WebOptions(port=other.getsockname()[1], host=host)
        with pytest.raises(UserError, match="choose another --port"), launch(options):
            pass
