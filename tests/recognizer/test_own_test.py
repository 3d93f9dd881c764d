"""A recognizer that is asked about labelled clips, and calibrated anew by them."""

import numpy as np
import pytest

from gzssar.decision.abstention import BOUNDS
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.evidence import Evidence
from gzssar.decision.gate import Gate
from gzssar.errors import ConfigError, DataError
from gzssar.methods.method import ClassScores
from gzssar.own_test import scores_of
from gzssar.recognizer import Recognizer
from gzssar.recognizer.held_out import held_out_answers
from gzssar.recognizer.own_test import is_silent
from gzssar.skeletons.moving import find_action
from recognizer_world import LABELS, SUBJECTS, UNSEEN, clips_of, table


def labelled(ids=tuple(range(12)), seed=7):
    """Features of clips, what their classes are called, and who performs."""
    clips = clips_of(ids, seed=seed)
    return clips.features, [LABELS[k] for k in clips.labels], clips.subjects.tolist()


def test_the_answers_are_those_of_predict(on_features):
    features, labels, subjects = labelled()
    test = on_features.evaluate_features(features, labels, subjects, most_wrong=0.1)
    np.testing.assert_allclose(test.scores, table(on_features, features))
    predictions = on_features.predict_features(features, abstain=True, most_wrong=0.1)
    assert test.given.tolist() == [one.label is not None for one in predictions]
    assert [test.classes[k] for k in test.best] == [one.best_guess for one in predictions]
    assert test.right.tolist() == [one.best_guess == label for one, label in zip(predictions, labels, strict=True)]
    np.testing.assert_array_equal(test.given_at[BOUNDS.index(0.1)], test.given)
    assert scores_of(test).estimates["unseen_accuracy"].value == np.mean(
        [one.best_guess == label for one, label in zip(predictions, labels, strict=True) if label in UNSEEN]
    )
    assert len(scores_of(test).performers) == SUBJECTS


def test_classes_are_matched_whatever_their_case_and_spaces(on_features):
    features, labels, _ = labelled(ids=[0, 1])
    test = on_features.evaluate_features(features, [f" {label.upper()}_" for label in labels])
    assert [test.classes[k] for k in test.truth] == labels
    assert test.called[0] == " CLAP_"


def test_clips_of_recordings_are_answered_as_predict_does(on_recordings, clips):
    labels = list(on_recordings.classes[: len(clips)])
    test = on_recordings.evaluate(clips, labels, [1] * len(clips))
    predictions = on_recordings.predict(clips, abstain=True)
    assert test.given.tolist() == [one.label is not None for one in predictions]
    np.testing.assert_allclose(test.top, [one[0]["score"] for one in predictions], rtol=1e-5)
    assert test.clips == tuple(clip.name or f"clip {n}" for n, clip in enumerate(clips))


def test_a_clip_in_which_nobody_moves_gets_no_answer(on_recordings, clips):
    still = clips[0].part(0, 1)
    still = type(still)(np.repeat(still.joints, 60, axis=1), still.fps, still.layout, name="still")
    assert is_silent(find_action(still).clip)
    test = on_recordings.evaluate([still, clips[1]], list(on_recordings.classes[:2]), most_wrong=0.9)
    assert test.silent.tolist()[0] is True
    assert not test.given_at[:, 0].any()
    assert scores_of(test).silent == int(test.silent.sum())


def test_classes_that_the_recognizer_has_never_heard_of(on_features):
    features, labels, _ = labelled(ids=[0, 1])
    with pytest.raises(
        DataError,
        match=r"it has none of 'klap', 'weave': give them the names of the recognizer's classes \(nearest "
        r"are 'clap'",
    ):
        on_features.evaluate_features(features, ["klap" if label == "clap" else "weave" for label in labels])
    test = on_features.evaluate_features(features, [label.replace("clap", "klap") for label in labels])
    assert test.is_known.tolist() == [label != "clap" for label in labels]
    [strange] = scores_of(test).strange_classes
    assert (strange.called, strange.near, strange.clips) == ("klap", "clap", labels.count("clap"))
    assert strange.answered == test.given[~test.is_known].sum()


def test_one_clip_no_clip_and_too_few_labels(on_features, on_recordings):
    features, labels, _ = labelled()
    assert scores_of(on_features.evaluate_features(features[:1], labels[:1])).clips == 1
    with pytest.raises(DataError, match="needs at least one labelled clip"):
        on_features.evaluate_features(features[:0], [])
    with pytest.raises(DataError, match="needs at least one labelled clip"):
        on_recordings.evaluate([], [])
    with pytest.raises(DataError, match="one of labels per clip, but 1 came for 2 clips"):
        on_features.evaluate_features(features[:2], labels[:1])
    with pytest.raises(ConfigError, match="share of wrong answers"):
        on_features.evaluate_features(features, labels, most_wrong=0.0)


def test_a_calibration_suits_clips_that_are_unlike_the_others(on_features, tmp_path):
    """Clips with far more noise are wrong more often than the recognizer thinks, until they calibrate it."""
    rng = np.random.default_rng(0)
    features, labels, subjects = labelled()
    features = (features + 0.6 * rng.normal(size=features.shape)).astype(np.float32)
    test = on_features.evaluate_features(features, labels, subjects)
    new = on_features.recalibrated(test, "noisy.npz")
    assert new.parts.decision.calibration != on_features.parts.decision.calibration
    after = scores_of(new.evaluate_features(features, labels, subjects))
    assert after.calibration_error < scores_of(test).calibration_error
    wrong = [one.wrong for one in after.bounds if one.wrong is not None]
    assert wrong
    assert all(one.wrong is None or one.wrong <= one.most_wrong for one in after.bounds)
    new.save(tmp_path / "new")
    again = Recognizer.load(tmp_path / "new")
    assert again.parts.decision.calibration == new.parts.decision.calibration
    assert again.parts.abstention == new.parts.abstention
    assert "Numbers of clips: 72 of seen, 24 of unseen and 0 of unknown classes" in " ".join(again.card.split())
    assert "Recalibrated" not in on_features.card


def test_a_calibration_heeds_clips_of_classes_that_the_recognizer_lacks(on_features):
    """They lie where some classes are, so an answer near these is right less often than it seems without them."""
    features, labels, subjects = labelled()
    strange = clips_of(range(len(LABELS)), seed=8).features
    both = np.concatenate([features, strange]), [*labels, *["strange"] * len(strange)]
    alone = on_features.recalibrated(on_features.evaluate_features(features, labels, subjects))
    heeding = on_features.recalibrated(on_features.evaluate_features(*both))
    given = [one.evaluate_features(*both).given_at[BOUNDS.index(0.1)].mean() for one in (alone, heeding)]
    assert given[1] < given[0]
    assert heeding.parts.about["recalibrated"]["unknown"] == len(strange)


def test_a_calibration_needs_clips_of_both_kinds_and_of_this_recognizer(on_features):
    features, labels, _ = labelled(ids=[0, 2, 3])
    test = on_features.evaluate_features(features, labels)
    with pytest.raises(ConfigError, match="there are 24 and 0: add clips of unseen classes"):
        on_features.recalibrated(test)
    features, labels, _ = labelled()
    test = on_features.evaluate_features(features, labels)
    on_features.remove_class("wave")
    with pytest.raises(ConfigError, match="evaluate it again"):
        on_features.recalibrated(test)


def test_what_is_added_to_cosines_before_classes_compete_is_no_part_of_the_cosine():
    """Seen class 1 has the higher cosine; class 0 wins by what is added to it, and its own cosine is told."""
    cosines = ClassScores(np.array([[0.5, 0.6], [0.1, 0.2]]), np.array([[0.0], [0.9]]))
    gate = Gate(np.zeros(2), np.ones(2), np.array([9.0, -9.0]), 0.0)
    one = Evidence(cosines, np.array([True, False]), np.array([0, 0]))
    answered = held_out_answers(one, Decision(gate, Calibration(0.1, 0.1)), np.array([0.2, 0.0])).known
    np.testing.assert_allclose(answered.cosine, [0.5, 0.9])
    assert answered.right.tolist() == [True, True]


def test_a_calibration_where_one_class_alone_is_unseen(on_features):
    for label in UNSEEN[1:]:
        on_features.remove_class(label)
    features, labels, subjects = labelled(ids=[0, 1, 2, 3] * 2)
    new = on_features.recalibrated(on_features.evaluate_features(features, labels, subjects))
    assert new.evaluate_features(features, labels).given_at[-1].any()
