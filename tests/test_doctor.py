"""The doctor."""

from importlib.metadata import PackageNotFoundError

from fer_live import doctor, packaged
from fer_live.cli import main


def test_the_doctor_has_a_line_for_each_part(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert all(line.split()[0] in ("ok", "none") for line in lines)
    parts = " ".join(line[6:].strip().split("  ")[0] for line in lines)
    for part in (
        "Python",
        "torch",
        "mediapipe",
        "openvino",
        "cv2",
        "window",
        "cameras",
        "weights",
        "codecs",
    ):
        assert part in parts
    assert "demo clip" in parts


def test_the_doctor_finds_missing_weights(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(packaged, "folder", lambda name: tmp_path)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    missing = [line for line in lines if line.startswith("missing")]
    assert [line.split()[1] for line in missing] == ["weights", "demo"]
    assert all("fix: " in line for line in missing)


def test_the_doctor_names_whichever_build_of_opencv_is_there(monkeypatch):
    def version(name):
        if name != "opencv-contrib-python-headless":
            raise PackageNotFoundError(name)
        return "4.11"

    monkeypatch.setattr(doctor, "version", version)
    opencv, _ = doctor._cv2()
    assert opencv.found.endswith("from opencv-contrib-python-headless 4.11")
