import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.expressions import ANGRY, CONTEMPT, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE
from tests.small_sets import write_picture
from tests.test_fit import tiny
from train.data import AFFECTNET_7, AFFECTNET_8
from train.data.align import ALIGNED_CROP
from train.export import export
from train.fit import FitOptions, fit
from train.predict import predict
from train.vote import opinion

pytestmark = pytest.mark.usefixtures("small_networks")

PUBLISHED = (NEUTRAL, HAPPY, SAD, SURPRISE, FEAR, DISGUST, ANGRY, CONTEMPT)
HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal"
)
LANDMARKS = np.full((68, 2), 5.0)
LANDMARKS[36:42], LANDMARKS[42:48] = (10.0, 12.0), (30.0, 14.0)


def write_npy(root, texts):
    for i, text in enumerate(texts):
        write_picture(root / "images" / f"{i}.jpg")
        (root / "annotations").mkdir(exist_ok=True)
        np.save(root / "annotations" / f"{i}_exp.npy", np.array(text))
        np.save(root / "annotations" / f"{i}_lnd.npy", LANDMARKS.ravel())


def write_lists(root, name, rows, header=True):
    points = ";".join(f"{value}" for value in LANDMARKS.ravel())
    lines = [HEADER] if header else []
    for i, (label, width) in enumerate(rows):
        path = f"{i % 3}/{i:03}.JPG"
        write_picture(
            (root / "Manually_Annotated_Images" / path).with_suffix(".jpg"), side=50
        ).rename(root / "Manually_Annotated_Images" / path)
        lines.append(f"{path},10,5,{width},{width},{points},{label},0.1,-0.2")
    (root / name).write_text("\n".join(lines))


def names(faces):
    return [faces.classes[label] for label in faces.labels]


@pytest.mark.parametrize("kind", [str, int])
def test_npy_labels_are_texts_or_numbers(tmp_path, kind):
    write_npy(tmp_path / "val_set", [kind(i) for i in range(8)])
    assert names(AFFECTNET_8.load(tmp_path, "test")) == list(PUBLISHED)
    assert names(AFFECTNET_7.load(tmp_path, "test")) == list(PUBLISHED[:7])


def test_npy_landmarks_tell_the_eyes(tmp_path):
    write_npy(tmp_path / "val_set", ["1"])
    faces = AFFECTNET_7.load(tmp_path, "test")
    np.testing.assert_allclose(faces.eyes[0], [[10, 12], [30, 14]])
    # A distance of 20.1 pixels is 0.372 sides.
    assert faces.aligned().picture(0).shape == (54, 54, 3)


def test_landmarks_that_are_added_later_are_seen(tmp_path):
    write_npy(tmp_path / "val_set", ["1"])
    landmarks = tmp_path / "val_set/annotations/0_lnd.npy"
    points = landmarks.read_bytes()
    landmarks.unlink()
    assert np.isnan(AFFECTNET_7.load(tmp_path, "test").eyes).all()
    landmarks.write_bytes(points)
    np.testing.assert_allclose(AFFECTNET_7.load(tmp_path, "test").eyes[0], [[10, 12], [30, 14]])


@pytest.mark.parametrize("layout", ["npy", "folders"])
def test_a_picture_that_is_removed_moves_no_other_to_another_split(tmp_path, layout):
    if layout == "npy":
        write_npy(tmp_path / "train_set", ["1"] * 30)
        folder = tmp_path / "train_set/images"
    else:
        folder = tmp_path / "train/happy"
        for number in range(30):
            write_picture(folder / f"{number}.jpg")

    def held_out():
        return {Path(name).name for name in AFFECTNET_7.load(tmp_path, "validation").files}

    before = held_out()
    first = next(f"{i}.jpg" for i in range(30) if f"{i}.jpg" not in before)
    (folder / first).unlink()
    assert held_out() == before


def test_missing_landmarks_matter_for_alignment_alone(tmp_path):
    write_npy(tmp_path / "val_set", ["1"])
    (tmp_path / "val_set/annotations/0_lnd.npy").unlink()
    faces = AFFECTNET_7.load(tmp_path, "test")
    assert faces.picture(0).shape == (20, 20, 3)
    with pytest.raises(UserError, match="affectnet-7 has no landmarks"):
        faces.aligned()


@pytest.mark.parametrize("header", [True, False])
def test_lists_have_boxes_and_skip_what_is_no_expression(tmp_path, header):
    rows = [(0, 20), (8, 20), (1, -1), (9, 20), (7, 20), (10, 20), (6, 30)]
    write_lists(tmp_path, "validation.csv", rows, header)
    faces = AFFECTNET_8.load(tmp_path, "test")
    assert faces.rows.tolist() == [0, 4, 6]
    assert names(faces) == [NEUTRAL, CONTEMPT, ANGRY]
    assert faces.boxes[2].tolist() == [10, 5, 40, 35]
    assert faces.picture(2).shape == (30, 30, 3)
    np.testing.assert_allclose(faces.eyes[0], [[10, 12], [30, 14]])


def test_a_box_that_is_null_is_none(tmp_path):
    # As in row 315313 of the published training.csv.
    write_lists(tmp_path, "validation.csv", [(0, 20), (1, "NULL"), (6, 30)])
    faces = AFFECTNET_7.load(tmp_path, "test")
    assert faces.rows.tolist() == [0, 2]
    assert faces.boxes.tolist() == [[10, 5, 30, 25], [10, 5, 40, 35]]


@pytest.mark.parametrize("before", ["\ufeff", "number,"])
def test_a_list_that_was_saved_anew_keeps_its_columns(tmp_path, before):
    write_lists(tmp_path, "validation.csv", [(0, 20), (6, 30)])
    head, *rows = (tmp_path / "validation.csv").read_text().splitlines()
    count = before.count(",")
    lines = [f"{before}{head},more", *(f"{'7,' * count}{row},8" for row in rows)]
    (tmp_path / "validation.csv").write_text("\r\n".join(lines), encoding="utf-8")
    faces = AFFECTNET_7.load(tmp_path, "test")
    assert names(faces) == [NEUTRAL, ANGRY]
    assert faces.files.tolist() == ["0/000.JPG", "1/001.JPG"]


def test_seven_classes_leave_contempt_out(tmp_path):
    write_lists(tmp_path, "validation.csv", [(7, 20), (6, 20)])
    assert names(AFFECTNET_7.load(tmp_path, "test")) == [ANGRY]


@pytest.mark.parametrize("folders", [list("01234567"), [e.value for e in PUBLISHED]])
def test_class_folders_are_ids_or_names(tmp_path, folders):
    for place, name in enumerate(folders):
        for number in range(10):
            write_picture(tmp_path / "train" / name / f"{number}.jpg", red=20 * place)
    training = AFFECTNET_8.load(tmp_path, "train")
    selection = AFFECTNET_8.load(tmp_path, "validation")
    assert training.class_counts().tolist() == [9] * 8
    assert selection.class_counts().tolist() == [1] * 8
    place = training.labels.tolist().index(training.classes.index(FEAR))
    assert int(training.picture(place)[0, 0, 0]) == pytest.approx(20 * PUBLISHED.index(FEAR), abs=4)


def test_another_layout_is_told(tmp_path):
    with pytest.raises(
        UserError, match=r"training\.csv .* train_set/images .* class folders train/0"
    ):
        AFFECTNET_7.load(tmp_path, "train")


def test_unknown_labels_are_told(tmp_path):
    write_lists(tmp_path, "validation.csv", [(0, 20), (11, 20)])
    with pytest.raises(UserError, match=r"validation\.csv, row 1: expression '11' is not one of"):
        AFFECTNET_7.load(tmp_path, "test")


def test_hidden_folders_are_no_classes(tmp_path):
    for name in ("0", ".ipynb_checkpoints"):
        write_picture(tmp_path / "val" / name / "0.jpg")
    assert len(AFFECTNET_7.load(tmp_path, "test")) == 1


def test_unknown_folders_are_told(tmp_path):
    write_picture(tmp_path / "val" / "bored" / "0.jpg")
    with pytest.raises(UserError, match="bored is neither an AffectNet id"):
        AFFECTNET_7.load(tmp_path, "test")


def test_broken_lists_are_told(tmp_path):
    write_lists(tmp_path, "validation.csv", [(0, "wide")])
    with pytest.raises(
        UserError, match=r"row 0: face_width 'wide' is not a number .* remove the row"
    ):
        AFFECTNET_7.load(tmp_path, "test")


@pytest.mark.parametrize("text", ["inf", "1e99", "wide"])
def test_numbers_that_are_no_pixels_are_told(tmp_path, text):
    write_lists(tmp_path, "validation.csv", [(0, text)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError, match=r"row 0: face_width .* is not a number of pixels"):
            AFFECTNET_7.load(tmp_path, "test")


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04junk"])
def test_a_broken_label_is_told(tmp_path, content):
    write_npy(tmp_path / "val_set", ["0", "1"])
    path = next(tmp_path.rglob("*_exp.npy"))
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"_exp\.npy cannot be read"):
        AFFECTNET_7.load(tmp_path, "test")


def test_an_empty_label_is_told(tmp_path):
    write_npy(tmp_path / "val_set", ["0", "1"])
    np.save(next(tmp_path.rglob("*_exp.npy")), np.array([]))
    with pytest.raises(UserError, match=r"_exp\.npy holds no label: fetch it again"):
        AFFECTNET_7.load(tmp_path, "test")


def test_published_counts_add_up():
    assert sum(AFFECTNET_7.counts["train"]) == 283901
    assert sum(AFFECTNET_8.counts["train"]) == 287651
    assert (sum(AFFECTNET_7.counts["test"]), sum(AFFECTNET_8.counts["test"])) == (3500, 4000)


def test_a_network_of_aligned_faces_is_exported_and_scored_on_aligned_faces(tmp_path):
    write_npy(tmp_path / "train_set", [str(i % 7) for i in range(70)])
    write_npy(tmp_path / "val_set", [str(i) for i in range(7)])
    noise = np.random.default_rng(0)
    for picture in tmp_path.glob("*_set/images/*.jpg"):
        Image.fromarray(noise.integers(0, 255, (20, 20, 3), np.uint8)).save(picture)
    recipe = tiny("dataset=affectnet-7", "align=true", "epochs=1")
    fit(recipe, tmp_path, tmp_path / "run", FitOptions())
    cpu = torch.device("cpu")
    path = export(tmp_path / "run", tmp_path, "aligned", tmp_path, cpu)
    network, card = weight_files.load(path)
    assert card.crop == ALIGNED_CROP
    faces = AFFECTNET_7.load(tmp_path, "test")
    found = opinion(str(path), faces, cpu, tta=False).logits
    plain, aligned = (predict(network, card, f, cpu).logits for f in (faces, faces.aligned()))
    assert not torch.allclose(plain, aligned)
    torch.testing.assert_close(found, aligned.double() / card.temperature)
