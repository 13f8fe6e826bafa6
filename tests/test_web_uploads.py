"""What visitors hand in: read, or refused in words."""

import struct
import zlib

import gradio as gr
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.web import uploads
from fer_live.web.uploads import read_upload, told


def save(path, mode="RGB", size=(40, 30), **options):
    PIL.Image.new(mode, size).save(path, **options)
    return path


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "large.bmp"
    with path.open("wb") as file:
        file.truncate(uploads.LARGEST_FILE + 1)
    with pytest.raises(UserError, match=r"large.bmp has 21 MB; a picture may have 20 MB"):
        read_upload(path)


def bomb(path, width, height):
    """A PNG of a few bytes that announces so many pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("side", [7000, 12000, 60000])
def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, side):
    with pytest.raises(UserError, match="a picture may have 40 million"):
        read_upload(bomb(tmp_path / "bomb.png", side, side))


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff\xe0broken", b"PK\x03\x04"]
)
def test_what_is_no_picture_is_told_by_its_name_alone(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"^x\.png") as told_of:
        read_upload(path)
    assert str(tmp_path) not in str(told_of.value)


@pytest.mark.parametrize("path", [None, ""])
def test_no_file_is_told(path):
    with pytest.raises(UserError, match="no file came"):
        read_upload(path)


def test_a_file_that_is_gone_is_told_by_its_name(tmp_path):
    with pytest.raises(UserError, match=r"^me\.png was removed meanwhile; choose it again$"):
        read_upload(tmp_path / "me.png")


def test_rare_kinds_of_pictures_are_read(tmp_path):
    frames = [PIL.Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_upload(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]
    assert read_upload(save(tmp_path / "a.jpg", "CMYK")).shape == (30, 40, 3)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert read_upload(save(tmp_path / "b.jpg", exif=exif)).shape == (40, 30, 3)
    PIL.Image.fromarray(np.full((30, 40), 65535, np.uint16)).save(tmp_path / "a.png")
    assert (read_upload(tmp_path / "a.png") == 255).all()


def test_heic_is_told_clearly(tmp_path):
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))
    with pytest.raises(
        UserError, match=r"phone\.heic is HEIC, which is not read here; save it as JPEG"
    ):
        read_upload(path)


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>.png", "..png", "..%2f..%2fetc.png"])
def test_names_with_markup_or_dots_are_names_alone(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(UserError, match="is empty") as told_of:
        read_upload(path)
    assert str(tmp_path) not in str(told_of.value)


def test_markup_in_messages_is_shown_and_not_run():
    def fail():
        raise UserError("<img src=x onerror=alert(1)> is not a picture")

    with pytest.raises(gr.Error) as raised:
        told(fail)()
    assert raised.value.message.startswith("&lt;img")


def test_a_fault_of_ours_tells_nothing_of_itself(caplog):
    def fail():
        raise RuntimeError("a secret path")

    with pytest.raises(gr.Error) as raised:
        told(fail)()
    assert "secret" not in raised.value.message
    assert "a secret path" in caplog.text
