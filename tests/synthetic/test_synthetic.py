import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.skeletons.layout import NTU25
from gzssar.synthetic import FPS, SYNTHETIC_SPLIT, SyntheticWorld
from gzssar.synthetic.body import CHANNEL_COUNT, CHANNELS
from gzssar.synthetic.catalogue import ACTIONS
from synthetic_clips import posed, posed_puppets, puppets, small_world

LABELS = SyntheticWorld().labels
HEAD, LEFT_HAND, RIGHT_HAND, RIGHT_FOOT = 3, 7, 11, 19


def clip(label):
    """One noise-free right-handed clip: (C, T, V)."""
    return posed_puppets()[LABELS.index(label), ..., 0]


def bone_lengths(joints):
    return np.stack([np.linalg.norm(joints[:, :, :, c] - joints[:, :, :, p], axis=1) for c, p in NTU25.bones], axis=-1)


def test_the_same_seed_draws_the_same_bytes():
    fields = {"clips_per_class": 2, "frames": 8}
    first, again, other = (SyntheticWorld(seed=seed, **fields).clips() for seed in (3, 3, 4))
    assert first.joints.tobytes() == again.joints.tobytes()
    assert not np.allclose(first.joints, other.joints)


def test_every_clip_is_a_valid_sequence():
    clips = small_world()
    assert clips.joints.shape == (4 * 48, 3, 32, 25, 1)
    assert clips.joints.dtype == np.float32
    for index, sequence in enumerate(clips):
        assert (sequence.label, sequence.subject, sequence.fps) == (index // 4, index % 4, FPS)


def test_performers_stand_before_the_sensor():
    joints = small_world().joints
    assert joints[:, 2].min() > 0.5
    assert 1.2 < (joints[:, 1].max(axis=2) - joints[:, 1].min(axis=2)).mean() < 2.1


def test_bones_keep_their_lengths_without_noise():
    clips = SyntheticWorld(clips_per_class=3, frames=16, noise=0.0).clips()
    lengths = bone_lengths(clips.joints)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), atol=1e-4)
    assert lengths.min() > 0.02


def test_bones_are_as_long_left_as_right():
    lengths = dict(zip(NTU25.bones, bone_lengths(puppets().joints)[0, 0, 0], strict=True))
    order = NTU25.mirror
    for (child, parent), length in lengths.items():
        assert lengths[order[child], order[parent]] == pytest.approx(length, abs=1e-4)


def test_a_left_hander_is_the_mirror_of_a_right_hander():
    clips = SyntheticWorld(clips_per_class=2, frames=16, subject_count=2, noise=0.0, variation=0.0).clips()
    left, right = posed(clips.joints[0::2]), posed(clips.joints[1::2])
    mirrored = left[:, :, :, list(NTU25.mirror)] * np.array([-1, 1, 1]).reshape(1, 3, 1, 1, 1)
    np.testing.assert_allclose(mirrored, right, atol=1e-4)


@pytest.mark.parametrize("label", LABELS)
def test_no_motion_jumps(label):
    phase = np.linspace(0, 1, 400)[None]
    pose = ACTIONS[label].at(phase)
    assert pose.shape == (1, 400, CHANNEL_COUNT)
    assert np.abs(np.diff(pose, axis=1)).max() < 0.06


@pytest.mark.parametrize("label", sorted(set(LABELS) - {"fall down", "sit down", "sit down and drink"}))
def test_most_actions_end_at_rest(label):
    end = ACTIONS[label].at(np.ones((1, 1)))
    end[..., CHANNELS["turn"]] %= 2 * np.pi  # a full turn is rest
    np.testing.assert_allclose(end, 0, atol=1e-9)


def test_actions_do_what_their_texts_say():
    x, y, z = range(3)
    assert np.linalg.norm(clip("drink water")[:, 16, RIGHT_HAND] - clip("drink water")[:, 16, HEAD]) < 0.25
    assert clip("cheer up")[z, :, [LEFT_HAND, RIGHT_HAND]].max(axis=1).min() > clip("cheer up")[z, 0, HEAD]
    assert clip("point to something")[y, 16, RIGHT_HAND] > 0.4
    assert clip("arm circles")[x, 10, RIGHT_HAND] > 0.6
    assert clip("arm circles")[x, 10, LEFT_HAND] < -0.6
    assert clip("side kick")[x, 16, RIGHT_FOOT] > 0.4
    assert clip("kick something")[y, 16, RIGHT_FOOT] > 0.4
    assert clip("sit down")[z, -1, 0] < clip("sit down")[z, 0, 0] - 0.3
    assert clip("pick up")[z, 16, RIGHT_HAND] < clip("pick up")[z, 16, RIGHT_FOOT] + 0.15
    assert clip("jump up")[z, :, RIGHT_FOOT].max() > clip("jump up")[z, 0, RIGHT_FOOT] + 0.2
    assert clip("fall down")[z, -1, HEAD] < clip("fall down")[z, 0, HEAD] - 0.9


def test_distinct_actions_move_distinctly():
    flat = posed_puppets().reshape(len(LABELS), -1)
    apart = np.abs(flat[:, None] - flat[None]).max(axis=2) + np.eye(len(LABELS))
    assert apart.min() > 0.02


def test_the_split_cuts_the_worlds_classes():
    assert SYNTHETIC_SPLIT.class_count == len(LABELS) == 48
    assert len(SYNTHETIC_SPLIT.unseen) == len(SYNTHETIC_SPLIT.validation_unseen) == 8
    assert list(LABELS) == sorted(LABELS)


@pytest.mark.parametrize(
    "fields", [{"clips_per_class": 0}, {"frames": 0}, {"subject_count": 0}, {"noise": -0.1}, {"seed": -1}]
)
def test_a_bad_world_is_refused(fields):
    with pytest.raises(ConfigError, match=f"{next(iter(fields))} (of a synthetic world )?must"):
        SyntheticWorld(**fields)


def test_too_much_variation_is_refused():
    with pytest.raises(ConfigError, match="at most 2"):
        SyntheticWorld(variation=2.5)
