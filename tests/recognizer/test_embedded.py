"""The embedded synthetic recognizer: fitted once, then kept in the cache."""

import shutil
from functools import partial
from pathlib import Path

import pytest

import gzssar.provenance
import gzssar.recognizer.cached
import gzssar.recognizer.embedded
from gzssar.encoders.training.options import EncoderTraining
from gzssar.recognizer.embedded import synthetic_model
from gzssar.recognizer.fitting import Fitting
from gzssar.synthetic.world import SyntheticWorld
from recipes import changed
from recognizer_world import QUICK, recordings

SHORT = changed(QUICK, fold_classes=20)


@pytest.fixture
def tiny(monkeypatch):
    """A small synthetic world, and an encoder that is hardly trained."""
    place, small = gzssar.recognizer.embedded, {"width": 2, "frames": 8, "epochs": 1}
    monkeypatch.setattr(place, "SyntheticWorld", partial(SyntheticWorld, clips_per_class=4, frames=8, subject_count=4))
    monkeypatch.setattr(place, "Fitting", partial(Fitting, recipe=SHORT))
    monkeypatch.setattr(place, "EncoderTraining", lambda **given: EncoderTraining(**{**given, **small}))


def test_the_synthetic_model_is_made_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    told, said = [], []
    made = synthetic_model(lambda *step: told.append(step[0]), said.append)
    assert made.synthetic
    assert made.card.count("**Synthetic:**") == 1
    assert len(made.classes) == 48
    assert 0 < len(made.seen_classes) < 48
    assert set(told) == {"training the synthetic encoder", "fitting on folds"}
    monkeypatch.setattr(gzssar.recognizer.embedded, "fit_synthetic", None)
    again = synthetic_model(say=said.append)
    [sentence] = said
    assert f"once, because it is kept in {tmp_path}" in sentence
    clip = recordings(per_class=1).sequence(0)
    assert again.predict(clip) == made.predict(clip)
    assert len(list((tmp_path / "models").iterdir())) == 1


@pytest.fixture
def stand_in(monkeypatch, on_recordings):
    """Counts how often the synthetic model is made."""
    made = []

    def make(progress):
        made.append(progress)
        return on_recordings

    monkeypatch.setattr(gzssar.recognizer.embedded, "fit_synthetic", make)
    return made


def test_a_damaged_cache_is_made_anew(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    synthetic_model()
    [folder] = (tmp_path / "models").iterdir()
    for name in ("weights.safetensors", "config.json"):
        (folder / name).write_bytes(b"cut")
        synthetic_model()
        before = len(stand_in)
        synthetic_model()
        assert len(stand_in) == before  # in order again
    assert before == 3


def test_without_a_cache_it_is_made_each_time(stand_in, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for root in (None, tmp_path / "file"):
        monkeypatch.setattr(gzssar.recognizer.cached, "cache_root", lambda root=root: root)
        assert synthetic_model().classes == synthetic_model().classes
    assert len(stand_in) == 4


def test_other_texts_make_another_model(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    package = shutil.copytree(Path(gzssar.__file__).parent, tmp_path / "gzssar")
    monkeypatch.setattr(gzssar.provenance, "__file__", str(package / "provenance.py"))
    for _ in range(2):
        synthetic_model()
    assert len(stand_in) == 1
    table = package / "texts" / "data" / "synthetic.csv"
    table.write_text(table.read_text().replace("hand", "foot"))
    synthetic_model()
    assert len(stand_in) == 2
