"""The doctor."""

from importlib.metadata import PackageNotFoundError

from fer_live import doctor, packaged, quiet_openvino
from fer_live.classify import Classifier
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


def test_after_the_doctor_the_first_start_finds_its_model_converted(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (openvino,) = doctor._openvino()
    assert openvino.found.endswith(f"telemetry off, {packaged.MODEL} converted")
    assert Classifier.load(packaged.MODEL, "cpu").runtime.name.startswith("openvino")


def test_a_cache_that_cannot_be_written_costs_nothing_that_is_needed(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (openvino,) = doctor._openvino()
    assert (openvino.fine, openvino.needed) == (False, False)
    assert "free some space there, or add --runtime torch" in openvino.found


def test_without_openvino_the_doctor_says_what_runs_the_network(monkeypatch):
    monkeypatch.setattr(quiet_openvino, "is_installed", lambda: False)
    (openvino,) = doctor._openvino()
    assert (openvino.found, openvino.fix) == ("torch runs the network", "pip install openvino")
    assert not openvino.needed


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
