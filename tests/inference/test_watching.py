"""A folder that fills up."""

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest

import gzssar.inference.job
from fake_recognizer import write_clip
from gzssar.commands.predict import PredictConfig, answer
from gzssar.errors import DataError, MissingExtraError
from gzssar.inference.watching import Watch
from predict_world import DOWN, MODEL, NTU, UP, any_model, break_


@pytest.fixture(autouse=True)
def fake():
    with any_model() as recognizer:
        yield recognizer


class Folder:
    """A watched folder, in which something happens between two looks."""

    def __init__(self, path, monkeypatch, *steps, reading=NTU, **options):
        self.path, self.steps, self.out = path, list(steps), io.StringIO()
        monkeypatch.setattr(time, "sleep", self.sleep)
        answer(PredictConfig(MODEL, watch=path, json=True, reading=reading, **options), self.out)

    def sleep(self, _):
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()

    @property
    def names(self):
        return [Path(json.loads(line)["name"]).name for line in self.out.getvalue().splitlines()]


def nothing():
    pass


def test_a_watched_folder(tmp_path, monkeypatch):
    write_clip(tmp_path / "old.npy", *UP)
    data = write_clip(tmp_path / ".hidden.npy", *UP).read_bytes()

    def start():
        (tmp_path / "slow.npy").write_bytes(data[:300])
        write_clip(tmp_path / "sub" / "quick.npy", *DOWN)

    def go_on():
        (tmp_path / "slow.npy").write_bytes(data)

    def rename():
        (tmp_path / ".hidden.npy").rename(tmp_path / "renamed.npy")

    folder = Folder(tmp_path, monkeypatch, nothing, start, go_on, nothing, rename, *[nothing] * 4)
    assert folder.names == ["old.npy", "quick.npy", "slow.npy", "renamed.npy"]


def test_a_watched_file_that_stays_malformed_is_named_once(tmp_path, monkeypatch, capsys):
    path = write_clip(tmp_path / "a.npy", *UP)
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    (tmp_path / "note.txt").write_text("left alone")
    folder = Folder(
        tmp_path,
        monkeypatch,
        *[nothing] * 3,
        lambda: path.write_bytes(whole[:400]),  # still cut off
        *[nothing] * 3,
        lambda: path.write_bytes(whole),
        *[nothing] * 3,
    )
    assert folder.names == ["a.npy"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gzssar: left out")
    assert line.count(str(path)) == 1


def test_a_watched_file_that_cannot_be_recognized_does_not_stop_the_watch(tmp_path, monkeypatch, capsys):
    break_(write_clip(tmp_path / "a.npy", *UP), np.zeros_like)
    folder = Folder(tmp_path, monkeypatch, nothing, lambda: write_clip(tmp_path / "b.npy", *UP), nothing, nothing)
    assert folder.names == ["b.npy"]
    assert "a.npy: the first body should be present" in capsys.readouterr().err


def test_a_file_comes_once_however_often_it_is_written(tmp_path):
    path = write_clip(tmp_path / "a.npy", *UP)
    watch = Watch(tmp_path)
    assert (watch.look(), watch.look()) == ([], [path])
    watch.done(path)
    path.write_bytes(b"something else")
    assert [watch.look() for _ in range(3)] == [[], [], []]


def test_an_empty_file_is_not_complete(tmp_path):
    (tmp_path / "a.npy").touch()
    watch = Watch(tmp_path)
    assert [watch.look() for _ in range(3)] == [[], [], []]


def test_a_watched_folder_that_is_none(tmp_path):
    with pytest.raises(DataError, match="--watch should name a folder"):
        answer(PredictConfig(MODEL, watch=tmp_path / "none"), io.StringIO())


def test_a_missing_extra_stops_the_watch(tmp_path, monkeypatch):
    def missing(path):
        raise MissingExtraError("install it")

    monkeypatch.setattr(gzssar.inference.job, "find_reader", missing)
    write_clip(tmp_path / "a.npy", *UP)
    with pytest.raises(MissingExtraError):
        Folder(tmp_path, monkeypatch, nothing, nothing)
