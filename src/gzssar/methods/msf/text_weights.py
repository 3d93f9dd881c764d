"""How much each kind of text counts, told from classes that play unseen.

A VAE per candidate would cost minutes. A ridge regression from texts to class means ranks candidates in milliseconds;
its penalty is the one the VAE's text noise amounts to. Errors are counted rather than log-losses added up: a prototype
made from a text is far from its clips in many of the D dimensions, so that a few clips would decide a log-loss.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from jaxtyping import Float

from gzssar.features.features import FeatureSet, Phase
from gzssar.features.whitening import class_means, whitened_space
from gzssar.recipe import Recipe
from gzssar.shapes import SkeletonFeatures, TextFeatures
from gzssar.splits import Ids
from gzssar.texts.fusion import Tables, seen_span, weighted

PARTS = 5
"""A weight is a multiple of 1/PARTS; with many tables a finer grid would only fit noise."""


def text_weights(
    kinds: Sequence[str], tables: Tables, play_unseen: Sequence[Phase], recipe: Recipe
) -> tuple[float, ...]:
    """What each table weighs: as the recipe says of its kind (lb, ad, md), or fitted on classes that play unseen."""
    if recipe.fusion != "weighted":
        return ()
    if recipe.text_weights is None:
        return fit_text_weights(play_unseen, tables, recipe)
    by_kind = dict(zip(("lb", "ad", "md"), recipe.text_weights, strict=True))
    return tuple(by_kind[kind] for kind in kinds)


def fit_text_weights(phases: Sequence[Phase], tables: Tables, recipe: Recipe) -> tuple[float, ...]:
    """The weights under which held-out classes are told best from their texts.

    Args:
        phases: whose unseen classes play unseen: the validation phase and folds, never the test phase.
        tables: one (K, E_i) table per kind of text and encoder.
        recipe: its shrinkage of the whitened space, and its text noise.

    Returns:
        One weight per table; they sum to 1. Of equally good candidates, the one nearest to equal weights.
    """
    grid = sorted(_grid(len(tables)), key=lambda weights: sum(weight**2 for weight in weights))
    errors = np.zeros(len(grid))
    for phase in phases:
        space = whitened_space(phase.train, recipe.shrinkage)
        clips = phase.test.of(phase.unseen)
        means, features = class_means(phase.train, space(phase.train.features)), space(clips.features)
        for i, weights in enumerate(grid):
            texts = seen_span(weighted(tables, phase.seen, weights), tables, phase.seen)(tables)
            prototypes = _regress(texts, means, phase.seen, recipe.text_noise)[list(phase.unseen)]
            errors[i] += _errors(prototypes, clips, features, phase.unseen)
    return grid[int(errors.argmin())]


def _grid(count: int) -> Iterator[tuple[float, ...]]:
    """All ways to hand PARTS parts to `count` tables, and equal weights."""
    yield (1 / count,) * count
    for bars in combinations(range(PARTS + count - 1), count - 1):
        edges = (-1, *bars, PARTS + count - 1)
        yield tuple((b - a - 1) / PARTS for a, b in pairwise(edges))


def _regress(texts: TextFeatures, means: SkeletonFeatures, seen: Ids, text_noise: float) -> Float[np.ndarray, "K D"]:
    """Class means that ridge regression on the seen classes expects of each text.

    Noise of standard deviation σ on each input dimension of S samples is a ridge penalty of S·σ² (Bishop 1995).
    """
    rows = texts[list(seen)].astype(np.float64)
    gram = rows @ rows.T + len(seen) * text_noise**2 * np.eye(len(seen))
    centred = means - means.mean(axis=0)
    return means.mean(axis=0) + texts @ rows.T @ np.linalg.solve(gram, centred)


def _errors(prototypes: Float[np.ndarray, "U D"], clips: FeatureSet, features: SkeletonFeatures, unseen: Ids) -> float:
    """Share of clips whose nearest prototype is another class's; every class counts the same."""
    squares = np.square(features[:, None] - prototypes[None]).sum(axis=2)
    wrong = np.array(unseen)[squares.argmin(axis=1)] != clips.labels
    return float(np.mean([wrong[clips.labels == c].mean() for c in unseen]))
