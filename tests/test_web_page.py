"""The page in a real Chromium, headless. Without one these fail: install the package chromium."""

import urllib.request

import PIL.Image
import pytest
from playwright.sync_api import expect
from skimage import data

from tests.conftest import wide_alone
from tests.evaluations import write_evaluation
from tests.web import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_evaluation(folder / "scored")
    write_evaluation(folder / "other", weights="cucn")
    (folder / "broken").mkdir()
    shown = ("scored", "other", "broken")
    options = ("--runtime", "torch", "--corrections", "mine", "--inspect", *shown)
    with serving(folder, *options) as address:
        yield address


def test_a_dropped_picture_is_read(page, address, tmp_path):
    path = tmp_path / "astronaut.png"
    PIL.Image.fromarray(data.astronaut()).save(path)
    page.goto(address)
    page.set_input_files("#drop input[type=file]", path)
    expect(page.locator("article.face")).to_have_count(1)
    expect(page.locator("article.face table.bars tr")).to_have_count(8)
    expect(page.locator("img.annotated")).to_have_attribute(
        "alt", "astronaut.png, annotated: 1 face. face 1: happy"
    )


def test_a_file_that_is_no_picture_keeps_no_other_from_being_read(page, address, tmp_path):
    good, bad = tmp_path / "astronaut.png", tmp_path / "text.png"
    PIL.Image.fromarray(data.astronaut()).save(good)
    bad.write_text("no picture")
    page.goto(address)
    expect(page.locator("#found")).to_contain_text("drop a picture")
    page.set_input_files("#drop input[type=file]", [bad, good])
    expect(page.locator("article.face")).to_have_count(1)
    expect(page.locator("#found p.alert")).to_contain_text("text.png")
    page.locator("#drop").get_by_label("Clear").click()
    expect(page.locator("article.face")).to_have_count(0)
    expect(page.locator("#found")).to_contain_text("Nothing read yet")


def test_from_a_cell_of_the_matrix_to_a_heat_map(page, address):
    page.goto(address)
    page.get_by_role("tab", name="Inspect").click()
    cell = page.get_by_role("button", name="fear read as sad: 2 faces, 67% of fear")
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#faces .grid button")).to_have_count(2)
    expect(cell).to_be_focused()  # though the matrix was made anew
    face = page.locator("#faces .grid button").first
    face.press("Enter")
    expect(page.locator("section.face-detail .seen")).to_have_count(1)
    expect(face).to_be_focused()
    expect(page.get_by_alt_text("heat-map for fear").first).to_be_visible()
    page.wait_for_url("**face=10**")


def test_a_link_opens_what_it_holds(page, address):
    page.goto(f"{address}?of=scored&against=other&true=fear&predicted=sad&face=10")
    expect(page.locator("section.face-detail .seen")).to_have_count(2)
    expect(page.locator("#faces .grid button")).to_have_count(2)


def test_a_link_with_a_part_that_is_gone_shows_the_rest_and_says_so(page, address):
    page.goto(f"{address}?of=scored&against=nope&face=99&leaf=2")
    expect(page.locator("#faces .grid button")).to_have_count(4)
    expect(page.locator("#scores p.alert")).to_contain_text("no folder 'nope'")
    expect(page.locator("#face p.alert")).to_contain_text("no face 99")


def test_a_face_that_is_pressed_comes_into_view(page, address):
    page.set_viewport_size(page.viewport_size | {"height": 240})  # as far below as many faces are
    page.goto(f"{address}?of=scored")
    page.locator("#faces .grid button").first.click()
    expect(page.locator("section.face-detail .seen")).to_have_count(1)
    expect(page.locator("section.face-detail h3")).to_be_in_viewport()


def test_a_link_with_what_gradio_would_read_opens(page, address):
    page.goto(f"{address}?page=nope&of=scored")
    expect(page.locator("#faces .grid button")).to_have_count(4)


def test_a_folder_that_cannot_be_used_says_so_in_its_place(page, address):
    page.goto(f"{address}?of=broken")
    expect(page.locator("#scores p.alert")).to_contain_text("broken has no metrics.json")
    expect(page.locator("#matrix button")).to_have_count(0)
    page.get_by_label("Folder").click()
    page.get_by_role("option", name="scored").click()
    expect(page.locator("#matrix button")).to_have_count(49)


def test_mean_heat_maps_fit_beside_each_other(page, address):
    page.goto(f"{address}?of=scored")
    page.get_by_text("Mean heat-maps of each class").click()
    page.get_by_role("button", name="Compute").click()
    expect(page.locator(".means img")).to_have_count(3)
    assert page.locator(".means").evaluate("part => part.scrollWidth <= part.clientWidth")


def test_a_slider_moves_by_keys(page, address):
    page.goto(f"{address}?of=scored")
    expect(page.locator("#faces .grid button")).to_have_count(4)
    slider = page.get_by_label("range slider for Confidence ≥")
    slider.focus()
    for _ in range(51):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#faces .grid button")).to_have_count(3)
    page.wait_for_url("**low=0.51**")


def test_a_face_read_wrong_joins_the_corrections_until_it_is_taken_back(page, address, tmp_path):
    path = tmp_path / "astronaut.png"
    PIL.Image.fromarray(data.astronaut()).save(path)
    page.goto(address)
    page.set_input_files("#drop input[type=file]", path)
    page.get_by_text("read wrong?").click()
    page.get_by_role("button", name="surprise").click()
    chosen = page.locator("article.face button[aria-pressed=true]")
    expect(chosen).to_have_text("surprise")
    page.get_by_role("tab", name="Inspect").click()
    folder = page.get_by_label("Folder")
    folder.click()
    page.get_by_role("option", name="my corrections").click()
    expect(page.get_by_role("button", name="surprise read as happy: 1 face")).to_be_visible()
    page.get_by_role("tab", name="Pictures").click()
    chosen.click()
    expect(chosen).to_have_count(0)


@wide_alone
def test_a_page_that_its_server_lost_sight_of_says_what_to_do_and_reads_its_pictures_again(
    page, address, tmp_path
):
    """It stayed open while its computer slept."""
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
