"""The Lightning module: one network, one strategy, one recipe."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix

from fer_live.models import Network
from train import schedule
from train.data.batches import Batch
from train.loss_watch import LossWatch
from train.recipe import Recipe
from train.strategies import Step, Strategy
from train.teach import Teachers

View = Callable[[], Tensor]


class MacroRecall(MulticlassConfusionMatrix):
    """Mean recall of the classes that have a face: torchmetrics' own counts others too, once one is named."""

    def compute(self) -> Tensor:
        confusion = super().compute()  # (K, K), rows true
        faces = confusion.sum(1)
        return (confusion.diag()[faces > 0] / faces[faces > 0]).mean()


class Learner(lightning.LightningModule):
    """Trains `network` on normalised, augmented batches; validates it as the app will use it.

    `steps`: of the whole training. `mean` and `deviation`: of pixel values in [0, 1]. `compiled`: train
    through torch.compile (same weights, faster on CPUs with a C++ compiler). `teachers`: they read every view.
    """

    def __init__(
        self,
        network: Network,
        strategy: Strategy,
        recipe: Recipe,
        classes: int,
        steps: int,
        mean: float,
        deviation: float,
        compiled: bool = False,
        teachers: Teachers | None = None,
    ):
        super().__init__()
        self.network = network
        self.strategy = strategy
        self.recipe = recipe
        self.classes = classes
        # Lightning's own estimate would load the data before a checkpoint could set the place in it.
        self.steps = steps
        self.mean, self.deviation = mean, deviation
        self.compiled = compiled
        self.teachers = teachers
        self.plateau = schedule.Plateau(recipe.plateau_patience)
        self.watch = LossWatch()
        # Its check of the labels would make every step of a GPU wait.
        self.train_accuracy = MulticlassAccuracy(classes, average="micro", validate_args=False)
        # Lightning's own mean over processes rounds where their shares differ by a face. By default this one
        # leaves NaN out of the mean, which would hide a network that has diverged.
        self.validation_loss = MeanMetric(nan_strategy=math.inf)
        self.accuracy = MulticlassAccuracy(classes, average="micro")
        self.macro_recall = MacroRecall(classes)
        self._freeze()
        self.train()  # Lightning keeps the modes that it finds

    def _freeze(self) -> None:
        trains = tuple(self.recipe.trains)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not trains or name.startswith(trains))

    def train(self, mode: bool = True) -> "Learner":
        """Frozen parts stay in eval mode: BatchNorm would drift under another sampler's mix of classes."""
        super().train(mode)
        if mode and self.recipe.trains:
            for name, module in self.network.named_modules():
                if not any(_covers(name, beginning) for beginning in self.recipe.trains):
                    module.training = False
        return self

    def on_train_start(self) -> None:
        # A bare function rather than a module, so that no compiled copy enters checkpoints or averages.
        forward = self.network.__call__
        self._forward = torch.compile(forward, dynamic=False) if self.compiled else forward

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        # Every draw of a step (augmentation, dropout, mixing) follows from the seed and the step alone:
        # a resumed run repeats what an uninterrupted one would have drawn. Each process draws its own.
        seed = self.recipe.seed * 1_000_003 + self.global_step
        torch.manual_seed(seed + self.global_rank * 1_000_000_007)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        progress = self._progress()
        small = self.recipe.small_size if progress < self.recipe.small_until else 0
        own = partial(self._view, batch.images, small or self.recipe.size)
        view, targets = self._taught(own, batch.targets)
        step = Step(
            view,
            self._forward,
            self.network.classifier,
            batch.labels,
            batch.places,
            progress,
            targets,
        )
        loss = self.strategy.loss(step)
        seen = self.watch.seen(loss.value, self.global_step)
        # All processes stop together: one alone would leave the others waiting for its gradients.
        if not self.trainer.strategy.reduce_boolean_decision(math.isfinite(seen.loss)):
            raise FloatingPointError(
                f"loss is {seen.loss} at step {seen.step}: lower learning_rate"
            )
        self.log("train/loss", loss.value, prog_bar=True, sync_dist=True)
        if loss.logits is not None:
            self.train_accuracy(loss.logits.detach().float(), batch.labels)
            self.log("train/accuracy", self.train_accuracy, on_step=False, on_epoch=True)
        return loss.value

    def on_train_batch_end(self, *_: Any) -> None:
        self.strategy.after_step()

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        logits = self.network(self._normalise(batch.images.float() / 255)).logits.float()
        self.accuracy(logits, batch.labels)
        self.macro_recall(logits, batch.labels)
        self.validation_loss(F.cross_entropy(logits, batch.labels), len(logits))
        self.log("val/loss", self.validation_loss, on_epoch=True)
        self.log("val/accuracy", self.accuracy, prog_bar=True, on_epoch=True)
        self.log("val/macro_recall", self.macro_recall, prog_bar=True, on_epoch=True)

    def on_validation_epoch_end(self) -> None:
        # The same in all processes, and before a checkpoint is written of what was validated.
        if not torch.isfinite(self.validation_loss.compute()):
            raise FloatingPointError(
                f"the loss on the selection split is not finite in epoch {self.current_epoch + 1}, at step "
                f"{self.global_step}: lower learning_rate"
            )
        progress = self._progress()
        if not self.strategy.classifies:
            self.log("val/selection", progress)  # the last state is chosen
            return
        complete = self.strategy.complete(progress)
        self.log("val/selection", self.accuracy.compute() if complete else 0.0)

    def on_train_epoch_end(self) -> None:
        for name, value in self.strategy.measures().items():
            self.log(f"train/{name}", value)
        self.plateau.step(float(self.trainer.callback_metrics["val/loss"]))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["plateau"] = self.plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.plateau.load_state_dict(checkpoint["plateau"])

    def _progress(self) -> float:
        return self.global_step / max(self.steps, 1)

    def _taught(self, view: View, targets: Tensor | None) -> tuple[View, Tensor | None]:
        """Where teachers read views, the student is given the one that they have read, and what they said."""
        if self.teachers is None:
            return view, targets
        seen = view()
        return lambda: seen, self.teachers(seen)

    def _view(self, images: Tensor, size: int) -> Tensor:
        return self._normalise(self.recipe.augmentation(images.float() / 255, size))

    def _normalise(self, images: Tensor) -> Tensor:
        # Grey faces for a network of colour images: the same plane three times.
        images = images.expand(-1, self.recipe.channels, -1, -1)
        images = (images - self.mean) / self.deviation
        return images.contiguous(memory_format=torch.channels_last)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        recipe = self.recipe
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        momentum = {"momentum": 0.9, "nesterov": True} if recipe.optimizer == "sgd" else {}
        optimizer = kind[recipe.optimizer](self._groups(), lr=recipe.learning_rate, **momentum)
        falling = schedule.factor(recipe, self.steps)
        together = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: falling(step) * self.plateau.factor
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": together, "interval": "step"},
        }

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by decay and rate. Norms and biases do not decay: at zero the layer would mean another thing."""
        head = {id(parameter) for parameter in self.network.classifier.parameters()}
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for parameter in [*self.network.parameters(), *self.strategy.parameters()]:
            if parameter.requires_grad:
                key = (parameter.ndim > 1, id(parameter) in head)
                groups.setdefault(key, []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": self.recipe.weight_decay if decays else 0.0,
                "lr": self.recipe.learning_rate * (self.recipe.head_rate if in_head else 1.0),
            }
            for (decays, in_head), parameters in groups.items()
        ]


def _covers(name: str, beginning: str) -> bool:
    """Whether a module holds parameters that begin so, or lies among them."""
    return f"{name}.".startswith(beginning) or beginning.startswith(f"{name}." if name else "")
