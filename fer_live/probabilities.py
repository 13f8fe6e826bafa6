"""Logits as probabilities, in arrays: torch, which trains networks, takes seconds to import."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]


def softmax(logits: Floats) -> Floats:
    """(B, K) -> the same, in the precision of the logits; each row adds up to 1."""
    grown = np.exp(logits - logits.max(1, keepdims=True))
    return grown / grown.sum(1, keepdims=True)


def entropy(probabilities: Floats) -> Floats:
    """(B, K) -> (B,) in nats."""
    # A zero's part is 0, though its logarithm is none.
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    return -(probabilities * logs).sum(1)
