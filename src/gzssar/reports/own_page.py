"""The page of a test of one's own: how often the answers are right, how sure they are, and which are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gzssar.evaluation.comparison import SHARE
from gzssar.evaluation.metrics import confusion_counts
from gzssar.evaluation.summary import duration, percent
from gzssar.own_test import OwnScores, OwnTest
from gzssar.own_test.scores import BINS, BoundScore, Estimate, GroupScore
from gzssar.reports import figures
from gzssar.reports.pages import Code, Content, Page, Picture, Section, Table, Tile
from gzssar.skeletons.oddities import counted

INTERVAL = f"{SHARE:.0%} interval"
_ROWS = {
    "accuracy": "all clips: the first class is right",
    "top_five_accuracy": "all clips: the true class is among the first five",
    "answered": "all clips: an answer is given",
    "accuracy_of_answers": "answers given: right",
    "seen_accuracy": "S, clips of seen classes: the first class is right",
    "unseen_accuracy": "U, clips of unseen classes: the first class is right",
    "harmonic_mean": "H, harmonic mean of S and U",
}
_GROUP = ("clips", "right, %", "answered, %", "right of those, %")
_MOST_CONFUSIONS = 10
_MOST_NAMED = 20
"""Clips that are named one by one."""


@dataclass(frozen=True)
class OwnHeader:
    """What the report says besides the numbers."""

    model: str
    """What the recognizer is called."""
    data: str
    """What the clips are called."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why clips were left out, by name."""
    notes: tuple[str, ...] = ()
    """Further sentences on the clips."""
    synthetic: bool = False
    """The recognizer learned from made-up clips."""
    recalibrated: str = ""
    """What the recognizer is called that these clips calibrated anew."""
    command: str = ""
    """Command line that repeats the test."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Versions and hardware by name."""
    seconds: float = 0.0


def own_page(test: OwnTest, scores: OwnScores, header: OwnHeader) -> Page:
    """The report as data."""
    known = test.where(test.is_known)
    return Page(
        title=f"{header.model} on {header.data}",
        banner="Synthetic model: it learned from made-up motions." if header.synthetic else "",
        facts=(
            f"{scores.clips + scores.strangers} clips",
            f"{len(scores.classes)} of the model's {len(test.classes)} classes",
            f"{len(scores.performers)} performers" if scores.performers else "performers unknown",
            f"at most {scores.most_wrong:.0%} may be wrong",
        ),
        lead=_lead(scores),
        tiles=_tiles(scores),
        sections=[
            Section("What the numbers are", [*_meaning(scores, header), _estimate_table(scores)]),
            Section("The classes", _class_blocks(known, scores)),
            *_strangers(scores),
            Section("When it gives no answer", _abstention(scores)),
            Section("How sure it is", _calibration(scores)),
            *_performers(scores),
            Section("The clips", _clips(scores, header)),
            Section("How to repeat it", _repeat(header)),
        ],
        footer=f"Written by gzssar in {duration(header.seconds)}.",
    )


def _lead(scores: OwnScores) -> str:
    share = {name: _percent(one.value) for name, one in scores.estimates.items()}
    answers = (
        f"It answers {share['answered']} % of them, and {share['accuracy_of_answers']} % of those answers are right."
        if scores.estimates["answered"].value
        else "It gives no answer to any of them."
    )
    strangers = ""
    if scores.strangers:
        answered = sum(one.answered for one in scores.strange_classes)
        clips = counted(scores.strangers, "clip")
        strangers = f" It answers {answered} of {clips} of classes that it does not know, too."
    return (
        f"Of {counted(scores.clips, 'clip')} of classes that the model knows, its first class is right in "
        f"{share['accuracy']} %. {answers}{strangers}"
    )


def _tiles(scores: OwnScores) -> list[Tile]:
    tiles = {
        "accuracy": ("right, all clips", "ink"),
        "accuracy_of_answers": ("right, answers given", "ink"),
        "answered": ("answered", "ink"),
        "seen_accuracy": ("S, seen classes", "seen"),
        "unseen_accuracy": ("U, unseen classes", "unseen"),
        "harmonic_mean": ("H, harmonic mean", "ink"),
    }
    of = scores.estimates
    return [
        Tile(label, _percent(of[name].value), _interval(of[name]), colour) for name, (label, colour) in tiles.items()
    ]


def _meaning(scores: OwnScores, header: OwnHeader) -> list[Content]:
    rule = (
        "All classes of the model compete. An answer that is too unsure is not given, nor one to a clip in which "
        f"nobody moves or that is too short ({scores.silent} of {scores.clips} clips). Where all clips count, these "
        "count by the first class of their ranking."
    )
    said = [rule, scores.about_intervals]
    if scores.estimates["harmonic_mean"].value is None:
        kind = "unseen" if scores.estimates["unseen_accuracy"].value is None else "seen"
        said.append(f"H takes clips of seen and of unseen classes, and none is of {kind} ones.")
    if header.recalibrated:
        said.append(
            f"These clips calibrated the model anew, as {header.recalibrated}. All numbers here are of the model "
            "before. Nothing is measured of the new one: that takes other clips."
        )
    return list(said)


def _estimate_table(scores: OwnScores) -> Table:
    head = ("share", "%", INTERVAL)
    return Table("Shares of clips, and of answers given.", head, estimate_rows(scores))


def estimate_rows(scores: OwnScores) -> list[tuple[str, str, str]]:
    """What each share is of, the share in percent, and its interval."""
    of = scores.estimates
    return [(text, _percent(of[name].value), _interval(of[name]) or "–") for name, text in _ROWS.items() if name in of]


def _class_blocks(test: OwnTest, scores: OwnScores) -> list[Content]:
    rows = [
        (
            one.group.name,
            "" if one.called == (one.group.name,) else ", ".join(one.called),
            "seen" if one.seen else "unseen",
            one.taken_for,
            *_group_cells(one.group),
        )
        for one in scores.classes
    ]
    means = (float(np.mean([getattr(one.group, name) for one in scores.classes])) for name in ("accuracy", "answered"))
    foot = ("mean over classes", "", "", "", str(scores.clips), *map(percent, means), "")
    present = {int(k): [float(test.right[test.truth == k].mean())] for k in np.unique(test.truth)}
    return [
        Table(
            "Class by class: what the model calls it, what the clips do where that differs, and for what it is taken "
            "most often where it is mistaken.",
            ("class", "called", "kind", "taken for", *_GROUP),
            rows,
            foot if len(rows) > 1 else (),
            names=4,
        ),
        Picture(
            "classes",
            figures.accuracy_bars(present, np.flatnonzero(~test.is_seen).tolist(), test.classes),
            "Share of the clips of each class whose first class is right, best first; seen classes in blue, unseen in "
            "orange.",
            "Bar chart of the accuracy of every class, sorted.",
        ),
        *_confusions(test),
    ]


def _confusions(test: OwnTest) -> list[Content]:
    """The matrix of classes that clips are of or are taken for, and its largest entries beside the diagonal."""
    shown = np.union1d(test.truth, test.best)  # in the order of classes, so seen ones come first
    counts = confusion_counts(np.searchsorted(shown, test.truth), np.searchsorted(shown, test.best), len(shown))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [test.classes[k] for k in shown]
    wrong = np.where(np.eye(len(shown), dtype=bool), 0, counts)
    worst = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(worst, wrong.shape), strict=True) if wrong[i, j]]
    rows = [(names[i], names[j], str(counts[i, j]), percent(float(shares[i, j]))) for i, j in pairs]
    picture = Picture(
        "confusion",
        figures.confusions(shares, int(test.is_seen[shown].sum()), names),
        "Where the clips of each class (row) go by their first class, given or not; a perfect model paints only the "
        "diagonal. Rows without colour are classes that no clip is of. Colour grows with the square root of the share, "
        "so rare mistakes show.",
        "Confusion matrix of the classes that clips are of or are taken for.",
    )
    head = ("true class", "taken for", "clips", "of the class, %")
    return [picture, Table("The most frequent mistakes.", head, rows, names=2)] if rows else [picture]


def _strangers(scores: OwnScores) -> list[Section]:
    if not scores.strangers:
        return []
    answered = sum(one.answered for one in scores.strange_classes)
    rows = [(one.called, one.near, one.taken_for, str(one.clips), str(one.answered)) for one in scores.strange_classes]
    foot = ("together", "", "", str(scores.strangers), str(answered)) if len(rows) > 1 else ()
    table = Table(
        "Classes of the clips that the model lacks.",
        ("class", "spelt nearly like", "answered most often", "clips", "answered"),
        rows,
        foot,
        names=3,
    )
    said = (
        f"{counted(scores.strangers, 'clip')} of these classes count in no accuracy. Any answer to them is wrong, so "
        f"none should be given; {answered} are."
    )
    return [Section("Classes that the model does not know", [said, table])]


def _abstention(scores: OwnScores) -> list[Content]:
    bounds = scores.bounds
    wrong = {"wrong, of the answers": [one.wrong for one in bounds]}
    if scores.strangers:
        wrong["wrong, with clips of unknown classes"] = [one.wrong_with_strangers for one in bounds]
    rows = [
        (percent(one.most_wrong), percent(one.answered), *(_percent(w) for w in _wrong(one, scores))) for one in bounds
    ]
    head = ["allowed, %", "answered, %", "wrong, %", *(["with unknown classes, %"] if scores.strangers else [])]
    figure = figures.abstention_curve(
        [one.most_wrong for one in bounds], [one.answered for one in bounds], wrong, scores.most_wrong
    )
    return [
        Picture(
            "abstention",
            figure,
            "The more wrong answers are allowed, the more clips are answered. Where a line of wrong answers lies above "
            "the dashed one, more are wrong on these clips than is allowed: the limits were fitted on other clips.",
            "Line chart of the share of clips answered and of wrong answers against the share that is allowed.",
        ),
        Table("The same in numbers.", head, rows, names=0),
    ]


def _wrong(one: BoundScore, scores: OwnScores) -> list[float | None]:
    return [one.wrong, *([one.wrong_with_strangers] if scores.strangers else [])]


def _calibration(scores: OwnScores) -> list[Content]:
    columns = np.array([(one.probability, one.accuracy, one.clips) for one in scores.bins])
    figure = figures.reliability(columns[:, 0], columns[:, 1], columns[:, 2].astype(int), BINS)
    error = (
        f"Expected calibration error of the first class's probability: {percent(scores.calibration_error)} % "
        f"({BINS} bins). It is the mean distance between how sure the model is and how often it is right."
    )
    return [
        error,
        Picture(
            "reliability",
            figure,
            "Each dot is the answers of about one probability. Below the dashed line the model is too sure of itself, "
            "above it less sure than it might be. A dot of few clips, see the bars, says little.",
            "Reliability diagram: accuracy against the probability of the first class, and clips in each bin.",
        ),
    ]


def _performers(scores: OwnScores) -> list[Section]:
    if not scores.performers:
        return []
    rows = [(one.name, *_group_cells(one)) for one in scores.performers]
    return [Section("Performer by performer", [Table("People differ.", ("performer", *_GROUP), rows)])]


def _clips(scores: OwnScores, header: OwnHeader) -> list[Content]:
    said: list[Content] = ["predictions.csv has a row for each clip: its class, the answer, and whether it is given."]
    said += header.notes
    if header.left_out:
        rows = list(header.left_out.items())[:_MOST_NAMED]
        caption = f"Left out: {counted(len(header.left_out), 'clip')}; at most {_MOST_NAMED} are named here."
        said.append(Table(caption, ("clip", "why"), rows, names=2))
    return said


def _repeat(header: OwnHeader) -> list[Content]:
    rows = [*header.environment.items(), ("time", duration(header.seconds))]
    blocks: list[Content] = ["The numbers are in scores.json, as fractions."]
    if header.command:
        blocks.append(Code(header.command))
    return [*blocks, Table("Where and how long it ran.", ("what", "value"), rows, names=2)]


def _group_cells(one: GroupScore) -> tuple[str, ...]:
    return (
        str(one.clips),
        percent(one.accuracy),
        percent(one.answered),
        _percent(one.accuracy_of_answers),
    )


def _interval(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{percent(one.low)} to {percent(one.high)}"


def _percent(share: float | None) -> str:
    """In percent; a dash for what is of no clips."""
    return "–" if share is None else percent(share)
