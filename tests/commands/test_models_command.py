"""`gzssar models` as a user calls it, and its names in the place of weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.options import pose_model
from gzssar.encoders.encoder import save_encoder
from gzssar.errors import ConfigError
from gzssar.models.packaged import PACKAGED
from gzssar.recognizer import Recognizer
from model_commands import refused
from models_world import known, model_of, serving
from recognizer_world import small_encoder


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Weights of two streams."""
    folder = tmp_path_factory.mktemp("weights")
    names = {"joint.safetensors": small_encoder(), "bone.safetensors": small_encoder(stream="bone")}
    for name, encoder in names.items():
        save_encoder(folder / name, encoder)
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def server(contents, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(contents) as served:
        known(monkeypatch, model_of(contents, served.address))
        yield served


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "cache"


def said(capsys, *given):
    main([str(one) for one in given])
    return capsys.readouterr().out


def test_the_packages_own_models_are_listed(capsys):
    told = said(capsys, "models")
    for fact in (
        "ntu120: Shift-GCN, one network per stream, trained on NTU RGB+D 120",
        "120 classes with the texts ntu120",
        "300 frames at 30 per second",
        "joint, bone, joint motion, bone motion",
        "14.8 MB in 4 files",
        "5.8 MB in 1 file ",
        "MIT; NTU RGB+D 120, which the networks were trained on, is for academic research only",
        "Quo Vadis, Skeleton Action Recognition?, IJCV 2021",
        "0 of 4 files: gzssar models get ntu120",
    ):
        assert fact in told


def test_the_packaged_model_is_listed_with_its_size_and_whose_clips_made_it(capsys):
    told = said(capsys, "models")
    for fact in (
        "utd-mhad: a recognizer of 27 actions",
        "Apache-2.0; the authors of UTD-MHAD say that it is in the public domain",
        "ICIP 2015",
    ):
        assert fact in told
    assert f"{PACKAGED.size / 1e6:.1f} MB" in told
    assert "there is nothing to fetch" in said(capsys, "models", "get", "utd-mhad")


def test_the_list_says_what_is_in_the_cache(server, cache, capsys):
    assert "0 of 2 files" in said(capsys, "models", "list")
    got = said(capsys, "models", "get", "toy")
    assert got.startswith(
        f"Model: {cache}/models/toy\nLicence: CC0-1.0; no terms\nThen: gzssar fit --encoder-weights toy,"
    )
    assert f"{cache}/models/toy" in said(capsys, "models")
    (cache / "models/toy/joint.safetensors").unlink()
    assert "1 of 2 files: gzssar models get toy" in said(capsys, "models")


def test_a_cache_of_another_name(server, cache, tmp_path, capsys):
    told = said(capsys, "models", "get", "toy", "--cache", tmp_path / "other")
    assert f"Then: GZSSAR_CACHE={tmp_path}/other gzssar fit" in told
    assert f"{tmp_path}/other/models/toy" in said(capsys, "models", "list", "--cache", tmp_path / "other")
    assert not cache.exists()


def test_a_folder_in_the_place_of_the_network(server, cache, contents, tmp_path, capsys):
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    said(capsys, "models", "get", "toy", "--from", tmp_path)
    assert {path.name for path in (cache / "models/toy").iterdir()} == set(contents)
    assert server.asked == []


def test_bad_input(server, tmp_path, capsys):
    get = ["models", "get"]
    assert "no model named 'to'; there are utd-mhad, toy (nearest: 'toy')" in refused(capsys, *get, "to")
    assert "no file there is this one" in refused(capsys, *get, "toy", "--from", tmp_path)
    server.status = 404
    assert "the server answers 404" in refused(capsys, *get, "toy")
    (tmp_path / "file").touch()
    assert "file is a file" in refused(capsys, *get, "toy", "--cache", tmp_path / "file")


# in the place of weights


@pytest.fixture
def clips(model):
    """Recordings that the small encoders read."""
    return model.parent / "clips.npz"


def streams_of(path):
    with np.load(path) as told:
        return told["streams"].tolist()


def test_a_name_stands_for_all_streams(server, clips, tmp_path, capsys):
    said(capsys, "models", "get", "toy")
    said(capsys, "embed", clips, "--weights", "toy", "-o", tmp_path / "both.npz")
    assert streams_of(tmp_path / "both.npz") == ["joint", "bone"]


def test_a_stream_of_a_name_stands_for_its_file(server, clips, cache, tmp_path, capsys):
    said(capsys, "models", "get", "toy")
    said(capsys, "embed", clips, "--weights", "bone=toy", "-o", tmp_path / "bone.npz")
    bone = cache / "models/toy/bone.safetensors"
    said(capsys, "embed", clips, "--weights", bone, "-o", tmp_path / "file.npz")
    with np.load(tmp_path / "bone.npz") as by_name, np.load(tmp_path / "file.npz") as by_file:
        assert np.array_equal(by_name["feature"], by_file["feature"])


def test_a_recognizer_is_fitted_by_name(server, clips, texts, tmp_path, capsys):
    said(capsys, "models", "get", "toy")
    said(capsys, "fit", "--data", clips, "--texts", texts, "--encoder-weights", "toy", "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").parts.encoder.streams == ("joint", "bone")


def test_what_is_not_in_the_cache_is_said_at_once(server, clips, cache, tmp_path, capsys):
    embed = ["embed", clips, "-o", tmp_path / "f.npz", "--weights"]
    fit = ["fit", "--data", clips, "--texts", "synthetic", "-o", tmp_path / "model", "--encoder-weights"]
    for command in (embed, fit):
        told = refused(capsys, *command, "toy")
        assert told == (
            f"gzssar: the model toy should be in {cache}/models/toy, but some of its files are missing: fetch it "
            "with gzssar models get toy.\n"
        )
        assert "'to' is neither; the nearest name is 'toy'" in refused(capsys, *command, "to")


POSE_MODEL = {"pose_landmarker_lite.task": b"what finds people"}


@pytest.fixture
def pose_server(monkeypatch):
    """The pose model is a small file on loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(POSE_MODEL) as served:
        model = replace(model_of(POSE_MODEL, served.address, streams=("",)), name="mediapipe-pose", kind="pose")
        known(monkeypatch, model)
        monkeypatch.setattr("gzssar.models.known_models", lambda kind=None: (model,))
        yield served


def test_a_pose_model_is_fetched_and_named(pose_server, cache, capsys):
    with pytest.raises(ConfigError, match="fetch it with gzssar models get mediapipe-pose"):
        pose_model(Path("mediapipe-pose"))
    assert pose_model(None) is None
    assert "--pose-model mediapipe-pose" in said(capsys, "models", "get", "mediapipe-pose")
    fetched = cache / "models" / "mediapipe-pose" / "pose_landmarker_lite.task"
    assert pose_model(Path("mediapipe-pose")) == fetched
    assert fetched.read_bytes() == b"what finds people"
    assert "classes" not in said(capsys, "models")


def test_a_fetched_pose_model_is_used_where_mediapipe_has_none(pose_server, cache, capsys, monkeypatch):
    for lacks in (True, False):
        monkeypatch.setattr("gzssar.skeletons.poses.lacks_packaged_model", lambda lacks=lacks: lacks)
        assert pose_model(None) is None  # not fetched yet
    said(capsys, "models", "get", "mediapipe-pose")
    assert pose_model(None) is None  # the wheel's own
    monkeypatch.setattr("gzssar.skeletons.poses.lacks_packaged_model", lambda: True)
    assert pose_model(None) == cache / "models" / "mediapipe-pose" / "pose_landmarker_lite.task"
    assert pose_model(Path("own.task")) == Path("own.task")
