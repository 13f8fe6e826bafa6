"""What the scripts that people run say of bad input."""

import sys

import pytest

from scripts import calibration_faces, demo_clip, framing, whole_path


@pytest.mark.parametrize(
    ("script", "arguments", "told"),
    [
        (demo_clip, [], "nowhere does not exist"),
        (framing, [], "nowhere does not exist"),
        (framing, ["--count", "0"], "'0' is not a whole number from 1"),
        (whole_path, ["--output", "out"], "nowhere does not exist"),
        (whole_path, ["--output", "out", "--count", "0"], "'0' is not a whole number from 1"),
    ],
)
def test_bad_input_is_told_before_any_work(script, arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script.__name__, "--root", "nowhere", *arguments])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_before_the_long_reading(
    fer2013_csv, tmp_path, monkeypatch, capsys
):
    taken = tmp_path / "taken"
    taken.touch()
    arguments = ["--root", str(fer2013_csv), "--weights", "no-such", "--output", str(taken)]
    monkeypatch.setattr(sys, "argv", ["whole_path", *arguments])
    with pytest.raises(SystemExit) as stopped:
        whole_path.main()
    assert stopped.value.code == 2
    assert f"cannot write to {taken}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("", "names no file or folder"),
        ("faces.bmp", "end its name in .png"),
        ("taken/faces.png", "taken/faces.png cannot be written"),
    ],
)
def test_a_sheet_that_cannot_be_written_is_told_before_the_clip_is_read(
    output, told, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    monkeypatch.setattr(calibration_faces, "_sheet", lambda: pytest.fail("reads"))
    monkeypatch.setattr(sys, "argv", ["calibration_faces", "--output", output])
    with pytest.raises(SystemExit) as stopped:
        calibration_faces.main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
