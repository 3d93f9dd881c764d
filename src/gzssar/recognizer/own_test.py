"""A recognizer's answers to labelled clips of its user's own, and a recognizer that is calibrated anew by them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gzssar.decision.abstention import BOUNDS, fit_abstention, together
from gzssar.decision.decision import Ranking
from gzssar.decision.evidence import Evidence
from gzssar.decision.selection import fit_decision
from gzssar.errors import ConfigError, DataError
from gzssar.methods.method import ClassScores
from gzssar.methods.recipe import DEFAULT
from gzssar.own_test.answers import UNKNOWN, OwnTest
from gzssar.printable import listed
from gzssar.recognizer.held_out import held_out_answers, strange_answers
from gzssar.recognizer.parts import KnownClass, Parts, advantages
from gzssar.shapes import Labels, Mask
from gzssar.skeletons.moving import is_resting, is_too_short
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import label_key, nearest

FEWEST = 10
"""Clips of seen and of unseen classes that a calibration needs, of either kind. Each temperature is fitted on one kind,
and the least bound of abstention that ten answers can tell from another is a tenth."""


def is_silent(clip: SkeletonSequence) -> bool:
    """Whether no answer is given, whatever the scores: nobody moves in a trimmed clip, or it is too short."""
    return is_resting(clip) or is_too_short(clip)


def columns_of(labels: Sequence[str], classes: Sequence[str]) -> Labels:
    """The class of the recognizer that each label names, whatever its case and spaces; -1 where it has none.

    Raises:
        DataError: it has none of them, or there are none.
    """
    if not len(labels):
        raise DataError("a test needs at least one labelled clip, but there is none.")
    column = {label_key(label): k for k, label in enumerate(classes)}
    found = np.array([column.get(label_key(label), UNKNOWN) for label in labels], dtype=np.int64)
    if (found == UNKNOWN).all():
        absent = sorted(set(labels))
        near = list(dict.fromkeys(other for label in absent for other in nearest(label, classes)))
        hint = f"nearest are {_listed(near)}" if near else f"it has {_listed(classes)}"
        raise DataError(
            f"the clips should show classes that the recognizer has, but it has none of {_listed(absent)}: give them "
            f"the names of the recognizer's classes ({hint}), or add them to it by their texts."
        )
    return found


def own_test(
    parts: Parts,
    known: Sequence[KnownClass],
    cosines: Float[np.ndarray, "N K"],
    ranking: Ranking,
    labels: Sequence[str],
    subjects: Sequence[int | None] | None,
    clips: Sequence[str] | None,
    silent: Mask | None,
    most_wrong: float,
) -> OwnTest:
    """Answers to clips whose classes are known.

    Args:
        parts: of the recognizer.
        known: its classes, seen ones first.
        cosines: between clips and the centres of the classes.
        ranking: the classes' probabilities.
        labels: what the clips' classes are called.
        subjects: who performs, where known.
        clips: what the clips are called; they are numbered without it.
        silent: to which no answer is given, whatever the scores; none without it.
        most_wrong: the share of wrong answers that is allowed.

    Raises:
        ConfigError: `most_wrong` is no share.
        DataError: the recognizer has none of the classes, or there is not one entry per clip.
    """
    count = len(cosines)
    for name, column in (("labels", labels), ("subjects", subjects), ("names", clips), ("silent", silent)):
        if column is not None and len(column) != count:
            raise DataError(f"there should be one of {name} per clip, but {len(column)} came for {count} clips.")
    classes = tuple(one.text.label or "" for one in known)
    is_seen, scores = np.array([one.seen for one in known]), np.concatenate([ranking.seen, ranking.unseen], axis=1)
    best, silent = scores.argmax(axis=1), np.zeros(count, dtype=bool) if silent is None else silent
    top, nearness = scores.max(axis=1), np.take_along_axis(cosines, best[:, None], axis=1)[:, 0]

    def given(bound: float) -> Mask:
        return ~silent & ~parts.abstention.at(bound).unsure(top, nearness, is_seen[best])

    who = [UNKNOWN] * count if subjects is None else [UNKNOWN if one is None else one for one in subjects]
    return OwnTest(
        classes=classes,
        is_seen=is_seen,
        clips=tuple(f"clip {n}" for n in range(count)) if clips is None else tuple(clips),
        called=tuple(labels),
        truth=columns_of(labels, classes),
        subjects=np.array(who, dtype=np.int64),
        scores=scores,
        cosines=cosines,
        silent=silent,
        bounds=BOUNDS,
        given_at=np.stack([given(bound) for bound in BOUNDS]),
        most_wrong=most_wrong,
        given=given(most_wrong),
    )


def recalibrated(parts: Parts, classes: Sequence[KnownClass], test: OwnTest, data: str) -> Parts:
    """The same parts with the gate, the temperatures, the threshold and the limits of abstention that the clips of a
    test let choose; the card then says so. Clips of classes that the recognizer lacks count for the limits.

    Args:
        parts: of the recognizer that the test is of.
        classes: its classes, seen ones first.
        test: with clips of seen and of unseen classes.
        data: what the clips are called.

    Raises:
        ConfigError: there are too few clips of either kind.
    """
    moving = test.where(~test.silent)
    known, strange, seen_count = moving.where(moving.is_known), moving.where(~moving.is_known), int(test.is_seen.sum())
    is_seen = known.is_seen[known.truth]
    counts = {"seen": int(is_seen.sum()), "unseen": int((~is_seen).sum())}
    if lacking := [kind for kind, clips in counts.items() if clips < FEWEST]:
        raise ConfigError(
            f"a calibration needs {FEWEST} clips of seen classes and {FEWEST} of classes known by their texts, but "
            f"there are {counts['seen']} and {counts['unseen']}: add clips of {' and '.join(lacking)} classes."
        )
    cosines, to_strange = (
        ClassScores(one.cosines[:, :seen_count], one.cosines[:, seen_count:]) for one in (known, strange)
    )
    column = np.where(is_seen, known.truth, known.truth - seen_count)
    added = advantages(parts, classes)[:seen_count]
    scores = ClassScores(cosines.seen + added, cosines.unseen)
    decision = fit_decision([Evidence(scores, is_seen, column)], DEFAULT)
    answers = held_out_answers(Evidence(cosines, is_seen, column), decision, added)
    strangers = together([answers.strange, strange_answers(to_strange, decision, added)])
    abstention = fit_abstention([answers._replace(strange=strangers)])
    told = {"data": data, "classes": len(np.unique(known.truth)), **counts, "unknown": len(strange)}
    return replace(parts, decision=decision, abstention=abstention, about={**parts.about, "recalibrated": told})


def _listed(labels: Sequence[str]) -> str:
    return listed(list(map(repr, labels)))
