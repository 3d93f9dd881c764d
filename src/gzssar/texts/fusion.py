"""Several text features per class → what the alignment reads. One function per way.

Tables come one per kind of text and encoder. Language encoders give all texts a large common direction and lengths of
their own (CLIP about 10, MiniLM 1); neither says anything about a class. All ways but the paper's take both away from
each table first, so that no kind or encoder counts more for its numbers.

Every way is an affine map of rows of unit length, fitted on the seen classes' texts: a :class:`TextSpace`. A class that
is added later goes through the same map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from gzssar.errors import TextError
from gzssar.splits import Ids

Fusion = Literal["concatenation", "standardised", "weighted"]
"""How several texts of a class become one."""

Tables = Sequence[Float[np.ndarray, "_ _"]]
"""One (K, E_i) table per kind of text and encoder."""


@dataclass(frozen=True)
class TextSpace:
    """x → (x − offset) · scale · matrix, x being the tables' rows side by side, of unit length."""

    whole: bool
    """One norm for the whole row, as in the paper, or one for each table."""

    offset: Float[np.ndarray, "E"]
    scale: Float[np.ndarray, "E"] | None = None
    """Of each column; None: 1."""
    matrix: Float[np.ndarray, "E W"] | None = None
    """None: the identity."""

    def __call__(self, tables: Tables) -> Float[np.ndarray, "K W"]:
        """Map texts of any classes; float32."""
        return self.project(self.rows(tables)).astype(np.float32)

    def rows(self, tables: Tables) -> Float[np.ndarray, "K E"]:
        """The tables' rows side by side, of unit length, less the offset."""
        return _rows(tables, self.whole) - self.offset

    def project(self, rows: Float[np.ndarray, "K E"]) -> Float[np.ndarray, "K W"]:
        """Times scale and matrix."""
        scaled = rows if self.scale is None else rows * self.scale
        return scaled if self.matrix is None else scaled @ self.matrix


def fuse(tables: Tables, fusion: Fusion, seen: Ids, weights: Sequence[float] | None = None) -> TextSpace:
    """Fit the way `fusion` names.

    Args:
        tables: one (K, E_i) table per kind of text and encoder.
        fusion: ``concatenation`` (the paper's), ``standardised`` or ``weighted``.
        seen: the classes whose texts give means and scales.
        weights: one per table, of ``weighted`` alone; equal ones without it.

    Raises:
        TextError: there is no table, the tables differ in their number of classes, or the seen classes' texts are all
            the same.
    """
    if not tables:
        raise TextError("fusion needs at least one table of text features, but none came.")
    if len({len(table) for table in tables}) > 1:
        raise TextError(f"text tables must have one row per class each, but they have {[len(t) for t in tables]} rows.")
    if fusion == "concatenation":
        return concatenation(tables)
    return weighted(tables, seen, weights if fusion == "weighted" and weights else [1.0] * len(tables))


def concatenation(tables: Tables) -> TextSpace:
    """The paper's: concatenate, then ONE L2 normalisation of the whole row (Li et al., ICIG 2023).

    A kind with longer vectors weighs more. W = ΣE_i.
    """
    return TextSpace(True, np.zeros(sum(table.shape[1] for table in tables)))


def weighted(tables: Tables, seen: Ids, weights: Sequence[float]) -> TextSpace:
    """Standardise each table, and concatenate so that squared distances add up with these weights.

    Standardised: centred on the seen classes' mean, with unit mean square norm over them. A table of weight 0 may
    be the same for all of them. W = ΣE_i.
    """
    rows = _rows(tables, whole=False)[list(seen)]
    offset = rows.mean(axis=0)
    parts = np.split(rows - offset, np.cumsum([table.shape[1] for table in tables])[:-1], axis=1)
    scales = [_root_mean_square(part) if weight else 1.0 for part, weight in zip(parts, weights, strict=True)]
    factors = np.sqrt(np.asarray(weights) / np.sum(weights)) / scales
    return TextSpace(False, offset, np.repeat(factors, [table.shape[1] for table in tables]))


def seen_span(space: TextSpace, tables: Tables, seen: Ids, beside: Tables = ()) -> TextSpace:
    """Centre a space on the seen classes, keep what their texts span, and scale to unit mean square norm.

    `beside` are tables of other classes, of which something is known too: what these span is kept as well.

    What an unseen class's text has outside the span of the seen ones cannot be learned from them: left in, it meets
    the encoder's initial weights and adds noise. The coordinates are the seen texts' principal axes, strongest first;
    W = K, whatever classes are seen, with zeros at the end, so that models of different phases have one shape.

    Raises:
        TextError: all texts of seen classes are the same.
    """
    rows = space(tables).astype(np.float64)[list(seen)]
    centre = rows.mean(axis=0)
    scale = _root_mean_square(rows - centre)
    spanning, most = rows - centre, len(tables[0])
    if beside:
        others = space(beside).astype(np.float64)
        spanning, most = np.concatenate([spanning, others - others.mean(axis=0)]), most + len(others)
    # the singular vectors by way of the products of rows, of which there are far fewer than columns
    squares, combinations = np.linalg.eigh(spanning @ spanning.T)
    there = np.flatnonzero(squares > 1e-12 * squares[-1])[::-1]  # strongest first
    kept = spanning.T @ combinations[:, there] / (np.sqrt(squares[there]) * scale)
    kept = np.pad(kept, ((0, 0), (0, most - kept.shape[1])))
    if space.scale is None:
        return TextSpace(space.whole, space.offset + centre, None, kept)
    return TextSpace(space.whole, space.offset, None, space.scale[:, None] * kept)  # standardised ones are centred


def _rows(tables: Tables, whole: bool) -> Float[np.ndarray, "K E"]:
    if whole:
        return unit(np.concatenate([np.asarray(table, dtype=np.float64) for table in tables], axis=1))
    return np.concatenate([unit(np.asarray(table, dtype=np.float64)) for table in tables], axis=1)


def unit(rows: Float[np.ndarray, "K E"]) -> Float[np.ndarray, "K E"]:
    """Rows divided by their length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _root_mean_square(rows: Float[np.ndarray, "S E"]) -> float:
    scale = float(np.sqrt(np.mean(np.sum(rows**2, axis=1))))
    if not scale > 1e-6:
        raise TextError("the texts of the seen classes must differ from each other, but they are all the same.")
    return scale
