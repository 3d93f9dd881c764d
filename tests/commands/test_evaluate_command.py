"""`gzssar evaluate` through the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.evaluate import EvaluateConfig
from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from model_commands import fit, quick_commands, refused, write_features_file, write_recordings
from recognizer_world import LABELS, SEEN_IDS


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


@pytest.fixture
def clips(tmp_path):
    """New recordings of the classes that the model learned, two of each."""
    return write_recordings(tmp_path / "new.npz", seed=3, per_class=2)


@pytest.fixture(scope="module")
def on_features(tmp_path_factory, model):
    """A model without an encoder, and features of new clips of all classes."""
    root = tmp_path_factory.mktemp("features")
    learned = write_features_file(root / "learned.npz")
    fit("--features", learned, "--texts", model.parent / "texts.csv", "-o", root / "model")
    return root / "model", write_features_file(root / "new.npz", range(len(LABELS)))


def evaluate(*arguments):
    main(["evaluate", *map(str, arguments)])


def rows(folder):
    return list(csv.DictReader((folder / "predictions.csv").read_text().splitlines()))


def renamed(path, names):
    """The same recordings with other names for their classes."""
    with np.load(path) as file:
        arrays = {**file, "class_names": np.array(names)}
    np.savez(path, **arrays)


def write_folders(root):
    """The recordings of a few classes as files in a folder for each class."""
    write_recordings(root / "all.npz", seed=3, per_class=2)
    with np.load(root / "all.npz") as file:
        starts = file["offsets"]
        for k, label in enumerate(file["label"]):
            folder = root / "clips" / LABELS[SEEN_IDS[label]]
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{k}.npy", file["joints"][starts[k] : starts[k + 1]])
    return root / "clips"


def test_recordings_are_scored_and_the_report_says_what_predict_says(model, clips, tmp_path, capsys):
    evaluate(model, "--data", clips, "-o", tmp_path / "report", "--most-wrong", "0.3")
    out = capsys.readouterr().out
    assert "9 of the model's 12 classes have clips" in out
    assert f"Report: {tmp_path}/report/report.html" in out
    answers = rows(tmp_path / "report")
    assert len(answers) == 18
    main(["predict", str(model), str(clips), "--csv", "--abstain", "--most-wrong", "0.3"])
    predicted = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["answer"] for row in answers] == [row["best_guess"] for row in predicted]
    assert [row["given"] == "true" for row in answers] == [row["label"] != "" for row in predicted]
    right = np.mean([row["class"] == row["answer"] for row in answers])
    scores = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert scores["estimates"]["accuracy"]["value"] == pytest.approx(right)
    page = (tmp_path / "report" / "report.md").read_text()
    assert f"gzssar evaluate {model} --data {clips}" in page
    assert "--most-wrong 0.3" in page


def test_clips_that_the_model_learned_from_are_told(model, tmp_path, capsys):
    evaluate(model, "--data", model.parent / "clips.npz", "-o", tmp_path / "report")
    sentence = "the model learned from “clips.npz”. If it learned from these clips, all results are too good."
    assert sentence in capsys.readouterr().err
    assert sentence in (tmp_path / "report" / "report.html").read_text()


def test_some_performers_alone(model, clips, tmp_path, capsys):
    evaluate(model, "--data", clips, "-o", tmp_path / "report", "--subjects", "1")
    assert {row["performer"] for row in rows(tmp_path / "report")} == {"1"}
    said = refused(capsys, "evaluate", model, "--data", clips, "-o", tmp_path / "none", "--subjects", "9")
    assert "no clip is of the performers that --subjects names: the clips are of 0, 1." in said


def test_features_of_a_model_without_an_encoder(on_features, tmp_path, capsys):
    model, features = on_features
    evaluate(model, "--features", features, "-o", tmp_path / "report")
    assert "12 of the model's 12 classes have clips" in capsys.readouterr().out
    scores = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert (scores["clips"], len(scores["performers"])) == (96, 4)
    said = refused(capsys, "evaluate", model, "--data", features, "-o", tmp_path / "other")
    assert "it was fitted on features and has no skeleton encoder: give features of the clips with --features." in said


def test_classes_that_the_model_lacks_are_named_and_their_answers_counted(model, clips, tmp_path, capsys):
    names = [LABELS[k] for k in SEEN_IDS]
    renamed(clips, ["Clap!", "BOW", *names[2:]])
    evaluate(model, "--data", clips, "-o", tmp_path / "report")
    out = capsys.readouterr().out
    assert "8 of the model's 12 classes have clips" in out
    assert "the model has other names for classes: 'BOW' is 'bow'" in out
    given = sum(row["given"] == "true" for row in rows(tmp_path / "report") if row["class"] == "Clap!")
    lacking = "the model does not know these classes, so no accuracy counts their clips: Clap! (2). "
    assert f"{lacking}It answers {given} of the 2 clips, but it should answer none" in out
    assert json.loads((tmp_path / "report" / "scores.json").read_text())["clips"] == 16


def test_classes_that_the_model_has_never_heard_of(model, clips, tmp_path, capsys):
    renamed(clips, ["klap", *(f"thing {k}" for k in range(1, 9))])
    said = refused(capsys, "evaluate", model, "--data", clips, "-o", tmp_path / "report")
    assert "it has none of 'klap', 'thing 1'" in said
    assert "nearest are 'clap'" in said
    assert not (tmp_path / "report").exists()


def test_one_clip_has_no_interval(model, clip_file, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("path,label\nclip.npy,kick\n")
    given = ("--layout", "ntu25", "--labels", tmp_path / "labels.csv")
    evaluate(model, "--data", clip_file, *given, "-o", tmp_path / "report")
    assert "There is only one clip, so no interval can be computed." in " ".join(capsys.readouterr().out.split())
    [row] = rows(tmp_path / "report")
    assert row["class"] == "kick"


def test_folders_and_a_malformed_clip_that_is_left_out(model, tmp_path, capsys):
    clips = write_folders(tmp_path)
    np.save(clips / "bow" / "bad.npy", np.full((12, 25, 3), np.nan))
    given = ("evaluate", str(model), "--data", str(clips), "--layout", "ntu25")
    with pytest.raises(SystemExit) as ended:
        main([*given, "-o", str(tmp_path / "report")])
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert "left out bow/bad.npy: " in printed.out
    assert "classes come from the names of folders" in printed.err
    assert len(rows(tmp_path / "report")) == 18
    assert list(json.loads((tmp_path / "report" / "scores.json").read_text())["left_out"]) == ["bow/bad.npy"]
    main([*given, "-o", str(tmp_path / "other"), "--skip-bad"])


def test_a_table_that_lacks_clips(model, tmp_path, capsys):
    clips = write_folders(tmp_path)
    (tmp_path / "labels.csv").write_text("path,label\nclap/*.npy,clap\nbow/*.npy,bow\n")
    given = ("--layout", "ntu25", "--labels", tmp_path / "labels.csv")
    evaluate(model, "--data", clips, *given, "-o", tmp_path / "report")
    assert "14 clips have no row in" in capsys.readouterr().err
    assert {row["class"] for row in rows(tmp_path / "report")} == {"clap", "bow"}


def test_clips_without_classes_or_with_numbers_for_them(model, clip_file, clips, tmp_path, capsys):
    given = ("--layout", "ntu25", "-o", tmp_path / "report")
    said = refused(capsys, "evaluate", model, "--data", clip_file, *given)
    assert "no clip can be tested on: 1 clip left out; " in said
    assert "it should state its class" in said
    with np.load(clips) as file:
        arrays = {name: file[name] for name in file if name != "class_names"}
    np.savez(clips, **arrays)
    said = refused(capsys, "evaluate", model, "--data", clips, "-o", tmp_path / "report")
    assert "should name its classes, but it numbers them: give a table" in said
    evaluate(model, "--data", clips, "--texts", model.parent / "texts.csv", "-o", tmp_path / "report")
    assert {row["class"] for row in rows(tmp_path / "report")} == set(LABELS[:9])


def test_features_of_clips_without_classes_or_of_another_width(on_features, tmp_path, capsys):
    model, features = on_features
    with np.load(features) as file:
        arrays = dict(file)
    np.savez(tmp_path / "none.npz", **{**arrays, "label": np.full_like(arrays["label"], -1)})
    np.savez(tmp_path / "narrow.npz", **{**arrays, "feature": arrays["feature"][:, :5]})
    said = refused(capsys, "evaluate", model, "--features", tmp_path / "none.npz", "-o", tmp_path / "report")
    assert "should name each clip's class, but it has classes -1 to -1 and 12 names" in said
    said = refused(capsys, "evaluate", model, "--features", tmp_path / "narrow.npz", "-o", tmp_path / "report")
    assert "features should be of width 8, one row per clip, but their shape is (96, 5)" in said
    assert not (tmp_path / "report").exists()


def test_no_clips(model, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    said = refused(capsys, "evaluate", model, "--data", tmp_path / "empty", "-o", tmp_path / "report")
    assert "should hold skeleton clips" in said


def test_a_folder_that_is_there_is_left_alone(model, clips, tmp_path, capsys):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").write_text("mine")
    said = refused(capsys, "evaluate", model, "--data", clips, "-o", tmp_path / "report")
    assert "should be a new or empty folder, but it is there already and holds mine.txt" in said
    given = ("--recalibrate", "--model-out", model, "-o", tmp_path / "other")
    assert "should be a new or empty folder" in refused(capsys, "evaluate", model, "--data", clips, *given)
    assert not (tmp_path / "other").exists()


def test_a_calibration_is_a_new_model_and_the_report_is_of_the_old_one(on_features, tmp_path, capsys):
    model, features = on_features
    evaluate(model, "--features", features, "-o", tmp_path / "before")
    given = ("--recalibrate", "--model-out", tmp_path / "new")
    evaluate(model, "--features", features, "-o", tmp_path / "report", *given)
    assert f"Recalibrated model, not tested yet: {tmp_path}/new" in capsys.readouterr().out
    assert rows(tmp_path / "report") == rows(tmp_path / "before")
    assert "All numbers here are of the model before that" in (tmp_path / "report" / "report.html").read_text()
    new = Recognizer.load(tmp_path / "new")
    counts = "Numbers of clips: 72 of seen, 24 of unseen and 0 of unknown classes."
    assert f"were fitted anew to clips of new.npz. {counts}" in " ".join(new.card.split())
    evaluate(tmp_path / "new", "--features", features, "-o", tmp_path / "after")
    assert "the model was calibrated on “new.npz”. If it was calibrated on these clips" in capsys.readouterr().err
    assert new.parts.decision.calibration != Recognizer.load(model).parts.decision.calibration


def test_a_calibration_that_cannot_be_writes_nothing(model, clips, tmp_path, capsys):
    given = ("--recalibrate", "--model-out", tmp_path / "new", "-o", tmp_path / "report")
    said = refused(capsys, "evaluate", model, "--data", clips, *given)
    assert "a calibration needs 10 clips of seen classes and 10 of classes known by their texts" in said
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "report").exists()


def test_the_report_has_a_name_without_one(model, clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluate(model, "--data", clips)
    assert (tmp_path / "runs" / "model-on-new" / "report.html").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "--data CLIPS or --features"),
        ({"recalibrate": True}, "--recalibrate writes a new model to --model-out DIR"),
        ({"model_out": Path("new")}, "--recalibrate writes a new model to --model-out DIR"),
        ({"recalibrate": True, "model_out": Path("new"), "out": Path("new")}, "need different folders"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_arguments_that_contradict_each_other(tmp_path, options, sentence):
    data = {} if not options else {"data": tmp_path}
    with pytest.raises(ConfigError, match=sentence):
        EvaluateConfig(tmp_path, **data, **options)
