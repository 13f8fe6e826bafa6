"""The networks, by name. Each takes images alone and returns an `Output`."""

from fer_live.models.cnn6 import Cnn6
from fer_live.models.cucn import Cucn
from fer_live.models.output import Network, Output

MODELS: dict[str, type[Network]] = {"cucn": Cucn, "cnn6": Cnn6}

__all__ = ["MODELS", "Cnn6", "Cucn", "Network", "Output"]
