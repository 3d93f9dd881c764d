"""Methods on the same class splits: means, standard errors over splits, and paired differences.

Seeds are averaged within a split first, so that splits are what the standard error counts. Several benchmarks weigh
the same: the mean is over benchmarks of the mean over their splits, and its standard error holds the benchmarks fixed.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypedDict

METRICS = (
    "zsl_accuracy",
    "seen_accuracy",
    "unseen_accuracy",
    "harmonic_mean",
    "oracle_gate_harmonic_mean",
    "ausuc",
    "gate_auc",
    "gate_calibration_error",
    "mean_class_harmonic_mean",
)
"""What is compared."""

Row = Mapping[str, Any]
"""One cell: method, data, split, seed, a value for each of :data:`METRICS`, and seconds."""

Place = tuple[str, str | int]
"""A benchmark and one of its splits."""


class Estimate(TypedDict):
    """Means by metric, and their standard errors: None where a benchmark has one split."""

    mean: dict[str, float]
    se: dict[str, float | None]


class Difference(TypedDict):
    """How much more the method `a` has than the method `b`, over the splits of both."""

    a: str
    b: str
    metric: str
    mean: float
    se: float | None
    splits: int


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Mean and standard error of each method, in order of appearance."""
    result = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        found = {metric: mean_and_error(of_splits(rows, method, metric)) for metric in (*METRICS, "seconds")}
        means, errors = ({metric: pair[k] for metric, pair in found.items()} for k in (0, 1))
        result[method] = Estimate(mean=means, se=errors)  # type: ignore[typeddict-item]
    return result


def differences(rows: Sequence[Row]) -> list[Difference]:
    """Paired differences of every two methods, the one that appears first minus the other."""
    methods = dict.fromkeys(row["method"] for row in rows)
    values = {(method, metric): of_splits(rows, method, metric) for method in methods for metric in METRICS}
    result = []
    for a, b in combinations(methods, 2):
        for metric in METRICS:
            one, other = values[a, metric], values[b, metric]
            pairs = {place: one[place] - other[place] for place in one if place in other}
            mean, error = mean_and_error(pairs)
            result.append(Difference(a=a, b=b, metric=metric, mean=mean, se=error, splits=len(pairs)))
    return result


def of_splits(rows: Sequence[Row], method: str, metric: str) -> dict[Place, float]:
    """A method's value on each split, averaged over seeds."""
    seeds = defaultdict(list)
    for row in rows:
        if row["method"] == method:
            seeds[row["data"], row["split"]].append(row[metric])
    return {place: statistics.fmean(values) for place, values in seeds.items()}


def mean_and_error(values: Mapping[Place, float]) -> tuple[float, float | None]:
    """The mean over benchmarks of the mean over their splits; its standard error."""
    by_data = defaultdict(list)
    for (data, _), value in values.items():
        by_data[data].append(value)
    mean = statistics.fmean(statistics.fmean(one) for one in by_data.values())
    if any(len(one) < 2 for one in by_data.values()):
        return mean, None
    return mean, math.sqrt(sum(statistics.variance(one) / len(one) for one in by_data.values())) / len(by_data)
