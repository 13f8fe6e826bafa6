"""A network's say on a whole data set, through the app's own preprocessing."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.preprocess import to_input
from train.data import Faces

BATCH = 256
SHIFT = 2  # pixels, at the card's size


class Logits(NamedTuple):
    """`logits`: (N, K) before the temperature, in the data set's class order.

    `head`: (N,) how unsure the network itself says it is, or None. `variance`: (N,) what RUL's head says
    where `head` comes from the one that learnt people's votes, else None; `crowd`: (N, V) the logits of that one.
    `whole`: (N, C) those of all the model's classes, in its order, where the data set lacks some.
    """

    logits: Tensor
    head: Tensor | None
    variance: Tensor | None = None
    crowd: Tensor | None = None
    whole: Tensor | None = None

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """(N, K) softmax of logits over `temperature`."""
        return (self.logits.double() / temperature).softmax(1).numpy()

    def raw(self) -> tuple[NDArray | None, NDArray | None]:
        """`head` and `variance` as arrays."""
        head, variance = (
            None if one is None else one.numpy() for one in (self.head, self.variance)
        )
        return head, variance


@torch.inference_mode()
def predict(
    network: Network, card: Card, faces: Faces, device: torch.device, tta: bool = False
) -> Logits:
    """Run the network over all faces.

    `tta`: ten views (the face and its mirror image, in place and shifted by two pixels to each side),
    their log-probabilities averaged; the uncertainty head's scores come from the plain view. Classes that the data set
    does not have are left out of `logits`. Raises UserError where the model lacks one of its classes.
    """
    columns = columns_of(card, faces)
    network = network.eval().to(device).to(memory_format=torch.channels_last)
    logits, scores, variances, crowds = [], [], [], []
    for start in range(0, len(faces), BATCH):
        places = range(start, min(start + BATCH, len(faces)))
        images = torch.from_numpy(to_input(faces.pictures(places), card)).to(device)
        output = network(images)
        if output.uncertainty is not None:
            scores.append(output.uncertainty.cpu())
        if output.crowd is not None:
            crowds.append(output.crowd.float().cpu())
            if output.variance is not None:
                variances.append(output.variance.cpu())
        said = output.logits.float()
        if tta:
            others = (network(view).logits.float() for view in _other_views(images))
            said = torch.stack([each.log_softmax(1) for each in (said, *others)]).mean(0)
        logits.append(said.cpu())
    whole = torch.cat(logits)
    rest = whole if len(columns) < whole.shape[1] else None
    return Logits(whole[:, columns], _joined(scores), _joined(variances), _joined(crowds), rest)


def columns_of(card: Card, faces: Faces) -> list[int]:
    """Where the model's logits have each of the data set's classes. Raises UserError where it lacks one."""
    lacking = [str(label) for label in faces.classes if label not in card.labels]
    if lacking:
        raise UserError(f"{card.name} has no class {', '.join(lacking)}, which {faces.dataset} has")
    return [card.labels.index(label) for label in faces.classes]


def _joined(parts: list[Tensor]) -> Tensor | None:
    return torch.cat(parts) if parts else None


def _other_views(images: Tensor) -> Iterator[Tensor]:
    """Mirrored in place, and shifted to each side, straight and mirrored."""
    size = images.shape[-1]
    padded = F.pad(images, [SHIFT] * 4, mode="replicate")
    yield images.flip(3)
    for x, y in ((0, 1), (2, 1), (1, 0), (1, 2)):
        view = padded[:, :, y * SHIFT : y * SHIFT + size, x * SHIFT : x * SHIFT + size]
        yield view
        yield view.flip(3)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T > 0 that minimises the likelihood's loss of softmax(logits / T). Guo et al. 2017."""
    logits = logits.double()
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    minimise([log_temperature], lambda: F.cross_entropy(logits / log_temperature.exp(), labels))
    return log_temperature.exp().item()


def minimise(parameters: list[Tensor], loss: Callable[[], Tensor]) -> None:
    """Move a few parameters to where the smooth `loss` of all data is least."""
    optimizer = torch.optim.LBFGS(parameters, max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
