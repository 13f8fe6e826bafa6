"""Erasing attention consistency: a mirrored face has a mirrored heat-map. Zhang et al. 2022 (EAC)."""

import torch

from fer_live.errors import UserError
from fer_live.models import Network
from train.strategies.base import Loss, Step, Strategy, Task


class ErasingAttentionConsistency(Strategy):
    """Cross-entropy of the face, and `weight` times how its maps differ from its mirror image's.

    Random erasing of the view gives the method its name: a network that remembers wrong labels looks at
    places that erasing and mirroring move.
    """

    def __init__(self, task: Task, weight: float = 5.0):
        super().__init__()
        if not _adds_up(task.network):
            raise UserError(
                'strategy eac needs maps that add up to the logits: use arguments.head "pool" and a '
                "linear classifier"
            )
        self.criterion = task.criterion
        self.weight = weight

    def loss(self, step: Step) -> Loss:
        """CE + weight * MSE(M(x), flip(M(flip(x)))) of all classes' activation maps M."""
        images = step.view()
        output = step.forward(torch.cat([images, images.flip(3)]))
        # Class activation maps, (2B, h, w, K); the bias they carry is in both and cancels.
        maps = step.classifier(output.feature_map.permute(0, 2, 3, 1)).float()
        straight, mirrored = maps.chunk(2)
        different = (straight - mirrored.flip(2)).square().mean()
        logits = output.logits[: len(images)]
        return Loss(self.criterion(logits, step.labels) + self.weight * different, logits)


@torch.no_grad()
def _adds_up(network: Network) -> bool:
    """Whether the classifier at each place of the map, averaged, gives the logits."""
    if network.map_shape[0] != network.width:
        return False
    training = network.training
    network.eval()
    feature_map = torch.randn(1, *network.map_shape, generator=torch.Generator().manual_seed(0))
    by_place = network.classifier(feature_map.permute(0, 2, 3, 1)).mean((1, 2))
    whole = network.classify(feature_map)
    network.train(training)
    return torch.allclose(by_place, whole, atol=1e-4)
