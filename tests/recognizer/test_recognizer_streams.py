"""A recognizer that reads two streams."""

from functools import cache

import numpy as np
import pytest

from gzssar.encoders.streams import StreamEncoders
from gzssar.errors import DataError
from gzssar.features.features import FeatureSet
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import fit_recognizer
from recognizer_world import QUICK_FITTING, SEEN_IDS, TEXTS, fitted_on_recordings, recordings, small_encoder

BOTH = StreamEncoders((small_encoder(), small_encoder(stream="joint motion")))


def encoded(encoder):
    """Clips of the seen classes, as that encoder sees them."""
    drawn = recordings()
    clips = [drawn.sequence(int(k)) for k in np.flatnonzero(drawn.labels < len(SEEN_IDS))]
    features = encoder.encode(np.stack([encoder.prepare(clip) for clip in clips])).features
    labels = np.array(SEEN_IDS)[[clip.label for clip in clips]]
    subjects = np.array([clip.subject for clip in clips])
    return FeatureSet(features, labels, subjects=subjects, streams=encoder.streams)


once = cache(lambda: fit_recognizer(encoded(BOTH), TEXTS, BOTH, QUICK_FITTING))


@pytest.fixture
def on_streams(fake_texts):
    return once().copy()


def test_it_predicts_from_both(on_streams, clips):
    assert on_streams.frames == 8
    assert on_streams.prepare(clips).shape[:2] == (8, 6)
    assert on_streams.encode(clips).shape == (8, 32)
    assert on_streams.encode([]).shape == (0, 32)
    np.testing.assert_allclose(on_streams.predict_proba(clips).sum(axis=1), 1, rtol=1e-5)
    alone = fitted_on_recordings()
    assert not np.allclose(on_streams.predict_proba(clips), alone.predict_proba(clips))


def test_what_is_loaded_predicts_the_same_bit_for_bit(on_streams, clips, tmp_path):
    on_streams.save(tmp_path / "model")
    files = {path.name for path in (tmp_path / "model").glob("encoder*")}
    assert files == {"encoder.safetensors", "encoder-joint-motion.safetensors"}
    loaded = Recognizer.load(tmp_path / "model")
    assert loaded.encoder.streams == ("joint", "joint motion")
    assert loaded.predict(clips, top_k=None) == on_streams.predict(clips, top_k=None)
    assert "8 frames, joint stream" in loaded.card
    assert "8 frames, joint motion stream" in loaded.card
    loaded.save(tmp_path / "model", overwrite=True)
    assert Recognizer.load(tmp_path / "model").predict(clips) == on_streams.predict(clips)


def test_a_further_encoder_that_was_altered_is_refused(on_streams, tmp_path):
    on_streams.save(tmp_path / "model")
    other = tmp_path / "model" / "encoder-joint-motion.safetensors"
    other.write_bytes(other.read_bytes() + b" ")
    with pytest.raises(DataError, match=r"encoder-joint-motion\.safetensors was changed or cut off after it was saved"):
        Recognizer.load(tmp_path / "model")
    other.unlink()
    with pytest.raises(DataError, match=r"should hold encoder-joint-motion\.safetensors, but it does not"):
        Recognizer.load(tmp_path / "model")


def test_classes_come_and_are_explained(on_streams, clips):
    on_streams.add_class("sit", "to sit", "knees bend")
    assert "sit" in {one["label"] for one in on_streams.predict(clips[0], top_k=None)}
    told = [on_streams.explain(clips[5], label) for label in on_streams.classes]
    assert any(one.joints.any() for one in told)
    assert any(one.frames.any() for one in told)


def test_features_of_other_streams_are_refused(on_streams):
    for encoder, message in (
        (small_encoder(), "streams of the features, joint, joint motion, but it reads joint:"),
        (StreamEncoders((small_encoder(), small_encoder(stream="bone"))), "but it reads joint, bone:"),
    ):
        with pytest.raises(DataError, match=message):
            fit_recognizer(encoded(BOTH), TEXTS, encoder, QUICK_FITTING)
    nameless = encoded(BOTH)
    nameless = FeatureSet(nameless.features, nameless.labels)
    with pytest.raises(DataError, match="one that they do not name, but it reads joint, joint motion"):
        fit_recognizer(nameless, TEXTS, BOTH, QUICK_FITTING)


def test_features_of_both_streams_do_without_encoders(fake_texts):
    features = encoded(BOTH)
    alone = fit_recognizer(features, TEXTS, None, QUICK_FITTING)
    assert alone.predict_features(features.features) == once().predict_features(features.features)
