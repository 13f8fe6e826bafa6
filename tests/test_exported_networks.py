"""`fer-live export`: networks for other programs."""

import tempfile

import numpy as np
import pytest
import torch

from fer_live import card as cards
from fer_live import quiet_openvino, weight_files
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.export import export
from fer_live.preprocess import to_input
from tests.limits import small_disk


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch):
    """Of ONNX Runtime, where a test imports it itself."""
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")


@pytest.mark.parametrize(("kind", "ending"), [("onnx", "onnx"), ("torchscript", "pt")])
def test_an_exported_network_says_what_ours_says(tmp_path, kind, ending):
    path = export("cnn6", kind, tmp_path / f"cnn6.{ending}")
    images = torch.randn(2, 1, 48, 48)
    expected = weight_files.load(cards.find_weights("cnn6"))[0](images).logits
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        logits = torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])
        assert '"cnn6"' in session.get_modelmeta().custom_metadata_map["card"]
    else:
        logits = torch.jit.load(path)(images)[0]
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    assert '"temperature"' in (tmp_path / f"cnn6.{ending}.json").read_text()


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_an_exported_network_tells_its_heat_maps(tmp_path, name):
    import onnxruntime

    path = export(name, "onnx", tmp_path / f"{name}.onnx")
    crops = [np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)] * 3
    reader = Classifier.load(name, "cpu", "torch")
    session = onnxruntime.InferenceSession(str(path))
    outputs = ["feature_map", "channel_weights"]
    maps, weights = session.run(outputs, {"images": to_input(crops, reader.card)})
    found = np.einsum("bkc,bchw->bkhw", weights, maps).clip(0)
    expected = reader.heatmaps(reader.score(crops))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_openvinos_outputs_are_called_as_onnxs_are(tmp_path):
    path = export("cnn6", "openvino", tmp_path / "cnn6.xml")
    outputs = quiet_openvino.core().read_model(path).outputs
    assert [output.any_name for output in outputs] == [
        "logits", "feature_map", "uncertainty", "channel_weights",
    ]  # fmt: skip


def test_an_export_to_another_ending_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"end its name in \.onnx"):
        export("cnn6", "onnx", tmp_path / "cnn6.bin")


@pytest.mark.parametrize(
    ("kind", "ending"), [("onnx", "onnx"), ("openvino", "xml"), ("torchscript", "pt")]
)
def test_a_disk_that_is_full_keeps_the_older_export(tmp_path, monkeypatch, kind, ending):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    path = tmp_path / "here" / f"cnn6.{ending}"
    path.parent.mkdir()
    path.write_text("precious")
    with small_disk(200_000), pytest.raises(UserError, match=rf"\.{ending} cannot be written \("):
        export("cnn6", kind, path)
    assert path.read_text() == "precious"
    assert list(path.parent.iterdir()) == [path]


def test_an_export_without_a_place_tells_what_the_system_says(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"a\.pt cannot be written \(Not a directory\); save to"):
        export("cnn6", "torchscript", tmp_path / "file" / "new" / "a.pt")
