"""What a recognizer answers: rankings, candidates, abstaining."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from gzssar.decision.abstention import BOUNDS, Abstention, Limits, Thresholds
from gzssar.errors import ConfigError, DataError, GzssarError
from gzssar.recognizer import Prediction, Recognizer
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import ClassText
from recognizer_world import (
    LABELS,
    SEEN,
    UNSEEN,
    WIDTH,
    table,
)


def test_all_classes_are_ranked_and_their_scores_sum_to_one(on_features, features):
    for prediction in on_features.predict_features(features, top_k=None):
        scores = [one["score"] for one in prediction]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1)
        assert min(scores) >= 0
        assert sorted(one["label"] for one in prediction) == sorted(LABELS)
        assert all(one["seen"] == (one["label"] not in UNSEEN) for one in prediction)
        assert 0 <= prediction.p_seen <= 1
        assert prediction.label == prediction[0]["label"]


def test_five_classes_are_named_unless_told_otherwise(on_features, on_recordings, features, clips):
    assert [len(one) for one in on_features.predict_features(features[:2])] == [5, 5]
    assert [len(one) for one in on_features.predict_features(features[:2], top_k=1)] == [1, 1]
    assert len(on_features.predict_features(features[:1], top_k=99)[0]) == len(LABELS)
    assert len(on_recordings.predict(clips[0], top_k=3)) == 3
    everything = on_features.predict_features(features[:1], top_k=None)[0]
    assert on_features.predict_features(features[:1], top_k=2)[0].ranking == everything[:2]
    with pytest.raises(ConfigError, match="top_k should be a whole number of at least 1, or None for all, but it is 0"):
        on_features.predict_features(features, top_k=0)


def test_a_prediction_is_a_sequence_and_goes_into_json(on_features, features):
    [prediction] = on_features.predict_features(features[:1], top_k=2)
    assert isinstance(prediction, Prediction)
    assert len(prediction) == 2
    assert list(prediction) == [prediction[0], prediction[1]]
    assert prediction.as_dict() == {
        "label": prediction[0]["label"],
        "best_guess": prediction[0]["label"],
        "score": prediction[0]["score"],
        "seen": prediction[0]["seen"],
        "p_seen": prediction.p_seen,
        "unsure": prediction.unsure,
        "abstained": False,
        "resting": False,
        "warning": [doubt._asdict() for doubt in prediction.warning],
        "ranking": list(prediction),
    }


WAVE = ({"label": "wave", "score": 0.5, "seen": True},)


@pytest.mark.parametrize(
    ("prediction", "label", "best_guess", "in_words"),
    [
        (Prediction(WAVE, 0.5), "wave", "wave", "wave"),
        (Prediction(WAVE, 0.5, abstained=True), None, "wave", "perhaps wave"),
        (Prediction(WAVE, 0.5, unsure=True), "wave", "wave", "perhaps wave"),
        (Prediction(WAVE, 0.5, resting=True), None, "wave", "nothing happens"),
        (Prediction((), None, resting=True), None, None, "nothing happens"),
        (Prediction((), None, abstained=True), None, None, "nobody is there"),
    ],
)
def test_what_is_answered_and_what_is_guessed(prediction, label, best_guess, in_words):
    told = prediction.as_dict()
    assert (prediction.label, told["label"]) == (label, label)
    assert (prediction.best_guess, told["best_guess"]) == (best_guess, best_guess)
    assert (told["score"], told["seen"]) == ((0.5, True) if best_guess else (None, None))
    assert prediction.in_words == in_words
    assert told["unsure"] == prediction.unsure == (prediction.abstained or in_words.startswith("perhaps"))


def test_positions_beyond_comparison_are_refused(on_recordings, clips):
    joints = clips[0].joints * np.float32(1e25)
    with pytest.raises(DataError, match="check that positions are in metres"):
        on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25))


def test_far_from_all_classes_scores_still_sum_to_one(on_features, features):
    for factor in (1e3, 1e5, 1e7):
        [prediction] = on_features.predict_features(features[:1] * np.float32(factor), top_k=None)
        assert sum(entry["score"] for entry in prediction) == pytest.approx(1)


def test_no_clips_no_predictions(on_recordings, on_features):
    assert on_recordings.predict([]) == []
    assert on_recordings.predict_proba([]).shape == (0, len(LABELS))
    assert on_features.predict_features(np.zeros((0, WIDTH), dtype=np.float32)) == []
    with pytest.raises(ConfigError, match="but it is not"):
        on_recordings.predict([], ["fly"])


def test_probabilities_by_column(on_recordings, clips):
    probabilities = on_recordings.predict_proba(clips)
    assert probabilities.shape == (len(clips), len(LABELS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert on_recordings.classes_.tolist() == list(on_recordings.classes)
    np.testing.assert_allclose(probabilities, table(on_recordings, on_recordings.encode(clips)), rtol=1e-12)
    assert on_recordings.predict_proba(clips[0]).shape == (1, len(LABELS))


def test_equal_questions_have_equal_answers(on_recordings, clips):
    assert on_recordings.predict(clips) == on_recordings.predict(clips)
    assert np.array_equal(on_recordings.predict_proba(clips), on_recordings.copy().predict_proba(clips))


@pytest.mark.parametrize(
    "features",
    [
        np.zeros((2, WIDTH + 1), dtype=np.float32),
        np.full((1, WIDTH), np.nan, dtype=np.float32),
        np.full((1, WIDTH), np.inf, dtype=np.float32),
        np.full((1, WIDTH), 1e300),
    ],
)
def test_features_of_another_encoder_are_refused(on_features, features):
    with pytest.raises(DataError, match=f"features should be (of width {WIDTH}, one row per clip|finite)"):
        on_features.predict_features(features)


def test_only_candidates_are_named(on_features, features):
    chosen = ["Clap ", "wave", "CRAWL"]
    for prediction in on_features.predict_features(features, chosen, top_k=None):
        assert {one["label"] for one in prediction} == {"clap", "wave", "crawl"}
        assert sum(one["score"] for one in prediction) == pytest.approx(1)


def test_where_candidates_are_of_one_kind_the_kind_is_not_judged(on_features, features):
    for labels in (SEEN, UNSEEN, ["bow"], ["wave"]):
        for prediction in on_features.predict_features(features, labels, top_k=None):
            assert prediction.p_seen is None
            assert sum(one["score"] for one in prediction) == pytest.approx(1)


def test_the_order_of_candidates_does_not_matter(on_features, features):
    there = on_features.predict_features(features, ["clap", "wave", "bow", "punch"], top_k=None)
    back = on_features.predict_features(features, ["punch", "bow", "wave", "clap"], top_k=None)
    for one, other in zip(there, back, strict=True):
        assert one.label == other.label
        assert one.p_seen == pytest.approx(other.p_seen)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["clap", "strech"], r"'strech' should be one of the 12 classes, but it is not: nearest are 'stretch'"),
        (["zzz"], r"'zzz' should be one of the 12 classes, but it is not: they are clap, bow, "),
        (["clap", "wave", "Clap"], "each candidate should be named once, but 'clap' is named twice"),
        ([], "should be a list of at least one class"),
        ((), "should be a list of at least one class"),
        ("clap", "should be a list of at least one class"),
        ([f"class {k}" for k in range(5000)], "'class 0' should be one of the 12 classes"),
    ],
)
def test_candidates_that_are_none(on_features, features, labels, message):
    with pytest.raises(ConfigError, match=message):
        on_features.predict_features(features, labels)


def test_five_thousand_classes(on_features, features):
    """Prototypes are copies, since encoding is not what is measured."""
    some = on_features.known[-1]
    many = [replace(some, text=ClassText(f"action {k}", "a", "m")) for k in range(5000)]
    large = Recognizer(on_features.parts, [*on_features.known, *many])
    candidates = [f"action {k}" for k in range(5000)]
    [prediction] = large.predict_features(features[:1], candidates, top_k=3)
    assert [one["label"] for one in prediction] == candidates[:3]  # ties in order
    with pytest.raises(ConfigError, match="'action 7' is named twice"):
        large.predict_features(features[:1], [*candidates, "action 7"])
    assert len(large.card) > 5000


def test_a_low_top_score_gives_no_label_if_asked(on_features, features):
    limits = Limits(top=0.6, cosine=-1.0)
    parts = replace(on_features.parts, abstention=Abstention((Thresholds(limits, limits),) * len(BOUNDS)))
    careful = Recognizer(parts, on_features.known)
    predictions = careful.predict_features(features, abstain=True)
    tops = np.array([prediction[0]["score"] for prediction in predictions])
    assert 0 < (tops < 0.6).sum() < len(tops)
    for top, prediction in zip(tops, predictions, strict=True):
        assert prediction.abstained == (top < 0.6)
        assert (prediction.label is None) == prediction.abstained
        assert prediction.as_dict()["label"] == prediction.label
    given = careful.predict_features(features)
    assert not any(prediction.abstained for prediction in given)
    assert [prediction.unsure for prediction in given] == (tops < 0.6).tolist()
    assert all(prediction.label == prediction.best_guess for prediction in given)


def test_threads_get_the_answers_of_a_single_one(on_recordings, clips):
    alone = [on_recordings.predict(clip) for clip in clips]
    fresh = on_recordings.copy()  # nothing is cached yet
    barrier = threading.Barrier(8)

    def ask(clip):
        barrier.wait()
        return [fresh.predict(clip) for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, clips))
    assert answers == [[one] * 3 for one in alone]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda one, clip: one.predict(clip, top_k=2.5), "top_k should be a whole number .* but it is 2.5"),
        (lambda one, clip: one.predict(clip, candidate_labels=[1]), "a class is named by its label, .* but 1 came"),
        (lambda one, clip: one.predict(clip, candidate_labels=1), "candidate_labels should be a list"),
        (lambda one, clip: one.predict_features("x"), "features should be an array of numbers, one row per clip"),
        (lambda one, clip: one.predict_features([[1, 2], [3]]), "features should be an array of numbers"),
        (lambda one, clip: one.predict_proba(5), "clips should be one, or a list .* but 5 came"),
        (lambda one, clip: one.predict(None), "clips should be one, or a list .* but None came"),
        (lambda one, clip: one.encode(5), "clips should be one, or a list"),
        (lambda one, clip: one.explain(clip, 3), "a class is named by its label, .* but 3 came"),
    ],
)
def test_other_types_are_refused(on_recordings, clips, monkeypatch, wrong, message):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as outside of tests
    with pytest.raises(GzssarError, match=message):
        wrong(on_recordings, clips[0])
