"""Answers as rows: JSON Lines, CSV, and a table for people."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fake_recognizer import write_clip
from gzssar.commands.predict import PredictConfig, answer
from predict_world import DOWN, MODEL, NTU, UP, answers, any_model, rows


@pytest.fixture(autouse=True)
def fake():
    with any_model() as recognizer:
        yield recognizer


def test_json_lines(tmp_path):
    (row,) = rows(write_clip(tmp_path / "up.npy", *UP), top_k=2)
    assert row == {
        "name": str(tmp_path / "up.npy"),
        "label": "raise hand",
        "best_guess": "raise hand",
        "score": 0.5,
        "seen": True,
        "p_seen": 0.75,
        "unsure": False,
        "abstained": False,
        "resting": False,
        "warning": [],
        "ranking": [
            {"label": "raise hand", "score": 0.5, "seen": True},
            {"label": "lower hand", "score": 0.25, "seen": True},
        ],
    }


def test_csv_has_a_header_and_further_ranks(tmp_path):
    write_clip(tmp_path / 'a, "b".npy', *DOWN)
    write_clip(tmp_path / "c.npy", 0.0, 0.01)
    text = answers(tmp_path, csv=True, abstain=True, top_k=7)
    first, second = csv.DictReader(io.StringIO(text))
    assert text.splitlines()[0] == (
        "name,label,best_guess,score,seen,p_seen,unsure,abstained,resting,warning,warning_sentences,"
        "label_2,score_2,label_3,score_3"
    )
    assert Path(first["name"]).name == 'a, "b".npy'
    assert (first["label"], first["score"], first["seen"], first["abstained"]) == ("lower hand", "0.5", "true", "false")
    assert (first["label_2"], first["score_3"]) == ("raise hand", "0.125")
    assert (second["label"], second["best_guess"], second["score"]) == ("", "raise hand", "0.5")
    assert (second["abstained"], second["resting"]) == ("true", "false")


MIXED = [0.3] * 60 + [None] * 60 + [0.0] * 60
"""A hand that is up, nobody, and a hand that is neither up nor down."""


def test_segments_are_the_same_in_all_forms(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    clip = write_clip(tmp_path / "long.npy", *MIXED)
    options = {"window": 1.0, "stride": 1.0, "trim": False, "abstain": True}
    up, nobody, unsure = rows(clip, **options)
    assert (up["start"], up["end"], up["label"], up["windows"]) == (0, 2, "raise hand", 2)
    assert (unsure["label"], unsure["best_guess"], unsure["abstained"]) == (None, "lower hand", True)
    assert [one["label"] for one in unsure["ranking"]] == ["lower hand", "raise hand", "jump"]
    assert (nobody["label"], nobody["best_guess"], nobody["ranking"]) == (None, None, [])
    text = answers(clip, csv=True, top_k=2, **options)
    assert text.splitlines()[0] == (
        "name,start,end,windows,label,best_guess,score,seen,p_seen,unsure,abstained,resting,warning,warning_sentences,"
        "label_2,score_2"
    )
    as_json = [{key: row[key] for key in ("label", "best_guess", "score", "abstained")} for row in (up, nobody, unsure)]
    told = {None: "", True: "true", False: "false"}
    as_csv = [{key: told.get(value, str(value)) for key, value in row.items()} for row in as_json]
    found = list(csv.DictReader(io.StringIO(text)))
    assert [{key: row[key] for key in as_csv[0]} for row in found] == as_csv
    assert [row["label_2"] for row in found] == ["lower hand", "", "raise hand"]
    table = answers(clip, window=1.0, stride=1.0, trim=False)
    assert "perhaps lower hand  " in table
    assert "– nobody is there" in table


def test_segments_at_rest(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # long names fit a line
    (row,) = rows(write_clip(tmp_path / "still.npy", *[0.3] * 60), window=1.0)
    assert (row["label"], row["resting"], row["abstained"], row["ranking"]) == (None, True, False, [])
    (row,) = csv.DictReader(io.StringIO(answers(tmp_path, csv=True, window=1.0)))
    assert (row["label"], row["score"], row["resting"]) == ("", "", "true")
    assert "– nothing happens" in answers(tmp_path, window=1.0)


def test_classes_of_one_kind_have_no_p_seen(tmp_path, monkeypatch, fake):
    monkeypatch.setenv("COLUMNS", "400")  # long names fit a line
    predict = fake.predict
    monkeypatch.setattr(fake, "predict", lambda *asked: [replace(one, p_seen=None) for one in predict(*asked)])
    monkeypatch.setenv("COLUMNS", "80")
    clip = write_clip(tmp_path / "up.npy", *UP)
    assert rows(clip)[0]["p_seen"] is None
    (row,) = csv.DictReader(io.StringIO(answers(clip, csv=True)))
    assert row["p_seen"] == ""
    assert "raise hand" in answers(clip)


def test_the_table_grows_and_keeps_its_columns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # short names, which fit a line
    monkeypatch.setenv("COLUMNS", "160")
    for k in range(5):
        write_clip(Path(f"{k}.npy"), *(UP if k % 2 else DOWN))
    lines = answers(Path(), batch_size=2).splitlines()
    assert [line.count("clip") for line in lines if "p_seen" in line] == [1]  # one header
    found = [line for line in lines if " 0.75 " in line]
    assert len(found) == 5
    assert len({line.index("0.75") for line in found}) == 1
    assert "lower hand" in found[0]


def test_the_table_says_where_it_abstains(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # long names fit a line
    clip = write_clip(tmp_path / "still.npy", 0.0)
    text = answers(clip)
    assert "perhaps lower hand" in text
    assert text.splitlines()[-1].startswith(
        "perhaps: the model is too unsure, and answers like this are wrong too often"
    )
    assert "perhaps" not in answers(clip, no_abstain=True)
    assert json.loads(answers(clip, json=True))["label"] == "lower hand"
    assert json.loads(answers(clip, json=True, abstain=True))["label"] is None


def test_names_that_are_no_text(tmp_path):
    write_clip(tmp_path / "bad\udcff.npy", *UP)
    raw = io.BytesIO()
    for encoding in ("utf-8", "ascii"):
        out = io.TextIOWrapper(raw, encoding=encoding)
        answer(PredictConfig(MODEL, (str(tmp_path),), csv=True, reading=NTU), out)
        out.detach()
    assert raw.getvalue().count(b"bad\\udcff.npy") == 2


HOSTILE = "up\x1b[2J\u202e\x9b.npy"


@pytest.mark.parametrize("options", [{}, {"csv": True}, {"json": True}])
def test_no_character_that_a_terminal_obeys_is_written(tmp_path, options, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # the name in one line
    written = answers(write_clip(tmp_path / HOSTILE, *UP), **options)
    assert "x1b[2J" in written or "u001b[2J" in written
    assert written.replace("\n", "").isprintable()


def test_json_says_the_same_all_the_same(tmp_path):
    (row,) = rows(write_clip(tmp_path / HOSTILE, *UP))
    assert row["name"] == str(tmp_path / HOSTILE)
