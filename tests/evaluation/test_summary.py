import dataclasses
import json
import math

import pytest

from evaluation_world import World
from gzssar.errors import DataError
from gzssar.evaluation.protocol import Scores
from gzssar.evaluation.summary import duration, percent, scores_json, summarise, typical

SCORES = {field.name for field in dataclasses.fields(Scores)}


def test_mean_and_sample_deviation_by_hand(world: World) -> None:
    records = [
        dataclasses.replace(record, scores=dataclasses.replace(record.scores, harmonic_mean=h))
        for record, h in zip(world.records, (0.4, 0.5, 0.9), strict=True)
    ]
    summary = summarise(records)
    assert summary["seeds"] == [1, 2, 3]
    assert summary["mean"]["harmonic_mean"] == pytest.approx(0.6)
    assert summary["sd"]["harmonic_mean"] == pytest.approx(math.sqrt((0.04 + 0.01 + 0.09) / 2))
    assert typical(records).scores.harmonic_mean == 0.5
    assert typical(records[:2]).scores.harmonic_mean == 0.4


def test_the_spread_of_one_seed_is_unknown(world: World) -> None:
    summary = summarise(world.records[:1])
    assert set(summary["sd"].values()) == {None}
    assert summary["mean"]["zsl_accuracy"] == world.records[0].scores.zsl_accuracy


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="at least one seed"):
        summarise([])


def test_scores_json_has_the_agreed_shape(world: World) -> None:
    scores = json.loads(json.dumps(scores_json(world.records, world.header), allow_nan=False))
    assert list(scores) == ["recipe", "selection", "split", "texts", "seeds", "mean", "sd", "seconds"]
    assert (scores["recipe"], scores["selection"], scores["texts"]) == ("default", "validation", "lb+ad+md")
    numbers = SCORES | {"seconds", "cycle", "temperature"}
    assert set(scores["mean"]) == set(scores["sd"]) == numbers
    assert [set(row) for row in scores["seeds"]] == [numbers | {"seed", "machine"}] * 3
    assert all(0 <= row[name] <= 1 for row in scores["seeds"] for name in SCORES)


def test_scores_json_writes_null_for_nan(world: World) -> None:
    record = dataclasses.replace(world.records[0], extra={"temperature": math.nan})
    scores = scores_json([record, world.records[1]], world.header)
    assert scores["seeds"][0]["temperature"] is None
    assert scores["mean"]["temperature"] is None
    assert scores["sd"]["temperature"] is None
    assert "cycle" not in scores["mean"]  # a number that only some seeds have has no mean over seeds


@pytest.mark.parametrize(
    ("mean", "sd", "text"), [(0.6134, 0.0211, "61.3 ± 2.1"), (0.6134, None, "61.3"), (1.0, 0.0, "100.0 ± 0.0")]
)
def test_percent(mean: float, sd: float | None, text: str) -> None:
    assert percent(mean, sd) == text


def test_percent_of_an_unknown_mean_is_a_dash() -> None:
    assert percent(math.nan) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (133.0, "2 min 13 s"),
        (7500.0, "2 h 5 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
