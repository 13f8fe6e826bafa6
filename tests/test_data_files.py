import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from fer_live.preprocess import fit_crop
from fer_live.sources.picture import read_image
from tests.small_sets import write_picture
from train.data import DATASETS
from train.data.align import ALIGNED_CROP, eye_square
from train.data.dataset import DataSet
from train.data.files import FiledFaces, as_names
from train.data.splitting import parts


def filed(root, files, **more):
    labels = np.arange(len(files)) % 2
    return FiledFaces(
        dataset="pictures",
        split="train",
        classes=(HAPPY, SAD),
        labels=labels,
        rows=np.arange(len(files)),
        root=root,
        files=as_names(files),
        **more,
    )


@pytest.fixture
def many(tmp_path):
    """200 faces in pictures of two sizes."""
    names = [f"{i}.png" for i in range(200)]
    for i, name in enumerate(names):
        write_picture(tmp_path / name, red=i, side=8 + 4 * (i % 2))
    return filed(tmp_path, names)


def test_a_broken_picture_among_many_is_left_out_and_listed(many, tmp_path, caplog):
    (tmp_path / "7.png").write_bytes(b"not a picture")
    with caplog.at_level(logging.WARNING):
        faces = many.readable()
    assert len(faces) == 199
    assert 7 not in faces.rows
    assert "1 of 200 pictures" in caplog.text
    listed = caplog.text.split("all are listed in ")[1].split(":")[0]
    assert Path(listed).read_text() == "7.png\n"


def test_a_picture_cut_short_is_broken(many, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "4.png").write_bytes(content[: len(content) * 9 // 10])
    assert 4 not in many.readable().rows


def test_a_picture_that_is_mended_comes_back(many, tmp_path):
    (tmp_path / "7.png").write_bytes(b"not a picture")
    assert len(many.readable()) == 199
    write_picture(tmp_path / "7.png")
    assert len(many.readable()) == 200


def test_more_than_a_hundredth_of_broken_pictures_stops(many, tmp_path):
    for name in ("0.png", "1.png", "2.png"):
        (tmp_path / name).unlink()
    with pytest.raises(
        UserError, match=r"3 of 200 pictures .*0\.png, 1\.png, 2\.png.*more than 1%"
    ):
        many.readable()


def test_pictures_are_fitted_as_the_app_does_it(many):
    card = Card("", "", {}, (), size=6, channels=1, mean=0, deviation=1)
    faces = many.in_memory(6, 1)
    assert faces.images.shape == (200, 6, 6)
    expected = [fit_crop(many.picture(i), card)[..., 0] for i in range(200)]
    np.testing.assert_array_equal(faces.images, expected)


def saved(path, picture, **options):
    picture.save(path, **options)
    return filed(path.parent, [path.name])


def test_a_picture_is_turned_upright_as_in_the_app(tmp_path):
    lying = Image.fromarray(np.tile(np.arange(32, dtype=np.uint8) * 8, (16, 1)))
    exif = Image.Exif()
    exif[Base.Orientation] = 6  # the file's left is the face's top
    faces = saved(tmp_path / "a.png", lying, exif=exif)
    np.testing.assert_array_equal(faces.picture(0), read_image(tmp_path / "a.png")[..., 0])
    assert faces.picture(0)[:, 0].tolist() == list(range(0, 256, 8))
    boxed = replace(faces, boxes=np.array([[16, 0, 32, 16]]))
    assert boxed.picture(0)[0].tolist() == list(range(128, 256, 8))


def test_sixteen_bits_are_scaled_as_in_the_app(tmp_path):
    deep = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    faces = saved(tmp_path / "a.png", Image.fromarray(deep))
    assert faces.picture(0)[..., 0].ravel().tolist() == list(range(256))
    np.testing.assert_array_equal(faces.picture(0), read_image(tmp_path / "a.png"))


def test_what_is_clear_is_white_as_in_the_app(tmp_path):
    pixels = np.full((8, 8, 4), 90, np.uint8)
    pixels[:4, :, 3] = 0
    faces = saved(tmp_path / "a.png", Image.fromarray(pixels))
    assert faces.picture(0)[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(faces.picture(0), read_image(tmp_path / "a.png"))


def test_colours_stay_where_the_network_wants_them(many):
    faces = many.in_memory(6, 3)
    assert faces.images.shape == (200, 6, 6, 3)
    assert faces.images[9, 0, 0].tolist() == [9, 60, 120]


def test_a_second_start_decodes_nothing(many, tmp_path, monkeypatch):
    before = many.in_memory(6, 3)
    monkeypatch.setattr("train.data.files.read_picture", None)  # would fail if it were called
    np.testing.assert_array_equal(many.in_memory(6, 3).images, before.images)


def test_a_box_is_cut_from_its_picture(tmp_path):
    path = write_picture(tmp_path / "a.png", side=30)
    faces = filed(tmp_path, [path.name], boxes=np.array([[5, 10, 20, 50]]))
    assert faces.picture(0).shape == (20, 15, 3)  # the lowest 20 pixels of the box are outside


def test_a_box_outside_its_picture_is_told(tmp_path):
    path = write_picture(tmp_path / "a.png", side=30)
    faces = filed(tmp_path, [path.name], boxes=np.array([[30, 0, 40, 10]]))
    with pytest.raises(UserError, match=r"box \[30, 0, 40, 10\] lies outside 30x30 pixels"):
        faces.picture(0)


def test_aligned_eyes_lie_at_their_places(tmp_path):
    # Eyes 37.2 pixels apart in x: the square has a side of 100 pixels and begins 31.4 left, 40 above.
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[88:93, 78:83] = 255
    picture[88:93, 115:120] = 255
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    eyes = np.array([[[80.5, 90.5], [117.7, 90.5]]], np.float32)
    found = filed(tmp_path, [path.name], eyes=eyes).aligned().picture(0)
    assert found.shape == (100, 100, 3)
    assert found[40, 31].min() > 200
    assert found[40, 68].min() > 200
    assert found[40, 50].max() < 10


def test_a_tilted_head_is_turned_upright(tmp_path):
    path = write_picture(tmp_path / "a.png", side=200)
    eyes = np.array([[[100, 100], [100, 137.2]]], np.float32)  # straight down: a quarter turn
    faces = filed(tmp_path, [path.name], eyes=eyes)
    # The way right is down, the way down is left.
    top_left = eye_square(faces.eyes[0])[0]
    np.testing.assert_allclose(top_left, [140, 68.6], atol=1e-3)


def test_faces_without_landmarks_cannot_be_aligned(many):
    with pytest.raises(UserError, match="pictures has no landmarks"):
        many.aligned()


def test_a_sample_is_spread_over_the_split(many):
    assert many.sample(4).rows.tolist() == [0, 50, 100, 150]
    assert len(many.sample(1000)) == 200


def data_set(faces, **more):
    return DataSet(
        name="pictures",
        classes=faces.classes,
        training="train",
        selection="validation",
        test="test",
        licence="",
        mean=0.5,
        deviation=0.25,
        side=0,
        channels=3,
        load_split=lambda root, split: faces,
        **more,
    )


def test_a_tenth_of_each_class_is_held_out_for_selection(many, tmp_path):
    source = data_set(many, holds_out=True)
    training, selection = (source.load(tmp_path, split) for split in ("train", "validation"))
    assert selection.class_counts().tolist() == [10, 10]
    assert sorted([*training.rows, *selection.rows]) == list(range(200))
    assert (training.split, selection.split) == ("train", "validation")


def test_other_counts_than_published_are_a_warning_with_both_numbers(many, tmp_path, caplog):
    source = data_set(many, counts={"train": (100, 90)})
    source.load(tmp_path, "train")
    assert "sad 100 instead of 90" in caplog.text
    assert "happy" not in caplog.text


def test_a_smoke_run_is_not_compared_with_published_counts(many, tmp_path, caplog):
    data_set(many, counts={"train": (100, 90)}).load(tmp_path, "train", limit=20)
    assert "instead of" not in caplog.text


def test_an_empty_split_is_told(many, tmp_path):
    with pytest.raises(UserError, match="no face of pictures's split 'test'"):
        data_set(many.select(np.array([], int))).load(tmp_path, "test")


def test_an_unknown_split_is_told(many, tmp_path):
    with pytest.raises(UserError, match="'public' is not pictures's: use train, validation, test"):
        data_set(many).load(tmp_path, "public")


def test_the_crop_of_aligned_faces_levels_the_eyes(many):
    assert data_set(many).crop_for(align=True) is ALIGNED_CROP
    assert ALIGNED_CROP.align
    assert not data_set(many).crop_for(align=False).align


def test_parts_are_the_same_for_ever():
    strata = np.array([0] * 20 + [1] * 3 + [2])
    found = parts(strata, range(24), [0.1, 0.1])
    # By hashes of the keys: these numbers must never change, or results could not be compared.
    assert np.flatnonzero(found == 1).tolist() == [6, 9, 21]
    assert np.flatnonzero(found == 2).tolist() == [0, 11, 22]
    assert found[23] == 0  # one face alone stays in training


@pytest.mark.parametrize("name", DATASETS)
def test_a_folder_that_is_not_there_is_told_as_such(tmp_path, name):
    dataset = DATASETS[name]
    with pytest.raises(UserError, match=rf"nowhere does not exist: .* {name} with --root"):
        dataset.load(tmp_path / "nowhere", dataset.training)
