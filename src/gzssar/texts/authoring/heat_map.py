"""How similar the classes of a table are, as a picture: a heat map per kind of text, and one of the fusion."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gzssar.palette import INK, MUTED, PAPER, UNSEEN, shorten

NEAR = UNSEEN
"""Vermilion (Okabe–Ito), which viridis has not: what frames near-duplicates."""

_ROW = (0.085, 0.17)
"""Inches: the thinnest and the thickest row of a class."""
_PANEL = 4.6
"""Inches: the side of a panel, where the rows allow it."""
_NAME_LENGTH = 30


def heat_map(similarities: Mapping[str, Float[np.ndarray, "K K"]], names: Sequence[str], threshold: float) -> Figure:
    """A panel per kind, the classes of all panels in one order, in which similar ones lie together.

    Args:
        similarities: cosines by kind of text, one or more; the last (the fusion) decides the order.
        names: of the K classes.
        threshold: pairs at or above it are framed.
    """
    order = leaf_order(list(similarities.values())[-1])
    ordered = {kind: one[np.ix_(order, order)] for kind, one in similarities.items()}
    labels = [shorten(names[k], _NAME_LENGTH) for k in order]
    row = float(np.clip(_PANEL / len(labels), *_ROW))
    letters = max(1.0, row * len(labels) / 6)
    columns = min(2, len(ordered))
    figure = _figure(len(ordered), columns, labels, row)
    panels = figure.subplots(-(-len(ordered) // columns), columns, squeeze=False).ravel()
    colours = Normalize(_lowest(ordered), 1)
    for place, (axes, (kind, one)) in enumerate(zip(panels, ordered.items(), strict=False)):
        # A class is as similar to itself as can be, which nobody wants to know.
        others = np.where(np.eye(len(one), dtype=bool), np.nan, one)
        axes.imshow(others, cmap="viridis", norm=colours, interpolation="none")
        _frame(axes, one >= threshold, row)
        _name(axes, labels, 72 * row, left=place % columns == 0, below=place + columns >= len(ordered))
        axes.set_title(kind, fontsize=11 * letters, color=INK, loc="left")
    for axes in panels[len(ordered) :]:
        axes.remove()
    _colour_bar(figure, panels[: len(ordered)].tolist(), colours, threshold, letters)
    return figure


def leaf_order(similarity: Float[np.ndarray, "K K"]) -> Int[np.ndarray, "K"]:
    """Class ids in the order of an average-linkage tree's leaves, neighbours as similar as the tree allows."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(similarity) < 3:
        return np.arange(len(similarity))
    distances = squareform(np.clip(1 - similarity, 0, 2), checks=False)
    return np.asarray(leaves_list(linkage(distances, "average", optimal_ordering=True)), dtype=np.int64)


def _lowest(similarities: Mapping[str, Float[np.ndarray, "K K"]]) -> float:
    """Where the colours start: just below the hundredth part of the pairs that is least similar."""
    every = np.stack(list(similarities.values()))
    values = every[:, ~np.eye(every.shape[1], dtype=bool)]
    return float(np.clip(np.floor(20 * np.percentile(values, 1)) / 20, -1, 0.95)) if values.size else 0.0


def _figure(panels: int, columns: int, labels: Sequence[str], row: float) -> Figure:
    """A figure of the size that the panels and the names beside them take."""
    side = max(row * len(labels), 2.0)
    margin = 0.5 * row * max(map(len, labels))
    rows = -(-panels // columns)
    size = (columns * (side + 0.2) + margin + 0.9, rows * (side + 0.4) + margin)
    return Figure(figsize=size, layout="compressed", facecolor=PAPER)


def _frame(axes: Axes, near: Bool[np.ndarray, "K K"], row: float) -> None:
    """Frame the cells of near-duplicates."""
    cells = [Rectangle((x - 0.5, y - 0.5), 1, 1) for y, x in np.argwhere(near) if x != y]
    axes.add_collection(PatchCollection(cells, facecolor="none", edgecolor=NEAR, linewidth=max(0.8, 9 * row)))


def _colour_bar(figure: Figure, panels: list[Axes], colours: Normalize, threshold: float, letters: float) -> None:
    bar = figure.colorbar(ScalarMappable(colours, "viridis"), ax=panels, shrink=0.5, aspect=30, fraction=0.03, pad=0.01)
    bar.set_label(f"cosine similarity; framed: {threshold:g} and above", fontsize=9 * letters, color=INK)
    bar.ax.tick_params(labelsize=8 * letters, colors=MUTED, labelcolor=INK)


def _name(axes: Axes, labels: list[str], points: float, left: bool, below: bool) -> None:
    """Class names left of the first column of panels and below the last panel of each column."""
    shown = labels if left else []
    axes.set_yticks(range(len(shown)), shown, parse_math=False)
    shown = labels if below else []
    axes.set_xticks(range(len(shown)), shown, parse_math=False, rotation=90)
    axes.tick_params(length=0, pad=2, labelsize=min(9, 0.85 * points), labelcolor=INK)
    axes.spines[:].set_visible(False)
