"""Trains cross-modal VAEs: several zero-shot problems side by side, one checkpoint per cycle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gzssar.errors import DataError
from gzssar.methods.msf.gradients import Stack, initial_stack, write_gradients
from gzssar.methods.msf.losses import LossTerms, loss_terms
from gzssar.methods.msf.schedule import weights_at
from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.msf.vae import CrossModalVae
from gzssar.running import Steps
from gzssar.shapes import Labels, SkeletonFeatures, TextFeatures

LOG_EVERY = 100
"""Steps between two points of the loss curves."""

_STACK_BYTES = 1_000_000
"""Models with weights beyond this train one after the other. Stacking saves the small models' overhead per step, but
pushes large ones out of the core's cache: on one core (AMD EPYC, 1 MB of L2) two of 0.23 MB take 0.82 of the time in a
stack, two of 1.7 MB 1.15 of it."""


@dataclass(frozen=True)
class Pairs:
    """What one VAE learns from: skeleton features of seen classes, and the texts of all classes."""

    skeletons: SkeletonFeatures
    labels: Labels
    texts: TextFeatures


@dataclass(frozen=True)
class Alignment:
    """One trained VAE with its history."""

    checkpoints: tuple[CrossModalVae, ...]
    """One per cycle."""
    curves: dict[str, np.ndarray]
    """Loss terms every :data:`LOG_EVERY` steps; ``step`` holds the step numbers. Terms are unweighted: squared errors
    summed over dimensions, KL in nats."""


def align(
    problems: Sequence[Pairs], settings: MsfSettings, generator: torch.Generator, progress: Steps | None = None
) -> list[Alignment]:
    """Train one VAE per problem.

    Args:
        problems: features of equal widths, any number of clips.
        settings: the choices.
        generator: weights, batches and noise are drawn from it; equal state gives equal results, bit for bit, on one
            machine.
        progress: told (done, total) steps now and then.

    Raises:
        DataError: the loss leaves the finite numbers.
    """
    inputs = problems[0].skeletons.shape[1] + problems[0].texts.shape[1]
    weights_size = 3 * inputs * settings.latent_width * 4
    size = 1 if weights_size > _STACK_BYTES else len(problems)
    groups = [problems[i : i + size] for i in range(0, len(problems), size)]
    steps = settings.cycles * settings.cycle_steps
    result: list[Alignment] = []
    # Units that a ReLU has switched off leave Adam's moments to decay into denormal numbers, which the processor
    # handles many times slower: flushing them to zero takes a sixth off the paper recipe's time.
    torch.set_flush_denormal(True)
    try:
        for number, group in enumerate(groups):
            result += _train(group, settings, generator, _within(progress, number * steps, len(groups) * steps))
    finally:
        torch.set_flush_denormal(False)
    return result


def _within(progress: Steps | None, before: int, total: int) -> Callable[[int], None]:
    """Steps of one group as a part of the whole."""
    return lambda step: progress(before + step, total) if progress else None


def _train(
    problems: Sequence[Pairs], settings: MsfSettings, generator: torch.Generator, progress: Callable[[int], None]
) -> list[Alignment]:
    """Train the VAEs of all `problems` in one batched product."""
    batches = Batches(problems, settings, generator)
    stack = initial_stack(len(problems), batches.width, batches.text_width, settings.latent_width, generator)
    for tensor in stack.tensors():
        tensor.grad = torch.zeros_like(tensor)
    adam = torch.optim.Adam(stack.tensors(), settings.learning_rate, fused=True)
    rectified = settings.output == "rectified"
    checkpoints: list[list[CrossModalVae]] = []
    logged: list[list[LossTerms]] = []
    for cycle in range(settings.cycles):
        rows = batches.rows(settings.cycle_steps)
        for step in range(settings.cycle_steps):
            batch = batches.draw(rows[step])
            done = cycle * settings.cycle_steps + step
            if done % LOG_EVERY == 0:
                logged.append(_finite(_terms(stack, batch, rectified)))
                progress(done)
            weights = weights_at(settings, cycle, step, batches.width, batches.text_width)
            write_gradients(stack, *batch, weights, rectified)
            adam.step()
        _finite(_terms(stack, batch, rectified))
        checkpoints.append([stack.model(m, rectified) for m in range(len(problems))])
    histories = zip(zip(*checkpoints, strict=True), zip(*logged, strict=True), strict=True)
    return [Alignment(vaes, _curves(terms)) for vaes, terms in histories]


class Batch(NamedTuple):
    """The mini-batches of one step, as :func:`write_gradients` takes them."""

    skeletons: Tensor
    encoded_texts: Tensor
    text_of_clip: Tensor | None
    texts: Tensor
    skeleton_noise: Tensor
    text_noise: Tensor


class Batches:
    """All problems' clips in one tensor: a step is an index draw."""

    def __init__(self, problems: Sequence[Pairs], settings: MsfSettings, generator: torch.Generator) -> None:
        self.settings, self.generator = settings, generator
        self.width = problems[0].skeletons.shape[1]
        self.text_width = problems[0].texts.shape[1]
        orders = [np.argsort(p.labels, kind="stable") for p in problems]
        self.labels = [p.labels[order] for p, order in zip(problems, orders, strict=True)]
        self.first_row = np.cumsum([0, *map(len, orders)])
        self.skeletons = torch.ones(int(self.first_row[-1]), self.width + 1)
        for p, order, first in zip(problems, orders, self.first_row[:-1], strict=True):
            self.skeletons[first : first + len(order), :-1] = torch.from_numpy(p.skeletons[order])
        # the seen classes' texts of each problem, padded to one number of rows by repeating the first
        seen = [np.unique(labels) for labels in self.labels]
        rows = max(map(len, seen))
        padded = [np.concatenate([s, np.full(rows - len(s), s[0])]) for s in seen]
        self.texts = torch.ones(len(problems), rows, self.text_width + 1)
        for m, p in enumerate(problems):
            self.texts[m, :, :-1] = torch.from_numpy(p.texts[padded[m]])
        of_row = [np.searchsorted(s, labels) for s, labels in zip(seen, self.labels, strict=True)]
        self.text_of_row = torch.from_numpy(np.concatenate(of_row))
        self.first_text = torch.arange(len(problems)).unsqueeze(1) * rows
        self.one_hot = torch.eye(rows)

    def rows(self, steps: int) -> Int[Tensor, "steps M B"]:
        """Which clips each step learns from."""
        size = (steps, self.settings.batch_size)
        drawn = []
        for first, labels in zip(self.first_row[:-1], self.labels, strict=True):
            if self.settings.sampling == "clips":
                rows = torch.randint(len(labels), size, generator=self.generator)
            else:
                _, starts, counts = np.unique(labels, return_index=True, return_counts=True)
                of_class = torch.randint(len(starts), size, generator=self.generator)
                # double: a float32 draw times a large count can round up to the count itself
                share = torch.rand(size, generator=self.generator, dtype=torch.float64)
                rows = torch.from_numpy(starts)[of_class] + (share * torch.from_numpy(counts)[of_class]).long()
            drawn.append(rows + int(first))
        return torch.stack(drawn, dim=1)

    def draw(self, rows: Int[Tensor, "M B"]) -> Batch:
        """The mini-batches of one step, with fresh noise."""
        settings, (models, batch) = self.settings, rows.shape
        flat = rows.reshape(-1)
        skeletons = self.skeletons.index_select(0, flat).view(models, batch, -1)
        of_clip = self.text_of_row.index_select(0, flat).view(models, batch)
        per_clip = self.texts.view(-1, self.text_width + 1).index_select(0, (of_clip + self.first_text).view(-1))
        texts = per_clip.view(models, batch, -1)
        width = 1 if settings.noise == "shared" else settings.latent_width
        noise = self._normal(models, batch, width), self._normal(models, batch, width)
        if settings.text_noise:
            encoded = texts.clone()
            encoded[..., :-1] += settings.text_noise * self._normal(models, batch, self.text_width)
            return Batch(skeletons, encoded, None, texts[..., :-1], *noise)
        if self.texts.shape[1] < batch:  # fewer class texts than clips: encode each once
            return Batch(skeletons, self.texts, self.one_hot[of_clip], texts[..., :-1], *noise)
        return Batch(skeletons, texts, None, texts[..., :-1], *noise)

    def _normal(self, *shape: int) -> Float[Tensor, "..."]:
        return torch.randn(shape, generator=self.generator)


def _terms(stack: Stack, batch: Batch, rectified: bool) -> list[LossTerms]:
    """The loss terms of each problem's mini-batch, by the readable definition."""
    encoded = batch.encoded_texts
    if batch.text_of_clip is not None:
        encoded = torch.bmm(batch.text_of_clip, encoded)
    noise = batch.skeleton_noise, batch.text_noise
    tensors = (batch.skeletons[..., :-1], encoded[..., :-1], batch.texts, *noise)
    with torch.no_grad():
        return [loss_terms(stack.model(m, rectified), *(t[m] for t in tensors)) for m in range(len(batch.skeletons))]


def _finite(terms: list[LossTerms]) -> list[LossTerms]:
    """Stop as soon as a loss is no number."""
    if not all(torch.isfinite(term) for one in terms for term in one):
        raise DataError("the alignment's loss left the finite numbers: lower the learning rate, or check the features.")
    return terms


def _curves(logged: Sequence[LossTerms]) -> dict[str, np.ndarray]:
    values = np.array([[float(term) for term in terms] for terms in logged])
    curves = {name.replace("_", " "): values[:, i] for i, name in enumerate(LossTerms._fields)}
    return {"step": np.arange(len(logged)) * LOG_EVERY, **curves}
