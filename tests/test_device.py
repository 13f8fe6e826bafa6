"""Where the network runs, told without torch where that is certain."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fer_live import device
from fer_live.device import choose_device, is_cpu
from fer_live.errors import UserError


@pytest.fixture(autouse=True)
def fresh():
    device._may_have_gpu.cache_clear()
    yield
    device._may_have_gpu.cache_clear()


@pytest.fixture
def gpu(monkeypatch):
    """A function that makes torch find a GPU, or none, and counts how often it is asked."""
    asked = []

    def there(found):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: asked.append(1) or found)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        return asked

    return there


@pytest.fixture
def build(monkeypatch, tmp_path):
    """A function that makes the torch installed one of a build whose facts are told, CUDA's at first."""

    def make(facts):
        (tmp_path / "version.py").write_text(facts)
        found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(device, "find_spec", lambda name: found if name == "torch" else None)

    make("cuda: str | None = '13.0'\nhip: str | None = None")
    return make


@pytest.fixture
def driver(monkeypatch, build):
    """A function that puts NVIDIA's driver there, or takes it away."""

    def put(there):
        def load(name):
            assert name == "libcuda.so.1"
            if not there:
                raise OSError(name)

        monkeypatch.setattr(device, "ctypes", SimpleNamespace(CDLL=load))
        monkeypatch.setattr(device, "KFD", Path("/not/there"))
        monkeypatch.setattr(sys, "platform", "linux")

    return put


def test_the_cpu_is_the_cpu_whatever_there_is(gpu, driver):
    driver(True)
    asked = gpu(True)
    assert is_cpu("cpu")
    assert not asked


def test_without_a_driver_it_is_the_cpu_and_torch_is_not_asked(gpu, driver):
    driver(False)
    asked = gpu(True)
    assert is_cpu("auto")
    assert not asked


@pytest.mark.parametrize("found", [True, False])
def test_with_a_driver_torch_is_asked(gpu, driver, found):
    driver(True)
    asked = gpu(found)
    assert is_cpu("auto") is not found
    assert asked


def test_amds_driver_counts_as_well(gpu, driver, build, monkeypatch, tmp_path):
    driver(False)
    build("cuda = None\nhip = '6.4'")
    monkeypatch.setattr(device, "KFD", tmp_path)
    gpu(True)
    assert not is_cpu("auto")


def test_a_torch_built_for_cpus_is_not_asked_whatever_driver_there_is(gpu, driver, build):
    """As PyPI's for Windows is."""
    driver(True)
    build("__version__ = '2.9.1+cpu'\ncuda = None\nhip = None")
    asked = gpu(True)
    assert is_cpu("auto")
    assert not asked


def test_the_torch_installed_says_what_it_was_built_for():
    assert device._built_for_gpus() is bool(torch.version.cuda or torch.version.hip)


def test_a_torch_that_does_not_say_what_it_was_built_for_is_asked(gpu, driver, build, tmp_path):
    driver(True)
    (tmp_path / "version.py").unlink()
    gpu(True)
    assert not is_cpu("auto")


def test_windows_has_another_name_for_nvidias_driver(gpu, driver, monkeypatch):
    driver(False)
    looked_for = []
    monkeypatch.setattr(device, "ctypes", SimpleNamespace(CDLL=looked_for.append))
    monkeypatch.setattr(sys, "platform", "win32")
    gpu(True)
    assert not is_cpu("auto")
    assert looked_for == ["nvcuda.dll"]


def test_each_gpu_can_be_named_and_no_other(gpu, monkeypatch):
    gpu(True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert str(choose_device("cuda:1")) == "cuda:1"
    with pytest.raises(UserError, match=r"use cuda, cuda:0, cuda:1, .*cpu"):
        choose_device("cuda:2")


def test_on_a_mac_torch_is_asked(gpu, driver, monkeypatch):
    driver(False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    gpu(False)
    assert not is_cpu("auto")
    assert choose_device("auto").type == "mps"


def test_a_device_that_is_not_there_is_one_line(gpu):
    gpu(False)
    with pytest.raises(UserError, match=r"device 'cuda:1' is not to be had here: use .*cpu"):
        is_cpu("cuda:1")
