"""The training loop: everything that changes while an encoder is trained, in one object that can stop and go on."""

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from gzssar.encoders.network import SkeletonNetwork
from gzssar.encoders.training.augmentation import augment
from gzssar.encoders.training.distributed import Processes
from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import DataError
from gzssar.running import Steps
from gzssar.splits import Ids

MOMENTUM = 0.9
"""Of SGD, Nesterov's kind (section 4.2)."""

STEPS_OF_SCHEDULE = (3 / 7, 4 / 7, 5 / 7)
"""Shares of the epochs after which the step schedule falls: the paper's 60, 80 and 100 of 140."""


class Examples(NamedTuple):
    """Clips and what they show, on the CPU: a data set is larger than most devices' memory."""

    clips: Float[Tensor, "N C T V M"]
    targets: Int[Tensor, "N"]
    """Columns of the network's logits."""

    @classmethod
    def of(cls, clips: Float[np.ndarray, "N C T V M"], labels: Int[np.ndarray, "N"], classes: Ids) -> "Examples":
        """From arrays; `classes` are sorted."""
        return cls(
            torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32)),
            torch.from_numpy(np.searchsorted(classes, labels)),
        )


class TrainingRun:
    """A training that can stop after any epoch and go on.

    Random numbers are drawn anew from the seed and the epoch's number, and the learning rate is a function of time: so
    neither has a state that a checkpoint would have to keep.
    """

    def __init__(self, network: SkeletonNetwork, training: EncoderTraining, processes: Processes) -> None:
        self.network, self.training, self.processes = network, training, processes
        self.shared = processes.share(network)
        self.optimizer = _optimizer(network, training)
        self.history: list[dict[str, float]] = []
        """Scalars of each epoch, by name."""
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}

    @property
    def epoch(self) -> int:
        """How many are done."""
        return len(self.history)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights: float32, unless torch's default is another."""
        return self.network.classifier.weight.dtype

    @property
    def finished(self) -> bool:
        """All epochs are done, or patience has run out."""
        patience = self.training.patience or math.inf
        return self.epoch >= self.training.epochs or self.epoch - self.best_epoch >= patience

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """The result: with patience the best epoch's, otherwise the last one's."""
        return self.best_weights if self.training.patience else self.network.state_dict()

    def outcome(self) -> dict[str, str]:
        """How the training went, for the encoder's provenance."""
        kept = self.best_epoch if self.training.patience else self.epoch
        scalars = self.history[kept - 1]
        reported = ("loss", "held-out accuracy")
        return {"epoch kept": str(kept)} | {name: f"{scalars[name]:.4f}" for name in reported if name in scalars}

    def state(self) -> dict[str, Any]:
        """What :meth:`resume` needs."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on where another run stopped."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history, self.best_epoch = list(state["history"]), state["best_epoch"]
        self.best_weights = state["best_weights"]

    def train_epoch(self, examples: Examples, held_out: Examples | None, progress: Steps | None) -> None:
        """Pass through the training clips once, and judge the network on what is held out.

        Raises:
            DataError: the loss is no longer finite.
        """
        started = time.perf_counter()
        steps = len(examples.clips) // self.training.batch_size
        loss = self._train(examples, steps, progress)
        speed = steps * self.training.batch_size / (time.perf_counter() - started)
        scalars = {"loss": loss, "learning rate": self.optimizer.param_groups[0]["lr"], "sequences per second": speed}
        self.history.append(scalars | (self._judge(held_out) if held_out else {}))
        if self.training.patience and self._is_best():
            self.best_epoch = self.epoch
            self.best_weights = {name: value.clone() for name, value in self.network.state_dict().items()}

    def _train(self, examples: Examples, steps: int, progress: Steps | None) -> float:
        """One epoch of steps; returns the mean loss."""
        self.shared.train()
        done, device = self.epoch * steps, self.processes.device
        stream = np.random.SeedSequence([self.training.seed, self.epoch]).generate_state(1, np.uint64)
        generator = torch.Generator(device).manual_seed(int(stream[0]))
        order = torch.randperm(len(examples.clips), generator=generator, device=device).cpu()
        losses = []
        for step, batch in enumerate(order[: steps * self.training.batch_size].view(steps, -1)):
            rate = learning_rate(self.training, self.epoch + (step + 0.5) / steps)
            losses.append(self._step(examples.clips[batch], examples.targets[batch], rate, generator))
            if progress:
                progress(done + step + 1, self.training.epochs * steps)
        return float(self.processes.mean(torch.stack(losses).mean()))

    def _step(
        self, clips: Float[Tensor, "N C T V M"], targets: Int[Tensor, "N"], rate: float, generator: torch.Generator
    ) -> Float[Tensor, ""]:
        """One step on a batch; returns the loss. Every process varies the whole batch and trains on its stride of it,
        so that all agree on what is random. The loss is looked at before the weights change: no offset of a shift may
        become NaN."""
        device, classes = self.processes.device, self.network.class_count
        shares = F.one_hot(targets.to(device), classes).float()
        clips, shares = augment(clips.to(device, self.dtype), shares, self.training.augmentations, generator)
        mine = slice(self.processes.rank, None, self.processes.count)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=self.training.precision == "bf16"):
            logits = self.shared(clips[mine].contiguous()).logits
        loss = F.cross_entropy(logits.float(), shares[mine], label_smoothing=self.training.label_smoothing)
        if not torch.isfinite(loss):
            raise DataError(
                f"the encoder's loss became {loss}: check that the clips are finite, or lower learning_rate."
            )
        self.processes.backward(loss)
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def _judge(self, held_out: Examples) -> dict[str, float]:
        """Accuracy and loss on held-out clips, of which each process takes a stride."""
        self.network.eval()
        totals = torch.zeros(3, device=self.processes.device)  # right answers, losses, clips
        rows = torch.arange(len(held_out.clips))[self.processes.rank :: self.processes.count]
        # Not once where there are fewer clips than processes.
        for batch in torch.split(rows, self.training.batch_size) if len(rows) else ():
            logits = self.network(held_out.clips[batch].to(totals.device, self.dtype)).logits
            targets = held_out.targets[batch].to(totals.device)
            right = (logits.argmax(dim=1) == targets).sum()
            loss = F.cross_entropy(logits, targets, reduction="sum")
            totals += torch.stack([right, loss, right.new_tensor(len(batch))])
        right, loss, count = self.processes.mean(totals).tolist()
        return {"held-out accuracy": right / count, "held-out loss": loss / count}

    def _is_best(self) -> bool:
        """The last epoch is more accurate on held-out clips than all before it, or as accurate with a lower loss."""
        scores = [(scalars["held-out accuracy"], -scalars["held-out loss"]) for scalars in self.history]
        return scores[-1] > max(scores[:-1], default=(-1.0, 0.0))


def learning_rate(training: EncoderTraining, epoch: float) -> float:
    """The rate at a point in time, given in epochs from the start, fractions included."""
    if epoch < training.warm_up:
        return training.learning_rate * epoch / training.warm_up
    if training.schedule == "step":
        return training.learning_rate * 0.1 ** sum(epoch >= share * training.epochs for share in STEPS_OF_SCHEDULE)
    done = (epoch - training.warm_up) / (training.epochs - training.warm_up)
    return training.learning_rate * (1 + math.cos(math.pi * done)) / 2


def _optimizer(network: SkeletonNetwork, training: EncoderTraining) -> torch.optim.Optimizer:
    """Fused: all weights in one call, since the network has some two hundred small ones."""
    weights, rate, decay = network.parameters(), training.learning_rate, training.weight_decay
    if training.optimizer == "sgd":
        return torch.optim.SGD(weights, rate, MOMENTUM, nesterov=True, weight_decay=decay, fused=True)
    return torch.optim.AdamW(weights, rate, weight_decay=decay, fused=True)
