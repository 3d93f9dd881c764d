import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.recognizer import explanation
from gzssar.skeletons.preprocess import frames_shown
from gzssar.skeletons.resampling import resample
from gzssar.skeletons.sequence import SkeletonSequence
from recognizer_world import fitted_on_recordings, recordings, small_encoder


@pytest.fixture(scope="module")
def clip():
    """Twelve frames; the encoder reads eight."""
    return recordings(per_class=1, seed=3).sequence(5)


def shortened(clip, frames):
    return SkeletonSequence(clip.joints[:, :frames], clip.fps, clip.layout)


def with_bodies(clip, *joints):
    return SkeletonSequence(np.concatenate(joints, axis=3), clip.fps, clip.layout)


def shown(clip, frames, bodies=1):
    return frames_shown(clip.joints, frames)[:, :bodies]


def test_shapes_and_ranges(on_recordings, clip):
    for label in ("clap", "wave"):  # seen, unseen
        told = on_recordings.explain(clip, label.upper())
        assert told.label == label
        assert set(told.similarity) == {"label", "action", "motion"}
        assert all(-1 <= value <= 1 for value in told.similarity.values())
        assert told.joints.shape == (25,)
        assert told.frames.shape == (10,)
        for shares in (told.joints, told.frames):
            assert (shares >= 0).all()
            assert shares.sum() == pytest.approx(1) or not shares.any()
        assert told.frame_edges.shape == (11,)
        assert (told.frame_edges[0], told.frame_edges[-1]) == (0, 1)
        assert (np.diff(told.frame_edges) > 0).all()


def test_a_joint_or_a_frame_counts_for_some_class(on_recordings, clip):
    told = [on_recordings.explain(clip, label) for label in on_recordings.classes]
    assert any(one.joints.any() for one in told)
    assert any(one.frames.any() for one in told)


@pytest.mark.parametrize("frames", [1, 3, 8])
def test_short_clips_have_as_many_windows_as_frames(on_recordings, clip, frames):
    told = on_recordings.explain(shortened(clip, frames), "clap")
    assert told.frames.shape == (frames,)
    np.testing.assert_allclose(told.frame_edges, np.linspace(0, 1, frames + 1))


def test_a_clip_of_one_frame_has_nothing_to_hold(on_recordings, clip):
    told = on_recordings.explain(shortened(clip, 1), "clap")
    assert told.joints.max() < 1e-6 or told.joints.sum() == pytest.approx(1)  # held at where it is anyway


def test_an_unknown_class_is_refused(on_recordings, clip):
    with pytest.raises(ConfigError, match="'fly' should be one of the 12 classes"):
        on_recordings.explain(clip, "fly")


def test_repeats_are_hidden_together(clip):
    assert shown(shortened(clip, 3), 8)[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert shown(clip, 12)[:, 0].tolist() == list(range(12))
    assert shown(clip, 5)[:, 0].tolist() == [0, 3, 6, 8, 11]  # a long one is thinned out


def test_frames_without_a_body_are_followed(clip):
    late, brief = clip.joints[:, :4].copy(), clip.joints[:, :4].copy()
    late[:, :2], brief[:, 3:] = 0, 0
    assert shown(with_bodies(clip, late), 6)[:, 0].tolist() == [2, 3, 2, 3, 2, 3]
    assert shown(with_bodies(clip, brief), 6)[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    both = shown(with_bodies(clip, clip.joints[:, :4], late), 6, bodies=2)
    assert both.T.tolist() == [[0, 1, 2, 3, 0, 1], [2, 3, 2, 3, 2, 3]]


@pytest.mark.parametrize("frames", [5, 12, 30])
def test_equal_frames_of_the_clip_are_prepared_alike(clip, frames):
    """What `frames_shown` says is what `prepare` does."""
    joints = clip.joints.copy()
    joints[:, :3] = 0
    late = resample(with_bodies(clip, joints), 30.0)
    prepared, frames_of = small_encoder(frames).prepare(late), shown(late, frames)[:, 0]
    for frame in np.unique(frames_of):
        alike = prepared[:, frames_of == frame]
        np.testing.assert_allclose(alike, np.repeat(alike[:, :1], alike.shape[1], axis=1), atol=1e-6)
    apart = [prepared[:, np.flatnonzero(frames_of == frame)[0]] for frame in np.unique(frames_of)]
    assert len(np.unique(np.stack(apart), axis=0)) == len(apart)


def test_held_frames_stand_at_the_mean():
    prepared = np.arange(12, dtype=np.float32).reshape(1, 6, 2, 1)
    inside = np.array([True, False, False, True, False, False])[:, None]
    held = explanation.frames_held(prepared, inside)
    assert held[0, :, 0, 0].tolist() == [5, 2, 4, 5, 8, 10]
    assert explanation.joint_held(prepared, 1)[0, :, :, 0].tolist() == [[t * 2, 6] for t in range(6)]


def test_motions_of_two_bodies():
    recognizer = fitted_on_recordings(small_encoder(8, 2, "joint motion"))
    clip = recordings(per_class=1, seed=3).sequence(5)
    told = recognizer.explain(with_bodies(clip, clip.joints, clip.joints + 1), "wave")
    assert told.frames.shape == (10,)
    assert told.joints.shape == (25,)
