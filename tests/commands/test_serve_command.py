"""`gzssar serve`: its arguments, the clips it offers, and what it hands to the server."""

import subprocess
import sys

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.serve import ServeConfig, offered
from gzssar.errors import ConfigError, DataError, MissingExtraError
from gzssar.models.packaged import PACKAGED
from gzssar.recognizer import Recognizer
from gzssar.web.limits import Limits
from gzssar.web.samples import synthetic_samples
from model_commands import quick_commands, refused


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


def test_arguments_cost_no_framework():
    code = "import sys, gzssar.commands.serve; assert not {'fastapi', 'uvicorn', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "wrong", [{"port": 70000}, {"port": -1}, {"max_upload_mib": 0}, {"max_frames": 0}, {"time_limit_s": float("nan")}]
)
def test_arguments_are_checked(wrong):
    with pytest.raises(ConfigError, match="--"):
        ServeConfig(**wrong)


def test_limits_follow_the_arguments():
    assert ServeConfig().limits == Limits()
    limits = ServeConfig(max_upload_mib=1, max_frames=7, time_limit_s=2.0).limits
    assert (limits.max_upload_bytes, limits.max_frames, limits.time_limit_s) == (2**20, 7, 2)


def test_where_samples_come_from(tmp_path):
    model, other = tmp_path / "model", tmp_path / "other"
    model.mkdir()
    assert offered(ServeConfig(model), synthetic=False) == {}
    assert list(offered(ServeConfig(), synthetic=True)) == list(synthetic_samples())
    for path in (model / "samples" / "own.csv", other / "other.csv"):
        path.parent.mkdir()
        np.savetxt(path, np.random.default_rng(0).normal(size=(6, 75)), delimiter=",")
    assert list(offered(ServeConfig(model), synthetic=False)) == ["own"]
    assert list(offered(ServeConfig(model, samples=other), synthetic=False)) == ["other"]
    with pytest.raises(DataError):
        offered(ServeConfig(model, samples=tmp_path / "nowhere"), synthetic=False)


def test_the_page_opens_without_a_text_encoder(model, monkeypatch, capsys):
    def refuse(*_):
        raise MissingExtraError("pip install 'gzssar[texts]'")

    served = []
    monkeypatch.setattr("gzssar.web.server.serve", lambda recognizer, *_: served.append(recognizer.classes))
    monkeypatch.setattr("gzssar.texts.encoding.load_text_encoders", refuse)
    main(["serve", str(model)])
    assert served == [Recognizer.load(model).classes]
    assert "classes cannot be added in words: pip install 'gzssar[texts]'" in capsys.readouterr().err


def test_serve_takes_a_model_the_packaged_or_the_synthetic_one(model, monkeypatch, capsys):
    served, synthetic = [], lambda progress, say: Recognizer.load(model)
    monkeypatch.setattr("gzssar.web.server.serve", lambda recognizer, *_: served.append(recognizer.classes))
    monkeypatch.setattr("gzssar.web.server.warm_up", lambda encoders: None)
    monkeypatch.setattr("gzssar.recognizer.Recognizer.with_text_encoders", lambda recognizer, encoders: recognizer)
    monkeypatch.setattr("gzssar.recognizer.embedded.synthetic_model", synthetic)
    for words in ([str(model)], ["--synthetic"], [], [PACKAGED.name]):
        main(["serve", *words])
    assert served == [Recognizer.load(model).classes] * 2 + [Recognizer.from_pretrained().classes] * 2
    assert capsys.readouterr().err.count("so the packaged model utd-mhad answers") == 1
    assert "there is no such folder" in refused(capsys, "serve", model.parent / "nowhere")
    assert "--synthetic already chooses a model" in refused(capsys, "serve", model, "--synthetic")
