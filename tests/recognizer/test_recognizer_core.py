import inspect
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError, GzssarError, TextError
from gzssar.recognizer import Prediction, Recognizer
from gzssar.recognizer import recognizer as core
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import ClassText, ClassTexts
from recognizer_world import (
    LABELS,
    SEEN_IDS,
    TEXTS,
    UNSEEN,
    WIDTH,
    clips_of,
    fake_text_encoders,
    recordings,
    small_encoder,
)

SEEN = tuple(LABELS[k] for k in SEEN_IDS)


@pytest.fixture(scope="module")
def features():
    """Clips of all classes, none of which was learned from."""
    return clips_of(range(len(LABELS)), seed=7).features


@pytest.fixture(scope="module")
def clips():
    drawn = recordings(per_class=1, seed=3)
    return [drawn.sequence(k) for k in range(8)]


def table(recognizer, features):
    """Scores as (N, K), columns as in `classes`."""
    predictions = recognizer.predict_features(features, top_k=None)
    columns = {label: k for k, label in enumerate(recognizer.classes)}
    rows = np.zeros((len(features), len(columns)))
    for n, prediction in enumerate(predictions):
        for one in prediction:
            rows[n, columns[one["label"]]] = one["score"]
    return rows


# predictions


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
    with pytest.raises(ConfigError, match="top_k should be at least 1, but it is 0"):
        on_features.predict_features(features, top_k=0)


def test_a_prediction_is_a_sequence_and_goes_into_json(on_features, features):
    [prediction] = on_features.predict_features(features[:1], top_k=2)
    assert isinstance(prediction, Prediction)
    assert len(prediction) == 2
    assert list(prediction) == [prediction[0], prediction[1]]
    assert prediction.as_dict() == {
        "label": prediction[0]["label"],
        "p_seen": prediction.p_seen,
        "abstained": False,
        "warning": None,
        "ranking": list(prediction),
    }


def test_how_it_introduces_itself(on_recordings, on_features):
    assert repr(on_recordings) == "Recognizer(9 seen and 3 unseen classes, from clips, 8 frames each)"
    on_features.add_class("sit")
    assert repr(on_features) == "Recognizer(9 seen and 4 unseen classes, from features)"


@pytest.mark.parametrize(
    ("frames", "warned"), [(1, "1 frame, 0.033 s: too short"), (14, "14 frames, 0.47 s"), (15, "")]
)
def test_a_clip_too_short_to_tell_a_motion_is_answered_with_a_warning(on_recordings, clips, frames, warned):
    joints = np.repeat(clips[0].joints, 2, axis=1)[:, :frames]
    prediction = on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25))
    assert (prediction.warning or "").startswith(warned)
    assert (prediction.warning is None) == (not warned)


def astray(joints):
    lost = joints.copy()
    lost[:, 5, 7] = 20
    return lost


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda joints: joints * 1000, r"unlikely size \(.* m tall: millimetres\?\): positions should be in metres"),
        (lambda joints: joints * np.float32([[[[1]]], [[[1]]], [[[0]]]]), r"A coordinate never changes \(z\)"),
        (astray, r"In 1 frame joints lie more than 3 m apart"),
        (lambda joints: joints * (np.arange(24) % 2).reshape(1, -1, 1, 1), r"Nobody is there in 12 frames of 24"),
        (lambda joints: np.repeat(joints[:, :1], 30, axis=1), r"Nothing moves \(30 frames\)"),
    ],
)
def test_a_clip_that_no_encoder_can_do_much_with_is_answered_with_a_warning(on_recordings, clips, change, said):
    joints = change(np.repeat(clips[0].joints, 2, axis=1)).astype(np.float32)
    assert re.search(said, on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25)).warning)


def test_positions_beyond_comparison_are_refused(on_recordings, clips):
    joints = clips[0].joints * np.float32(1e25)
    with pytest.raises(DataError, match="see that positions are in metres"):
        on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25))


def test_far_from_all_classes_scores_still_sum_to_one(on_features, features):
    for factor in (1e3, 1e5, 1e7):
        [prediction] = on_features.predict_features(features[:1] * np.float32(factor), top_k=None)
        assert sum(entry["score"] for entry in prediction) == pytest.approx(1)


def test_classes_of_a_file(on_features, tmp_path):
    (tmp_path / "more.csv").write_text("label,action,motion\nsit,to sit,knees bend\n")
    on_features.add_classes(tmp_path / "more.csv")
    assert on_features.classes[-1] == "sit"


def test_prepared_clips_are_what_the_encoder_reads(on_recordings, clips):
    prepared = on_recordings.prepare(clips)
    assert prepared.shape == (len(clips), 3, on_recordings.frames, 25, 1)
    assert np.array_equal(on_recordings.encoder.encode(prepared).features, on_recordings.encode(clips))
    assert np.array_equal(on_recordings.prepare(clips[0]), prepared[:1])
    with pytest.raises(DataError, match="there should be a clip to prepare at least"):
        on_recordings.prepare([])


def test_joints_in_an_array_become_a_clip(on_recordings, clips):
    joints = clips[0].joints.transpose(1, 3, 2, 0)  # T M V C
    same = SkeletonSequence.from_frames(joints, "ntu25", clips[0].fps)
    assert on_recordings.predict(same) == on_recordings.predict(clips[0])
    read = inspect.unwrap(core._read)  # past the checks of types that tests alone make
    for wrong in (joints, joints.tolist(), None):
        with pytest.raises(DataError, match=r"should be a path or a SkeletonSequence.* SkeletonSequence\.from_frames"):
            read(wrong)


def test_a_clip_or_a_list_of_clips(on_recordings, clips):
    one, several = on_recordings.predict(clips[0]), on_recordings.predict(clips)
    assert isinstance(one, Prediction)
    assert [prediction.label for prediction in several] == [on_recordings.predict(clip).label for clip in clips]
    assert one.ranking[0]["score"] == pytest.approx(several[0].ranking[0]["score"], rel=1e-4)


def test_a_clip_by_its_path(on_recordings, clips, tmp_path):
    np.savez(
        tmp_path / "clip.npz",
        joints=clips[0].joints[..., 0].transpose(1, 2, 0),
        offsets=np.array([0, clips[0].joints.shape[1]]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    for path in (tmp_path / "clip.npz", str(tmp_path / "clip.npz")):
        assert on_recordings.predict(path) == on_recordings.predict(clips[0])
    assert on_recordings.predict([tmp_path / "clip.npz", clips[0]]) == on_recordings.predict([clips[0], clips[0]])


def test_a_file_of_several_clips_is_refused(on_recordings, clips, tmp_path):
    np.savez(
        tmp_path / "two.npz",
        joints=np.concatenate([clip.joints[..., 0].transpose(1, 2, 0) for clip in clips[:2]]),
        offsets=np.array([0, 12, 24]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    with pytest.raises(DataError, match="should hold one clip, but it holds 2"):
        on_recordings.predict(tmp_path / "two.npz")


def test_no_clips_no_predictions(on_recordings, on_features):
    assert on_recordings.predict([]) == []
    assert on_recordings.predict_proba([]).shape == (0, len(LABELS))
    assert on_features.predict_features(np.zeros((0, WIDTH), dtype=np.float32)) == []
    with pytest.raises(ConfigError, match="is none"):
        on_recordings.predict([], ["fly"])


def test_probabilities_by_column(on_recordings, clips):
    probabilities = on_recordings.predict_proba(clips)
    assert probabilities.shape == (len(clips), len(LABELS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert on_recordings.classes_.tolist() == list(on_recordings.classes)
    np.testing.assert_allclose(probabilities, table(on_recordings, on_recordings.encode(clips)), rtol=1e-12)
    assert on_recordings.predict_proba(clips[0]).shape == (1, len(LABELS))


def test_classes_seen_ones_first(on_features):
    assert on_features.classes == SEEN + UNSEEN
    assert on_features.seen_classes == set(SEEN)
    assert [text.label for text in on_features.texts] == list(on_features.classes)
    assert on_features.texts[0] == TEXTS[SEEN_IDS[0]]


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


def test_a_recognizer_made_from_features_takes_no_clips(on_features, clips):
    assert not on_features.has_encoder
    message = r"was fitted on features and has no skeleton encoder: give it features \(predict_features\)"
    for ask in (on_features.predict, on_features.predict_proba, lambda clip: on_features.explain(clip, "clap")):
        with pytest.raises(DataError, match=message):
            ask(clips[0])


def test_what_the_encoder_reads(on_recordings):
    assert on_recordings.has_encoder
    assert on_recordings.frames == small_encoder().frames


def test_a_malformed_clip_is_refused(on_recordings, clips):
    flat = SkeletonSequence(clips[0].joints[:2], 20.0, NTU25)
    with pytest.raises(DataError):
        on_recordings.predict(flat)
    nobody = SkeletonSequence(np.zeros_like(clips[0].joints), 20.0, NTU25)
    with pytest.raises(DataError, match="first body should be present"):
        on_recordings.predict([clips[0], nobody])


# candidates


def test_only_candidates_are_named(on_features, features):
    chosen = ["Clap ", "wave", "CRAWL"]
    for prediction in on_features.predict_features(features, chosen, top_k=None):
        assert {one["label"] for one in prediction} == {"clap", "wave", "crawl"}
        assert sum(one["score"] for one in prediction) == pytest.approx(1)


def test_candidates_of_one_kind_leave_no_doubt_about_the_kind(on_features, features):
    for labels, p_seen in ((SEEN, 1), (UNSEEN, 0), (["bow"], 1), (["wave"], 0)):
        for prediction in on_features.predict_features(features, labels, top_k=None):
            assert prediction.p_seen == p_seen
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
        (["clap", "strech"], r"'strech' should be one of the 12 classes, but is none: nearest are 'stretch'"),
        (["zzz"], r"'zzz' should be one of the 12 classes, but is none: they are clap, bow, "),
        (["clap", "wave", "Clap"], "each candidate should come once, but 'clap' comes twice"),
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
    started = time.perf_counter()
    [prediction] = large.predict_features(features[:1], candidates, top_k=3)
    assert [one["label"] for one in prediction] == candidates[:3]  # ties in order
    with pytest.raises(ConfigError, match="'action 7' comes twice"):
        large.predict_features(features[:1], [*candidates, "action 7"])
    assert len(large.card) > 5000
    assert time.perf_counter() - started < 10


# abstaining


def test_a_low_top_score_gives_no_label_if_asked(on_features, features):
    decision = on_features.parts.decision
    calibration = replace(decision.calibration, abstain_below=0.6)
    parts = replace(on_features.parts, decision=replace(decision, calibration=calibration))
    careful = Recognizer(parts, on_features.known)
    assert careful.abstain_below == 0.6
    predictions = careful.predict_features(features, abstain=True)
    tops = np.array([prediction[0]["score"] for prediction in predictions])
    assert 0 < (tops < 0.6).sum() < len(tops)
    for top, prediction in zip(tops, predictions, strict=True):
        assert prediction.abstained == (top < 0.6)
        assert (prediction.label is None) == prediction.abstained
        assert prediction.as_dict()["label"] == prediction.label
    assert not any(prediction.abstained for prediction in careful.predict_features(features))


# classes come and go


def test_a_class_comes_back_as_it_was(on_features, features):
    before, centre = table(on_features, features), on_features.known[-1].centre
    on_features.remove_class("stretch")
    assert "stretch" not in on_features.classes
    assert all(one["label"] != "stretch" for p in on_features.predict_features(features, top_k=None) for one in p)
    on_features.add_class("stretch", "to stretch", "the body will stretch")
    assert on_features.classes[-1] == "stretch"
    np.testing.assert_allclose(on_features.known[-1].centre, centre, atol=1e-5)
    np.testing.assert_allclose(table(on_features, features), before, atol=1e-5)


def test_an_added_class_counts_at_once(on_features):
    on_features.remove_class("punch")
    clips = clips_of([LABELS.index("punch")], seed=8).features
    assert all(prediction.label != "punch" for prediction in on_features.predict_features(clips))
    on_features.add_class("  punch ", action="to punch", motion="the body will punch")
    predictions = on_features.predict_features(clips, UNSEEN)
    assert np.mean([prediction.label == "punch" for prediction in predictions]) > 0.8
    assert not predictions[0][0]["seen"]
    assert on_features.texts.index("punch") == len(LABELS) - 1


def test_the_label_stands_in_for_missing_texts(on_features):
    on_features.add_class(" sit down")
    on_features.add_class("Sit down 2", "sit down", "sit down")
    short, long = on_features.known[-2:]
    assert short.text == ClassText("sit down", None, None)
    np.testing.assert_array_equal(short.tables[1], long.tables[1])
    np.testing.assert_array_equal(short.tables[2], long.tables[2])
    assert on_features.texts[-1].motion == "sit down"


@pytest.mark.parametrize("label", ["clap", "CLAP", " c l a p "])
def test_a_class_that_is_there_is_not_added(on_features, label):
    with pytest.raises(ConfigError, match=r"there is a class .* already: remove it first"):
        on_features.add_class(label, "a", "m")
    assert on_features.classes == SEEN + UNSEEN


@pytest.mark.parametrize(
    ("label", "motion"), [("", "m"), ("  ", "m"), ("sit", " "), ("sit", "bell \x07"), ("sit\x07", "m")]
)
def test_texts_nobody_can_read_are_refused(on_features, label, motion):
    with pytest.raises(TextError):
        on_features.add_class(label, "a", motion)
    assert on_features.classes == SEEN + UNSEEN


def test_a_table_of_classes_is_added_or_none_of_it(on_features):
    new = (ClassText("sit", "to sit", "knees bend"), ClassText("stand", None, "knees straighten"))
    for wrong in (
        ClassText("Wave", "a", "m"),
        ClassText(None, "a", "m"),
        ClassText("SIT"),
        ClassText("x", "a", "\x07"),
    ):
        with pytest.raises(GzssarError):
            on_features.add_classes(ClassTexts((*new, wrong)))
        assert on_features.classes == SEEN + UNSEEN
    on_features.add_classes(ClassTexts(new))
    assert on_features.classes == (*SEEN, *UNSEEN, "sit", "stand")


def test_seen_and_unseen_classes_are_removed(on_features, features):
    on_features.remove_class("CLAP")
    on_features.remove_class("wave")
    assert on_features.classes == SEEN[1:] + UNSEEN[1:]
    np.testing.assert_allclose(table(on_features, features).sum(axis=1), 1)
    with pytest.raises(ConfigError, match="'clap' should be one of the 10 classes"):
        on_features.remove_class("clap")


def test_one_kind_of_class_may_be_left_and_one_class(on_features, features):
    only_unseen, only_seen = on_features.copy(), on_features.copy()
    for label in SEEN:
        only_unseen.remove_class(label)
    for label in UNSEEN:
        only_seen.remove_class(label)
    for recognizer, p_seen in ((only_unseen, 0), (only_seen, 1)):
        assert {prediction.p_seen for prediction in recognizer.predict_features(features)} == {p_seen}
        np.testing.assert_allclose(table(recognizer, features).sum(axis=1), 1)
    only_unseen.remove_class("wave")
    only_unseen.remove_class("punch")
    assert only_unseen.predict_features(features[:1])[0].ranking == ({"label": "stretch", "score": 1.0, "seen": False},)
    with pytest.raises(ConfigError, match="needs a class to answer with, but 'stretch' is the last one"):
        only_unseen.remove_class("stretch")


def test_a_copy_has_classes_of_its_own(on_features):
    other = on_features.copy()
    other.remove_class("wave")
    other.add_class("sit")
    on_features.remove_class("clap")
    assert on_features.classes == SEEN[1:] + UNSEEN
    assert other.classes == (*SEEN, "punch", "stretch", "sit")
    assert other.parts is on_features.parts


def test_another_revision_of_the_text_encoder_is_refused(on_features):
    with fake_text_encoders("fake 2"), pytest.raises(DataError, match=r"in revision 'fake 1', .* here it is 'fake 2'"):
        Recognizer(replace(on_features.parts), on_features.known).add_class("sit")


# threads


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
