"""Small real data: a FER2013 in miniature, and the faces of pictures that packages bring; a browser."""

import gc
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from skimage import data

from fer_live import weight_files
from fer_live.card import Card, Crop
from fer_live.cli import main
from fer_live.expressions import SEVEN
from fer_live.models import MODELS
from tests.small_networks import use_small_networks

# Rows for each class, in the csv's ids, of each of the three splits.
COUNTS = {"Training": 8, "PublicTest": 3, "PrivateTest": 2}
PATIENCE = 120_000  # milliseconds that the page may take; busy machines take long


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """Caches go to a folder of the test run, one for all its processes: conversions take seconds."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield


@pytest.fixture(autouse=True, scope="session")
def lasting():
    """What was imported by now stays: to look through it for garbage takes a quarter of a second each time."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def heard():
    """The end of a terminal, which nohup has programs ignore, and those that they start."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pixel_rows(seed: int = 0) -> list[tuple[int, np.ndarray, str]]:
    """(label, (48, 48) pixels, Usage): each class a stripe pattern with noise, easy to learn."""
    generator = np.random.default_rng(seed)
    rows = []
    for usage, count in COUNTS.items():
        for _ in range(count):
            for label in range(7):
                stripes = 90 + 80 * np.sin(np.arange(48) * (label + 1) / 5)[None, :]
                pixels = stripes + generator.normal(0, 12, (48, 48))
                rows.append((label, pixels.clip(0, 255).astype(np.uint8), usage))
    return rows


def write_fer2013(folder: Path) -> Path:
    """Kaggle's fer2013.csv with 91 rows; its folder is a data set's root."""
    folder.mkdir()
    path = folder / "fer2013.csv"
    lines = ["emotion,pixels,Usage"]
    for label, pixels, usage in pixel_rows():
        lines.append(f"{label},{' '.join(map(str, pixels.ravel()))},{usage}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def portrait(tmp_path) -> str:
    """A picture of one face."""
    PIL.Image.fromarray(data.astronaut()[:300, 100:400]).save(tmp_path / "portrait.png")
    return str(tmp_path / "portrait.png")


@pytest.fixture
def refusal(capsys, tmp_path, monkeypatch):
    """A function that runs bad arguments and returns the one line with which they are refused."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        try:
            code = main([*map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
        told = capsys.readouterr()
        assert code == 2
        assert told.out == ""
        (line,) = told.err.splitlines()
        assert line.startswith("fer-live: ")
        return line

    return run


@pytest.fixture
def fer2013_csv(tmp_path) -> Path:
    """A small fer2013.csv of the test's own."""
    return write_fer2013(tmp_path / "fer2013")


@pytest.fixture(scope="module")
def browser_arguments() -> list[str]:
    """What a module's tests want of Chromium besides."""
    return []


@pytest.fixture(scope="module")
def chromium(browser_arguments):
    """A real one, headless; without it the page's tests fail."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "no Chromium found: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *browser_arguments]
        )
        yield browser
        browser.close()


# For tests of what the server does, whatever the page looks like.
wide_alone = pytest.mark.parametrize("page", [(1280, "light")], ids=["wide"], indirect=True)


@pytest.fixture(params=[(1280, "light"), (375, "dark")], ids=["wide", "phone"])
def page(request, chromium, address):
    """A page that asked nobody else for anything and complained of nothing."""
    from playwright.sync_api import expect

    width, colours = request.param
    context = chromium.new_context(viewport={"width": width, "height": 720}, color_scheme=colours)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda message: wrong.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not wrong


@pytest.fixture
def small_networks(monkeypatch):
    """`cnn6` and `cucn` are some thousand parameters large, where any network will do."""
    use_small_networks(monkeypatch)


@pytest.fixture
def card() -> Card:
    """Of a `cnn6` that nobody has trained."""
    return Card(
        name="small",
        network="cnn6",
        arguments={"classes": 7},
        labels=SEVEN,
        size=48,
        channels=1,
        mean=0.5,
        deviation=0.25,
        crop=Crop(1.1, 0.0, -0.05, align=True),
        temperature=1.5,
        prior=(0.1,) * 7,
        metrics={"public": {"accuracy": 0.6}},
    )


@pytest.fixture
def random_weights(tmp_path):
    """A function that writes a weight file of random parameters, of the given seed and class prior.

    `name`: in its card; the file's tells the seed.
    """

    def write(
        seed=0,
        prior=(0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1),
        network="cnn6",
        arguments=None,
        name=None,
        **facts,
    ) -> str:
        torch.manual_seed(seed)
        arguments = {"classes": 7, "channels": 1, "size": 48, **(arguments or {})}
        size = arguments["size"]
        card = Card(
            name or f"random{seed}",
            network,
            arguments,
            SEVEN,
            size,
            1,
            0.5,
            0.25,
            prior=prior,
            **facts,
        )
        path = tmp_path / f"random{seed}.safetensors"
        weight_files.save(path, card, MODELS[network](**arguments).state_dict())
        return str(path)

    return write
