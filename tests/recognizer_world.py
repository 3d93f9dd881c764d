"""A toy world quick to fit: 12 classes whose skeleton features are a linear image of their texts, plus noise."""

import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from gzssar.decision import selection
from gzssar.encoders.encoder import Encoder
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.features.features import FeatureSet
from gzssar.methods.recipe import DEFAULT
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import ClassText, ClassTexts
from gzssar.texts.encoders.encoder import require_readable
from recipes import changed

LABELS = ("clap", "wave", "bow", "kick", "jump", "punch", "squat", "throw", "drink", "point", "stretch", "crawl")
UNSEEN = ("wave", "punch", "stretch")
UNSEEN_IDS = tuple(LABELS.index(label) for label in UNSEEN)
SEEN_IDS = tuple(k for k in range(len(LABELS)) if k not in UNSEEN_IDS)
SEEN = tuple(LABELS[k] for k in SEEN_IDS)
TEXTS = ClassTexts(tuple(ClassText(label, f"to {label}", f"the body will {label}") for label in LABELS))
SUBJECTS, PER_SUBJECT = 4, 2
WIDTH = 8

QUICK = changed(DEFAULT, fold_classes=3, fold_count=4, text_weights=(1.0, 1.0, 1.0), words=False)
"""The words of these texts say nothing about the clips; the fake encoder does."""
QUICK_FITTING = Fitting(recipe=QUICK)


class FakeTextEncoder:
    dimension, token_limit = 2, 77

    def token_count(self, text):
        return len(text.split())

    def fitting(self, text):
        return text

    """Two numbers per text, drawn from its characters: the same in every process."""

    def __init__(self, name="minilm", revision="fake 1"):
        self.name, self.revision = name, revision

    def encode(self, texts, truncate=False):
        require_readable(texts)
        return np.stack([_direction(f"{self.name}: {text}") for text in texts])


def _direction(text):
    vector = np.random.default_rng(zlib.crc32(text.encode())).normal(size=2)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@contextmanager
def fake_text_encoders(revision="fake 1"):
    """Inside, texts of every encoder's name are encoded at once."""

    def load(name, template="{}", cache=None):
        return FakeTextEncoder(name, revision)

    with pytest.MonkeyPatch.context() as patch:
        for place in ("texts.encoders", "texts.encoding"):
            patch.setattr(f"gzssar.{place}.load_text_encoder", load)
        yield


@contextmanager
def quick_fits():
    """Inside, one threshold of the gate in eight is tried, since each costs a look at every fold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "THRESHOLDS", selection.THRESHOLDS[::8])
        yield


def class_means():
    """(12, 8): a linear image of the texts."""
    encoder = FakeTextEncoder()
    texts = np.concatenate([encoder.encode(TEXTS.of_kind(kind)) for kind in ("label", "action", "motion")], axis=1)
    return texts @ np.random.default_rng(2).normal(size=(texts.shape[1], WIDTH))


def clips_of(ids, seed=0):
    """Features of clips of some classes, performer by performer."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.array(ids, dtype=np.int64), SUBJECTS * PER_SUBJECT)
    subjects = np.tile(np.repeat(np.arange(SUBJECTS), PER_SUBJECT), len(ids))
    features = class_means()[labels] + 0.2 * rng.normal(size=(len(labels), WIDTH))
    return FeatureSet(features.astype(np.float32), labels, subjects=subjects)


def fitted(ids=SEEN_IDS, texts=TEXTS, fitting=QUICK_FITTING, about=None):
    """A recognizer fitted on features of these classes."""
    return fit_recognizer(clips_of(ids), texts, None, fitting, about)


def small_encoder(frames=8, body_count=1, stream="joint"):
    """A Shift-GCN of random weights; features of width 16."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ShiftGcn(4, width=4, body_count=body_count)
    return Encoder(network.eval().requires_grad_(False), (0, 1, 2, 3), frames, stream, {"weights": "random"})


def recordings(per_class=4, frames=12, seed=0):
    """Recordings of made-up performers, of all synthetic classes."""
    return SyntheticWorld(seed=seed, clips_per_class=per_class, frames=frames, subject_count=2).clips()


def fitted_on_recordings(encoder=None, fitting=QUICK_FITTING):
    """A recognizer that takes recordings: the first nine classes of the synthetic world under the toy's labels."""
    encoder = encoder or small_encoder()
    drawn = recordings()
    clips = [drawn.sequence(int(k)) for k in np.flatnonzero(drawn.labels < len(SEEN_IDS))]
    features = encoder.encode(np.stack([encoder.prepare(clip) for clip in clips])).features
    labels = np.array(SEEN_IDS)[[clip.label for clip in clips]]
    subjects = np.array([clip.subject for clip in clips])
    return fit_recognizer(FeatureSet(features, labels, subjects=subjects), TEXTS, encoder, fitting)


def table(recognizer, features):
    """Scores as (N, K), columns as in `classes`."""
    predictions = recognizer.predict_features(features, top_k=None)
    columns = {label: k for k, label in enumerate(recognizer.classes)}
    rows = np.zeros((len(features), len(columns)))
    for n, prediction in enumerate(predictions):
        for one in prediction:
            rows[n, columns[one["label"]]] = one["score"]
    return rows
