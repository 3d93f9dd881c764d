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
    "accuracy_of_answers": "answers given: the answer is right",
    "seen_accuracy": "S, clips of seen classes: the first class is right",
    "unseen_accuracy": "U, clips of unseen classes: the first class is right",
    "harmonic_mean": "H, harmonic mean of S and U",
}
_GROUP = ("clips", "right, %", "answered, %", "right of answered, %")
_MOST_CONFUSIONS = 10
_MOST_NAMED = 20
"""Clips that are named one by one."""


@dataclass(frozen=True)
class OwnHeader:
    """What the report says in addition to the scores."""

    model: str
    """The name of the recognizer."""
    data: str
    """The name of the clips."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The clips that were left out, by name, with the reason."""
    notes: tuple[str, ...] = ()
    """Further sentences on the clips."""
    synthetic: bool = False
    """Whether the recognizer learned from made-up clips."""
    recalibrated: str = ""
    """The name of the recognizer that was calibrated again with these clips."""
    command: str = ""
    """The command that repeats the test."""
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
            f"at most {scores.most_wrong:.0%} of the answers may be wrong",
        ),
        lead=_lead(scores),
        tiles=_tiles(scores),
        sections=[
            Section("What the numbers mean", [*_meaning(scores, header), _estimate_table(scores)]),
            Section("The classes", _class_blocks(known, scores)),
            *_strangers(scores),
            Section("When the model gives no answer", _abstention(scores)),
            Section("How sure the model is", _calibration(scores)),
            *_performers(scores),
            Section("The clips", _clips(scores, header)),
            Section("How to repeat the test", _repeat(header)),
        ],
        footer=f"Written by gzssar in {duration(header.seconds)}.",
    )


def _lead(scores: OwnScores) -> str:
    share = {name: _percent(one.value) for name, one in scores.estimates.items()}
    answers = (
        f"It answers {share['answered']} % of them, and {share['accuracy_of_answers']} % of these answers are right."
        if scores.estimates["answered"].value
        else "It gives no answer to any of them."
    )
    strangers = ""
    if scores.strangers:
        answered = sum(one.answered for one in scores.strange_classes)
        clips = counted(scores.strangers, "clip")
        strangers = f" It also answers {answered} of {clips} of classes that it does not know."
    return (
        f"The test has {counted(scores.clips, 'clip')} of classes that the model knows. The model's first class is "
        f"right for {share['accuracy']} % of them. {answers}{strangers}"
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
        "Every class of the model may be the answer. The model gives no answer if it is too unsure, if nobody moves in "
        f"the clip, or if the clip is too short (the last two: {scores.silent} of {scores.clips} clips). Shares of all "
        "clips count the first class of the ranking for clips without an answer, too."
    )
    said = [rule, scores.about_intervals]
    if scores.estimates["harmonic_mean"].value is None:
        kind = "unseen" if scores.estimates["unseen_accuracy"].value is None else "seen"
        said.append(f"H needs clips of seen and of unseen classes, but there are no clips of {kind} classes.")
    if header.recalibrated:
        said.append(
            f"The model was recalibrated on these clips and saved as {header.recalibrated}. All numbers here are of "
            f"the model before that. Test {header.recalibrated} on other clips."
        )
    return list(said)


def _estimate_table(scores: OwnScores) -> Table:
    head = ("share", "%", INTERVAL)
    return Table("Shares of the clips and of the answers given.", head, estimate_rows(scores))


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
            "The classes under the model's names. “in the clips” is the name in the clips if it differs. “taken for” "
            "is the class with which the model confuses this class most often.",
            ("class", "in the clips", "kind", "taken for", *_GROUP),
            rows,
            foot if len(rows) > 1 else (),
            names=4,
        ),
        Picture(
            "classes",
            figures.accuracy_bars(present, np.flatnonzero(~test.is_seen).tolist(), test.classes),
            "For each class, the share of its clips whose first class is right. The best class comes first. Seen "
            "classes are blue, unseen ones orange.",
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
        "Each row shows the first classes that the clips of one class get, whether or not the answer is given. A "
        "perfect model fills only the diagonal. A row without colour is a class without clips. The colour grows with "
        "the square root of the share, so that rare mistakes are visible.",
        "Confusion matrix of the true and the predicted classes.",
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
        "Classes of the clips that the model does not know.",
        ("class", "spelt nearly like", "answered most often", "clips", "answered"),
        rows,
        foot,
        names=3,
    )
    said = (
        f"No accuracy counts the {counted(scores.strangers, 'clip')} of these classes. Every answer to them is wrong, "
        f"so the model should give none. It answers {answered} of them."
    )
    return [Section("Classes that the model does not know", [said, table])]


def _abstention(scores: OwnScores) -> list[Content]:
    bounds = scores.bounds
    wrong = {"answers that are wrong": [one.wrong for one in bounds]}
    if scores.strangers:
        wrong["the same, with clips of unknown classes"] = [one.wrong_with_strangers for one in bounds]
    rows = [
        (percent(one.most_wrong), percent(one.answered), *(_percent(w) for w in _wrong(one, scores))) for one in bounds
    ]
    head = [
        "wrong allowed, %",
        "answered, %",
        "wrong, %",
        *(["wrong with unknown classes, %"] if scores.strangers else []),
    ]
    figure = figures.abstention_curve(
        [one.most_wrong for one in bounds], [one.answered for one in bounds], wrong, scores.most_wrong
    )
    return [
        Picture(
            "abstention",
            figure,
            "The model answers more clips if more of its answers may be wrong. Where a line of wrong answers lies "
            "above the dashed line, more answers are wrong than allowed: the limits were fitted on other clips.",
            "Line chart of the share of clips that are answered, and of the share of answers that are wrong, against "
            "the share of wrong answers that is allowed.",
        ),
        Table("The same numbers as a table.", head, rows, names=0),
    ]


def _wrong(one: BoundScore, scores: OwnScores) -> list[float | None]:
    return [one.wrong, *([one.wrong_with_strangers] if scores.strangers else [])]


def _calibration(scores: OwnScores) -> list[Content]:
    columns = np.array([(one.probability, one.accuracy, one.clips) for one in scores.bins])
    figure = figures.reliability(columns[:, 0], columns[:, 1], columns[:, 2].astype(int), BINS)
    error = (
        f"The expected calibration error of the first class's probability is {percent(scores.calibration_error)} % "
        f"({BINS} bins). It is the mean absolute difference between how sure the model is and how often it is right."
    )
    return [
        error,
        Picture(
            "reliability",
            figure,
            "Each dot stands for answers with about the same probability. Below the dashed line, the model is too "
            "sure. Above the line, it is less sure than it could be. The bars give the number of clips; a dot with "
            "few clips says little.",
            "Reliability diagram: accuracy against the probability of the first class, and clips in each bin.",
        ),
    ]


def _performers(scores: OwnScores) -> list[Section]:
    if not scores.performers:
        return []
    rows = [(one.name, *_group_cells(one)) for one in scores.performers]
    return [Section("Performer by performer", [Table("The clips of each performer.", ("performer", *_GROUP), rows)])]


def _clips(scores: OwnScores, header: OwnHeader) -> list[Content]:
    said: list[Content] = [
        "predictions.csv has one row for each clip, with its class, the answer, and whether the answer is given."
    ]
    said += header.notes
    if header.left_out:
        rows = list(header.left_out.items())[:_MOST_NAMED]
        some = f", of which the first {_MOST_NAMED} are named here" if len(header.left_out) > _MOST_NAMED else ""
        caption = f"Left out: {counted(len(header.left_out), 'clip')}{some}."
        said.append(Table(caption, ("clip", "why"), rows, names=2))
    return said


def _repeat(header: OwnHeader) -> list[Content]:
    rows = [*header.environment.items(), ("time", duration(header.seconds))]
    blocks: list[Content] = ["The numbers are in scores.json, as fractions."]
    if header.command:
        blocks.append(Code(header.command))
    return [*blocks, Table("Environment and running time.", ("what", "value"), rows, names=2)]


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
