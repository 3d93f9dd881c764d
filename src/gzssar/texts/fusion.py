"""Several text features per class → what the alignment reads. One function per way; a recipe's ``fusion`` names it.

Tables come one per kind of text and encoder. Language encoders give all texts a large common direction and lengths of
their own (CLIP about 10, MiniLM 1); neither says anything about a class. All ways but the paper's take both away from
each table first, so that no kind or encoder counts more for its numbers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gzssar.config import Fusion
from gzssar.errors import TextError
from gzssar.shapes import TextFeatures
from gzssar.splits import Ids

Tables = Sequence[Float[np.ndarray, "_ _"]]
"""One (K, E_i) table per kind of text and encoder."""


def fuse(tables: Tables, fusion: Fusion, seen: Ids, weights: Sequence[float] | None = None) -> tuple[TextFeatures, ...]:
    """Fuse tables the way `fusion` says.

    Args:
        tables: one (K, E_i) table per kind of text and encoder.
        fusion: ``concatenation`` (the paper's), ``standardised``, ``weighted``, ``mean`` or ``experts``.
        seen: the classes whose texts give means and scales.
        weights: one per table, of ``weighted`` alone.

    Returns:
        One (K, E) table; of ``experts`` one per table.

    Raises:
        TextError: there is no table, or the tables differ in their number of classes.
    """
    if not tables:
        raise TextError("fusion needs at least one table of text features, but none came.")
    if len({len(table) for table in tables}) > 1:
        raise TextError(f"text tables must have one row per class each, but they have {[len(t) for t in tables]} rows.")
    if fusion == "concatenation":
        return (concatenate(tables),)
    standard = [standardise(table, seen) for table in tables]
    if fusion == "experts":
        return tuple(pad(standard))
    if fusion == "mean":
        return (mean(standard),)
    return (weigh(standard, weights if fusion == "weighted" and weights is not None else [1.0] * len(tables)),)


def concatenate(tables: Tables) -> TextFeatures:
    """The paper's: concatenate, then ONE L2 normalisation of the whole row (Li et al., ICIG 2023).

    Returns:
        (K, ΣE_i), rows of unit length. A kind with longer vectors weighs more.
    """
    return unit(np.concatenate([np.asarray(table, dtype=np.float64) for table in tables], axis=1)).astype(np.float32)


def standardise(table: TextFeatures, seen: Ids) -> TextFeatures:
    """Rows of unit length, centred on the seen classes' mean, scaled to unit mean square norm over them.

    Raises:
        TextError: all texts of seen classes are the same.
    """
    rows = unit(np.asarray(table, dtype=np.float64))
    rows = rows - rows[list(seen)].mean(axis=0)
    return (rows / _root_mean_square(rows[list(seen)])).astype(np.float32)


def weigh(standard: Tables, weights: Sequence[float]) -> TextFeatures:
    """Concatenate standardised tables so that squared distances add up with these weights.

    Returns:
        (K, ΣE_i), of unit mean square norm over the seen classes.
    """
    shares = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    scaled = [np.sqrt(share) * table for share, table in zip(shares, standard, strict=True)]
    return np.concatenate(scaled, axis=1).astype(np.float32)


def mean(standard: Tables) -> TextFeatures:
    """The mean of standardised tables; those of narrower encoders are filled up with zeros.

    Directions of different encoders have nothing to do with each other, so that a mean over encoders is a random
    projection of their concatenation.
    """
    return np.mean(pad(standard), axis=0)


def pad(tables: Tables) -> list[TextFeatures]:
    """Tables of one width, filled up with zeros."""
    width = max(table.shape[1] for table in tables)
    return [np.pad(table, ((0, 0), (0, width - table.shape[1]))) for table in tables]


def unit(rows: Float[np.ndarray, "K E"]) -> Float[np.ndarray, "K E"]:
    """Rows divided by their length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def span(texts: TextFeatures) -> Float[np.ndarray, "K _"]:
    """Turn K texts into K coordinates that hold all they span: every inner product stays, the model's text side
    shrinks.

    Returns:
        (K, min(K, E)): an orthonormal change of basis, strongest direction first.
    """
    left, singular, _ = np.linalg.svd(texts.astype(np.float64), full_matrices=False)
    return (left * singular).astype(np.float32)


def centre(texts: TextFeatures, seen: Ids) -> TextFeatures:
    """Centre texts on the seen classes, keep what these span, and scale to unit mean square norm.

    What an unseen class's text has outside the span of the seen ones cannot be learned from them: left in, it meets
    the encoder's initial weights and adds noise.

    Returns:
        (K, E), in the coordinates of `texts`.

    Raises:
        TextError: all texts of seen classes are the same.
    """
    rows = texts.astype(np.float64)
    rows = rows - rows[list(seen)].mean(axis=0)
    scale = _root_mean_square(rows[list(seen)])
    _, singular, basis = np.linalg.svd(rows[list(seen)], full_matrices=False)
    basis = basis[singular > 1e-6 * singular[0]]
    return (rows @ basis.T @ basis / scale).astype(np.float32)


def _root_mean_square(rows: Float[np.ndarray, "S E"]) -> float:
    scale = float(np.sqrt(np.mean(np.sum(rows**2, axis=1))))
    if not scale > 1e-6:
        raise TextError("the texts of the seen classes must differ from each other, but they are all the same.")
    return scale
