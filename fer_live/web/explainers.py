"""An explainer for each model, made when it is first needed and shared by all visitors."""

import threading
from typing import TYPE_CHECKING

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.runtimes import leave_cores_to
from fer_live.types import FloatArray, Image
from fer_live.web.readers import Readers

if TYPE_CHECKING:
    from fer_live.explain.library import Explainer


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
                self._made[model] = self._load(model)
            explainer = self._made[model]
        labels = explainer.card.labels
        if target not in labels:
            raise UserError(f"{model} does not know {target}; it knows {', '.join(labels)}")
        return explainer(crop, method, labels.index(target))

    def _load(self, model: str) -> "Explainer":
        # Only who asks for more than the readings' own maps waits for torch.
        from fer_live import weight_files
        from fer_live.explain.library import Explainer

        made = Explainer(*weight_files.load(self._readers.path(model)))
        leave_cores_to(self._readers.classifier(model).runtime)
        return made
