"""Recognizers from an encoder's weights, without clips."""

import numpy as np
import pytest

from gzssar.errors import ConfigError, TextError
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting
from gzssar.recognizer.weights_alone import recognizer_of_weights, simulated_clips
from gzssar.texts.classes import ClassText, ClassTexts
from recognizer_world import TEXTS, small_encoder

OWN, TYPED = ClassTexts(TEXTS[:4]), ClassTexts((TEXTS[2], TEXTS[6]))


@pytest.fixture(scope="module")
def encoder():
    return small_encoder()


def logits(encoder, features):
    classifier = encoder.network.classifier
    return features @ classifier.weight.numpy().T + classifier.bias.numpy()


def test_simulated_clips_lie_around_where_the_classifier_is_surest(encoder):
    clips = simulated_clips(encoder, 0)
    assert np.bincount(clips.labels).tolist() == [8, 8, 8, 8]
    many = np.mean([simulated_clips(encoder, seed).features for seed in range(100)], axis=0)
    middle = np.array([many[clips.labels == k].mean(axis=0) for k in range(4)])
    told = logits(encoder, middle)
    assert told.argmax(axis=1).tolist() == [0, 1, 2, 3]
    even = logits(encoder, middle.mean(axis=0))
    assert np.ptp(even) < 0.2 * np.ptp(told)


def test_own_classes_are_seen_and_others_are_typed(encoder):
    recognizer = recognizer_of_weights(encoder, OWN, TYPED)
    assert recognizer.seen_classes == set(OWN.of_kind("label"))
    assert recognizer.classes[4:] == ("squat",)
    clips = simulated_clips(encoder, 0)  # it learned from these
    told = recognizer.predict_features(clips.features, candidate_labels=OWN.of_kind("label"))
    assert (
        np.mean([answer[0]["label"] == OWN[k].label for answer, k in zip(told, clips.labels.tolist(), strict=True)])
        > 0.4
    )


def test_the_card_says_that_nothing_was_tested(encoder, tmp_path):
    recognizer_of_weights(encoder, OWN, TYPED, Fitting(), {"data": "none"}).save(tmp_path / "model")
    card = Recognizer.load(tmp_path / "model").card
    assert "- clips: none\n" in card
    assert "There are none, because this model was made without clips." in card
    assert "harmonic mean" not in card


def test_clips_can_be_shown_to_it(encoder, clips):
    recognizer = recognizer_of_weights(encoder, OWN, TYPED, Fitting(), {"data": "none"})
    recognizer.add_class("pour tea", clips=clips[:2])
    assert "pour tea" in recognizer.seen_classes
    assert "It learned 5 of them from the weights of its encoder or from clips and knows 1 only" in recognizer.card


def test_texts_that_do_not_fit_the_encoder(encoder):
    with pytest.raises(ConfigError, match="it has 4 classes and there are texts of 2: give a table"):
        recognizer_of_weights(encoder, TYPED, OWN)
    twice = ClassTexts((*OWN[:3], ClassText("CLAP")))
    with pytest.raises(TextError, match="two of the encoder's classes have the same one"):
        recognizer_of_weights(encoder, twice, TYPED)
