"""`fer-live web` with what it cannot use: told at once, before anything is served."""

import pytest


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


def test_a_password_of_the_environment_is_blamed_on_it(refusal, monkeypatch):
    monkeypatch.setenv("FER_LIVE_AUTH", "me")
    assert "the environment's FER_LIVE_AUTH: it is not USER:PASSWORD" in refusal("web")


def test_an_empty_password_of_the_environment_is_none(refusal, monkeypatch):
    monkeypatch.setenv("FER_LIVE_AUTH", "")
    assert "AUTH" not in refusal("web", "--inspect", "nowhere")
