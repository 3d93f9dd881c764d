"""What the encoder's own classifier knows, in a recognizer to keep; texts are encoded by a fake."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.encoders.encoder import Encoder
from gzssar.encoders.streams import StreamEncoders
from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from gzssar.recognizer.encoder_classes import encoder_classes, likeness, near_twins, texts_of_authors
from gzssar.recognizer.fitting import Fitting
from gzssar.texts.classes import ClassText, ClassTexts, load_packaged_texts
from recognizer_world import QUICK, TEXTS, FakeTextEncoder, fitted, fitted_on_recordings, recordings, small_encoder

OWN = ClassTexts(
    (ClassText("wave", "to wave", "the body will wave"), *(ClassText(n, n, n) for n in ("hop", "nod", "spin")))
)
"""Texts of the small encoder's four classes; the first is one of the toy's unseen classes."""
FITTING = Fitting(recipe=QUICK, encoder_texts=OWN)


@pytest.fixture(scope="module")
def knowing():
    return fitted_on_recordings(fitting=FITTING)


def test_weights_stand_beside_the_texts_of_their_classes():
    joint, bone = small_encoder(), replace(small_encoder(), stream="bone")
    own = encoder_classes(StreamEncoders((joint, bone)), OWN, ("lb", "md"), [FakeTextEncoder()], False)
    assert own.labels == ("wave", "hop", "nod", "spin")
    assert own.texts.keys() == own.words.keys() == {"lb", "md"}
    weight = joint.network.classifier.weight.numpy()
    np.testing.assert_array_equal(own.weights, np.concatenate([weight, weight], axis=1))


def test_it_changes_what_unseen_texts_let_expect_and_no_seen_centre(knowing):
    alone = fitted_on_recordings()
    for one, other in zip(knowing.known, alone.known, strict=True):
        assert np.allclose(one.centre, other.centre, atol=1e-5) == one.seen
    assert alone.parts.encoder_texts is None
    assert knowing.parts.about["scores_without_encoder_classes"] == alone.parts.about["scores"]


def test_it_is_kept_in_the_folder(knowing, tmp_path):
    knowing.save(tmp_path / "model")
    loaded = Recognizer.load(tmp_path / "model")
    assert loaded.parts.encoder_texts.labels == OWN.of_kind("label")
    for one, other in zip(loaded.parts.encoder_texts.tables, knowing.parts.encoder_texts.tables, strict=True):
        np.testing.assert_array_equal(one, other)
    drawn = recordings(per_class=1, seed=3)
    clips = [drawn.sequence(k) for k in range(3)]
    np.testing.assert_array_equal(loaded.predict_proba(clips), knowing.predict_proba(clips))
    assert loaded.card == knowing.card


def test_the_card_names_twins_among_the_classes_it_knows_from_texts(knowing):
    assert near_twins(knowing.parts, [one for one in knowing.known if one.text.label == "wave"]) == {"wave": "wave"}
    assert near_twins(knowing.parts, []) == {}
    assert "- unseen classes with a similar class: wave (wave)" in knowing.card
    assert "| what | value | without the encoder's own classes |" in knowing.card
    scores, alone = (knowing.parts.about[key] for key in ("scores", "scores_without_encoder_classes"))
    row = f"| {scores['zsl_accuracy']:.3f} | {alone['zsl_accuracy']:.3f} |"
    what = "accuracy on clips of unseen classes if only unseen classes may be the answer (ZSL)"
    assert f"| {what} {row}" in knowing.card
    with_more = knowing.copy()
    with_more.add_class("hop", "hop", "hop")
    assert "hop (hop)" in with_more.card


def test_a_card_without_it_says_nothing_of_it():
    card = fitted().card
    assert "own classes" not in card
    assert "twin" not in card


def test_likeness_by_hand():
    own = [np.array([[1.0, 0], [-1, 0]], dtype=np.float32)] * 3
    label, action, motion = (np.array([row], dtype=np.float32) for row in ([0, 2], [5, 0], [-3, 0]))
    told = likeness(own, [label, action, motion], ["lb", "ad", "md"])
    np.testing.assert_allclose(told, [[0, 1]], atol=1e-6)  # of label and motion the larger; the action does not count
    np.testing.assert_allclose(likeness(own[:1], [action], ["ad"]), [[1, -1]], atol=1e-6)
    both = likeness(own[:2], [label, motion], ["lb", "lb"])  # two text encoders: their mean
    np.testing.assert_allclose(both, [[-0.5, 0.5]], atol=1e-6)


def test_texts_and_classes_must_be_as_many():
    with pytest.raises(
        ConfigError, match=r"it has 4 classes and there are texts of 12: give a table of the classes it was"
    ):
        fitted_on_recordings(fitting=replace(FITTING, encoder_texts=TEXTS))


def test_texts_of_an_encoder_need_the_encoder():
    with pytest.raises(ConfigError, match="texts of an encoder's classes need the encoder itself"):
        fitted(fitting=FITTING)


# which texts published weights were trained on


def authors(class_count, monkeypatch):
    """An encoder as one of its authors' weights."""
    monkeypatch.setattr(Encoder, "by_authors", True)
    network = small_encoder().network
    network.class_count = class_count
    return Encoder(network, tuple(range(class_count)))


@pytest.mark.parametrize(("class_count", "name"), [(60, "ntu60"), (120, "ntu120")])
def test_published_weights_of_60_or_120_classes_are_ntu_s(class_count, name, monkeypatch):
    assert texts_of_authors(authors(class_count, monkeypatch)) == load_packaged_texts(name)


def test_other_weights_are_not(monkeypatch):
    assert texts_of_authors(small_encoder()) is None  # made here
    assert texts_of_authors(authors(51, monkeypatch)) is None
