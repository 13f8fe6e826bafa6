"""The networks, by name. Each takes images alone and returns an `Output`."""

from fer_live.models.adcorre import AdCorre
from fer_live.models.cnn6 import Cnn6
from fer_live.models.cucn import Cucn
from fer_live.models.dcnn import Dcnn
from fer_live.models.output import Network, Output
from fer_live.models.transfer import ResNet18Transfer, Vgg11Transfer

MODELS: dict[str, type[Network]] = {
    "cucn": Cucn,
    "cnn6": Cnn6,
    "adcorre": AdCorre,
    "dcnn": Dcnn,
    "vgg11-transfer": Vgg11Transfer,
    "resnet18-transfer": ResNet18Transfer,
}

__all__ = ["MODELS", "Cnn6", "Cucn", "Network", "Output"]
