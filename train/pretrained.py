"""Public weights for a network's trunk, in every layout they are published in."""

import logging
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models import get_model_weights

from fer_live.errors import UserError
from fer_live.models import Network

ENOUGH = 0.95  # the share of the trunk's tensors that a file must have
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")
PREFIXES = ("module.", "feat_net.", "backbone.", "base.", "encoder.", "features.")
# torchvision's ResNet as a Sequential of its children, which some repositories save.
CHILDREN = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
HEADS = ("fc", "linear", "classifier", "feature.", "loss_layer", "mu.", "log_var.", "head")
STEMS = {"resnet": ("conv1.weight", "bn1."), "vgg": ("0.weight", "0.bias")}
ZIP, PICKLE = b"PK\x03\x04", b"\x80"  # what torch's files begin with, the newer and the older
# Of a pickle of arrays by name, from Python 2 or 3.
CONVERSION = (
    "`python -c \"import pickle, torch; arrays = pickle.load(open('{}', 'rb'), encoding='latin1'); "
    "torch.save({{k: torch.as_tensor(v) for k, v in arrays.items()}}, '{}')\"`"
)

logger = logging.getLogger(__name__)


@dataclass
class Match:
    """What of a file fits the trunk: `found` does, the rest are names."""

    found: dict[str, Tensor] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    other_shape: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def strangers(self) -> str:
        """The three lists, as one line."""
        lists = {
            "missing": self.missing,
            "of another shape": self.other_shape,
            "unused": self.unused,
        }
        return "; ".join(
            f"{len(names)} {what}" + (f": {', '.join(names)}" if names else "")
            for what, names in lists.items()
        )


def load_pretrained(network: Network, source: str) -> None:
    """Fill the network's trunk from `source`: "imagenet" (torchvision's weights) or a file's path.

    CBAM gates have no source and stay. A stem of another size than the file's stays too, with a warning;
    a grey one sums the file's over its colours. Raises UserError where less than 95% of the tensors
    fit, with lists of what does not.
    """
    if not network.backbone:
        raise UserError(
            f"pretrained {source}: no public weights fit {type(network).__name__}: leave it out"
        )
    if source == "imagenet":
        content = _unwrapped(_imagenet(network.backbone), source)
    else:
        content = read_tensors(source)
    tensors = dict(_renamed(content, network.backbone, source))
    own = {
        name: tensor
        for name, tensor in network.trunk.state_dict().items()
        if ".cbam." not in name and not name.endswith("num_batches_tracked")
    }
    own = _without_new_stem(own, tensors, network.backbone, source)
    match = _match(own, tensors)
    said = f"{source} has {len(match.found)} of {len(own)} tensors of {network.backbone}"
    if len(match.found) < ENOUGH * len(own):
        raise UserError(f"{said} ({match.strangers()}): give the file of a {network.backbone}")
    if len(match.found) < len(own):
        logger.warning(f"{said} ({match.strangers()})")
    else:
        logger.info(said)
    network.trunk.load_state_dict(match.found, strict=False)


def _imagenet(backbone: str) -> Mapping[str, Any]:
    """torchvision's weights, fetched once into torch's cache and checked against the hash in their name."""
    address = _address(backbone)
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    if not (folder / address.rsplit("/", 1)[-1]).is_file():
        logger.info(f"fetching {address} into {folder}")
    try:
        return torch.hub.load_state_dict_from_url(
            address, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (URLError, OSError, RuntimeError) as error:
        raise UserError(
            f"cannot fetch {address} ({error}): download it elsewhere and give its path as pretrained"
        ) from None


def _address(backbone: str) -> str:
    return get_model_weights(backbone)["IMAGENET1K_V1"].url


def read_tensors(source: str) -> dict[str, Tensor]:
    """The tensors of a file by name, as the file calls them. Raises UserError where it holds none."""
    return _unwrapped(_read(Path(source)), source)


def _read(path: Path) -> Any:
    """The file's content; nothing in it is run, so that pickles of other things than tensors are refused."""
    if not path.is_file():
        raise UserError(f'pretrained {path} is no file: give a path, or "imagenet"')
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise UserError(
            f"pretrained {path} cannot be read ({error.strerror}): make it readable, or give another file"
        ) from None
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Detected pickle protocol")  # refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever the bytes lead it to
        cut = "unexpected EOF" in str(error)  # an UnpicklingError in older versions of torch
        if isinstance(error, pickle.UnpicklingError) and head.startswith((ZIP, PICKLE)) and not cut:
            raise UserError(
                f"pretrained {path} is no file of tensors alone, and other pickles can run code when "
                "opened (VGGFace2's .pkl of arrays is one): give a .safetensors, or a state dict of "
                f"torch.save; where you trust the file, {CONVERSION.format(path, path.with_suffix('.pth'))} "
                "makes one"
            ) from None
        found = f"it begins with {head!r}" if head else "it is empty"
        raise UserError(
            f"pretrained {path} is not whole, or no weight file ({found}): fetch it again"
        ) from None


def _unwrapped(content: Any, source: str) -> dict[str, Tensor]:
    """The tensors by name, out of the dictionaries that training scripts put around them."""
    while isinstance(content, Mapping):
        inner = next((content[w] for w in WRAPPERS if isinstance(content.get(w), Mapping)), None)
        if inner is None:
            tensors = {str(name): t for name, t in content.items() if isinstance(t, Tensor)}
            if tensors:
                return tensors
            break
        content = inner
    raise UserError(f"pretrained {source} holds no tensors by name: give a state dict's file")


def _renamed(
    tensors: Mapping[str, Tensor], backbone: str, source: str
) -> Iterator[tuple[str, Tensor]]:
    """The tensors under torchvision's names, without heads and counters."""
    if any("feat_net." in name for name in tensors):
        logger.warning(
            f"{source} comes from a network whose stem has no ReLU and pools without padding: its "
            "features change a little here"
        )
    for name, tensor in tensors.items():
        while name.startswith(PREFIXES):
            name = name.partition(".")[2]
        if backbone.startswith("resnet"):
            number, _, rest = name.partition(".")
            if number in CHILDREN:
                name = f"{CHILDREN[number]}.{rest}"
            name = re.sub(r"\.shortcut\.", ".downsample.", name)
        if not name.startswith(HEADS) and not name.endswith("num_batches_tracked"):
            yield name, tensor


def _without_new_stem(
    own: dict[str, Tensor], tensors: dict[str, Tensor], backbone: str, source: str
) -> dict[str, Tensor]:
    """What is to be filled; both stems are made alike here, or left out of both."""
    stem = next(names for family, names in STEMS.items() if backbone.startswith(family))
    first = stem[0]
    if first not in tensors or tensors[first].ndim != 4:
        return own
    kernel, wanted = tensors[first], own[first]
    if kernel.shape[2:] != wanted.shape[2:]:
        sides = [f"{t.shape[2]}x{t.shape[3]}" for t in (kernel, wanted)]
        logger.warning(f"the stem starts at random: {source} has {sides[0]}, the recipe {sides[1]}")
        for name in [name for name in tensors if name.startswith(stem)]:
            del tensors[name]
        return {name: tensor for name, tensor in own.items() if not name.startswith(stem)}
    if kernel.shape[1] == 3 and wanted.shape[1] == 1:
        # Exactly what the file's network makes of a grey picture in three equal planes.
        tensors[first] = kernel.sum(1, keepdim=True)
    elif kernel.shape[1] == 1 and wanted.shape[1] == 3:
        tensors[first] = kernel.expand(-1, 3, -1, -1) / 3
    return own


def _match(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> Match:
    match = Match(unused=[name for name in tensors if name not in own])
    for name, tensor in own.items():
        if name not in tensors:
            match.missing.append(name)
        elif tensors[name].shape != tensor.shape:
            match.other_shape.append(name)
        else:
            match.found[name] = tensors[name]
    return match
