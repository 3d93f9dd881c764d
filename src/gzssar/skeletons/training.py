"""Fits a skeleton encoder on seen classes, and encodes clips with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gzssar.errors import DataError
from gzssar.progress import Steps
from gzssar.shapes import Clips, Labels, Logits, SkeletonFeatures
from gzssar.skeletons.layout import NTU25, Layout
from gzssar.skeletons.motion_encoder import Encoded, MotionEncoder
from gzssar.splits import Ids

NEVER_TRAINED = -20.0
"""The logit of a class the encoder never saw, as in the SynSE folders."""


@dataclass(frozen=True)
class EncoderTraining:
    """How an encoder is fitted: Adam with a cosine from `learning_rate` to zero."""

    seed: int = 0
    """Everything random in the fit is drawn from it: weights, order, augmentation."""

    epochs: int = 30
    """Full passes over the training clips."""

    batch_size: int = 64
    """Clips per step; a last incomplete batch is left out."""

    learning_rate: float = 2e-3
    """The rate of the first step."""

    weight_decay: float = 1e-3
    """Decoupled from the gradient, as in AdamW."""

    label_smoothing: float = 0.1
    """Share of the target that is spread over all classes."""

    turn: float = 0.3
    """Augmentation: each clip is turned about the vertical by up to this angle, in radians."""

    scale: float = 0.1
    """Augmentation: each clip grows or shrinks by up to this share."""

    noise: float = 0.01
    """Augmentation: standard deviation added to each coordinate, in metres."""


class EncodedClips(NamedTuple):
    """What an encoder says about clips, in numpy."""

    features: SkeletonFeatures
    logits: Logits


@dataclass(frozen=True)
class FittedEncoder:
    """A trained network, and what its columns mean."""

    network: nn.Module
    """Clips in, :class:`~gzssar.skeletons.motion_encoder.Encoded` out; in evaluation mode."""

    classes: Ids
    """The class of each column of the network's logits, sorted."""


def fit_encoder(
    clips: Clips,
    labels: Labels,
    classes: Ids,
    training: EncoderTraining | None = None,
    *,
    layout: Layout = NTU25,
    build: Callable[[int], nn.Module] = MotionEncoder,
    progress: Steps | None = None,
) -> FittedEncoder:
    """Train an encoder to tell `classes` apart. Equal arguments give equal weights, bit for bit, on one machine.

    Args:
        clips: normalised training clips of these classes alone, metres.
        labels: their class ids.
        classes: the seen classes of the phase; a clip of any other class is refused.
        training: how to train; the defaults where None.
        layout: what the joints are; says which of them swap in a mirror (half of the clips are mirrored).
        build: makes the network from the number of classes.
        progress: told (done, total) after each step.

    Raises:
        DataError: a clip belongs to another class, a class has no clip, there are fewer clips than a batch holds,
            or the loss leaves the finite numbers.
    """
    training = training or EncoderTraining()
    classes = tuple(sorted(classes))
    _check_training(len(clips), labels, classes, training)
    inputs = torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32))
    targets = torch.from_numpy(np.searchsorted(classes, labels))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        network = build(len(classes))
        _train(network, inputs, targets, training, list(layout.mirror), progress)
    return FittedEncoder(network.eval(), classes)


def encode(encoder: FittedEncoder, clips: Clips, class_count: int, batch_size: int = 256) -> EncodedClips:
    """Encode clips, in batches.

    Args:
        encoder: what :func:`fit_encoder` returned.
        clips: normalised clips, metres, of any class.
        class_count: K, columns of the logits; classes the encoder never saw get :data:`NEVER_TRAINED`.
        batch_size: clips at a time.

    Raises:
        DataError: there are no clips, or the encoder knows classes beyond `class_count`.
    """
    if len(clips) == 0:
        raise DataError("encoding needs at least one clip, but there are none.")
    if encoder.classes[-1] >= class_count:
        raise DataError(
            f"the encoder knows classes up to {encoder.classes[-1]}, but only {class_count} classes were announced: "
            "pass the number of all classes, seen and unseen."
        )
    inputs = torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32))
    with torch.inference_mode():
        parts: list[Encoded] = [
            encoder.network(inputs[start : start + batch_size]) for start in range(0, len(inputs), batch_size)
        ]
    features, trained = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
    logits = np.full((len(clips), class_count), NEVER_TRAINED, dtype=np.float32)
    logits[:, list(encoder.classes)] = trained
    return EncodedClips(features, logits)


def _check_training(clip_count: int, labels: Labels, classes: Ids, training: EncoderTraining) -> None:
    if clip_count != len(labels):
        raise DataError(f"there must be one label per clip, but there are {clip_count} clips and {len(labels)} labels.")
    present = {int(label) for label in np.unique(labels)}
    if foreign := sorted(present - set(classes)):
        raise DataError(
            f"an encoder may see clips of its own classes only, but clips of the classes {foreign} came: "
            "leave out what is unseen in this phase before fitting."
        )
    if absent := sorted(set(classes) - present):
        raise DataError(f"each class needs training clips, but the classes {absent} have none.")
    if clip_count < training.batch_size:
        raise DataError(
            f"training needs at least one batch of {training.batch_size} clips, but there are {clip_count}: "
            "lower batch_size or add clips."
        )


def _train(
    network: nn.Module,
    inputs: Float[Tensor, "N C T V M"],
    targets: Tensor,
    training: EncoderTraining,
    mirror: list[int],
    progress: Steps | None,
) -> None:
    """Fit `network` in place; draws from torch's global generator, which the caller has seeded."""
    steps = len(inputs) // training.batch_size
    total = steps * training.epochs
    optimizer = torch.optim.AdamW(network.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    loss_of = nn.CrossEntropyLoss(label_smoothing=training.label_smoothing)
    network.train()
    for epoch in range(training.epochs):
        order = torch.randperm(len(inputs))[: steps * training.batch_size]
        for step, batch in enumerate(order.view(steps, training.batch_size), start=1):
            optimizer.zero_grad()
            loss = loss_of(network(_augment(inputs[batch], training, mirror)).logits, targets[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
            if progress:
                progress(epoch * steps + step, total)
    if not torch.isfinite(loss):
        raise DataError(f"the encoder's loss became {loss.item()}: the clips must be finite, or lower learning_rate.")


def _augment(
    clips: Float[Tensor, "N C T V M"], training: EncoderTraining, mirror: list[int]
) -> Float[Tensor, "N C T V M"]:
    """Mirror half of the clips, turn and scale all of them, add noise to the bodies that are there."""
    n = len(clips)
    flipped = clips[:, :, :, mirror] * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1, 1)
    clips = torch.where((torch.rand(n) < 0.5).view(n, 1, 1, 1, 1), flipped, clips)
    angle = training.turn * (2 * torch.rand(n) - 1)
    scale = 1 + training.scale * (2 * torch.rand(n) - 1)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(n)
    rows = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, torch.ones(n)], dim=1).view(n, 3, 3)
    turned = torch.einsum("nac,nctvm->natvm", rows * scale.view(n, 1, 1), clips)
    present = (clips != 0).any(dim=1, keepdim=True).any(dim=3, keepdim=True)
    return turned + training.noise * torch.randn(turned.shape) * present
