"""Weight files are written whole and keep what they hold; those that are broken or odd are refused in words."""

import dataclasses
import errno
import pickle

import pytest
import torch
from safetensors.torch import save_file

from fer_live import card as cards
from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.models import MODELS
from tests.limits import small_disk


@pytest.fixture
def weights(card, tmp_path):
    path = tmp_path / "small.safetensors"
    torch.manual_seed(0)
    state = MODELS["cnn6"]().state_dict()
    weight_files.save(
        path, card, {k: t.half() if t.is_floating_point() else t for k, t in state.items()}
    )
    return path


def test_a_full_disk_is_told_as_the_system_tells_it(card, tmp_path):
    with small_disk(1000), pytest.raises(OSError, match="File too large") as caught:
        weight_files.save(tmp_path / "a.safetensors", card, MODELS["cnn6"]().state_dict())
    assert caught.value.errno == errno.EFBIG
    assert not list(tmp_path.iterdir())


def test_others_can_read_the_weights_that_one_writes(weights):
    assert weights.stat().st_mode & 0o777 == 0o644


def test_weights_that_are_a_link_stay_one(weights, card, tmp_path):
    link = tmp_path / "link.safetensors"
    link.symlink_to(weights)
    weight_files.save(link, dataclasses.replace(card, name="new"), weight_files.load_tensors(link))
    assert link.is_symlink()
    assert cards.load_card(weights).name == "new"


def test_weights_are_saved_however_they_lie_in_memory(card, tmp_path):
    path = tmp_path / "last.safetensors"
    network = MODELS["cnn6"]().to(memory_format=torch.channels_last)
    weight_files.save(path, card, network.state_dict())
    torch.testing.assert_close(weight_files.load(path)[0].state_dict(), network.state_dict())


def test_a_full_disk_keeps_the_older_weights(weights, card):
    before = weights.read_bytes()
    with small_disk(1000), pytest.raises(OSError, match="File too large"):
        weight_files.save(weights, card, MODELS["cnn6"]().state_dict())
    assert weights.read_bytes() == before


def test_card_and_tensors_come_back(weights, card):
    network, loaded = weight_files.load(weights)
    assert loaded == card
    torch.manual_seed(0)
    for name, tensor in MODELS["cnn6"]().state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_loaded_tensors_do_not_lie_in_the_file(weights):
    """Windows replaces no file that is mapped, as `refresh` does."""
    bias = weight_files.load_tensors(weights)["classifier.bias"]
    weights.write_bytes(bytes(weights.stat().st_size))
    assert bias.all()


def test_loaded_network_is_for_reading_only(weights):
    network, _ = weight_files.load(weights)
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_truncated_file_is_refused(weights):
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        weight_files.load(weights)


def test_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.safetensors"
    path.touch()
    with pytest.raises(UserError, match="not a whole safetensors file"):
        weight_files.load(path)


def test_file_without_a_card_is_refused(tmp_path):
    path = tmp_path / "bare.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="has no card"):
        weight_files.load(path)


def test_unreadable_card_is_refused(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"card": '{"labels": ["bored"]}'})
    with pytest.raises(UserError, match="its card cannot be read"):
        weight_files.load(path)


def test_another_networks_tensors_are_refused_with_both_counts(tmp_path, card):
    path = tmp_path / "other.safetensors"
    weight_files.save(path, card, MODELS["cucn"]().state_dict())
    with pytest.raises(UserError, match=r"not those of cnn6: \d+ found, \d+ expected"):
        weight_files.load(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda state: state.pop("classifier.bias"), "classifier.bias is missing"),
        (lambda state: state.update(more=torch.zeros(1)), "more is in the file only"),
    ],
)
def test_a_tensor_too_few_or_too_many_is_refused_by_its_name(tmp_path, card, change, told):
    path = tmp_path / "other.safetensors"
    state = MODELS["cnn6"]().state_dict()
    change(state)
    weight_files.save(path, card, state)
    with pytest.raises(UserError, match=told):
        weight_files.load(path)


def test_a_wrong_shape_is_refused_with_both_shapes(tmp_path, card):
    path = tmp_path / "wrong.safetensors"
    state = MODELS["cnn6"](classes=8).state_dict()
    weight_files.save(path, card, state)
    with pytest.raises(UserError, match=r"shape \(8, 512\), cnn6 expects \(7, 512\)"):
        weight_files.load(path)


def test_fewer_labels_than_outputs_are_refused(tmp_path, card):
    path = tmp_path / "labels.safetensors"
    fewer = dataclasses.replace(card, labels=SEVEN[:6])
    weight_files.save(path, fewer, MODELS["cnn6"]().state_dict())
    with pytest.raises(UserError, match="7 outputs and 6 labels"):
        weight_files.load(path)


def test_numbers_that_are_not_finite_are_refused(tmp_path, card):
    path = tmp_path / "nan.safetensors"
    state = MODELS["cnn6"]().state_dict()
    state["classifier.bias"][0] = float("nan")
    weight_files.save(path, card, state)
    with pytest.raises(UserError, match="not finite"):
        weight_files.load(path)


def test_an_unknown_network_is_refused(tmp_path, card):
    path = tmp_path / "future.safetensors"
    weight_files.save(path, dataclasses.replace(card, network="vit"), {"a": torch.zeros(1)})
    with pytest.raises(UserError, match="names the network 'vit'"):
        weight_files.load(path)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_pickles_are_refused_and_never_opened(tmp_path, how):
    path = tmp_path / "evil.pth"

    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    if how == "pickle":
        path.write_bytes(pickle.dumps(Evil()))
    else:
        torch.save(Evil(), path)
    with pytest.raises(UserError, match="is a pickle"):
        weight_files.load(path)
    assert not (tmp_path / "owned").exists()


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path, card):
    # The length's first byte is 0x80, a pickle's first, in one file of 32: longer names get there.
    path = tmp_path / "small.safetensors"
    for padding in range(0, 256, 4):
        named = dataclasses.replace(card, name="x" * padding)
        weight_files.save(path, named, MODELS["cnn6"]().state_dict())
        if path.read_bytes()[0] == 0x80:
            break
    assert path.read_bytes()[0] == 0x80
    assert cards.load_card(path) == named


@pytest.mark.parametrize("arguments", [{"classes": -3}, {"classes": "x"}, {"width": 3}])
def test_arguments_that_build_no_network_are_refused(tmp_path, card, arguments):
    path = tmp_path / "odd.safetensors"
    weight_files.save(path, dataclasses.replace(card, arguments=arguments), {"a": torch.zeros(1)})
    with pytest.raises(UserError, match=r"^.*: its card does not build cnn6 \(.+\)$"):
        weight_files.load(path)
