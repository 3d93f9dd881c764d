from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from gzssar.errors import TextError
from gzssar.texts.authoring.check_report import findings, pair_table, pairs_csv, verdict
from gzssar.texts.authoring.checking import (
    Duplicate,
    OverLong,
    Pair,
    TextCheck,
    check_texts,
    similarity,
)
from gzssar.texts.classes import ClassText, ClassTexts
from toy_encoder import ToyEncoder

# Cosines: east–north 0, east–northeast 0.6, north–northeast 0.8, east–west -1. Lengths must not matter.
COMPASS = {"east": (2, 0), "north": (0, 5), "northeast": (3, 4), "west": (-1, 0), "almost-east": (100, 1)}


def table(*rows: tuple[str | None, str | None, str | None]) -> ClassTexts:
    return ClassTexts(tuple(ClassText(*row) for row in rows))


def checked(*rows: tuple[str | None, str | None, str | None], threshold: float = 0.95) -> TextCheck:
    return check_texts(table(*rows), [ToyEncoder(COMPASS)], threshold)


def printed(check: TextCheck, count: int = 10) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(pair_table(check, count))
    return capture.get()


def rounded(pairs: Sequence[Pair]) -> list[Pair]:
    return [replace(pair, similarity=round(pair.similarity, 6)) for pair in pairs]


SOUND = (("east", "north", "northeast"), ("northeast", "east", "west"), ("north", "northeast", "north"))


def symmetric(*pairs: float) -> np.ndarray:
    """The matrix with these values above its diagonal, row by row, and ones on it."""
    size = int((1 + np.sqrt(1 + 8 * len(pairs))) / 2)
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size, 1)] = pairs
    return matrix + matrix.T + np.eye(size)


def test_a_sound_table_has_no_findings():
    check = checked(*SOUND)
    assert not check.found
    assert findings(check) == ()
    assert (check.missing, check.duplicates, check.over_long) == ({}, (), ())
    assert verdict(check).startswith(
        "No problems were found (3 classes, toy; the most similar by the fusion of all texts: "
    )


def test_the_fusion_is_the_mean_of_the_kinds_cosines():
    check = checked(*SOUND)
    # 0–1: label 0.6, action 0, motion -0.6; 0–2: label 0, action 0.8, motion 0.8; 1–2: label 0.8, action 0.6, motion 0
    fusion = [[1, 0, 1.6 / 3], [0, 1, 1.4 / 3], [1.6 / 3, 1.4 / 3, 1]]
    np.testing.assert_allclose(check.similarities["fusion"], fusion, atol=1e-6)
    assert list(check.similarities) == ["label", "action", "motion", "fusion"]
    unit = [
        [np.array(COMPASS[text], float) / np.linalg.norm(COMPASS[text]) for text in (row.label, row.action, row.motion)]
        for row in table(*SOUND)
    ]
    np.testing.assert_allclose(similarity(np.array(unit).reshape(3, -1)), fusion, atol=1e-6)


def test_several_encoders_count_the_same():
    turned = {name: (-y * 10, x * 10) for name, (x, y) in COMPASS.items()} | {"west": (0, 10)}  # west is where east is
    both = check_texts(table(*SOUND), [ToyEncoder(COMPASS), ToyEncoder(turned, name="turned")], 0.95)
    one = checked(*SOUND)
    assert both.encoders == ("toy", "turned")
    np.testing.assert_allclose(both.similarities["label"], one.similarities["label"], atol=1e-6)
    assert one.similarities["motion"][0, 1] == pytest.approx(-0.6)
    assert both.similarities["motion"][0, 1] == pytest.approx((-0.6 + 0.6) / 2, abs=1e-6)


def test_the_most_confusable_pairs_come_first():
    check = checked(*SOUND)
    assert rounded(check.pairs("label")) == [
        Pair("label", 1, 2, 0.8),
        Pair("label", 0, 1, 0.6),
        Pair("label", 0, 2, 0.0),
    ]
    assert [(pair.first, pair.second) for pair in check.pairs("fusion")] == [(0, 2), (1, 2), (0, 1)]
    assert [line.split() for line in printed(check, 1).splitlines() if "label" in line] == [
        ["label", "0.800", "northeast", "(1)", "north", "(2)"]
    ]
    lines = pairs_csv(check).splitlines()
    assert lines[:2] == [
        "kind,rank,first_id,second_id,first_label,second_label,similarity",
        "label,1,1,2,northeast,north,0.800000",
    ]
    assert len(lines) == 1 + 4 * 3


def test_missing_texts_are_named_and_their_kind_is_not_compared():
    check = checked(("east", None, None), ("north", "west", None), ("northeast", " ", None))
    assert check.found
    assert check.missing == {"action": (0, 2), "motion": (0, 1, 2)}
    assert list(check.similarities) == ["label"]
    how = "write it, or have `gzssar texts fill` ask for it. Similarities by {} are left out."
    assert findings(check) == (
        f"east (0) and northeast (2) should have an action text, but it is missing: {how.format('action')}",
        f"No class has a motion text: {how.format('motion')}",
    )
    assert "the most similar by label text: 0.80" in verdict(check)


def test_classes_without_labels_are_numbered():
    check = checked((None, "east", "north"), ("north", "north", "east"))
    assert check.names == ("class 0", "north")
    assert list(check.similarities) == ["action", "motion", "fusion"]


def test_nothing_to_compare():
    check = checked(("east", None, None), (None, "north", "east"))
    assert check.found
    assert check.similarities == {}
    assert check.deciding is None
    assert verdict(check) == "No kind of text is there for all classes: nothing to compare."
    assert len(pairs_csv(check).splitlines()) == 1


def test_one_class_has_no_pairs():
    check = checked(("east", "north", "west"))
    assert not check.found
    assert check.pairs("fusion") == ()
    assert verdict(check) == "No problems were found (1 class, toy; nothing to tell apart)."


def test_duplicates_are_found_whatever_their_case_and_spaces():
    check = checked(
        ("east", "north", "west one"),
        ("north", "North ", "east"),
        ("west", "east", "West  one"),
        ("northeast", "north", "north"),
    )
    assert check.duplicates == (
        Duplicate((0, 1, 3), "action", "north"),
        Duplicate((0, 2), "motion", "west one"),
    )
    assert check.found
    # they are near-duplicates too, but that goes without saying
    assert findings(check) == (
        "east (0), north (1) and northeast (3) have the same action text, “north”: say what tells them apart.",
        "east (0) and west (2) have the same motion text, “west one”: say what tells them apart.",
    )


def test_over_long_texts_are_read_as_far_as_they_go_and_reported_with_what_is_cut():
    long = "west the arms are raised high above the head"
    check = checked(("east", "north", long), ("north", "east", "north is of just the length"))
    assert check.over_long == (OverLong(0, "motion", "toy", 11, 8, "above the head"),)
    assert check.found
    assert findings(check) == (
        "The motion text of east (0) has 11 tokens, but toy reads 8: shorten it, or it ends before “above the head”.",
    )
    assert check.similarities["motion"][0, 1] == pytest.approx(0)


def test_near_duplicates_start_at_the_threshold():
    rows = (("east", "east", "east"), ("almost-east", "northeast", "north"))
    assert rounded(checked(*rows).near_duplicates("label")) == [Pair("label", 0, 1, 0.99995)]
    check = checked(*rows, threshold=0.6 - 1e-6)
    assert [len(check.near_duplicates(kind)) for kind in check.similarities] == [1, 1, 0, 0]
    assert not check.found  # the fusion tells them apart
    assert verdict(check).startswith("All classes are told apart, though not by each kind of text (2 classes, toy;")
    assert findings(check) == (
        "east (0) and almost-east (1) are nearly the same by label text, cosine 1.000: say what tells them apart.",
        "east (0) and almost-east (1) are nearly the same by action text, cosine 0.600: say what tells them apart.",
    )
    assert checked(*rows, threshold=0.5).found
    assert "by the fusion of all texts, cosine 0.533" in findings(checked(*rows, threshold=0.5))[-1]


def test_near_duplicates_of_the_only_kind_count():
    check = checked(("east", None, None), ("almost-east", None, None))
    assert check.deciding == "label"
    assert check.near_duplicates("label")


def test_of_many_findings_the_first_are_said():
    count = 14
    check = checked(*((f"east {k}", f"north {k} and {'more ' * 9}", f"west {k}") for k in range(count)))
    said = findings(check)
    assert "… and 4 more over-long texts." in said
    assert f"… and {count * (count - 1) // 2 - 10} more pairs by the fusion of all texts." in said
    assert len(said) == 5 * 11


def test_progress_is_told():
    told = []
    check_texts(table(*SOUND), [ToyEncoder(COMPASS)], 0.9, lambda *step: told.append(step))
    assert told == [("toy", 1, 3), ("toy", 2, 3), ("toy", 3, 3)]


def test_similarity_is_the_cosine():
    rows = np.array([[2, 0], [3, 4], [0, -1]], dtype=np.float32)
    np.testing.assert_allclose(similarity(rows), [[1, 0.6, 0], [0.6, 1, -0.8], [0, -0.8, 1]], atol=1e-7)
    with pytest.raises(TextError, match=r"cannot be zero, but those of the classes \[1\] are"):
        similarity(np.array([[1.0, 0.0], [0.0, 0.0]]))
