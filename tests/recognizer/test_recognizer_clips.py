"""Recordings that a recognizer takes, doubts or refuses."""

import inspect
import re
from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import DataError
from gzssar.recognizer import Prediction
from gzssar.recognizer.clips import as_clip
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from recognizer_world import (
    small_encoder,
)


def astray(joints):
    lost = joints.copy()
    lost[:, 5, 7] = 20
    return lost


@pytest.mark.parametrize(
    ("frames", "warned"),
    [(1, "It has 1 frame and lasts 0.033 s, which is"), (14, "It has 14 frames and lasts 0.47 s"), (15, "")],
)
def test_a_clip_too_short_to_tell_a_motion_is_answered_with_a_warning(on_recordings, clips, frames, warned):
    joints = np.repeat(clips[0].joints, 2, axis=1)[:, :frames]
    prediction = on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25))
    told = [doubt.sentence for doubt in prediction.warning if doubt.code == "too-short"]
    assert len(told) == bool(warned)
    assert not warned or told[0].startswith(warned)


def test_a_clip_too_short_to_tell_a_motion_gets_no_label_on_request(on_recordings, clips):
    clip = SkeletonSequence(np.repeat(clips[0].joints, 2, axis=1)[:, :1], 30.0, NTU25)
    guess = on_recordings.predict(clip, most_wrong=0.99)
    assert (guess.label, guess.unsure, guess.in_words) == (guess.best_guess, True, f"perhaps {guess.label}")
    unsure = on_recordings.predict(clip, abstain=True, most_wrong=0.99)
    assert (unsure.label, unsure.abstained, unsure.best_guess) == (None, True, unsure[0]["label"])


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            lambda joints: joints * 1000,
            "scale",
            r"unlikely size \(.* m tall, perhaps in millimetres\): positions should be in metres",
        ),
        (lambda joints: joints * np.float32([[[[1]]], [[[1]]], [[[0]]]]), "flat", r"A coordinate never changes \(z\)"),
        (astray, "astray", r"In 1 frame, joints are more than 3 m apart"),
        (
            lambda joints: joints * (np.arange(24) % 2).reshape(1, -1, 1, 1),
            "absent",
            r"Nobody is there in \d+ of \d+ frames",
        ),
        (lambda joints: np.repeat(joints[:, :1], 30, axis=1), "nothing-happens", r"Nothing is happening"),
        (lambda joints: joints * np.float32([-1, 1, 1])[:, None, None, None], "mirrored", r"the toes point backwards"),
    ],
)
def test_a_clip_that_no_encoder_can_do_much_with_is_answered_with_a_warning(on_recordings, clips, change, code, said):
    joints = change(np.repeat(clips[0].joints, 2, axis=1)).astype(np.float32)
    warning = dict(on_recordings.predict(SkeletonSequence(joints, 30.0, NTU25)).warning)
    assert re.search(said, warning[code])


def test_where_nobody_moves_nothing_is_named(on_recordings, clips):
    still = SkeletonSequence(np.repeat(clips[0].joints[:, :1], 30, axis=1), 30.0, NTU25)
    prediction = on_recordings.predict(still)
    assert (prediction.label, prediction.resting) == (None, True)
    assert [doubt.code for doubt in prediction.warning] == ["nothing-happens"]
    assert prediction.as_dict()["resting"] is True
    asked = on_recordings.predict(still, trim=False)
    assert (asked.label, asked.resting) == (asked[0]["label"], False)


def test_a_bystander_does_not_change_the_answer(on_recordings, clips):
    clip = clips[0]
    other = np.repeat(clips[1].joints[:, :1], clip.joints.shape[1], axis=1) + np.float32([1, 0, 0])[:, None, None, None]
    watched = replace(clip, joints=np.concatenate([other, clip.joints], axis=3))
    np.testing.assert_array_equal(on_recordings.encode(watched), on_recordings.encode(clip))
    warning = dict(on_recordings.predict(watched).warning)
    assert "bodies-left-out" in warning
    assert "bodies-unread" not in warning


def test_whom_an_encoder_of_one_body_does_not_read_is_told(on_recordings, clips):
    clip, other = clips[0], clips[1].joints[:, : clips[0].joints.shape[1]] + np.float32([1, 0, 0])[:, None, None, None]
    both = replace(clip, joints=np.concatenate([other, clip.joints], axis=3))
    warning = dict(on_recordings.predict(both).warning)
    said = "The model reads 1 person, but 2 are there: the answer is about the one who moves most."
    assert warning["bodies-unread"] == said
    assert "bodies-unread" not in dict(on_recordings.predict(clip).warning)


def test_prepared_clips_are_what_the_encoder_reads(on_recordings, clips):
    prepared = on_recordings.prepare(clips)
    assert prepared.shape == (len(clips), 3, on_recordings.frames, 25, 1)
    assert np.array_equal(on_recordings.encoder.encode(prepared).features, on_recordings.encode(clips))
    assert np.array_equal(on_recordings.prepare(clips[0]), prepared[:1])
    with pytest.raises(DataError, match="there should be at least one clip to prepare"):
        on_recordings.prepare([])


def test_joints_in_an_array_become_a_clip(on_recordings, clips):
    joints = clips[0].joints.transpose(1, 3, 2, 0)  # T M V C
    same = SkeletonSequence.from_frames(joints, "ntu25", clips[0].fps)
    assert on_recordings.predict(same) == on_recordings.predict(clips[0])
    read = inspect.unwrap(as_clip)  # past the checks of types that tests alone make
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


def test_a_folder_is_told_how_to_be_read(on_recordings, tmp_path):
    for folder in (tmp_path, str(tmp_path)):
        with pytest.raises(DataError, match=r"is a folder: read its clips with read_clips\(open_clips\(folder\)\)"):
            on_recordings.predict(folder)


def test_missing_joints_are_told_how_to_be_filled():
    frames = np.zeros((4, 25, 3))
    frames[2, 3] = np.nan
    with pytest.raises(DataError, match=r"fill the gaps \(gzssar\.skeletons\.preprocess\.fill_gaps\)"):
        SkeletonSequence.from_frames(frames, "ntu25", 30.0)
