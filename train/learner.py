"""The Lightning module: one network, one strategy, one recipe."""

import math

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torchmetrics.classification import MulticlassAccuracy

from fer_live.models import Network
from train.data.batches import Batch
from train.recipe import Recipe
from train.strategies import Strategy


class Learner(lightning.LightningModule):
    """Trains `network` on normalised, augmented batches; validates it as the app will use it.

    `steps`: of the whole training. `mean` and `deviation`: of pixel values in [0, 1]. `compiled`: train
    through torch.compile (same weights, faster on CPUs with a C++ compiler).
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
    ):
        super().__init__()
        self.network = network
        self.strategy = strategy
        self.recipe = recipe
        # Lightning's own estimate would load the data before a checkpoint could set the place in it.
        self.steps = steps
        self.mean, self.deviation = mean, deviation
        self.compiled = compiled
        self.train_accuracy = MulticlassAccuracy(classes, average="micro")
        self.accuracy = MulticlassAccuracy(classes, average="micro")
        self.macro_recall = MulticlassAccuracy(classes, average="macro")

    def on_train_start(self) -> None:
        # A bare function rather than a module, so that no compiled copy enters checkpoints or averages.
        forward = self.network.__call__
        self._forward = torch.compile(forward, dynamic=False) if self.compiled else forward

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        # Every draw of a step (augmentation, dropout, mixing) follows from the seed and the step alone:
        # a resumed run repeats what an uninterrupted one would have drawn.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.global_step)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        progress = self._progress()
        small = self.recipe.small_size if progress < self.recipe.small_until else None
        images = self.recipe.augmentation(batch.images.float() / 255, small)
        output = self._forward(self._normalise(images))
        loss = self.strategy.loss(output, batch.labels, progress)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"loss is {loss.item()} at step {self.global_step}: lower learning_rate"
            )
        self.train_accuracy(output.logits.float(), batch.labels)
        self.log("train/loss", loss, prog_bar=True)
        self.log("train/accuracy", self.train_accuracy, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        logits = self.network(self._normalise(batch.images.float() / 255)).logits.float()
        self.accuracy(logits, batch.labels)
        self.macro_recall(logits, batch.labels)
        self.log("val/accuracy", self.accuracy, prog_bar=True, on_epoch=True)
        self.log("val/macro_recall", self.macro_recall, prog_bar=True, on_epoch=True)

    def on_validation_epoch_end(self) -> None:
        chosen = self.accuracy.compute() if self.strategy.complete(self._progress()) else 0.0
        self.log("val/selection", chosen)

    def _progress(self) -> float:
        return self.global_step / self.steps

    def _normalise(self, images: Tensor) -> Tensor:
        images = (images - self.mean) / self.deviation
        return images.contiguous(memory_format=torch.channels_last)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        recipe = self.recipe
        # Norms and biases are not decayed: pulling them to zero changes what the layer means.
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimizer: torch.optim.Optimizer
        if recipe.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, recipe.learning_rate, momentum=0.9, nesterov=True)
        else:
            optimizer = torch.optim.AdamW(groups, recipe.learning_rate)
        warmup = recipe.warmup_epochs * self.steps / recipe.epochs
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warm_cosine(step, warmup, self.steps)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def warm_cosine(step: int, warmup: float, steps: float) -> float:
    """Factor on the learning rate: a line up to 1 over `warmup` steps, then a cosine to 0."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1.0, steps - warmup))))
