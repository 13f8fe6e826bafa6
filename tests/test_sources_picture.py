"""Pictures of every kind, alone and by the folder."""

import logging

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import features

from fer_live.errors import UserError
from fer_live.sources import FolderSource, list_pictures, open_source, read_image
from fer_live.sources.pictures import _natural, is_pattern


def gradient(dtype, peak) -> np.ndarray:
    return np.linspace(0, peak, 256).astype(dtype).reshape(16, 16)


def test_a_grey_picture_has_three_equal_channels(tmp_path):
    PIL.Image.fromarray(gradient(np.uint8, 255)).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert image.shape == (16, 16, 3)
    assert image.dtype == np.uint8
    assert (image == gradient(np.uint8, 255)[:, :, None]).all()


@pytest.mark.parametrize(("dtype", "peak"), [(np.uint16, 65535), (np.int32, 65535)])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, dtype, peak):
    path = tmp_path / "deep.tiff"
    PIL.Image.fromarray(gradient(dtype, peak)).save(path)
    image = read_image(path)
    assert (np.abs(image[:, :, 0].astype(int) - gradient(np.uint8, 255)) <= 1).all()


def test_holes_in_a_picture_of_floats_are_black_and_the_rest_keeps_its_light(tmp_path):
    samples = np.float32([[0.2, 1.0], [np.nan, np.inf]])
    PIL.Image.fromarray(samples).save(tmp_path / "depth.tiff")
    assert read_image(tmp_path / "depth.tiff")[:, :, 0].tolist() == [[51, 255], [0, 0]]


@pytest.mark.parametrize(
    ("dtype", "samples", "levels"),
    [
        (np.float32, [0.0, 0.5, 1.0], [0, 128, 255]),
        (np.float32, [0.0, 51.0, 200.0], [0, 51, 200]),
        (np.float32, [-9.0, 25700.0, 65535.0], [0, 100, 255]),
        (np.int32, [0, 1, 200], [0, 1, 200]),
        (np.int32, [0, 65536, 131072], [0, 128, 255]),  # deeper than any of them: its peak is white
    ],
)
def test_deep_samples_are_scaled_by_the_lowest_white_that_none_exceeds(
    tmp_path, dtype, samples, levels
):
    PIL.Image.fromarray(np.array([samples], dtype)).save(tmp_path / "deep.tiff")
    assert read_image(tmp_path / "deep.tiff").tolist() == [[[level] * 3 for level in levels]]


def test_a_dark_sixteen_bit_picture_stays_dark(tmp_path):
    PIL.Image.fromarray(np.full((4, 4), 2570, np.uint16)).save(tmp_path / "dark.png")
    assert (read_image(tmp_path / "dark.png") == 10).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_clear_pixels_become_white(tmp_path, mode):
    picture = PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    picture.convert(mode).save(tmp_path / "clear.png")
    image = read_image(tmp_path / "clear.png")
    assert (image[0, 0] == 0).all()
    assert (image[1:] == 255).all()


def test_half_clear_pixels_are_mixed_with_white(tmp_path):
    PIL.Image.new("RGBA", (2, 2), (200, 0, 100, 51)).save(tmp_path / "pale.png")  # a fifth
    assert read_image(tmp_path / "pale.png")[0, 0].tolist() == [244, 204, 224]


def test_palettes_and_inks_become_rgb(tmp_path):
    red = PIL.Image.new("RGB", (16, 16), (250, 0, 0))
    red.quantize(4).save(tmp_path / "palette.png")
    red.convert("CMYK").save(tmp_path / "inks.jpg", quality=95)
    for name in ("palette.png", "inks.jpg"):
        assert np.abs(read_image(tmp_path / name).astype(int) - (250, 0, 0)).max() <= 4


def test_a_picture_is_turned_by_its_exif_tag(tmp_path):
    picture = PIL.Image.new("RGB", (32, 16))
    picture.paste((255, 255, 255), (0, 0, 16, 16))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    picture.save(tmp_path / "phone.jpg", exif=exif)
    image = read_image(tmp_path / "phone.jpg")
    assert image.shape == (32, 16, 3)
    assert image[:12].min() > 240
    assert image[20:].max() < 15


def test_one_pixel_is_a_picture(tmp_path):
    PIL.Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "dot.png")
    with open_source(tmp_path / "dot.png") as source:
        (frame,) = source
    assert frame.image.tolist() == [[[1, 2, 3]]]
    assert (source.size, source.frame_count, source.live) == ((1, 1), 1, False)


def test_a_huge_picture_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    for side in (40, 60):  # Pillow warns of the first and refuses the second
        PIL.Image.new("L", (side, side)).save(tmp_path / "huge.png")
        with (
            pytest.raises(UserError, match=r"huge\.png has more than"),
            open_source(tmp_path / "huge.png"),
        ):
            pass


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cut.jpg", r"cut\.jpg is not whole \(.*truncated.*\); copy or download it again"),
        ("cut.png", r"cut\.png is not whole \(.*truncated.*\); copy or download it again"),
        ("spoilt.png", r"spoilt\.png cannot be decoded \(.*\); copy it again, or save it as PNG"),
    ],
)
def test_a_broken_picture_is_refused_with_what_may_help(tmp_path, name, said):
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(
        whole[:1500] + (bytes(len(whole) - 1500) if name.startswith("spoilt") else b"")
    )
    with pytest.raises(UserError, match=said), open_source(path):
        pass


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_phones_heic_is_told_of_and_not_taken_for_a_film(tmp_path, brand):
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(40))
    said = r"IMG_1\.HEIC is HEIC, which is not read here; save it as JPEG"
    with pytest.raises(UserError, match=said), open_source(path):
        pass


def test_a_tiff_of_a_kind_that_pillow_does_not_know_is_called_one(tmp_path):
    path = tmp_path / "deep.tiff"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.float32))
    with pytest.raises(UserError, match=r"deep\.tiff is a TIFF of a kind which is not read here"):
        read_image(path)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_a_picture(tmp_path):
    PIL.Image.new("RGB", (32, 16), "white").save(tmp_path / "small.avif")
    with open_source(tmp_path / "small.avif") as source:
        assert [frame.image.shape for frame in source] == [(16, 32, 3)]


def test_a_line_break_in_a_name_does_not_break_the_line(tmp_path):
    (tmp_path / "two\nlines.jpg").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"/two\\nlines\.jpg is not a picture"):
        read_image(tmp_path / "two\nlines.jpg")


def test_a_picture_that_cannot_be_had_is_not_called_broken(tmp_path):
    (tmp_path / "round.png").symlink_to("round.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("round.png", "folder.png"):
        with pytest.raises(UserError, match=rf"{name} cannot be read \(.*\); check the file"):
            read_image(tmp_path / name)


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        PIL.Image.new("RGB", (8, 8)).save(folder / name)


def names_in(place, base) -> list[str]:
    with FolderSource(place) as source:
        return [frame.source.removeprefix(f"{base}/") for frame in source]


def test_a_folders_pictures_come_in_natural_order(tmp_path):
    fill(tmp_path, "B10.png", "b9.JPG", "A2.png", "b9.2.png", "deep/c.png", ".hidden.png")
    (tmp_path / "notes.txt").write_text("words")
    assert names_in(tmp_path, tmp_path) == ["A2.png", "b9.2.png", "b9.JPG", "B10.png"]


def test_names_that_differ_in_case_alone_have_an_order(tmp_path):
    places = [
        tmp_path / name for name in ("a/1.png", "A/1.png", "b.PNG", "B.png", "²3.png", "23.png")
    ]
    assert len({str(_natural(place)) for place in places}) == len(places)


def test_a_folder_may_be_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fill(tmp_path, "in/a.png")
    assert names_in("~/in", tmp_path) == ["in/a.png"]


def test_a_folder_that_is_named_like_a_picture_is_none(tmp_path):
    fill(tmp_path, "a.png", "album.png/b.png")
    for place in (tmp_path, tmp_path / "*.png"):
        assert list_pictures(place) == [tmp_path / "a.png"]


@pytest.mark.parametrize("text", ["*.jpg", "a?.jpg", "[ab].jpg"])
def test_a_pattern_is_known_by_its_signs(text):
    assert is_pattern(text)
    assert not is_pattern("a.jpg")


def test_the_last_picture_of_a_folder_knows_that_none_follows(tmp_path):
    fill(tmp_path, "1.png", "2.png")
    (tmp_path / "3.png").write_bytes(b"words")
    with FolderSource(tmp_path) as source:
        left = [source.frame_count - 1 - frame.index for frame in source]
        assert left == [2, 0]  # the third was thought to follow until it was tried


def test_a_pattern_looks_into_folders(tmp_path):
    fill(tmp_path, "10/a.png", "9/b.png", "9/a.jpg", "c.png")
    (tmp_path / "9" / "1").mkdir()
    fill(tmp_path, "9/1/d.png")
    names = ["9/1/d.png", "9/b.png", "10/a.png", "c.png"]
    assert names_in(tmp_path / "**" / "*.png", tmp_path) == names


def test_a_folder_gives_one_still_for_each_picture(tmp_path):
    PIL.Image.new("RGB", (8, 6)).save(tmp_path / "1.png")
    PIL.Image.new("RGB", (20, 10)).save(tmp_path / "2.png")
    with FolderSource(tmp_path) as source:
        assert (source.stills, source.live, source.frame_count) == (True, False, 2)
        frames = list(source)
    assert [frame.image.shape for frame in frames] == [(6, 8, 3), (10, 20, 3)]
    assert [(frame.index, frame.seconds) for frame in frames] == [(0, 0.0), (1, 2.0)]
    assert (source.size, source.skipped, source.warning) == ((8, 6), 0, None)


def test_what_cannot_be_read_in_a_folder_is_skipped(tmp_path, caplog):
    fill(tmp_path, "1.png", "3.png")
    (tmp_path / "2.png").write_bytes(b"words")
    with caplog.at_level(logging.WARNING), FolderSource(tmp_path) as source:
        assert [frame.index for frame in source] == [0, 1]
    assert source.skipped == 1
    assert "2.png is not a picture" in caplog.text
    assert source.warning == f"{tmp_path}: 1 of 3 files could not be read"


@pytest.mark.parametrize(
    ("place", "message"), [("", "holds no pictures"), ("*.png", "no file matches")]
)
def test_a_place_without_pictures_is_refused(tmp_path, place, message):
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(UserError, match=message), FolderSource(tmp_path / place):
        pass


def test_a_folder_of_broken_pictures_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"words")
    with (
        pytest.raises(UserError, match="1 of 1 files could not be read"),
        FolderSource(tmp_path) as source,
    ):
        list(source)
