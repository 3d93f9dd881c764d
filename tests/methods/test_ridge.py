from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.features.features import FeatureSet, Unlabelled
from gzssar.features.synse import read_synse
from gzssar.methods.method import EncoderClasses, Mapped, Task
from gzssar.methods.problem import Spaces
from gzssar.methods.ridge import Ridge
from gzssar.texts.features import read_text_tables
from gzssar.texts.words import count_words
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


def test_the_nearest_by_angle_by_hand():
    train = FeatureSet(np.array([[1, 0], [-1, 1], [0, -1]], dtype=np.float32), np.arange(3))  # their mean is 0
    texts = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], dtype=np.float32)
    task = Task("toy", train, (0, 1, 2), (3,), {"lb": (texts,)})
    [[by_density], [by_angle]] = (Ridge(RAW, nearness=way).fit([task], 0)[0] for way in ("density", "cosine"))
    clips = Unlabelled(np.array([[3, 0], [0, -7]], dtype=np.float32))
    near = by_angle.score(clips)
    np.testing.assert_allclose(near.seen, [[1, -np.sqrt(0.5), 0], [0, -np.sqrt(0.5), 1]], atol=1e-6)
    np.testing.assert_array_equal(by_angle.expected, by_density.expected)
    expected = by_angle.expected[3]
    np.testing.assert_allclose(near.unseen[:, 0], np.array([1, -1]) * expected / np.linalg.norm(expected), atol=1e-6)
    longer = by_angle.score(Unlabelled(100 * clips.features))
    for one, other in zip(near, longer, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


# words


def one_task(words):
    """Three seen classes and an unseen one, which its vectors say is like class 0, and its words, like class 2."""
    train = FeatureSet(np.array([[1, 0], [0, 1], [-1, -1]], dtype=np.float32), np.arange(3))
    vectors = {"lb": (np.array([[1, 0], [0, 1], [-1, 0], [1, 0]], dtype=np.float32),)}
    counted = {"lb": (count_words(["wave", "clap", "kick", "kick"]),)} if words else {}
    return Task("toy", train, (0, 1, 2), (3,), vectors, counted)


def best_unseen(task, **spaces):
    [[scorer]] = Ridge(replace(RAW, **spaces), penalty=1e-3).fit([task], 0)
    np.testing.assert_allclose(scorer.expected[:3], task.train.features, atol=0.01)
    return scorer.expected[3]


def test_words_count_where_they_are_read():
    told, untold = one_task(words=True), one_task(words=False)
    vectors_alone = best_unseen(untold)
    np.testing.assert_allclose(vectors_alone, [1, 0], atol=0.01)
    np.testing.assert_array_equal(best_unseen(told, words=False), vectors_alone)
    np.testing.assert_array_equal(best_unseen(untold, words=True), vectors_alone)  # absent words are fine
    both = best_unseen(told, words=True)
    assert both[0] < 0.9  # drawn to class 2
    np.testing.assert_allclose(both, fused_by_hand(told), atol=0.01)


def fused_by_hand(task):
    """The vectors' and the words' tables, standardised, weighing the same."""
    parts = []
    for table in (task.texts["lb"][0], task.words["lb"][0]):
        rows = table - table[:3].mean(axis=0)
        parts.append(rows / np.sqrt(np.square(rows[:3]).sum(axis=1).mean()))
    texts = np.concatenate(parts, axis=1) / np.sqrt(2)
    weights = np.linalg.solve(texts[:3] @ texts[:3].T + 1e-3 * np.eye(3), task.train.features)
    return texts[3] @ texts[:3].T @ weights


def test_words_that_all_seen_classes_share_say_nothing():
    alike = {"lb": (count_words(["pose 1", "pose 2", "pose 3", "sit down"]),)}
    untold = one_task(words=False)
    np.testing.assert_allclose(
        best_unseen(replace(untold, words=alike), words=True, fusion="weighted"),
        best_unseen(untold, fusion="weighted"),
        atol=1e-6,
    )


def test_words_are_weighed_like_their_kind_of_text():
    spaces = Spaces(words=True, text_weights=(1.0, 2.0, 3.0))
    assert spaces.weights(["lb", "md", "lb", "md"]) == [1, 3, 1, 3]


def test_no_penalty_is_refused():
    with pytest.raises(ConfigError, match="penalty must be positive"):
        Ridge(penalty=0.0)


# what the encoder's own classifier knows


def world(rng, unseen=6, known=40):
    """Clips of 12 seen classes and of unseen ones, whose means follow from their texts; and the classes of an encoder,
    the weights of which are the means of their clips, in a space where clips of a class scatter alike everywhere."""
    texts_to_means = rng.normal(size=(24, 16))
    texts = rng.normal(size=(12 + unseen + known, 24)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    means = 3 * texts @ texts_to_means
    labels = np.repeat(np.arange(12 + unseen), 30)
    clips = FeatureSet((means[labels] + rng.normal(size=(len(labels), 16))).astype(np.float32), labels)
    own = EncoderClasses(
        tuple(f"known {k}" for k in range(known)), {"lb": (texts[12 + unseen :],)}, {}, means[12 + unseen :]
    )
    return clips, {"lb": (texts[: 12 + unseen],)}, own


def test_weights_of_the_encoder_tell_more_of_classes_without_clips():
    clips, texts, own = world(np.random.default_rng(0))
    seen, unseen = tuple(range(12)), tuple(range(12, 18))
    train, test = clips.of(seen), clips.of(unseen)
    right = {}
    for name, known in {"alone": None, "with": own, "shuffled": replace(own, weights=own.weights[::-1])}.items():
        [[scorer]] = Ridge().fit([Task("toy", train, seen, unseen, texts, {}, known)], 0)
        right[name] = np.mean(scorer.score(test.unlabelled).unseen.argmax(axis=1) + 12 == test.labels)
    assert right["with"] > right["alone"] + 0.1
    assert right["with"] > 0.9
    assert right["shuffled"] < right["with"] - 0.2


def test_known_classes_that_say_nothing_change_little():
    clips, texts, own = world(np.random.default_rng(1))
    seen, unseen = tuple(range(12)), tuple(range(12, 18))
    [[alone]] = Ridge().fit([Task("toy", clips.of(seen), seen, unseen, texts)], 0)
    [[weak]] = Ridge(encoder_penalty=1e9).fit([Task("toy", clips.of(seen), seen, unseen, texts, {}, own)], 0)
    np.testing.assert_allclose(weak.expected, alone.expected, atol=1e-3)
