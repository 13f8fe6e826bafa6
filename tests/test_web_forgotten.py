"""A page that stays open, though its server has lost sight of it: a computer that slept."""

import urllib.request

import PIL.Image
import pytest
from playwright.sync_api import expect
from skimage import data

from tests.evaluations import write_evaluation
from tests.web import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_evaluation(folder / "scored")
    options = ("--model", "cnn6", "--runtime", "torch", "--inspect", "scored")
    with serving(folder, *options) as address:
        yield address


@pytest.mark.parametrize("page", [(1280, "light")], ids=["wide"], indirect=True)  # it waits long
def test_it_says_what_to_do_and_reads_its_pictures_again(page, address, tmp_path):
    path = tmp_path / "astronaut.png"
    PIL.Image.fromarray(data.astronaut()).save(path)
    other = page.context.new_page()  # with the same picture, so that it is not removed
    with page.expect_request("**/heartbeat/*") as heartbeat:
        page.goto(address)
    other.goto(address)
    for visitor in (other, page):
        visitor.set_input_files("#drop input[type=file]", path)
        expect(visitor.locator("article.face")).to_have_count(1)
    page.get_by_role("tab", name="Inspect").click()
    cell = page.locator("#matrix button").first
    expect(cell).to_be_visible()
    urllib.request.urlopen(heartbeat.value.url, timeout=60).close()
    warning = page.get_by_text("The server lost sight of this page for a while; load it again")
    for _ in range(100):
        cell.click()
        page.wait_for_timeout(1000)
        if warning.count():
            break
    expect(warning.first).to_be_visible()
    page.get_by_role("tab", name="Pictures").click()
    page.get_by_role("button", name="Make files to download").click()
    expect(page.locator(".file-preview .filename")).to_have_count(2)
    expect(page.locator("article.face")).to_have_count(1)
    other.close()
