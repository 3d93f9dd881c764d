"""Two methods on two benchmarks, worked out on paper."""

import math

import pytest

from gzssar.evaluation.paired import METRICS, differences, estimates, mean_and_error


def row(method, data, split, seed, value):
    return {
        "method": method,
        "data": data,
        "split": split,
        "seed": seed,
        **dict.fromkeys(METRICS, value),
        "seconds": 2.0,
    }


ROWS = [
    row("a", "one", 0, 0, 0.2),
    row("a", "one", 0, 1, 0.4),  # the seeds of a split are one number: 0.3
    row("a", "one", 1, 0, 0.4),
    row("a", "one", 1, 1, 0.6),  # 0.5
    row("b", "one", 0, 0, 0.1),
    row("b", "one", 1, 0, 0.2),
]


def test_means_and_standard_errors_count_splits_not_seeds():
    of = estimates(ROWS)
    assert list(of) == ["a", "b"]
    assert of["a"]["mean"]["harmonic_mean"] == pytest.approx(0.4)
    assert of["a"]["se"]["harmonic_mean"] == pytest.approx(0.1)  # sd of 0.3 and 0.5 is 0.1·√2, over √2
    assert of["b"]["mean"]["seconds"] == 2.0


def test_differences_are_paired_by_split():
    found = differences(ROWS)
    assert [one["metric"] for one in found] == list(METRICS)
    (h,) = [one for one in found if one["metric"] == "harmonic_mean"]
    assert (h["a"], h["b"], h["splits"]) == ("a", "b", 2)
    assert h["mean"] == pytest.approx(0.25)  # of 0.2 and 0.3
    assert h["se"] == pytest.approx(0.05)


def test_every_two_methods_are_compared_once():
    rows = [row(method, "one", split, 0, 0.5) for method in "abc" for split in (0, 1)]
    pairs = [(one["a"], one["b"]) for one in differences(rows) if one["metric"] == "zsl_accuracy"]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_benchmarks_weigh_the_same_and_do_not_add_to_the_error():
    """One has two splits, the other three; how far they lie apart says nothing about the splits."""
    values = {("one", 0): 0.1, ("one", 1): 0.3, ("two", 0): 0.9, ("two", 1): 0.9, ("two", 2): 0.9}
    mean, error = mean_and_error(values)
    assert mean == pytest.approx((0.2 + 0.9) / 2)
    assert error == pytest.approx(math.sqrt(0.1**2 + 0) / 2)


def test_one_split_has_no_standard_error():
    assert mean_and_error({("one", 0): 0.5}) == (0.5, None)
