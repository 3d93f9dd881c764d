"""The report of an experiment: what came out, how to read it, how to repeat it — as HTML and as Markdown."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import (
    MEAN_CLASS,
    PER_SAMPLE,
    ReportHeader,
    Summary,
    duration,
    percent,
    spread_covers,
    summarise,
    summary_percent,
    typical,
)
from gzssar.files import write_all
from gzssar.palette import png
from gzssar.reports import figures
from gzssar.reports.latent_map import latent_map
from gzssar.reports.pages import Code, Content, Page, Picture, Section, Table, Tile, to_html, to_markdown
from gzssar.splits import ClassSplit

_SELECTION = {
    "validation": "Whatever was fitted or tuned was so on training clips of seen classes, some of which played unseen; "
    "the test clips and their labels chose nothing.",
    "paper-test-selected": "As in the authors' code, the training cycle was chosen by its accuracy on the unseen test "
    "clips. These numbers are optimistic: compare them only with numbers made the same way.",
}
_TILES = {
    "ZSL": ("ZSL, among unseen classes", "unseen"),
    "S": ("S, seen clips", "seen"),
    "U": ("U, unseen clips", "unseen"),
    "H": ("H, harmonic mean", "ink"),
}
_GATE = {"gate accuracy": "gate_accuracy", "AUC": "gate_auc", "calibration error": "gate_calibration_error"}
_MOST_CONFUSIONS = 10
_NO_BREAK = "\N{NO-BREAK SPACE}"


def write_report(
    folder: Path, records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str], header: ReportHeader
) -> None:
    """Write ``report.html`` (one file), ``report.md`` and its ``figures/*.png`` into `folder`; all of
    them or, where there is no room, none.

    Args:
        folder: made where it does not exist.
        records: one per seed.
        split: the classes of the test.
        names: class names by id.
        header: what to say besides the numbers.

    Raises:
        DataError: there are no records, or not one name per class.
    """
    page = report_page(records, split, names, header)
    drawn = {f"figures/{picture.name}.png": png(picture.figure) for picture in page.pictures}
    write_all(folder, {**drawn, "report.md": to_markdown(page, "figures"), "report.html": to_html(page)})


def report_page(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str], header: ReportHeader) -> Page:
    """The report as data, for :func:`write_report` to print."""
    if len(names) != split.class_count:
        raise DataError(f"the report needs a name for each of {split.class_count} classes, but {len(names)} came.")
    summary = summarise(records)
    count = len(records)
    return Page(
        title=header.title,
        banner="Synthetic data: these clips are made up, and no number here says anything about real actions."
        if header.synthetic
        else "",
        facts=(
            f"recipe {header.recipe}",
            f"selection {header.selection}",
            f"split {header.split}",
            f"texts {header.texts}",
            "1 seed" if count == 1 else f"{count} seeds",
        ),
        lead=_lead(summary),
        tiles=[_tile(summary, head) for head in _TILES],
        sections=[
            Section("What the numbers are", _meaning(summary, header)),
            Section("Seed by seed", _seed_tables(records, summary)),
            Section("The gate", _gate_pictures(records)),
            Section("The classes", _class_blocks(records, split, names)),
            *_latent_space(records, split, names),
            *_training(records),
            Section("How to repeat it", _repeat(header)),
        ],
        footer=f"Written by gzssar. Whole experiment: {duration(header.seconds)}.",
    )


def _lead(summary: Summary) -> str:
    numbers = (summary_percent(summary, PER_SAMPLE[head]) for head in _TILES)
    zsl, seen, unseen, harmonic = (f"{number} %".replace(" ", _NO_BREAK) for number in numbers)
    count = len(summary["seeds"])
    over = (
        "one seed, so the spread is unknown" if count == 1 else f"mean ± sample standard deviation over {count} seeds"
    )
    return (
        f"Asked to choose among the unseen classes, the model names {zsl} of their clips rightly (ZSL); asked to "
        f"choose among all classes, {seen} of the seen clips (S) and {unseen} of the unseen ones (U), a harmonic "
        f"mean of {harmonic} (H) — per-sample accuracy, {over}."
    )


def _tile(summary: Summary, head: str) -> Tile:
    label, colour = _TILES[head]
    return Tile(
        label,
        summary_percent(summary, PER_SAMPLE[head]),
        f"mean class {summary_percent(summary, MEAN_CLASS[head])}",
        colour,
    )


def _meaning(summary: Summary, header: ReportHeader) -> list[Content]:
    """The data, the rule of selection, and what ± covers."""
    said = (header.data, _selection(header.selection), spread_covers(summary, header))
    return [sentence for sentence in said if sentence]


def _selection(rule: str) -> str:
    return f"Selected by “{rule}”. " + _SELECTION.get(rule, "The run's config.json says what this rule looks at.")


def _seed_tables(records: Sequence[SeedRecord], summary: Summary) -> list[Content]:
    """Per-sample accuracies with the time, mean-class accuracies, then the gate with all further numbers."""
    time = {"time": [duration(r.seconds) for r in records] + [duration(summary["mean"]["seconds"])]}
    threshold = [f"{r.answers.threshold:.3f}" for r in records] + [""]
    extras = {
        name: [f"{r.extra[name]:.4g}" if name in r.extra else "–" for r in records] + [""]
        for name in dict.fromkeys(name for r in records for name in r.extra)
    }
    gate = "The gate, %; the threshold of the routing; and what else the run noted, as fractions."
    gate += " Checkpoints count from 0." if "checkpoint" in extras else ""
    table = partial(_seed_table, records, summary)
    return [
        table("Per-sample accuracy, %. Oracle H: every clip goes to the right classifier.", PER_SAMPLE, time),
        table("Mean-class accuracy, %: every class counts the same.", MEAN_CLASS, {}),
        table(gate, _GATE, {"threshold": threshold, **extras}),
    ]


def _seed_table(
    records: Sequence[SeedRecord],
    summary: Summary,
    caption: str,
    scores: Mapping[str, str],
    more: Mapping[str, list[str]],
) -> Table:
    """A row per seed; `more` holds further columns, whose last entry is for the foot."""
    rows = [
        (str(r.seed), *(percent(getattr(r.scores, score)) for score in scores.values()), *(c[i] for c in more.values()))
        for i, r in enumerate(records)
    ]
    foot = ("mean ± sd", *(summary_percent(summary, s) for s in scores.values()), *(c[-1] for c in more.values()))
    return Table(caption, ("seed", *scores, *more), rows, foot if len(records) > 1 else ())


def _gate_pictures(records: Sequence[SeedRecord]) -> list[Content]:
    one = typical(records)
    band = "Lines are means over seeds; the band runs from the lowest H to the highest. " if len(records) > 1 else ""
    return [
        Picture(
            "threshold",
            figures.threshold_sweep(records),
            "Raising the threshold sends more clips to the unseen classifier: U rises, S falls, and H peaks between. "
            f"{band}The dashed line is H if every clip went to the right classifier. The best point of this curve is "
            "never used to choose: finding it takes the test labels.",
            "Line chart of seen accuracy, unseen accuracy and harmonic mean against the gate's threshold, with the "
            "chosen thresholds and the oracle gate's harmonic mean.",
        ),
        Picture(
            "gate",
            figures.gate_histogram(one),
            f"The further apart the two heaps, the better the gate; blue left of the line and orange right of it are "
            f"clips sent to the wrong classifier. {_one_seed(one, records)}",
            "Histograms of the routing for test clips of seen and of unseen classes, with the threshold between them.",
        ),
    ]


def _class_blocks(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> list[Content]:
    whiskers = " Bars are means over seeds, whiskers run from the worst seed to the best." if len(records) > 1 else ""
    return [
        Picture(
            "classes",
            figures.per_class_accuracies(records, split, names),
            "Accuracy within each class when all classes are candidates, best first; seen classes in blue, unseen in "
            f"orange.{whiskers}",
            "Bar chart of the accuracy of every class, sorted.",
        ),
        Picture(
            "confusion",
            figures.confusion_matrix(records, split, names),
            "Where the clips of each class (row) go, summed over seeds; a perfect model paints the diagonal only. "
            "Mistakes of the gate lie in the upper right and the lower left block. Colour grows with the square root "
            "of the share, so rare mistakes show. Unseen rows and columns may be drawn thicker than seen ones, and "
            "names too small to read are left out.",
            "Confusion matrix of all classes, seen and unseen classes separated by lines.",
        ),
        _confusions(records, split, names),
    ]


def _confusions(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> Table:
    """The pairs of classes that swallow the largest share of a class."""
    shares = figures.confusion_shares(records, split.class_count)
    np.fill_diagonal(shares, 0)
    worst = np.argsort(-shares, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(worst, shares.shape), strict=True) if shares[i, j] > 0]
    kind = {True: "unseen", False: "seen"}
    rows = [
        (names[i], names[j], f"{kind[i in split.unseen]} → {kind[j in split.unseen]}", percent(float(shares[i, j])))
        for i, j in pairs
    ]
    caption = "The most frequent confusions, in % of the clips of the true class."
    return Table(caption, ("true class", "taken for", "kind", "clips, %"), rows, names=3)


def _latent_space(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> list[Section]:
    one = typical(records)
    if not one.latents.shape[1]:
        return []
    picture = Picture(
        "latents",
        latent_map(one, split, names),
        "Test clips (small) and class texts (large, numbered) in the principal plane of the clips. Two "
        "dimensions show a part of the latent space only: what lies together here may lie apart there. Seen clips are "
        f"grey dots, seen texts grey crosses. {_one_seed(one, records)}",
        "Scatter plot of skeleton latents and class-text latents; unseen classes coloured, seen ones grey.",
    )
    return [Section("The latent space", [picture])]


def _training(records: Sequence[SeedRecord]) -> list[Section]:
    one = typical(records)
    figure = figures.loss_curves(one)
    if figure is None:
        return []
    caption = (
        "A reconstruction that still falls at the end asks for more steps. Terms are shown before weighting, also "
        f"where their weight is zero. {_one_seed(one, records)}"
    )
    return [
        Section("The training", [Picture("training", figure, caption, "Line charts of every loss over the steps.")])
    ]


def _one_seed(record: SeedRecord, records: Sequence[SeedRecord]) -> str:
    return f"Seed {record.seed}" + ("." if len(records) == 1 else ", the one with the median H.")


def _repeat(header: ReportHeader) -> list[Content]:
    fingerprint = f" (fingerprint {header.config_hash})" if header.config_hash else ""
    blocks: list[Content] = [
        f"Every setting is in config.json beside this report{fingerprint}; the numbers are in scores.json."
    ]
    if header.command:
        blocks.append(Code(header.command))
    rows = [*header.environment.items(), ("time", duration(header.seconds))]
    blocks.append(Table("Where and how long it ran.", ("what", "value"), rows, names=2))
    return [*blocks, *header.notes]
