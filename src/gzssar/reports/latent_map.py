"""The picture of the latent space: clips and class texts in one plane."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from gzssar.evaluation.record import SeedRecord
from gzssar.palette import GRID, INK, MUTED, PAPER, shorten
from gzssar.splits import ClassSplit

_COLOURS = ("#d55e01", "#0072b3", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1")
"""Okabe–Ito without black and yellow, which drown on dark and on light paper, and a violet. Each differs from the
colours of :mod:`gzssar.reports.figures`, which change on dark pages: here clips must match their text."""
_ON_COLOUR = "#fffffe"
"""White on dark pages too."""
_MARKERS = "osDP"
_MOST_CLIPS = 3000
"""Drawn of each kind; more would only paint over each other."""


def latent_map(record: SeedRecord, split: ClassSplit, names: Sequence[str]) -> Figure:
    """Clips (small) and class texts (large, numbered by class id) of one seed, in their two main directions.

    Unseen classes are coloured and listed beside the map, seen ones are grey.
    """
    labels = record.answers.labels
    clips, texts, shares = project(record.latents, record.text_latents, record.answers.is_seen)
    figure = Figure(figsize=(9, 6), layout="constrained", facecolor=PAPER)
    axes = figure.subplots()
    seen = _thin(np.flatnonzero(record.answers.is_seen))
    axes.scatter(clips[seen, 0], clips[seen, 1], s=6, color="#9aa5b1", alpha=0.45, linewidths=0, rasterized=True)
    axes.scatter(texts[list(split.seen), 0], texts[list(split.seen), 1], s=16, marker="x", color=MUTED, linewidths=0.9)
    for k, c in enumerate(split.unseen):
        colour, marker = _COLOURS[k % len(_COLOURS)], _MARKERS[k // len(_COLOURS) % len(_MARKERS)]
        mine = _thin(np.flatnonzero(labels == c), _MOST_CLIPS // len(split.unseen))
        axes.scatter(
            clips[mine, 0], clips[mine, 1], s=13, marker=marker, color=colour, alpha=0.5, linewidths=0, rasterized=True
        )
        big = axes.scatter(
            texts[c, 0], texts[c, 1], s=170, marker=marker, color=colour, edgecolors=PAPER, linewidths=1.2, zorder=4
        )
        big.set_label(f"{c}  {shorten(names[c], 26)}")
        axes.annotate(
            str(c), texts[c], color=_ON_COLOUR, fontsize=6.5, fontweight="bold", ha="center", va="center", zorder=5
        )
    axes.set_xlabel(f"first direction ({shares[0]:.0%} of the variance)", fontsize=9, color=INK)
    axes.set_ylabel(f"second direction ({shares[1]:.0%})", fontsize=9, color=INK)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(GRID)
    legend = figure.legend(
        loc="outside right upper", fontsize=8, frameon=False, labelcolor=INK, markerscale=0.6, title="unseen classes"
    )
    legend.get_title().set(color=INK, fontsize=8.5, fontweight="bold")
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def project(
    latents: np.ndarray, text_latents: np.ndarray, is_seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal plane of the clips, with the texts laid onto it.

    The plane is fitted to the clips only, so a gap between the modalities stays visible; seen and unseen clips weigh
    the same in total, so five unseen classes are not drowned by fifty-five seen ones.

    Returns:
        Clips (N, 2), texts (K, 2), and the share of the weighted variance along either direction.
    """
    latents, text_latents = (np.pad(x, ((0, 0), (0, 1))) for x in (latents, text_latents))  # a plane even where Z = 1
    weights = np.where(is_seen, 0.5 / max(1, is_seen.sum()), 0.5 / max(1, (~is_seen).sum()))
    centre = weights @ latents / weights.sum()
    spread = (latents - centre) * np.sqrt(weights)[:, None]
    _, strengths, directions = np.linalg.svd(spread.T @ spread, hermitian=True)
    plane = directions[:2].T
    return (latents - centre) @ plane, (text_latents - centre) @ plane, strengths[:2] / max(strengths.sum(), 1e-12)


def _thin(indices: np.ndarray, most: int = _MOST_CLIPS) -> np.ndarray:
    """At most about `most` of `indices`, evenly spaced."""
    return indices[:: max(1, -(-len(indices) // max(1, most)))]
