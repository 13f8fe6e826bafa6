"""How layers without normalisation start."""

from collections.abc import Iterable

from torch import nn


def start_for_relu(modules: Iterable[nn.Module]) -> None:
    """Keep the activations' size from layer to layer, whatever the depth. He et al. 2015, eq. 10."""
    for module in modules:
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
