"""An explainer for each model, made when it is first needed and shared by all visitors."""

import threading

from fer_live import card as cards
from fer_live.errors import UserError
from fer_live.explain.library import Explainer
from fer_live.expressions import Expression
from fer_live.types import FloatArray, Image
from fer_live.web.readers import Readers


class Explainers:
    """By the model's name. They hold no lock of the readers: a slow method delays nobody's reading."""

    def __init__(self, readers: Readers):
        self._readers = readers
        self._made: dict[str, Explainer] = {}
        self._lock = threading.Lock()

    def __call__(self, model: str, crop: Image, method: str, target: Expression) -> FloatArray:
        """(h, w); raises UserError on a model, method or class that is not known."""
        with self._lock:
            if model not in self._made:
                self._made[model] = Explainer(*cards.load(self._readers.path(model)))
            explainer = self._made[model]
        labels = explainer.card.labels
        if target not in labels:
            raise UserError(f"{model} does not know {target}; it knows {', '.join(labels)}")
        return explainer(crop, method, labels.index(target))
