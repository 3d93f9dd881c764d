"""`gzssar predict`: its arguments, and its answers with a fitted model."""

import json
from pathlib import Path

import pytest
import tyro

from gzssar.cli import main
from gzssar.commands.predict import PredictConfig
from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from model_commands import fit, quick_commands, refused, write_features_file
from predict_world import MODEL


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


def test_predict_with_the_fitted_model(model, clip, clip_file, capsys):
    main(["predict", str(model), str(clip_file), "--layout", "ntu25", "--fps", "20", "--json", "--top-k", "3"])
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = Recognizer.load(model).predict([clip], top_k=3)[0]
    assert row["name"] == str(clip_file)
    assert [one["label"] for one in row["ranking"]] == [one["label"] for one in expected]
    assert row["ranking"][0]["score"] == pytest.approx(expected[0]["score"], abs=1e-4)


def test_predict_with_added_classes_and_candidates(model, clip_file, tmp_path, capsys):
    (tmp_path / "more.csv").write_text("label,action,motion\nsit,to sit,knees bend\n")
    given = ["predict", str(model), str(clip_file), "--layout", "ntu25", "--json"]
    main([*given, "--add", f"{tmp_path}/more.csv", "--candidate-labels", "sit", "wave"])
    row = json.loads(capsys.readouterr().out)
    assert {one["label"] for one in row["ranking"]} == {"sit", "wave"}
    assert "nearest are 'clap'" in refused(capsys, *given, "--candidate-labels", "klap")


def test_clips_may_follow_the_candidates(model, clip_file, capsys):
    main(["predict", str(model), "--layout", "ntu25", "--json", "--candidate-labels", "clap", "wave", str(clip_file)])
    rows = capsys.readouterr().out.splitlines()
    assert [{one["label"] for one in json.loads(row)["ranking"]} for row in rows] == [{"clap", "wave"}]
    both = [str(clip_file), "--json", "--layout", "ntu25", "--candidate-labels", "bow", str(clip_file.parent / "*.npy")]
    main(["predict", str(model), *both])
    assert len(capsys.readouterr().out.splitlines()) == 1  # the same file, once
    said = refused(capsys, "predict", model, "--candidate-labels", "clap", "nowhere.npy")
    assert "The last word, 'nowhere.npy', was taken as one of --candidate-labels" in said
    assert "name clips directly after the model" in said
    said = refused(capsys, "predict", "--candidate-labels", "clap", model, clip_file)
    assert "Name the model before --candidate-labels" in said


def test_something_that_cannot_be_read_is_left_out_and_ends_with_1(model, clip_file, capsys):
    given = ["predict", str(model), str(clip_file), f"{clip_file.parent}/*.xyz", "--layout", "ntu25", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["name"] == str(clip_file)
    assert "left out: " in printed.err
    assert "no file has such a name" in printed.err
    main([*given, "--skip-bad"])


def test_classes_of_a_table_that_are_known_are_told(model, texts, clip_file, capsys):
    texts.write_text(texts.read_text() + "12,sit,to sit,knees bend\n")
    main(["predict", str(model), str(clip_file), "--layout", "ntu25", "--json", "--add", str(texts), "--top-k", "99"])
    printed = capsys.readouterr()
    assert f"the model knows these classes already, with the texts of {texts}: clap, wave, bow" in printed.err
    assert len(json.loads(printed.out)["ranking"]) == 13


def test_predict_needs_a_model_that_takes_recordings(tmp_path, texts, clip_file, capsys):
    fit("--features", write_features_file(tmp_path / "a.npz"), "--texts", texts, "-o", tmp_path / "model")
    assert "it was fitted on features" in refused(capsys, "predict", tmp_path / "model", clip_file)
    assert "there is no such folder" in refused(capsys, "predict", tmp_path / "nowhere", clip_file)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clips": ()}, "there is no model, neither as a model nor as a clip"),
        ({"clips": (), "model": None}, "from files and folders, from --watch DIR"),
        ({"watch": Path("w")}, "from files and folders, from --watch DIR"),
        ({"json": True, "csv": True}, "--json or as --csv"),
        ({"top_k": 0}, "top_k must be positive"),
        ({"batch_size": 0}, "batch_size must be positive"),
        ({"window": 0.0}, "--window should be a positive number of seconds, but it is 0"),
        ({"window": float("nan")}, "--window should be a positive number"),
        ({"window": float("inf")}, "--window should be a positive number"),
        ({"window": 1.0, "stride": -1.0}, "--stride should be a positive number"),
        ({"stride": 1.0}, "give the length of a window with --window"),
        ({"window": 1.0, "stride": 2.0}, "at most as long as --window"),
        ({"timeline": Path("t.png")}, "give one file and --window"),
        ({"timeline": Path("t.jpg"), "window": 1.0}, "ends in .png"),
        ({"clips": ("-", "a.npy")}, "leave the other clips out"),
        ({"clips": ("-",), "csv": True}, "leave --csv out"),
        ({"camera": 0}, "or from --camera N: give exactly one"),
        ({"clips": (), "watch": Path("w"), "camera": 0}, "or from --camera N: give exactly one"),
        ({"clips": (), "camera": -1}, "a camera's number, 0 for the first, but it is -1"),
        ({"clips": (), "camera": 0, "csv": True}, "leave --csv out"),
        ({"clips": (), "camera": 0, "window": 1.0, "timeline": Path("t.png")}, "give one file and --window"),
        ({"clips": ("-",), "window": 1.0, "timeline": Path("t.png")}, "give one file and --window"),
    ],
)
def test_options_that_contradict_each_other(options, said):
    with pytest.raises(ConfigError, match=said):
        PredictConfig(**({"model": MODEL, "clips": ("a.npy",)} | options))


def test_a_first_word_that_is_neither_a_model_nor_a_clip_is_named():
    with pytest.raises(ConfigError, match=r"^there is no nowhere\.npy, neither as a model nor as a clip"):
        PredictConfig(Path("nowhere.npy"), clips=())


def test_a_stride_longer_than_the_window_is_fine_for_frames():
    assert PredictConfig(MODEL, ("-",), stride=5.0).live


def test_the_flags_of_abstention_are_flags():
    def parsed(*words):
        return tyro.cli(PredictConfig, args=["model", "clip.npy", *words])

    assert (parsed().abstain, parsed().no_abstain) == (False, False)
    assert parsed("--csv", "--abstain").abstain
    assert parsed("--no-abstain", "--most-wrong", "0.1").no_abstain
    with pytest.raises(ConfigError, match="say the opposite"):
        PredictConfig(Path("model"), ("clip.npy",), abstain=True, no_abstain=True)
