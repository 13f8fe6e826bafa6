"""Last layers: embedding (B, D) -> logits (B, K)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Classifier = Literal["linear", "scaled", "cosine"]


class ScaledLinear(nn.Linear):
    """logit_c = s_c (w_c x + b_c), with s = 1 at first. Kang et al. 2020, learnable weight scaling (LWS)."""

    def __init__(self, width: int, classes: int):
        super().__init__(width, classes)
        self.scale = nn.Parameter(torch.ones(classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * super().forward(x)


class CosineLinear(nn.Module):
    """logit_c = `scale` times the cosine between w_c and x, without a bias. Cao et al. 2019 (LDAM)."""

    def __init__(self, width: int, classes: int, scale: float = 30.0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, width))
        self.scale = scale
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * F.linear(F.normalize(x), F.normalize(self.weight))


CLASSIFIERS = {"linear": nn.Linear, "scaled": ScaledLinear, "cosine": CosineLinear}


def build_classifier(kind: Classifier, width: int, classes: int) -> nn.Module:
    """The last layer of that kind."""
    if kind not in CLASSIFIERS:
        raise ValueError(f"classifier {kind!r} is not one of {', '.join(CLASSIFIERS)}")
    return CLASSIFIERS[kind](width, classes)
