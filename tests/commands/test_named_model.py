"""Which model a command means: a folder, a name, or the one that comes with the package."""

import json
from pathlib import Path

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.named_model import load_model
from gzssar.errors import ConfigError, DataError
from gzssar.models.packaged import PACKAGED
from gzssar.recognizer import Recognizer
from gzssar.synthetic import SyntheticWorld
from model_commands import quick_commands, refused

NTU = ("--layout", "ntu25", "--fps", "30", "--json")


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


@pytest.fixture
def folder(tmp_path):
    """Two clips of somebody."""
    clips = SyntheticWorld(clips_per_class=2, subject_count=2).clips()
    (tmp_path / "clips").mkdir()
    for k in range(2):
        np.save(tmp_path / "clips" / f"{k}.npy", clips.sequence(k).joints[..., 0].transpose(1, 2, 0))
    return tmp_path / "clips"


def predicted(capsys, *words):
    """Names of clips and their candidates, and what was said on stderr."""
    main(["predict", *map(str, words), *NTU])
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    return [row["name"] for row in rows], {one["label"] for row in rows for one in row["ranking"]}, printed.err


def test_where_the_first_word_is_a_clip_the_packaged_model_answers_and_says_so(folder, capsys):
    known = set(Recognizer.from_pretrained().classes)
    one, pattern = folder / "0.npy", folder / "*.npy"
    for words, count in (((one,), 1), ((folder,), 2), ((pattern,), 2), ((one, folder / "1.npy"), 2)):
        names, labels, said = predicted(capsys, *words)
        assert len(names) == count
        assert labels <= known
        assert said.count("so the packaged model utd-mhad answers") == 1


def test_a_model_is_named_by_its_folder_or_its_name(folder, model, capsys):
    for word, recognizer in ((model, Recognizer.load(model)), (PACKAGED.name, Recognizer.from_pretrained())):
        names, labels, said = predicted(capsys, word, folder / "0.npy")
        assert names == [str(folder / "0.npy")]
        assert labels <= set(recognizer.classes)
        assert "answers" not in said


def test_a_wrong_name_of_a_model_is_no_clip(folder, capsys):
    said = refused(capsys, "predict", "utd-mhat", folder)
    assert "there is no such folder, and the models are utd-mhad, " in said
    assert "there is no such folder" in refused(capsys, "predict", folder.parent / "nowhere", folder)


def test_a_clip_that_is_not_there_is_said_to_be_absent(folder, capsys):
    said = refused(capsys, "predict", folder / "nowhere.npy")
    assert f"there is no {folder}/nowhere.npy, neither as a model nor as a clip" in said


def test_a_model_alone_has_nothing_to_answer_for(model, capsys):
    for word in (model, PACKAGED.name):
        assert "come from files and folders, from --watch DIR" in refused(capsys, "predict", word)


def test_what_is_left_of_a_model_is_no_folder_of_clips(folder, model, tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "weights.safetensors").write_bytes((model / "weights.safetensors").read_bytes())
    assert "it has no config.json" in refused(capsys, "predict", tmp_path / "broken", folder)


def test_a_folder_comes_before_a_model_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / PACKAGED.name).mkdir()
    with pytest.raises(DataError, match=r"it has no config\.json"):
        load_model(tmp_path / PACKAGED.name)


def test_a_ready_model_is_not_fetched_by_the_way(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match="fetch it with gzssar models get ntu120"):
        load_model(Path("ntu120"))
    assert (
        "ntu120 knows its classes only from its encoder's weights, and has not been tested" in capsys.readouterr().err
    )


def test_the_packaged_model_learns_elsewhere(folder, tmp_path, capsys):
    def clips_of(recognizer):
        return {one.text.label: one.clips for one in recognizer.known}["squat"]

    given = ["teach", PACKAGED.name, "squat", folder / "0.npy", "--layout", "ntu25", "--fps", "30"]
    assert "cannot be changed" in refused(capsys, *given)
    before = clips_of(Recognizer.from_pretrained())
    main([*map(str, given), "-o", str(tmp_path / "mine")])
    assert clips_of(Recognizer.load(tmp_path / "mine")) == before + 1
    assert clips_of(Recognizer.from_pretrained()) == before
