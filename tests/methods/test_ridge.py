import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.features.features import FeatureSet
from gzssar.features.synse import read_synse
from gzssar.methods.method import Mapped, Task
from gzssar.methods.problem import Spaces
from gzssar.methods.ridge import Ridge
from gzssar.texts.features import read_text_tables
from synse_folder import CLASSES, UNSEEN, write_synse_folder

RAW = Spaces(skeleton_space="raw", text_space="raw", fusion="standardised")


def test_classes_nobody_saw_are_told_from_their_texts(tmp_path):
    root = write_synse_folder(tmp_path)
    phase = read_synse(root).test
    texts = {kind: (table,) for kind, table in read_text_tables(root / "texts", ("lb", "ad", "md"), CLASSES).items()}
    [[scorer]] = Ridge().fit([Task("test", phase.train, phase.seen, phase.unseen, texts)], 0)
    unseen, seen = phase.test.of(UNSEEN), phase.test.of(phase.seen)
    assert np.mean(np.array(UNSEEN)[scorer.score(unseen.unlabelled).unseen.argmax(axis=1)] == unseen.labels) > 0.8
    assert np.mean(np.array(phase.seen)[scorer.score(seen.unlabelled).seen.argmax(axis=1)] == seen.labels) > 0.9
    assert isinstance(scorer, Mapped)
    assert scorer.latents(phase.test.unlabelled).shape == phase.test.features.shape
    assert scorer.text_latents().shape == (CLASSES, phase.test.features.shape[1])


def test_the_formula_by_hand():
    # three seen classes at corners of a square, one clip each; their texts are unit vectors at 0, 90 and 180 degrees
    train = FeatureSet(np.array([[0, 0], [4, 0], [4, 4]], dtype=np.float32), np.arange(3))
    texts = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], dtype=np.float32)
    [[scorer]] = Ridge(RAW, penalty=0.5).fit([Task("toy", train, (0, 1, 2), (3,), {"lb": (texts,)})], 0)
    centred = texts - texts[:3].mean(axis=0)
    centred /= np.sqrt(np.square(centred[:3]).sum(axis=1).mean())
    middle = train.features.mean(axis=0)
    # the same regression in its primal form
    weights = np.linalg.solve(centred[:3].T @ centred[:3] + 0.5 * np.eye(2), centred[:3].T @ (train.features - middle))
    np.testing.assert_allclose(scorer.expected, centred @ weights + middle, atol=1e-5)
    scores = scorer.score(train.unlabelled)
    np.testing.assert_allclose(scores.seen[0], [0, -8, -16], atol=1e-5)
    squares = np.square(train.features - scorer.expected[3]).sum(axis=1)
    np.testing.assert_allclose(scores.unseen[:, 0], -squares / 2, rtol=1e-5)


def test_a_strong_penalty_leaves_the_middle():
    train = FeatureSet(np.array([[0, 0], [4, 0], [4, 4]], dtype=np.float32), np.arange(3))
    texts = np.eye(4, dtype=np.float32)
    [[scorer]] = Ridge(RAW, penalty=1e9).fit([Task("toy", train, (0, 1, 2), (3,), {"lb": (texts,)})], 0)
    np.testing.assert_allclose(scorer.expected, np.tile(train.features.mean(axis=0), (4, 1)), atol=1e-5)


def test_no_penalty_is_refused():
    with pytest.raises(ConfigError, match="penalty must be positive"):
        Ridge(penalty=0.0)
