"""How the page looks in a real Chromium, wide and on a phone, where Gradio's own styles do not do."""

import PIL.Image
import pytest
from playwright.sync_api import expect
from skimage import data

from tests.web import serving

NAME = "a rather long name of a picture from the holidays"
CUT = "part => part.scrollWidth > part.clientWidth"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with serving(folder, "--model", "cnn6", "--runtime", "torch") as address:
        yield address


def test_names_of_files_are_whole(page, address, tmp_path):
    path = tmp_path / f"{NAME}.png"
    PIL.Image.new("RGB", (64, 64)).save(path)
    page.goto(address)
    page.set_input_files("#drop input[type=file]", path)
    expect(page.locator("#found h3")).to_contain_text(NAME)
    page.get_by_role("button", name="Make files to download").click()
    name = page.locator(".file-preview .filename", has_text=NAME)
    expect(name).to_have_text(f"01-{NAME} .png")
    assert not name.evaluate(CUT)
    assert not name.locator("span").first.evaluate(CUT)
    with page.expect_download() as download:
        page.locator("a[download]").last.click()
    assert download.value.suggested_filename == f"01-{NAME}.png"


def test_a_picture_that_browsers_do_not_show_is_not_broken(page, address, tmp_path):
    PIL.Image.fromarray(data.astronaut()).save(tmp_path / "scan.tiff")
    page.goto(address)
    page.set_input_files("#drop input[type=file]", tmp_path / "scan.tiff")
    expect(page.locator("article.face")).to_have_count(1)
    shown = page.locator("#drop .grid-container img")
    assert shown.evaluate("image => image.naturalWidth") == 0
    assert shown.evaluate("image => getComputedStyle(image, '::after').content") == '"no preview"'


def test_names_of_classes_are_whole(page, address):
    page.goto(address)
    page.get_by_role("tab", name="Models").click()
    page.locator("article.card summary", has_text="confusion").first.click()
    names = page.locator("table.plain th").filter(visible=True)
    expect(names).to_have_count(14)
    assert not names.evaluate_all(f"names => names.some({CUT})")


def test_what_did_not_work_is_not_called_an_error(page, address):
    page.goto(address)
    page.get_by_role("button", name="Make files to download").click()
    title = page.locator(".toast-title")
    expect(title).to_be_visible()
    shown = "part => [getComputedStyle(part).fontSize, getComputedStyle(part, '::before').content]"
    assert title.evaluate(shown) == ["0px", '"That did not work"']


def test_no_button_has_a_key_for_its_name(page, address):
    page.goto(address)
    expect(page.locator("#drop")).to_contain_text("Drop Pictures Here")
    expect(page.locator("#drop").get_by_label("Capture from camera")).to_be_visible()
    expect(page.locator("#drop").get_by_label("Record video from camera")).to_be_hidden()
    page.get_by_role("button", name="Read the example one").click()
    expect(page.locator("#drop").get_by_role("button", name="Webcam")).to_be_visible()
    expect(page.locator("[aria-label^='common.']").filter(visible=True)).to_have_count(0)


def test_the_footer_links_to_what_programs_ask_alone_and_divides_it_from_nothing(page, address):
    page.goto(address)
    expect(page.locator("footer .show-api")).to_have_count(1)
    expect(page.locator("footer .settings")).to_have_count(0)
    expect(page.locator("footer .divider").filter(visible=True)).to_have_count(0)
