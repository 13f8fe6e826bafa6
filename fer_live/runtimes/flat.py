"""Networks as what exports them wants them."""

from torch import Tensor, nn

from fer_live.explain.grad_cam import GradCam
from fer_live.models import Network
from fer_live.runtimes.base import CHANNEL_WEIGHTS, FEATURE_MAP, LOGITS, UNCERTAINTY


class Flat(nn.Module):
    """A network whose output is a plain tuple: logits, feature map[, uncertainty][, channel weights].

    The weights are Grad-CAM's (B, K, C), where they have a closed form: a face's maps are
    relu(weights @ feature map). The network is on the CPU, in eval mode.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self._grad_cam = GradCam(network, network.map_shape)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self._said(images).values())

    def names(self, images: Tensor) -> list[str]:
        """Of the outputs, in their order."""
        return list(self._said(images))

    def _said(self, images: Tensor) -> dict[str, Tensor]:
        output = self.network(images)
        said = {
            LOGITS: output.logits,
            FEATURE_MAP: output.feature_map,
            UNCERTAINTY: output.uncertainty,
            CHANNEL_WEIGHTS: self._grad_cam.channel_weights(output.embedding),
        }
        return {name: tensor for name, tensor in said.items() if tensor is not None}
