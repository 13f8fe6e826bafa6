import io
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fer_live.errors import UserError
from train.__main__ import main
from train.audit import Audit, audit
from train.data import FER2013
from train.data.fer2013 import load
from train.exclusions import kept, read_exclusions
from train.near import near_pairs, thumbnail

CPU = torch.device("cpu")


def texture(seed):
    """A smooth random picture (48, 48), unlike that of any other seed."""
    coarse = np.random.default_rng(seed).uniform(30, 200, (6, 6))
    rough = torch.from_numpy(coarse)[None, None]
    fine = torch.nn.functional.interpolate(rough, size=(60, 60), mode="bicubic")
    return fine[0, 0].numpy().clip(0, 255)


def face(seed, top=6, left=6):
    return texture(seed)[top : top + 48, left : left + 48].astype(np.uint8)


@pytest.fixture
def leaking(tmp_path):
    """FER2013's csv without PrivateTest. Rows 0 to 6 train; of 7 to 13, four leak and one is blank."""
    rows = [(0, face(seed), "Training") for seed in range(6)]
    rows.append((3, face(0), "Training"))  # twin of row 0 with another label
    rows += [
        (1, face(1), "PublicTest"),  # 7: exact twin of row 1
        (0, (0.7 * face(2) + 40).astype(np.uint8), "PublicTest"),  # 8: another contrast
        (0, face(3, top=7, left=5), "PublicTest"),  # 9: another crop
        (0, face(4)[:, ::-1], "PublicTest"),  # 10: mirrored
        (0, np.zeros((48, 48), np.uint8), "PublicTest"),  # 11: blank
        (0, face(90), "PublicTest"),
        (0, face(91), "PublicTest"),
    ]
    path = tmp_path / "fer2013.csv"
    lines = [f"{label},{' '.join(map(str, p.ravel()))},{usage}" for label, p, usage in rows]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return path


@pytest.fixture
def found(leaking, tmp_path):
    return audit("fer2013", leaking, tmp_path / "audit", CPU)


def test_a_place_is_written_where_output_is_of_one_code_page(leaking, tmp_path, monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr("sys.stdout", output)
    place = tmp_path / "\u8868\u60c5"
    assert main(["audit", "--root", str(leaking), "--output", str(place)]) == 0
    output.flush()
    assert rb"\u8868\u60c5: leave" in output.buffer.getvalue()
    assert (place / "exclude.txt").is_file()


def test_a_folder_that_takes_no_files_is_told_before_the_faces_are_compared(leaking):
    with pytest.raises(UserError, match="cannot write to /proc"):
        audit("fer2013", leaking, Path("/proc"), CPU)


def test_exact_twins_are_counted_within_and_across_splits(found):
    twins = found.summary["exact_twins"]
    assert twins["groups"] == 2
    assert twins["inside"] == {"train": 1, "public": 0}
    assert twins["across_train"] == {"public": 1}
    assert twins["faces_with_a_twin_in_train"] == {"public": 1}


def test_near_twins_have_another_contrast_crop_or_side(found):
    table = found.table.set_index("row")
    assert [table.near[row] for row in (8, 9, 10)] == [table.near[row] for row in (2, 3, 4)]
    assert (table.near[[12, 13, 5]] == -1).all()
    assert table.mirrored[[4, 10]].all()
    assert not table.mirrored[[3, 9]].any()


def test_conflicting_labels_are_those_of_exact_twins(found):
    assert found.summary["conflicting_groups"] == 2
    assert set(found.table[found.table.conflict].row) == {0, 6, 1, 7}


def test_blank_frames_are_found(found):
    assert found.table[found.table.blank].row.tolist() == [11]


def test_a_split_that_the_file_lacks_is_said(found):
    assert list(found.unread) == ["private"]


def test_picture_files_are_audited_without_a_warning(tmp_path):
    for split in ("train", "test"):
        for place, name in enumerate(("happy", "sad")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for number in range(10):
                pixels = face(20 * place + number)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = audit("folder", tmp_path, tmp_path / "audit", CPU)
    assert found.summary["exact_twins"]["groups"] == 20


def test_the_list_names_leaked_and_blank_faces_with_the_reason(found):
    assert found.exclusions() == [
        ("public", 7, "exact twin in train"),
        ("public", 8, "near twin in train"),
        ("public", 9, "near twin in train"),
        ("public", 10, "near twin in train"),
        ("public", 11, "blank frame"),
    ]


def test_the_command_writes_rows_groups_and_a_list(leaking, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["audit", "--root", str(leaking), "--output", str(output)]) == 0
    assert set(pd.read_csv(output / "audit.csv").row) == {0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11}
    groups = json.loads((output / "audit.json").read_text())["groups"]["exact"]
    assert [[face["row"] for face in group] for group in groups] == [[0, 6], [1, 7]]
    assert kept(load(leaking, "public"), output / "exclude.txt").tolist() == [
        *[False] * 5,
        True,
        True,
    ]
    assert "not audited: private" in capsys.readouterr().out


@pytest.mark.parametrize(("noise", "pairs"), [(0.1, [(0, 1)]), (0.6, [])])
def test_pictures_that_are_alike_from_afar_alone_are_no_twins(noise, pairs):
    # Noise of single pixels, which means over 3x3 hide: of 0.6 deviations it leaves a correlation of 0.86.
    own = thumbnail(torch.from_numpy(face(0))).float()
    draws = torch.randn(own.shape, generator=torch.Generator().manual_seed(0))
    noisy = own + noise * own.std() * draws
    found = near_pairs(torch.stack([own, noisy]).round().clamp(0, 255).byte())
    assert [(pair.first, pair.second) for pair in found] == pairs


def test_a_face_is_not_its_own_twin():
    own = thumbnail(torch.from_numpy(face(0)))
    symmetric = torch.cat([own[:, :12], own[:, :12].flip(1)], 1)
    assert list(near_pairs(symmetric[None])) == []


def test_colours_are_averaged_before_faces_are_compared():
    colour = torch.tensor([30, 60, 96], dtype=torch.uint8).expand(48, 48, 3)
    assert (thumbnail(colour) == 62).all()


def test_twins_within_another_split_are_no_leak():
    columns = ["split", "row", "exact", "blank"]
    faces = [("train", 0, 0, False), ("public", 1, 0, False)]
    faces += [("public", 2, 1, False), ("public", 3, 1, False), ("public", 4, -1, True)]
    table = pd.DataFrame(faces, columns=columns).assign(near=-1, conflict=False)
    found = Audit(FER2013, table)
    assert found.summary["exact_twins"] == {
        "groups": 2,
        "inside": {"train": 0, "public": 1},
        "across_train": {"public": 1},
        "faces_with_a_twin_in_train": {"public": 1},
    }
    assert found.summary["blank_frames"] == 1
    left_out = [("public", 1, "exact twin in train"), ("public", 4, "blank frame")]
    assert found.exclusions() == left_out


def test_a_list_may_have_remarks_and_empty_lines(tmp_path):
    path = tmp_path / "exclude.txt"
    path.write_text("# mine\n\npublic 12  # blurred\ntrain 3\n")
    assert read_exclusions(path) == [("public", 12), ("train", 3)]


def test_a_list_may_begin_with_the_mark_that_editors_of_windows_put(tmp_path):
    path = tmp_path / "exclude.txt"
    path.write_text("public 12  # Müller\n", encoding="utf-8-sig")
    assert read_exclusions(path) == [("public", 12)]


def test_a_line_that_is_no_row_is_named(tmp_path):
    path = tmp_path / "exclude.txt"
    path.write_text("public 12\n13\n")
    with pytest.raises(UserError, match="line 2: '13' is not a split and a row number"):
        read_exclusions(path)
