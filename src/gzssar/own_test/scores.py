"""The numbers of a test of one's own, as fractions in [0, 1]; None where there is no clip that a number could be of.

Accuracies are of the clips whose classes the recognizer has. Each is told of all of them, by the first class of the
ranking, and of the answers that are given.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gzssar.evaluation.comparison import RESAMPLES, SHARE
from gzssar.evaluation.metrics import expected_calibration_error, harmonic_mean
from gzssar.own_test.answers import UNKNOWN, OwnTest
from gzssar.shapes import Mask
from gzssar.skeletons.oddities import counted
from gzssar.texts.classes import nearest

FEWEST_PERFORMERS = 5
"""From so many on, resamples draw performers: of fewer, they would hold the same few people again and again."""
FIRST = 5
"""Classes of a ranking among which the true one is looked for, too."""
BINS = 15
"""Of the top probability, as in Guo et al., ICML 2017."""
_AT_ONCE = 100
"""Resamples drawn together; what memory they take grows with it."""


class Estimate(NamedTuple):
    """A share and its 95 % interval: the middle of its resamples, or an exact interval if all of them are 0 or 1."""

    value: float | None
    low: float | None = None
    high: float | None = None


class GroupScore(NamedTuple):
    """Clips of one class or of one performer."""

    name: str
    clips: int
    accuracy: float
    answered: float
    accuracy_of_answers: float | None


class ClassScore(NamedTuple):
    """Clips of one class."""

    group: GroupScore
    called: tuple[str, ...]
    """The label of the class in the data of the clips."""
    seen: bool
    taken_for: str
    """The wrong class that is most often the best one for its clips; empty if there is none."""


class StrangeClass(NamedTuple):
    """Clips of a class that the recognizer does not have: every answer for them is wrong."""

    called: str
    clips: int
    answered: int
    taken_for: str
    """The most frequent of the given answers; empty if no answer is given."""
    near: str
    """The class of the recognizer with the most similar spelling; empty if none is similar."""


class Bin(NamedTuple):
    """Clips of about the same top probability."""

    low: float
    clips: int
    probability: float
    """The mean of their top probabilities."""
    accuracy: float


class BoundScore(NamedTuple):
    """The effect of a bound on wrong answers."""

    most_wrong: float
    answered: float
    wrong: float | None
    """The share of wrong answers among those for clips of classes that the recognizer has."""
    wrong_with_strangers: float | None
    """The same, including the clips of classes that it does not have."""


@dataclass(frozen=True)
class OwnScores:
    """All scores of a test."""

    clips: int
    """The number of clips of classes that the recognizer has."""
    strangers: int
    """The number of clips of other classes."""
    silent: int
    """How many of `clips` get no answer because nobody moves in them or they are too short."""
    most_wrong: float
    drawn: str
    """The unit of the resamples: ``clips`` or ``performers``; empty if there are none."""
    about_intervals: str
    """What an interval covers, or why there is none, in sentences."""
    estimates: Mapping[str, Estimate]
    calibration_error: float
    classes: tuple[ClassScore, ...]
    performers: tuple[GroupScore, ...]
    strange_classes: tuple[StrangeClass, ...]
    bins: tuple[Bin, ...]
    bounds: tuple[BoundScore, ...]

    def as_json(self) -> dict[str, object]:
        """All numbers by name."""
        told = asdict(self)
        told["estimates"] = {name: one._asdict() for name, one in self.estimates.items()}
        told["classes"] = [{**one.group._asdict(), **_without_group(one)} for one in self.classes]
        for name in ("performers", "strange_classes", "bins", "bounds"):
            told[name] = [one._asdict() for one in getattr(self, name)]
        return told


def _without_group(one: ClassScore) -> dict[str, object]:
    return {name: value for name, value in one._asdict().items() if name != "group"}


def scores_of(test: OwnTest, seed: int = 0) -> OwnScores:
    """Score a test.

    Args:
        test: a test with at least one clip of a class that the recognizer has.
        seed: the seed of the resamples.
    """
    known = test.where(test.is_known)
    units, drawn, about = _units(known)
    return OwnScores(
        clips=len(known),
        strangers=len(test) - len(known),
        silent=int(known.silent.sum()),
        most_wrong=test.most_wrong,
        drawn=drawn,
        about_intervals=about,
        estimates=_estimates(known, units, seed),
        calibration_error=expected_calibration_error(known.top, known.right.astype(np.int64), BINS),
        classes=_class_scores(known),
        performers=_performer_scores(known),
        strange_classes=_strange_classes(test.where(~test.is_known)),
        bins=_bins(known),
        bounds=_bound_scores(test),
    )


def _units(test: OwnTest) -> tuple[Int[np.ndarray, "N"] | None, str, str]:
    """The unit that each clip is drawn with, what units are, and sentences on the intervals."""
    people, who = np.unique(test.subjects, return_inverse=True)
    if len(test) == 1:
        return None, "", "There is only one clip, so no interval can be computed."
    if UNKNOWN not in people and len(people) >= FEWEST_PERFORMERS:
        units, drawn = who, "performers"
        covers = f"the {len(people)} performers. They cover other people like these, but not other classes."
    else:
        units, drawn = np.arange(len(test)), "clips"
        few = f"there {'is' if len(people) == 1 else 'are'} only {counted(len(people), 'performer')}"
        why = "some clips do not say who performs" if UNKNOWN in people else few
        covers = f"the clips, because {why}. They cover other clips like these, but not other people or classes."
    about = (
        f"Intervals hold {SHARE:.0%} of {RESAMPLES} resamples of {covers} For a share of 0 or 100 %, which is the same "
        f"in all resamples, they are exact (Clopper and Pearson), with one trial for each {drawn[:-1]}. Other shares "
        "and H have none if they are the same in all resamples."
    )
    return units, drawn, about


def _shares(test: OwnTest) -> dict[str, tuple[Mask, Mask]]:
    """Of each share: the clips that it counts, and those that it is of."""
    every = np.ones(len(test), dtype=bool)
    seen = test.is_seen[test.truth]
    shares = {"accuracy": (test.right, every)}
    if len(test.classes) > FIRST:
        shares["top_five_accuracy"] = (test.among_first(FIRST), every)
    shares |= {"seen_accuracy": (test.right & seen, seen), "unseen_accuracy": (test.right & ~seen, ~seen)}
    return shares | {"answered": (test.given, every), "accuracy_of_answers": (test.right & test.given, test.given)}


def _estimates(test: OwnTest, units: Int[np.ndarray, "N"] | None, seed: int) -> dict[str, Estimate]:
    """Each share and the harmonic mean of S and U, with intervals where there is something to draw."""
    shares = _shares(test)
    names = [*shares, "harmonic_mean"]
    once = np.ones((1, len(test)))
    values = _with_harmonic_mean(names, shares, once)[0]
    if units is None:
        return {name: Estimate(_finite(value)) for name, value in zip(names, values, strict=True)}
    rng, count = np.random.default_rng(seed), int(units.max()) + 1
    drawn = [rng.multinomial(count, np.full(count, 1 / count), _AT_ONCE) for _ in range(RESAMPLES // _AT_ONCE)]
    table = np.concatenate([_with_harmonic_mean(names, shares, one[:, units]) for one in drawn])
    drawn_from = {name: len(np.unique(units[asked])) for name, (_, asked) in shares.items()}
    return {
        name: _estimate(value, table[:, k], drawn_from.get(name, 0))
        for k, (name, value) in enumerate(zip(names, values, strict=True))
    }


def _with_harmonic_mean(
    names: list[str], shares: Mapping[str, tuple[Mask, Mask]], weights: np.ndarray
) -> Float[np.ndarray, "R _"]:
    """The shares in each resample, then H; nan where a resample has none of the clips that a share is of."""
    counted, asked = (np.stack([pair[k] for pair in shares.values()], axis=1).astype(float) for k in (0, 1))
    of = weights @ asked
    values = np.divide(weights @ counted, of, out=np.full(of.shape, np.nan), where=of > 0)
    s, u = (values[:, names.index(name)] for name in ("seen_accuracy", "unseen_accuracy"))
    h = [harmonic_mean(*pair) if all(map(math.isfinite, pair)) else math.nan for pair in zip(s, u, strict=True)]
    return np.column_stack([values, h])


def _estimate(value: float, drawn: Float[np.ndarray, "R"], units: int) -> Estimate:
    """A share with its interval; `units` is how many clips or performers it is of, and 0 for a harmonic mean."""
    finite = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or finite.min() == finite.max():
        return _exact(value, units)
    low, high = np.quantile(finite, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Estimate(float(value), float(low), float(high))


def _exact(value: float, units: int) -> Estimate:
    """The interval of Clopper and Pearson (Biometrika, 1934) if a share of `units` is 0 or 1; otherwise none.

    A performer counts once, however many clips there are, since the clips of one performer are not independent.
    """
    if not units or value not in (0, 1):
        return Estimate(_finite(value))
    bound = ((1 - SHARE) / 2) ** (1 / units)
    return Estimate(0.0, 0.0, 1 - bound) if value == 0 else Estimate(1.0, bound, 1.0)


def _class_scores(test: OwnTest) -> tuple[ClassScore, ...]:
    """In the order of the recognizer's classes."""
    told = []
    for k in np.unique(test.truth).tolist():
        of_class = test.where(test.truth == k)
        wrong = of_class.best[~of_class.right]
        called = tuple(sorted(set(of_class.called)))
        told.append(
            ClassScore(_group(test.classes[k], of_class), called, bool(test.is_seen[k]), _most(test.classes, wrong))
        )
    return tuple(told)


def _performer_scores(test: OwnTest) -> tuple[GroupScore, ...]:
    """Of each performer who is named; none where nobody is."""
    people = [one for one in np.unique(test.subjects).tolist() if one != UNKNOWN]
    return tuple(_group(str(one), test.where(test.subjects == one)) for one in people)


def _group(name: str, test: OwnTest) -> GroupScore:
    accuracy, answered = float(test.right.mean()), float(test.given.mean())
    return GroupScore(name, len(test), accuracy, answered, _mean(test.right[test.given]))


def _strange_classes(test: OwnTest) -> tuple[StrangeClass, ...]:
    """By name."""
    told = []
    for called in sorted(set(test.called)):
        of_class = test.where(np.array([one == called for one in test.called]))
        answers = of_class.best[of_class.given]
        near = next(iter(nearest(called, test.classes)), "")
        told.append(StrangeClass(called, len(of_class), len(answers), _most(test.classes, answers), near))
    return tuple(told)


def _bins(test: OwnTest) -> tuple[Bin, ...]:
    """Bins of equal width that hold clips."""
    bin_of = np.minimum((test.top * BINS).astype(int), BINS - 1)
    told = []
    for k in np.unique(bin_of).tolist():
        inside = bin_of == k
        told.append(Bin(k / BINS, int(inside.sum()), float(test.top[inside].mean()), float(test.right[inside].mean())))
    return tuple(told)


def _bound_scores(test: OwnTest) -> tuple[BoundScore, ...]:
    """For each bound how much is answered, and what share of that is wrong; no answer to a stranger is right."""
    known, wrong = test.is_known, ~test.right
    return tuple(
        BoundScore(bound, float(given[known].mean()), _mean(wrong[given & known]), _mean(wrong[given]))
        for bound, given in zip(test.bounds, test.given_at, strict=True)
    )


def _most(classes: tuple[str, ...], columns: Int[np.ndarray, "_"]) -> str:
    """The most frequent class; the first one of equals."""
    return classes[Counter(sorted(columns.tolist())).most_common(1)[0][0]] if len(columns) else ""


def _mean(values: Mask) -> float | None:
    return float(values.mean()) if len(values) else None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
