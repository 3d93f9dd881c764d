"""The report's pictures: pure functions from records to matplotlib figures, without pyplot and without global state.

Seen is blue and unseen vermilion in every picture (Okabe–Ito, safe for colour-blind readers); black is what they
share. Pictures of one seed take a record, pictures over seeds take all records.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gzssar.evaluation.metrics import confusion_counts, per_class_accuracy
from gzssar.evaluation.protocol import threshold_curve
from gzssar.evaluation.record import SeedRecord
from gzssar.palette import GRID, INK, MUTED, PAPER, SEEN, UNSEEN, shorten
from gzssar.splits import ClassSplit

_WIDTH = 9.0
"""Inches; every picture is as wide as the report's column."""
_MATRIX_SIDE, _SMALLEST_ROW = 450, 5
"""Points: about the side of the confusion matrix, and the thinnest row that carries a name."""
_NAME_LENGTH = 26
_ROWS_PER_COLUMN = 30


def confusion_matrix(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> Figure:
    """GZSL confusions, clips summed over seeds, each row scaled to its true class; seen classes first, then unseen."""
    order = np.array([*split.seen, *split.unseen])
    shares = confusion_shares(records, split.class_count)[np.ix_(order, order)]
    return confusions(shares, len(split.seen), [names[i] for i in order])


def confusions(shares: Float[np.ndarray, "K K"], seen_count: int, names: Sequence[str]) -> Figure:
    """Which share of the clips of each true class (row) goes to each class; seen classes come first.

    A few unseen rows and columns are drawn thicker, so that they can be read beside a hundred seen ones.
    """
    is_unseen = np.arange(len(names)) >= seen_count
    thick = max(1, -(-seen_count // (3 * max(1, len(names) - seen_count))))
    sizes = np.where(is_unseen, thick, 1)
    edges = np.concatenate([[0], np.cumsum(sizes)]) - 0.5

    figure = _figure(_WIDTH * 0.98)
    axes, scale = figure.subplots(2, 1, height_ratios=[60, 1])
    colours = np.repeat(np.where(is_unseen, UNSEEN, SEEN), sizes)
    axes.imshow(_tinted(shares.repeat(sizes, 0).repeat(sizes, 1), colours), interpolation="none")
    for line in (axes.axhline, axes.axvline):
        line(float(edges[seen_count]), color=INK, linewidth=0.9)
    _name_cells(axes, edges, [shorten(name, 20) for name in names], seen_count)
    axes.set_ylabel("true class", fontsize=9, color=INK)
    axes.set_xlabel("predicted class", fontsize=9, color=INK)
    _share_scale(scale)
    return figure


def per_class_accuracies(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> Figure:
    """GZSL accuracy within each class, best first: bars are means over seeds, whiskers run from worst to best seed."""
    seeds = [per_class_accuracy(r.answers.labels, r.answers.routed()) for r in records]
    values = {c: [seed[c] for seed in seeds if c in seed] for c in set().union(*seeds)}
    return accuracy_bars(values, split.unseen, names)


def accuracy_bars(values: Mapping[int, Sequence[float]], unseen: Collection[int], names: Sequence[str]) -> Figure:
    """A bar for each class, the best first: the mean of its values, and a whisker from the least to the greatest.

    Args:
        values: of each class that is drawn.
        unseen: which classes are unseen ones.
        names: by class.
    """
    order = sorted(values, key=lambda c: (-float(np.mean(values[c])), c))
    columns = -(-len(order) // _ROWS_PER_COLUMN)
    rows = -(-len(order) // columns)

    figure = _figure(max(1.6, 0.185 * rows + 0.5))
    for k, axes in enumerate(figure.subplots(1, columns, squeeze=False)[0]):
        chunk = order[k * rows : (k + 1) * rows]
        y = np.arange(len(chunk))
        means = np.array([np.mean(values[c]) for c in chunk])
        colours = [UNSEEN if c in unseen else SEEN for c in chunk]
        axes.barh(y, means, height=0.72, color=colours, alpha=0.55)
        axes.hlines(y, [min(values[c]) for c in chunk], [max(values[c]) for c in chunk], color=INK, linewidth=0.8)
        labels = [shorten(names[c], _NAME_LENGTH if columns < 3 else 20) for c in chunk]
        axes.set_yticks(y, labels, parse_math=False)
        _style(axes, grid="x")
        axes.tick_params(axis="y", length=0, labelsize=7)
        for text, colour in zip(axes.get_yticklabels(), colours, strict=True):
            text.set_color(colour if colour == UNSEEN else INK)
        axes.set(xlim=(0, 1), ylim=(rows - 0.4, -0.6))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xticks([0, 0.5, 1])
    return figure


def threshold_sweep(records: Sequence[SeedRecord]) -> Figure:
    """S, U and H (mean over seeds) at every threshold of the gate, each seed's own choice, and the oracle gate's H."""
    thresholds = np.linspace(0, 1, 201)
    curves = np.array([threshold_curve(r.answers, thresholds) for r in records])
    seen, unseen, harmonic = curves.mean(axis=0)
    oracle = float(np.mean([r.scores.oracle_gate_harmonic_mean for r in records]))

    figure = _figure(4.2)
    axes = figure.subplots()
    axes.fill_between(thresholds, curves[:, 2].min(0), curves[:, 2].max(0), color=INK, alpha=0.12, linewidth=0)
    axes.plot(thresholds, seen, color=SEEN, linewidth=1.5, label="S, seen accuracy")
    axes.plot(thresholds, unseen, color=UNSEEN, linewidth=1.5, label="U, unseen accuracy")
    axes.plot(thresholds, harmonic, color=INK, linewidth=2.2, label="H, harmonic mean")
    axes.axhline(oracle, color=MUTED, linewidth=1.1, linestyle=(0, (5, 3)), label="H with an oracle gate")
    chosen = np.array([(r.answers.threshold, r.scores.harmonic_mean) for r in records])
    label = "chosen" if len(records) == 1 else "chosen, one dot per seed"
    axes.scatter(chosen[:, 0], chosen[:, 1], s=49, color=INK, edgecolors=PAPER, label=label, zorder=5, clip_on=False)
    _style(axes)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("threshold: a clip counts as seen if its routing is higher", fontsize=9, color=INK)
    axes.set_ylabel("accuracy", fontsize=9, color=INK)
    _legend(figure)
    return figure


def gate_histogram(record: SeedRecord) -> Figure:
    """How the routing is spread over seen and over unseen test clips of one seed, and where the threshold cuts."""
    answers = record.answers
    figure = _figure(3.4)
    axes = figure.subplots()
    for name, mask, colour in (("seen", answers.is_seen, SEEN), ("unseen", ~answers.is_seen, UNSEEN)):
        p = answers.routing[mask]
        axes.hist(
            p,
            bins=np.linspace(0, 1, 31).tolist(),
            weights=np.full(len(p), 1 / len(p)),
            histtype="stepfilled",
            facecolor=(colour, 0.35),
            edgecolor=colour,
            linewidth=1.3,
            label=f"clips of {name} classes ({len(p):,})",
        )
    axes.axvline(answers.threshold, color=INK, linewidth=1.5, label=f"threshold {answers.threshold:.2f}")
    _style(axes)
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("routing: if it is above the threshold, the clip counts as seen", fontsize=9, color=INK)
    axes.set_ylabel("share of the clips", fontsize=9, color=INK)
    _legend(figure)
    return figure


def reliability(
    probability: Float[np.ndarray, "B"], accuracy: Float[np.ndarray, "B"], clips: Int[np.ndarray, "B"], bins: int
) -> Figure:
    """How often answers of about the same probability are right, and below it how many answers there are.

    Args:
        probability: the mean in each bin that holds clips.
        accuracy: of its clips.
        clips: how many there are.
        bins: of equal width, between 0 and 1.
    """
    figure = _figure(4.6)
    axes, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    middles = (np.minimum((probability * bins).astype(int), bins - 1) + 0.5) / bins
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.1, linestyle=(0, (5, 3)), label="perfectly calibrated")
    axes.vlines(probability, probability, accuracy, color=INK, linewidth=1.1, label="gap")
    axes.plot(probability, accuracy, "o", color=INK, markersize=6, label="answers of one bin", clip_on=False)
    below.bar(middles, clips, width=0.9 / bins, color=MUTED, alpha=0.55)
    for panel, grid in ((axes, "both"), (below, "y")):
        _style(panel, grid)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    below.xaxis.set_major_formatter(PercentFormatter(1))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.set_ylabel("right", fontsize=9, color=INK)
    below.set_ylabel("clips", fontsize=9, color=INK)
    below.set_xlabel("probability of the first class", fontsize=9, color=INK)
    _legend(figure)
    return figure


def abstention_curve(
    bounds: Sequence[float],
    answered: Sequence[float],
    wrong: Mapping[str, Sequence[float | None]],
    most_wrong: float,
) -> Figure:
    """What share of the clips is answered, and what share of the answers is wrong, at each bound on that share.

    Args:
        bounds: shares of wrong answers that may be allowed.
        answered: the share of clips that is answered.
        wrong: by what is counted, the share of the answers that is wrong; None where there are no answers.
        most_wrong: the bound that is asked for.
    """
    figure = _figure(4.2)
    axes = figure.subplots()
    axes.plot([0, max(bounds)], [0, max(bounds)], color=MUTED, linewidth=1.1, linestyle=(0, (5, 3)), label="the bound")
    axes.plot(bounds, answered, "o-", color=MUTED, markersize=4, label="clips that are answered", clip_on=False)
    for (name, values), style in zip(wrong.items(), ("o-", "o:"), strict=False):
        shares = np.array([np.nan if value is None else value for value in values])
        axes.plot(bounds, shares, style, color=INK, markersize=4, linewidth=1.8, label=name, clip_on=False)
    axes.axvline(most_wrong, color=GRID, linewidth=4, zorder=0, label=f"this test: {most_wrong:.0%}")
    _style(axes)
    axes.set(xlim=(0, max(bounds)), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("share of wrong answers that is allowed", fontsize=9, color=INK)
    axes.set_ylabel("share", fontsize=9, color=INK)
    _legend(figure)
    return figure


def loss_curves(record: SeedRecord) -> Figure | None:
    """Every loss of one seed over the training steps, a panel each; None where nothing was logged."""
    curves = {k: np.asarray(v, dtype=float) for k, v in record.curves.items() if k != "step"}
    curves = {name: values for name, values in curves.items() if np.isfinite(values).any()}
    if not curves:
        return None
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = _figure(1.9 * rows + 0.2)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, (name, values) in zip(panels, curves.items(), strict=False):
        steps = np.asarray(record.curves.get("step", np.arange(len(values))))
        axes.plot(steps, values, color=INK, linewidth=1.1, marker="." if len(values) < 50 else "", markersize=4)
        _style(axes)
        axes.set_title(shorten(name, 40), fontsize=9, color=INK, loc="left", parse_math=False)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_tick_params(labelbottom=True)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    for axes in panels[len(curves) :]:
        axes.remove()
    figure.supxlabel("training step", fontsize=9, color=INK)
    return figure


def confusion_shares(records: Sequence[SeedRecord], class_count: int) -> np.ndarray:
    """(K, K) share of the clips of each true class (row) that go to each class, over all seeds; empty rows are 0."""
    counts = sum(confusion_counts(r.answers.labels, r.answers.routed(), class_count) for r in records)
    return np.asarray(counts / np.maximum(np.sum(counts, axis=1, keepdims=True), 1))


def _figure(height: float) -> Figure:
    return Figure(figsize=(_WIDTH, height), layout="constrained", facecolor=PAPER)


def _style(axes: Axes, grid: str = "both") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(labelsize=8, colors=MUTED, labelcolor=INK, length=3)
    axes.grid(axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def _legend(figure: Figure) -> None:
    """One legend above the picture, where it hides nothing."""
    figure.legend(loc="outside upper center", ncols=5, fontsize=8, frameon=False, labelcolor=INK, handlelength=1.6)


def _tinted(shares: np.ndarray, row_colours: np.ndarray) -> np.ndarray:
    """RGBA image: each row in its colour, as opaque as the square root of the share, so that rare mistakes show."""
    rgb = np.array([[int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)] for colour in row_colours])
    return np.concatenate([np.broadcast_to(rgb[:, None], (*shares.shape, 3)), np.sqrt(shares)[..., None]], axis=-1)


def _name_cells(axes: Axes, edges: np.ndarray, names: list[str], seen_count: int) -> None:
    """Label rows and columns that are thick enough, unseen ones in their colour; name the two blocks along the top."""
    centres = (edges[1:] + edges[:-1]) / 2
    points = _MATRIX_SIDE * np.diff(edges) / (edges[-1] - edges[0])
    first = 0 if points[0] >= _SMALLEST_ROW else seen_count
    axes.set_yticks(centres[first:], names[first:], parse_math=False)
    axes.set_xticks(centres[first:], names[first:], parse_math=False, rotation=90)
    axes.tick_params(length=0, pad=2)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for i, text in enumerate(labels, start=first):
            text.set(color=INK if i < seen_count else UNSEEN, fontsize=min(8, 0.85 * points[i]))
    axes.spines[:].set_color(MUTED)
    for name, block, colour in (("seen", centres[:seen_count], SEEN), ("unseen", centres[seen_count:], UNSEEN)):
        if not len(block):
            continue
        axes.annotate(
            f"{name} ({len(block)})",
            (float(block.mean()), 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            color=colour,
            fontsize=9,
            fontweight="bold",
        )


def _share_scale(axes: Axes) -> None:
    """A colour bar with a blue and a vermilion half, square-root like the matrix."""
    ramp = np.linspace(0, 1, 256)
    axes.imshow(_tinted(np.stack([ramp, ramp]) ** 2, np.array([SEEN, UNSEEN])), aspect="auto", interpolation="none")
    ticks = np.array([0, 0.01, 0.05, 0.2, 0.5, 1])
    axes.set_xticks(np.sqrt(ticks) * 255, [f"{t:.0%}" for t in ticks])
    axes.set_yticks([])
    axes.tick_params(labelsize=8, colors=MUTED, labelcolor=INK, length=3)
    axes.set_xlabel("share of the clips of the true class", fontsize=9, color=INK)
    axes.spines[:].set_color(MUTED)
