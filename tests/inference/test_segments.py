import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer, posed
from gzssar.errors import ConfigError
from gzssar.inference.segments import AT_REST, NOBODY, Stretch, clock, find_segments, slide as slide_over_actions
from gzssar.inference.timeline import save_timeline, timeline
from gzssar.recognizer import Prediction
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import NTU25

slide = partial(slide_over_actions, split=False)
"""The fake looks at poses that stand still."""


def answer(clips):
    return FakeRecognizer().predict(clips, abstain=True)


def stretch(start, end, prediction):
    return Stretch(float(start), float(end), prediction)


def found(label, score=0.5, p_seen=0.5, abstained=False, seen=True):
    return Prediction(({"label": label, "score": score, "seen": seen},), p_seen, abstained)


def labels(stretches):
    return [one.prediction.label for one in stretches]


def test_neighbours_of_one_label_are_one_segment():
    stretches = [
        stretch(0, 1, found("wave", 0.4, 0.9)),
        stretch(1, 2, found("wave", 0.6, 0.7)),
        stretch(2, 3, found("jump", seen=False)),
        stretch(3, 4, found("wave", abstained=True)),
        stretch(4, 5, NOBODY),
        stretch(5, 6, found("jump", seen=False)),
    ]
    segments = find_segments(stretches)
    first = segments[0].prediction
    assert (first.ranking, first.p_seen) == (found("wave").ranking, pytest.approx(0.8))
    assert [(one.start, one.end, one.windows) for one in segments] == [(0, 2, 2), *((k, k + 1, 1) for k in range(2, 6))]
    assert labels(segments) == ["wave", "jump", None, None, "jump"]
    told = [one.prediction.in_words for one in segments]
    assert told == ["wave", "jump", "perhaps wave", "nobody is there", "jump"]


def test_neighbours_that_are_unsure_alike_are_one_segment():
    guesses = [found("jog", score, abstained=True) for score in (0.4, 0.3)] + [found("walk", abstained=True)]
    jog, walk = find_segments([stretch(k, k + 1, guess) for k, guess in enumerate(guesses)])
    assert (jog.start, jog.end, jog.windows) == (0, 2, 2)
    row = jog.as_dict()
    assert (row["label"], row["best_guess"], row["score"], row["abstained"]) == (None, "jog", 0.35, True)
    assert walk.prediction.best_guess == "walk"


@pytest.mark.parametrize(("sure", "unsure"), [(2, False), (1, True), (0, True)])
def test_a_segment_is_unsure_if_half_of_its_windows_are(sure, unsure):
    windows = [replace(found("jog"), unsure=k >= sure) for k in range(3 if sure == 2 else 2)]
    (only,) = find_segments([stretch(k, k + 1, one) for k, one in enumerate(windows)])
    assert (only.prediction.label, only.as_dict()["unsure"]) == ("jog", unsure)


def test_runners_up_of_a_segment_are_means():
    def ranked(**scores):
        return Prediction(tuple({"label": k, "score": v, "seen": True} for k, v in scores.items()), None)

    (only,) = find_segments([stretch(0, 1, ranked(wave=0.6, jump=0.4)), stretch(1, 2, ranked(wave=0.5, bow=0.5))])
    ranking = [(one["label"], one["score"]) for one in only.prediction]
    assert ranking == [("wave", 0.55), ("bow", 0.25)]  # as many as a window has
    assert only.prediction.p_seen is None


def test_a_moment_of_movement_between_two_pauses_is_a_segment():
    stretches = [stretch(0, 2, AT_REST), stretch(2, 2.3, found("wave")), stretch(2.3, 4, AT_REST)]
    assert labels(find_segments(stretches)) == [None, "wave", None]


def test_windows_tile_the_recording():
    clip = posed(*[0.3] * 60, *[-0.3] * 47)  # 2 s up, then down
    stretches = slide(clip, answer, window=1.0, stride=0.2)
    assert stretches[0].start == 0
    assert stretches[-1].end == pytest.approx(107 / 30)
    assert all(before.end == after.start for before, after in pairwise(stretches))
    up, down = find_segments(stretches)
    assert labels([up, down]) == ["raise hand", "lower hand"]
    assert up.end == down.start == pytest.approx(2, abs=0.15)
    assert up.as_dict()["score"] == down.as_dict()["score"] == 0.5


def test_the_last_window_ends_with_the_recording():
    lengths = []

    def note(clips):
        lengths.extend(clip.joints.shape[1] for clip in clips)
        return answer(clips)

    stretches = slide(posed(*[0.3] * 100), note, window=1.0)
    assert lengths == [30] * 6  # from frames 0, 15, 30, 45, 60 and 70
    assert len(stretches) == 6


@pytest.mark.parametrize("window", [2.0, 3.5, 1e308])
def test_a_window_as_long_as_the_clip_or_longer_is_one(window):
    (only,) = slide(posed(*[0.3] * 60), answer, window)
    assert (only.start, only.end, only.prediction.label) == (0, 2, "raise hand")


def test_a_window_shorter_than_a_frame_is_one_frame():
    assert len(slide(posed(*[0.3] * 5), answer, window=0.001)) == 5


def test_nobody_is_a_segment():
    clip = posed(*[0.3] * 30, *[None] * 60, *[0.3] * 30)
    stretches = slide(clip, answer, window=0.5, stride=0.5)
    assert labels(stretches) == ["raise hand"] * 2 + [None] * 4 + ["raise hand"] * 2
    assert [(s.start, s.end) for s in find_segments(stretches)] == [(0, 1), (1, 3), (3, 4)]
    assert find_segments(stretches)[1].prediction == NOBODY


def test_pauses_part_a_recording_into_rest_and_nobody():
    heights = waving(2, False) + [0.4] * 30 + [None] * 60 + waving(2, False) + [None] * 7 + waving(2, False)
    stretches = slide_over_actions(with_arm(*heights), lambda clips: [found("wave") for _ in clips], window=2.0)
    segments = find_segments(stretches)
    told = [(one.prediction.in_words, one.start, one.end) for one in segments]
    near = partial(pytest.approx, abs=0.35)
    assert told == [
        ("wave", 0, near(2)),
        ("nothing happens", near(2), 3),
        ("nobody is there", 3, 5),
        ("wave", 5, near(9)),  # who is lost for .25 s is still there
    ]


def test_a_body_that_is_absent_from_a_window_is_left_out():
    one = posed(*[0.3] * 20).joints
    both = np.concatenate([np.where(np.arange(20)[:, None, None] < 10, one, 0), one], axis=3)
    stretches = slide(posed(*[0.3] * 20).__class__(both, 30.0, posed(0.1).layout), answer, window=1 / 3)
    assert set(labels(stretches)) == {"raise hand"}


def test_windows_go_in_batches_and_steps_are_told():
    fake, told = FakeRecognizer(), []
    slide(posed(*[0.3] * 70), lambda clips: fake.predict(clips), 1.0, 1 / 3, 2, lambda *step: told.append(step))
    assert fake.batches == [2, 2, 1]
    assert told == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("window", "stride"),
    [(0, None), (-1, None), (math.nan, None), (math.inf, 1), (1, 0), (1, -1), (1, math.nan), (1, 2)],
)
def test_nonsense_is_refused(window, stride):
    with pytest.raises(ConfigError, match="a window should be a positive number of seconds"):
        slide(posed(0.3), answer, float(window), None if stride is None else float(stride))


@pytest.mark.parametrize("seconds", [9.0, 90.0, 1000.0, 20000.0])
def test_timelines_of_any_length(tmp_path, seconds):
    labels = [f"class {k} of {'many ' * k}words" for k in range(9)]
    every = [found(label, seen=bool(k % 3)) for k, label in enumerate(labels)] + [
        NOBODY,
        found("wave", abstained=True),
        AT_REST,
        found("jog"),
    ]
    edges = np.linspace(0, seconds, len(every) + 1)
    stretches = [Stretch(*times) for times in zip(edges[:-1].tolist(), edges[1:].tolist(), every, strict=True)]
    figure = timeline(stretches, find_segments(stretches), "a" * 300)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 13
    assert [text.split("  ")[0] for text in texts[-4:]] == ["– nobody is there", "– unsure", "– nothing happens", "jog"]
    assert len(figure.axes[1].get_xticks()) < 15


def test_a_timeline_hatches_what_is_unsure():
    stretches = [stretch(0, 4, found("jog", abstained=True)), stretch(4, 8, found("wave", abstained=True))]
    figure = timeline(stretches, find_segments(stretches), "clip")
    bars, curve = figure.axes
    assert [bar.get_hatch() for bar in bars.patches] == ["//////"] * 2
    assert [text.get_text() for text in bars.texts] == ["perhaps jog", "perhaps wave"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["– unsure  0:08.0"]
    assert not curve.patches  # no band says that a threshold lies at one half


def test_a_timeline_says_where_the_gate_has_nothing_to_judge():
    stretches = [stretch(0, 2, found("jog", p_seen=None))]
    curve = timeline(stretches, find_segments(stretches), "clip").axes[1]
    assert "not judged" in [text.get_text() for text in curve.texts]


def test_a_timeline_shows_each_window_between_two_pauses():
    stretches = [stretch(k, k + 1, AT_REST if k % 2 else found("wave")) for k in range(500)]
    (line,) = timeline(stretches, find_segments(stretches), "clip").axes[1].lines
    assert np.isfinite(line.get_ydata()).sum() == 250  # none beside another: without dots nothing would be drawn
    assert (line.get_marker(), line.get_markersize()) == (".", 1.5)


def test_a_timeline_without_answers(tmp_path):
    path = tmp_path / "deep" / "timeline.png"
    stretches = [stretch(0, 2, NOBODY)]
    save_timeline(stretches, find_segments(stretches), "$nobody$ 没有人", path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_colours_tell_seen_from_unseen():
    stretches = [stretch(0, 1, found("wave")), stretch(1, 2, found("jump", seen=False))]
    figure = timeline(stretches, find_segments(stretches), "clip")
    (wave, jump) = [patch.get_facecolor() for patch in figure.legends[0].get_patches()]
    assert wave[2] > wave[0]  # blue
    assert jump[0] > jump[2]  # vermilion


def waving(seconds, still):
    """Heights of a left hand that stays up, or goes up and down, at 30 frames per second."""
    time = np.arange(round(seconds * 30)) / 30
    return (0.4 + (0.0 if still else 0.25) * np.sin(2 * np.pi * 1.5 * time)).tolist()


def with_arm(*heights):
    """A clip whose left wrist, hand tip and thumb go with the hand: a single joint that moves is a sensor's fault."""
    clip = posed(*heights)
    joints = clip.joints.copy()
    for joint in ("left wrist", "left hand tip", "left thumb"):
        joints[:, :, NTU25.joint_names.index(joint)] = joints[:, :, NTU25.joint_names.index("left hand")]
    return replace(clip, joints=joints)


def test_stillness_splits_a_recording():
    heights = waving(2, True) + waving(3, False) + waving(2, True) + waving(3, False) + waving(2, True)
    asked = []

    def note(clips):
        asked.extend(clip.joints.shape[1] for clip in clips)
        return answer(clips)

    stretches = slide_over_actions(with_arm(*heights), note, window=2.0)
    assert all(before.end == after.start for before, after in pairwise(stretches))
    before, first, between, second, after = find_segments(stretches)
    assert {one.prediction for one in (before, between, after)} == {AT_REST}
    for segment, start in ((first, 2), (second, 7)):
        assert segment.prediction.label == "raise hand"
        assert segment.start == pytest.approx(start, abs=0.35)
        assert segment.end == pytest.approx(start + 3, abs=0.35)
    assert sum(asked) < 2 * 2 * 3.7 * 30  # stillness is not recognized


def test_a_recording_in_which_nobody_moves_is_one_segment():
    (only,) = find_segments(slide_over_actions(with_arm(*waving(4, True)), lambda clips: [], window=1.0))
    assert (only.start, only.end, only.prediction) == (0, pytest.approx(4), AT_REST)


def test_a_window_at_rest_is_like_any_rest():
    def resting(clips):
        return [replace(found("wave"), resting=True, warning=(Doubt("nothing-happens", "…"),)) for _ in clips]

    assert [one.prediction for one in slide(posed(*[0.3] * 60), resting, window=2.0)] == [AT_REST]


def test_a_moment_of_rest_does_not_split():
    heights = waving(2, False) + [0.4] * 12 + waving(2, False)  # .4 s
    stretches = slide_over_actions(with_arm(*heights), answer, window=1.0)
    assert len(find_segments(stretches)) == 1


def test_short_answers_within_a_longer_one_do_not_part_it():
    stretches = [
        stretch(0, 1, found("wave")),
        stretch(1, 1.25, found("jump")),
        stretch(1.25, 3, found("wave")),
        stretch(3, 3.4, found("jump")),
    ]
    first, last = find_segments(stretches)
    assert (first.start, first.end, first.prediction.label, first.windows) == (0, 3, "wave", 2)
    assert (last.start, last.end, last.prediction.label) == (3, 3.4, "jump")


def test_times_of_the_frames_are_the_times_of_the_segments():
    clip = posed(*[0.3] * 30)
    late = np.arange(30) / 10.0 + np.where(np.arange(30) < 15, 0, 2.0)  # 10 frames per second, and 2 s of nothing
    stretches = slide(replace(clip, fps=10.0, times=late), answer, window=1.0)
    assert stretches[-1].end == pytest.approx(5.0)
    lengths = [stretch.end - stretch.start for stretch in stretches]
    assert max(lengths) < 1  # windows of a second, half a second apart


def test_doubts_of_windows_are_told_once_each():
    doubted = replace(found("wave"), warning=(Doubt("too-short", "0.1 s"), Doubt("jumps", "1 frame")))
    again = replace(found("wave"), warning=(Doubt("too-short", "0.2 s"),))
    (only,) = find_segments([stretch(0, 1, doubted), stretch(1, 2, again)])
    assert {doubt.code: doubt.sentence for doubt in only.prediction.warning} == {
        "too-short": "0.1 s",
        "jumps": "1 frame",
    }


def test_the_length_of_a_window_is_no_doubt():
    doubts = (Doubt("unlike-training-length", "2 s"), Doubt("too-long", "12 s"), Doubt("jumps", "1 frame"))

    def doubting(clips):
        return [replace(found("wave"), warning=doubts) for _ in clips]

    (only,) = find_segments(slide(posed(*[0.3] * 60), doubting, window=1.0))
    assert only.prediction.warning == doubts[2:]


@pytest.mark.parametrize(
    ("seconds", "told", "whole"),
    [
        (0.0, "0:00.0", "0:00"),
        (3.25, "0:03.2", "0:03"),
        (59.96, "1:00.0", "1:00"),
        (754.5, "12:34.5", "12:34"),
        (3599.97, "1:00:00.0", "1:00:00"),
        (3725.0, "1:02:05.0", "1:02:05"),
    ],
)
def test_times_have_one_format(seconds, told, whole):
    assert clock(seconds) == told
    assert clock(seconds, tenths=False) == whole
