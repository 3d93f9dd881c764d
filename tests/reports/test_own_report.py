import csv
import io
import json

import numpy as np
import pytest

from gzssar.own_test import scores_of
from gzssar.reports.own_page import OwnHeader, own_page
from gzssar.reports.own_test import own_table, predictions_csv, write_own_report
from gzssar.reports.pages import Table
from own_test_world import CLIPS, own_test

HEADER = OwnHeader("model", "clips.npz", command="gzssar evaluate model --data clips.npz")


def blocks(page, title):
    return next(section.blocks for section in page.sections if section.title == title)


def test_the_report_is_a_page_with_pictures_numbers_and_answers(tmp_path):
    scores = write_own_report(tmp_path / "report", own_test(), HEADER)
    names = {str(path.relative_to(tmp_path / "report")) for path in (tmp_path / "report").rglob("*.*")}
    pictures = {f"figures/{name}.png" for name in ("classes", "confusion", "abstention", "reliability")}
    assert names == {"report.html", "report.md", "scores.json", "predictions.csv", *pictures}
    told = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert (told["model"], told["estimates"]["accuracy"]["value"]) == ("model", 0.75)
    assert "first class is right for 75.0 % of them" in (tmp_path / "report" / "report.html").read_text()
    assert scores == scores_of(own_test())


def test_a_row_for_each_clip():
    rows = list(csv.DictReader(io.StringIO(predictions_csv(own_test()))))
    assert len(rows) == 9
    assert rows[2] == {
        "clip": "clip 2",
        "performer": "2",
        "class": "A",
        "known_as": "a",
        "seen": "true",
        "answer": "b",
        "score": "0.600000",
        "answer_seen": "true",
        "given": "true",
        "silent": "false",
        "right": "false",
    }
    assert (rows[7]["known_as"], rows[7]["seen"], rows[7]["right"]) == ("", "", "false")
    assert (rows[8]["silent"], rows[8]["given"], rows[8]["right"]) == ("true", "false", "true")


def test_the_page_tells_both_accuracies_and_the_answers_to_strangers():
    page = own_page(own_test(), scores_of(own_test()), HEADER)
    assert page.lead == (
        "The test has 8 clips of classes that the model knows. The model's first class is right for 75.0 % of them. It "
        "answers 50.0 % of them, and 75.0 % of these answers are right. It also answers 1 of 1 clip of classes that it "
        "does not know."
    )
    assert [tile.value for tile in page.tiles] == ["75.0", "75.0", "50.0", "80.0", "66.7", "72.7"]
    _, table = blocks(page, "Classes that the model does not know")
    assert isinstance(table, Table)
    assert table.rows == [("strange", "", "a", "1", "1")]


def test_the_page_names_classes_that_clips_call_otherwise():
    table = blocks(own_page(own_test(), scores_of(own_test()), HEADER), "The classes")[0]
    assert isinstance(table, Table)
    assert table.rows[0] == ("a", "A, a", "seen", "b", "4", "75.0", "75.0", "66.7")
    assert table.rows[1] == ("b", "", "seen", "", "1", "100.0", "0.0", "–")


def test_clips_that_were_left_out_are_named():
    header = OwnHeader("model", "clips", left_out={"bad.npy": "it is cut off"})
    table = blocks(own_page(own_test(), scores_of(own_test()), header), "The clips")[-1]
    assert isinstance(table, Table)
    assert "1 clip" in table.caption
    assert table.rows == [("bad.npy", "it is cut off")]


@pytest.mark.parametrize("rows", [CLIPS[:1], CLIPS[3:4], CLIPS[4:5], CLIPS[7:] + CLIPS[5:6]])
def test_few_clips_of_one_kind_make_a_report_too(tmp_path, rows):
    scores = write_own_report(tmp_path, own_test(rows, silent=()), HEADER)
    assert scores.estimates["harmonic_mean"].value is None or np.isfinite(scores.estimates["harmonic_mean"].value)


def test_a_report_says_why_there_is_no_harmonic_mean():
    test = own_test(CLIPS[:2], silent=())
    said = blocks(own_page(test, scores_of(test), HEADER), "What the numbers mean")
    assert "H needs clips of seen and of unseen classes, but there are no clips of unseen classes." in said


def test_the_report_of_a_calibration_says_that_it_is_of_the_model_before():
    page = own_page(own_test(), scores_of(own_test()), OwnHeader("model", "clips", recalibrated="new"))
    assert any(
        "All numbers here are of the model before that" in str(one) for one in blocks(page, "What the numbers mean")
    )


def test_the_terminal_shows_every_share():
    table = own_table(scores_of(own_test()))
    cells = list(table.columns[1].cells)
    assert cells == ["75.0", "87.5", "50.0", "75.0", "80.0", "66.7", "72.7"]
