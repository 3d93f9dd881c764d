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
    "validation": "Everything was fitted and tuned on training clips of seen classes, some of which played the unseen "
    "ones. The test clips and their labels chose nothing.",
    "paper-test-selected": "As in the authors' code, the training cycle was chosen by its accuracy on the unseen test "
    "clips. These numbers are optimistic: compare them only with numbers that were made in the same way.",
}
_TILES = {
    "ZSL": ("ZSL, among unseen classes", "unseen"),
    "S": ("S, seen clips", "seen"),
    "U": ("U, unseen clips", "unseen"),
    "H": ("H, harmonic mean", "ink"),
}
_GATE = {"gate accuracy": "gate_accuracy", "AUC": "gate_auc", "calibration error": "gate_calibration_error"}
_EXTRAS = {"held_out_zsl_accuracy": "ZSL on held-out classes"}
"""What further numbers are called for people."""
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
        banner="Synthetic data: these clips are made up, so no number here says anything about real actions."
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
            Section("What the numbers mean", _meaning(summary, header)),
            Section("Seed by seed", _seed_tables(records, summary)),
            Section("The gate", _gate_pictures(records)),
            Section("The classes", _class_blocks(records, split, names)),
            *_latent_space(records, split, names),
            *_training(records),
            Section("How to repeat the experiment", _repeat(header)),
        ],
        footer=f"Written by gzssar. The whole experiment took {duration(header.seconds)}.",
    )


def _lead(summary: Summary) -> str:
    numbers = (summary_percent(summary, PER_SAMPLE[head]) for head in _TILES)
    zsl, seen, unseen, harmonic = (f"{number} %".replace(" ", _NO_BREAK) for number in numbers)
    count = len(summary["seeds"])
    over = (
        "for one seed, so their spread is unknown"
        if count == 1
        else f"as mean ± sample standard deviation over {count} seeds"
    )
    return (
        f"If only unseen classes may be the answer, the model recognizes {zsl} of their clips (ZSL). If every class "
        f"may be the answer, it recognizes {seen} of the clips of seen classes (S) and {unseen} of the clips of unseen "
        f"ones (U). The harmonic mean of S and U is {harmonic} (H). All are per-sample accuracies, {over}."
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
    return f"The selection rule is “{rule}”. " + _SELECTION.get(rule, "The run's config.json says what it uses.")


def _seed_tables(records: Sequence[SeedRecord], summary: Summary) -> list[Content]:
    """Per-sample accuracies with the time, mean-class accuracies, then the gate with all further numbers."""
    time = {"time": [duration(r.seconds) for r in records] + [duration(summary["mean"]["seconds"])]}
    threshold = [f"{r.answers.threshold:.3f}" for r in records] + [""]
    extras = {
        _EXTRAS.get(name, name): [f"{r.extra[name]:.4g}" if name in r.extra else "–" for r in records] + [""]
        for name in dict.fromkeys(name for r in records for name in r.extra)
    }
    gate = "The gate in %, the threshold of the routing, and further numbers of the run as fractions."
    gate += " Checkpoints are counted from 0." if "checkpoint" in extras else ""
    table = partial(_seed_table, records, summary)
    return [
        table("Per-sample accuracy in %. Oracle H is H if every clip goes to the right classifier.", PER_SAMPLE, time),
        table("Mean-class accuracy in %: every class has the same weight.", MEAN_CLASS, {}),
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
    band = (
        "Lines are means over seeds, and the band runs from the lowest H to the highest. " if len(records) > 1 else ""
    )
    return [
        Picture(
            "threshold",
            figures.threshold_sweep(records),
            "A higher threshold sends more clips to the unseen classifier: U rises, S falls, and H has its maximum "
            f"in between. {band}The dashed line is H if every clip goes to the right classifier. No choice uses the "
            "best point of this curve, because only the test labels show where it is.",
            "Line chart of seen accuracy, unseen accuracy and harmonic mean against the gate's threshold, with the "
            "chosen thresholds and the oracle gate's harmonic mean.",
        ),
        Picture(
            "gate",
            figures.gate_histogram(one),
            "The better the gate, the further apart the two histograms lie. Blue clips left of the line and orange "
            f"clips right of it go to the wrong classifier. {_one_seed(one, records)}",
            "Histograms of the routing for test clips of seen and of unseen classes, with the threshold between them.",
        ),
    ]


def _class_blocks(records: Sequence[SeedRecord], split: ClassSplit, names: Sequence[str]) -> list[Content]:
    whiskers = (
        " Bars are means over seeds, and whiskers run from the worst seed to the best." if len(records) > 1 else ""
    )
    return [
        Picture(
            "classes",
            figures.per_class_accuracies(records, split, names),
            "The accuracy on the clips of each class if every class may be the answer. The best class comes first. "
            f"Seen classes are blue, unseen ones orange.{whiskers}",
            "Bar chart of the accuracy of every class, sorted.",
        ),
        Picture(
            "confusion",
            figures.confusion_matrix(records, split, names),
            "Each row shows the predicted classes of the clips of one class, summed over seeds. A perfect model "
            "fills only the diagonal. Mistakes of the gate lie in the upper right and the lower left block. The "
            "colour grows with the square root of the share, so that rare mistakes are visible. Unseen rows and "
            "columns may be thicker than seen ones, and names that would be too small to read are left out.",
            "Confusion matrix of all classes. Lines separate seen and unseen classes.",
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
        "Test clips (small) and class texts (large, numbered) in the principal plane of the clips. Two dimensions show "
        "only a part of the latent space, so points that are close here may be far apart there. Clips of seen classes "
        f"are grey dots, and their texts are grey crosses. {_one_seed(one, records)}",
        "Scatter plot of skeleton latents and class-text latents. Unseen classes are coloured, seen ones are grey.",
    )
    return [Section("The latent space", [picture])]


def _training(records: Sequence[SeedRecord]) -> list[Section]:
    one = typical(records)
    figure = figures.loss_curves(one)
    if figure is None:
        return []
    caption = (
        "If the reconstruction loss still falls at the end, train for more steps. Each term is shown before it is "
        f"weighted, even if its weight is zero. {_one_seed(one, records)}"
    )
    return [
        Section("The training", [Picture("training", figure, caption, "Line charts of every loss over the steps.")])
    ]


def _one_seed(record: SeedRecord, records: Sequence[SeedRecord]) -> str:
    return f"The picture shows seed {record.seed}" + ("." if len(records) == 1 else ", which has the median H.")


def _repeat(header: ReportHeader) -> list[Content]:
    fingerprint = f" (fingerprint {header.config_hash})" if header.config_hash else ""
    blocks: list[Content] = [
        f"All settings are in config.json beside this report{fingerprint}. The numbers are in scores.json."
    ]
    if header.command:
        blocks.append(Code(header.command))
    rows = [*header.environment.items(), ("time", duration(header.seconds))]
    blocks.append(Table("Environment and running time.", ("what", "value"), rows, names=2))
    return [*blocks, *header.notes]
