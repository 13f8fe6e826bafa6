import logging
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.models import MODELS
from train import pretrained
from train import recipe as recipes
from train.pretrained import load_pretrained
from train.start import start

TENSORS = 100  # of ResNet-18's trunk, without counters


@pytest.fixture(scope="module")
def public():
    """torchvision's ResNet-18 with its head, as ImageNet's and MS-Celeb-1M's files hold it."""
    torch.manual_seed(3)
    return resnet18().state_dict()


def network(**arguments):
    own = {"cbam": False, "head": "pool", "uncertainty": False, "size": 64}
    return MODELS["cucn"](**{"stem": "7x7/2", "channels": 3, **own, **arguments})


def saved(content, tmp_path, name="weights.pth"):
    torch.save(content, tmp_path / name)
    return str(tmp_path / name)


def prefixed(tensors, prefix):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def as_children(tensors):
    """torchvision's names as nn.Sequential(*children) has them."""
    numbers = {name: number for number, name in pretrained.CHILDREN.items()}
    children = {}
    for name, tensor in tensors.items():
        first, _, rest = name.partition(".")
        if first in numbers:
            children[f"{numbers[first]}.{rest}"] = tensor
    return children


def cifar_names(tensors):
    renamed = {k.replace("downsample", "shortcut"): v for k, v in tensors.items()}
    return {k.replace("fc.", "linear."): v for k, v in renamed.items()}


HEADS = {"module.feature.weight": torch.zeros(9, 9), "module.feature.bias": torch.zeros(9)}
LAYOUTS = {
    "torchvision's": lambda t: t,
    "A, MS-Celeb-1M under state_dict": lambda t: {"state_dict": t, "epoch": 3},
    "B, behind module. with two heads": lambda t: {
        "state_dict": {**prefixed(t, "module."), **HEADS}
    },
    "C, behind feat_net.": lambda t: {
        "state_dict": {**prefixed(t, "feat_net."), "loss_layer.weight": torch.zeros(3, 3)}
    },
    "D, numbered children with RUL's heads": lambda t: {
        "model_state_dict": {
            **prefixed(as_children(t), "features."),
            "mu.3.weight": torch.zeros(64, 9),
            "log_var.3.weight": torch.zeros(64, 9),
        },
        "fc_state_dict": {"weight": torch.zeros(7, 64)},
    },
    "D, numbered children alone": as_children,
    "E, CIFAR's names": lambda t: {"net": prefixed(cifar_names(t), "module.")},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_public_layout_fills_the_whole_trunk(public, tmp_path, caplog, layout):
    found = network()
    with caplog.at_level(logging.INFO, "train"):
        load_pretrained(found, saved(LAYOUTS[layout](public), tmp_path))
    assert f"has {TENSORS} of {TENSORS} tensors of resnet18" in caplog.text
    for name, tensor in found.trunk.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, public[name]), name


def test_safetensors_are_read(public, tmp_path):
    found, path = network(), tmp_path / "weights.safetensors"
    save_file(public, path)
    load_pretrained(found, str(path))
    assert torch.equal(found.trunk.conv1.weight, public["conv1.weight"])


def test_a_pickle_of_arrays_is_refused_and_not_run(tmp_path):
    path = tmp_path / "resnet50_ft_weight.pkl"
    path.write_bytes(pickle.dumps({"conv1.weight": np.zeros((64, 3, 7, 7), np.float32)}))
    with pytest.raises(UserError, match="can run code when opened") as caught:
        load_pretrained(network(), str(path))
    assert "\n" not in str(caught.value)


def test_the_refusal_of_a_pickle_says_how_to_convert_it(public, tmp_path):
    path = tmp_path / "resnet50_ft_weight.pkl"
    arrays = {name: tensor.numpy() for name, tensor in public.items()}
    path.write_bytes(pickle.dumps(arrays, protocol=2))
    with pytest.raises(UserError) as caught:
        load_pretrained(network(), str(path))
    code = str(caught.value).split('python -c "')[1].split('"`')[0]
    subprocess.run([sys.executable, "-c", code], check=True)
    found = network()
    load_pretrained(found, str(path.with_suffix(".pth")))
    assert torch.equal(found.trunk.conv1.weight, public["conv1.weight"])


def test_a_grey_stem_sums_the_colours(public, tmp_path):
    colour, grey = network(), network(channels=1)
    path = saved(public, tmp_path)
    load_pretrained(colour, path)
    load_pretrained(grey, path)
    images = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(
        grey.eval()(images).feature_map,
        colour.eval()(images.expand(-1, 3, -1, -1)).feature_map,
        rtol=1e-3,
        atol=1e-4,
    )


def test_a_3x3_stem_stays_random_and_that_is_said(public, tmp_path, caplog):
    found = network(stem="3x3/2", channels=1)
    stem = found.trunk.conv1.weight.clone()
    load_pretrained(found, saved(public, tmp_path))
    assert torch.equal(found.trunk.conv1.weight, stem)
    assert torch.equal(found.trunk.layer1[0].conv1.weight, public["layer1.0.conv1.weight"])
    assert "the stem starts at random" in caplog.text
    assert "7x7, the recipe 3x3" in caplog.text


def test_gates_do_not_count_and_stay(public, tmp_path):
    found = network(cbam=True, cbam_init="identity")
    load_pretrained(found, saved(public, tmp_path))
    assert torch.equal(found.trunk.layer4[1].bn2.weight, public["layer4.1.bn2.weight"])
    assert found.trunk.layer4[1].cbam.spatial.norm.bias.item() == 4


def test_a_file_that_fits_too_little_is_refused_with_what_does_not(public, tmp_path):
    tensors = {k: v for k, v in public.items() if not k.startswith("layer4.1.")}
    tensors["layer3.0.conv1.weight"] = torch.zeros(1, 2, 3, 3)
    tensors["extra.weight"] = torch.zeros(1)
    with pytest.raises(UserError) as caught:
        load_pretrained(network(), saved(tensors, tmp_path))
    message = str(caught.value)
    assert "has 89 of 100 tensors of resnet18" in message
    missing = [name for name in public if name.startswith("layer4.1.") and "num_" not in name]
    assert f"10 missing: {', '.join(missing)};" in message
    assert "1 of another shape: layer3.0.conv1.weight" in message
    assert "1 unused: extra.weight" in message


def test_a_file_that_fits_nearly_warns_and_loads(public, tmp_path, caplog):
    tensors = {k: v for k, v in public.items() if k != "layer4.1.bn2.bias"}
    found = network()
    load_pretrained(found, saved(tensors, tmp_path))
    assert "99 of 100" in caplog.text
    assert "1 missing: layer4.1.bn2.bias" in caplog.text
    assert torch.equal(found.trunk.conv1.weight, public["conv1.weight"])


def test_a_resnet50_is_no_resnet18(public, tmp_path):
    with pytest.raises(UserError, match="give the file of a resnet50"):
        load_pretrained(network(depth=50), saved(public, tmp_path))


def test_vgg11_is_filled_from_torchvisions_names(tmp_path):
    found = MODELS["vgg11-transfer"](channels=1)
    trunk = {k: torch.randn(v.shape) for k, v in found.trunk.state_dict().items()}
    trunk["0.weight"] = torch.randn(64, 3, 3, 3)
    content = {**prefixed(trunk, "features."), "classifier.0.weight": torch.zeros(4, 4)}
    load_pretrained(found, saved(content, tmp_path))
    assert torch.equal(found.trunk[18].weight, trunk["18.weight"])
    torch.testing.assert_close(found.trunk[0].weight, trunk["0.weight"].sum(1, keepdim=True))


def test_a_network_of_our_own_has_no_public_weights():
    with pytest.raises(UserError, match="no public weights fit Cnn6"):
        load_pretrained(MODELS["cnn6"](), "imagenet")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pth", b""),
        ("a.pth", b"<!DOCTYPE html><html>not found</html>"),
        ("a.pth", b"junk" * 100),
        ("a.safetensors", b"<html>"),
    ],
)
def test_a_download_that_is_no_weight_file_is_to_be_fetched_again(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=r"is not whole, or no weight file .* fetch it again"):
        load_pretrained(network(), str(tmp_path / name))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_download_that_broke_off_is_to_be_fetched_again(tmp_path, zipped):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(999)}, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match="is not whole"):
        load_pretrained(network(), str(path))


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}])
def test_a_file_without_tensors_by_name_is_refused(tmp_path, content):
    with pytest.raises(UserError, match="holds no tensors by name"):
        load_pretrained(network(), saved(content, tmp_path))


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(UserError, match=r'nowhere\.pth is no file: give a path, or "imagenet"'):
        load_pretrained(network(), "nowhere.pth")


def test_imagenet_weights_are_taken_from_torchs_cache(public, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    saved(public, folder, "resnet18-f37072fd.pth")
    found = network()
    load_pretrained(found, "imagenet")
    assert torch.equal(found.trunk.conv1.weight, public["conv1.weight"])


def test_a_download_with_another_hash_is_refused(public, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    path = saved(public, tmp_path, "resnet18-00000000.pth")
    monkeypatch.setattr(pretrained, "_address", lambda backbone: f"file://{path}")
    with (
        caplog.at_level(logging.INFO, "train"),
        pytest.raises(UserError, match="invalid hash value"),
    ):
        load_pretrained(network(), "imagenet")
    assert f"fetching file://{path} into {tmp_path / 'home'}" in caplog.text


@pytest.mark.parametrize(("initial", "warned"), [("torch", True), ("identity", False)])
def test_gates_that_are_not_open_on_pretrained_weights_are_warned_of(
    public, tmp_path, caplog, initial, warned
):
    shapes = {"stem": "7x7/2", "head": "pool", "uncertainty": False, "cbam_init": initial}
    recipe = recipes.Recipe(
        network="cucn", arguments=shapes, pretrained=saved(public, tmp_path), size=64
    )
    found = MODELS["cucn"](**recipe.network_arguments(7))
    start(found, recipe, SEVEN, None)
    assert torch.equal(found.trunk.layer4[1].bn2.weight, public["layer4.1.bn2.weight"])
    assert ("arguments.cbam_init=identity" in caplog.text) is warned
