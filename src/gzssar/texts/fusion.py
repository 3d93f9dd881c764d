"""Several text features per class → one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gzssar.errors import TextError
from gzssar.shapes import TextFeatures
from gzssar.splits import Ids


def fuse(tables: Sequence[Float[np.ndarray, "_ _"]]) -> Float[np.ndarray, "K E"]:
    """Concatenate, then ONE L2 normalisation of the whole row (Li et al., ICIG 2023).

    Args:
        tables: one (K, E_i) table per kind of text.

    Returns:
        (K, ΣE_i), rows of unit length. A kind with longer vectors weighs more, as in the paper.

    Raises:
        TextError: there is no table, or the tables differ in their number of classes.
    """
    if not tables:
        raise TextError("fusion needs at least one table of text features, but none came.")
    if len({len(table) for table in tables}) > 1:
        raise TextError(f"text tables must have one row per class each, but they have {[len(t) for t in tables]} rows.")
    rows = np.concatenate([np.asarray(table, dtype=np.float64) for table in tables], axis=1)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def span(texts: TextFeatures) -> Float[np.ndarray, "K _"]:
    """Turn K texts into the at most K dimensions they span: every inner product stays, the model's text side shrinks.

    Returns:
        (K, E'), E' ≤ K: an orthonormal change of basis with the empty dimensions left out.
    """
    left, singular, _ = np.linalg.svd(texts.astype(np.float64), full_matrices=False)
    spanned = singular > 1e-6 * singular[0]
    return (left[:, spanned] * singular[spanned]).astype(np.float32)


def centre(texts: TextFeatures, seen: Ids) -> TextFeatures:
    """Centre texts on the seen classes, keep what these span, and scale to unit mean square norm.

    Language encoders give all texts a large common direction and a norm of their own (CLIP about 10, MiniLM 1);
    neither says anything about a class. What an unseen class's text has outside the span of the seen ones cannot be
    learned from them: left in, it meets the encoder's initial weights and adds noise.

    Returns:
        (K, E), in the coordinates of `texts`.

    Raises:
        TextError: all texts of seen classes are the same.
    """
    rows = texts.astype(np.float64)
    rows = rows - rows[list(seen)].mean(axis=0)
    _, singular, basis = np.linalg.svd(rows[list(seen)], full_matrices=False)
    if not singular[0] > 1e-6:
        raise TextError("the texts of the seen classes must differ from each other, but they are all the same.")
    basis = basis[singular > 1e-6 * singular[0]]
    scale = np.sqrt(np.mean(np.sum(rows[list(seen)] ** 2, axis=1)))
    return (rows @ basis.T @ basis / scale).astype(np.float32)
