"""Networks as what exports them wants them."""

from torch import Tensor, nn

from fer_live.models import Network


class Flat(nn.Module):
    """A network whose output is a plain tuple: (logits, feature map[, uncertainty])."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        output = self.network(images)
        uncertainty = output.uncertainty
        if uncertainty is None:
            return output.logits, output.feature_map
        return output.logits, output.feature_map, uncertainty
