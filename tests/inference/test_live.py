import json
from dataclasses import replace

import numpy as np
import pytest

from fake_recognizer import BODY, HAND, SPINE, FakeRecognizer, posed
from gzssar.errors import ConfigError, DataError
from gzssar.inference.live import RecentFrames, answer_frames, parse_frame
from gzssar.inference.segments import NOBODY
from gzssar.skeletons.layout import LAYOUTS, MEDIAPIPE33, NTU25

UP = (BODY[:, SPINE] - BODY[:, 0]) / np.linalg.norm(BODY[:, SPINE] - BODY[:, 0])


def lines(*heights, wrap=True):
    frames = [[] if height is None else posed(height).joints[:, 0, :, 0].T.tolist() for height in heights]
    return [json.dumps({"joints": frame} if wrap else frame) for frame in frames]


def answer(clips):
    return FakeRecognizer().predict(clips)


@pytest.mark.parametrize("wrap", [True, False])
def test_each_frame_is_answered_by_the_last_seconds(wrap):
    given = lines(*[0.3] * 6, *[-0.3] * 6, wrap=wrap)
    found = list(answer_frames(given, answer, NTU25, fps=10.0, window=0.3))
    labels = [one.prediction and one.prediction.label for one in found]
    assert labels == [None] + ["raise hand"] * 6 + ["lower hand"] * 5  # two of the three last frames decide
    assert [one.frame for one in found] == list(range(12))
    assert found[-1].time == pytest.approx(1.1)


def test_the_stride_says_how_often():
    found = list(answer_frames(lines(*[0.3] * 10), answer, NTU25, fps=30.0, window=0.2, stride=0.1))
    assert [one.frame for one in found] == [2, 5, 8]
    assert all(one.prediction for one in found)


def clip_of(given, window=10.0, fps=30.0):
    recent = RecentFrames(window, NTU25, fps)
    for line in given:
        recent.add(parse_frame(line, NTU25))
    return recent.clip()


def test_no_more_is_kept_than_the_window():
    clip = clip_of(lines(-0.3, *[0.3] * 4), window=4 / 30)
    np.testing.assert_array_equal(clip.joints, posed(*[0.3] * 4).joints)
    assert clip.times is None


def test_it_is_too_early_for_an_answer_until_half_a_window_has_come():
    found = list(answer_frames(lines(*[0.3] * 6), answer, NTU25, fps=10.0, window=1.0))
    assert [one.prediction is None for one in found] == [True] * 4 + [False] * 2
    row = found[3].as_dict()
    assert (row["label"], row["abstained"], row["ranking"]) == (None, True, [])
    sentence = "Too few frames have arrived to recognize a movement."
    assert row["warning"] == [{"code": "too-early", "sentence": sentence}]


@pytest.mark.parametrize(
    ("count", "stride", "answered"),
    [(3, None, [0, 1, 2, 2]), (3, 0.2, [1, 2]), (7, 5.0, [6]), (5, None, [0, 1, 2, 3, 4])],
)
def test_a_stream_that_ends_early_is_answered_at_its_end(count, stride, answered):
    found = list(answer_frames(lines(*[0.3] * count), answer, NTU25, fps=10.0, window=1.0, stride=stride))
    assert [one.frame for one in found] == answered
    assert [one.prediction is None for one in found] == [True] * (len(answered) - 1) + [False]
    assert not any(one.skipped for one in found)


def test_a_stride_longer_than_the_window():
    found = list(answer_frames(lines(*[0.3] * 30), answer, NTU25, fps=10.0, window=0.5, stride=1.2))
    assert [(one.frame, one.prediction.label) for one in found] == [(11, "raise hand"), (23, "raise hand")]


def test_nobody_is_an_abstention():
    found = list(answer_frames(lines(0.3, *[None] * 5, 0.3), answer, NTU25, fps=10.0, window=0.2))
    assert [one.prediction is None for one in found] == [False, False, True, True, True, True, False]
    row = found[3].as_dict()
    assert (row.pop("frame"), row.pop("time"), row.pop("skipped")) == (3, 0.3, 0)
    assert row == NOBODY.as_dict()
    assert (row["label"], row["best_guess"], row["score"], row["p_seen"], row["ranking"]) == (None,) * 4 + ([],)
    assert (row["abstained"], row["resting"]) == (True, False)
    assert found[0].as_dict()["ranking"][0] == {"label": "raise hand", "score": 0.5, "seen": True}


def test_who_leaves_is_gone_as_soon_as_a_loss_is_no_longer_bridged():
    found = list(answer_frames(lines(*[0.3] * 20, *[None] * 20), answer, NTU25, fps=20.0, window=1.0))
    there = [one.frame for one in found if one.prediction is not None]
    assert there[-1] == 24  # .25 s, of a window of 1 s


def test_rest_is_passed_on():
    def resting(clips):
        return [replace(one, resting=True) for one in answer(clips)]

    (found,) = answer_frames(lines(0.3), resting, NTU25, window=0.01)
    row = found.as_dict()
    assert (row["label"], row["resting"], row["abstained"], len(row["ranking"])) == (None, True, False, 3)


def heights(clip):
    return (clip.joints[:, :, HAND, 0] - posed(0.0).joints[:, :, HAND, 0]).T @ UP


def test_somebody_who_is_lost_for_a_moment_moves_on_a_straight_line():
    given = lines(0.0, None, None, 0.3, None)
    np.testing.assert_allclose(heights(clip_of(given)), [0, 0.1, 0.2, 0.3, 0.3], atol=1e-6)


@pytest.mark.parametrize(("lost", "there"), [(5, True), (6, False)])
def test_somebody_who_is_lost_for_longer_is_away(lost, there):
    before, after = [0.3] * 2, [0.3]
    clip = clip_of(lines(*before, *[None] * lost, *after, *[None] * lost), fps=20.0)  # .25 s, and longer
    assert clip.joints.any(axis=(0, 2, 3)).tolist() == [True] * 2 + [there] * lost + [True] + [there] * lost


def test_nobody_is_there_before_the_first_sighting():
    assert clip_of(lines(None, 0.3)).joints.any(axis=(0, 2, 3)).tolist() == [False, True]


def test_one_lost_frame_does_not_change_the_answer():
    given = lines(*[0.3] * 3, None, *[0.3] * 3)
    found = list(answer_frames(given, answer, NTU25, fps=10.0, window=0.3))
    assert {one.prediction.label for one in found if one.prediction} == {"raise hand"}
    assert [one.prediction is None for one in found] == [True] + [False] * 6


@pytest.mark.parametrize("unknown", [None, [None] * 3, [float("nan")] * 3, [0.0, None, 0.0]])
def test_joints_that_are_not_known_are_filled(unknown):
    frames = [json.loads(line)["joints"] for line in lines(0.0, 0.1, 0.2, 0.3)]
    frames[1][HAND] = frames[2][HAND] = unknown
    np.testing.assert_allclose(heights(clip_of(map(json.dumps, frames))), [0, 0.1, 0.2, 0.3], atol=1e-6)
    with pytest.raises(DataError, match="joint 7 of body 0 should be known in at least one frame"):
        clip_of([json.dumps(frames[1])])


def test_a_window_without_a_joint_is_told_and_passed_over():
    (frame,) = [json.loads(line)["joints"] for line in lines(0.3)]
    without = [*frame[:HAND], None, *frame[HAND + 1 :]]
    heard = []
    given = [json.dumps(without), json.dumps(frame)]
    found = list(answer_frames(given, answer, NTU25, window=0.05, on_bad=lambda *what: heard.append(what)))
    assert [one.prediction is None for one in found] == [True, False]
    assert [name for name, _ in heard] == ["the window that ends in line 1"]


@pytest.mark.parametrize(
    "nobody", ["null", "[]", json.dumps([None] * 25), json.dumps([[None] * 25] * 2), '{"joints": null}']
)
def test_ways_to_say_that_nobody_is_there(nobody):
    assert not parse_frame(nobody, NTU25).bodies.any()


def timed(times, heights):
    frames = [json.loads(line) for line in lines(*heights)]
    return [json.dumps(frame | {"time": time}) for frame, time in zip(frames, times, strict=True)]


def test_frames_may_carry_their_time():
    times = [100.0, 100.1, 100.3, 100.4, 100.5]
    clip = clip_of(timed(times, [0.3] * 5), window=0.45)
    np.testing.assert_allclose(clip.seconds, [0, 0.2, 0.3, 0.4], atol=1e-9)
    assert clip.fps == pytest.approx(10)
    found = list(answer_frames(timed(times, [0.3] * 5), answer, NTU25, window=0.4, stride=0.2))
    assert [one.time for one in found] == [100.3, 100.5]


@pytest.mark.parametrize("times", [[1.0, 2.0, None], [None, 1.0, 2.0]])
def test_where_a_time_is_missing_frames_come_at_their_rate(times):
    clip = clip_of(timed(times, [0.3] * 3))
    assert (clip.times, clip.fps) == (None, 30.0)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([3.0, 2.0, 3.1, 3.2], [0, 1 / 30, 0.1, 0.2]),  # one wrong time
        ([1.0, 1.1, 1.1, 1.2], [0, 0.1, 0.1 + 1 / 30, 0.2]),  # one that stands still
        ([9.0, 9.1, 0.0, 0.1, 0.2], [0, 0.1, 0.1 + 1 / 30, 0.1 + 2 / 30, 0.2 + 2 / 30]),  # a clock that starts again
    ],
)
def test_a_time_that_goes_back_moves_no_other(times, seconds):
    clip = clip_of(timed(times, [0.3] * len(times)))
    np.testing.assert_allclose(clip.seconds, seconds, atol=1e-9)


def test_times_in_milliseconds_are_told():
    found = list(answer_frames(timed([0, 33, 66, 99], [0.3] * 4), answer, NTU25))
    assert [one.warning[0].code for one in found[:4]] == ["too-early", "gap", "gap", "gap"]
    assert found[1].warning[0].sentence == "Frames are 33 s apart, but a window lasts 2 s: give times in seconds."


@pytest.mark.parametrize("time", ['"now"', "true", "NaN", "Infinity", "[1]", "1e400", "1" + "0" * 400, "1764330000000"])
def test_a_time_is_a_number_of_seconds(time):
    line = lines(0.3)[0][:-1] + f', "time": {time}}}'
    with pytest.raises(DataError, match="should have its time as a number of seconds, but it is"):
        parse_frame(line, NTU25)


def test_frames_are_skipped_where_newer_ones_wait():
    waiting = iter([False, True, True, False, True, True])
    given = lines(*[0.3] * 3, *[-0.3] * 3)
    found = list(answer_frames(given, answer, NTU25, 10.0, window=0.1, behind=lambda: next(waiting)))
    assert [(one.frame, one.skipped) for one in found] == [(0, 0), (3, 2), (5, 1)]  # the last frame is answered
    assert found[1].as_dict()["skipped"] == 2


def test_frames_that_are_skipped_belong_to_the_window():
    windows = []

    def watched(clips):
        windows.append(clips[0].joints.shape[1])
        return answer(clips)

    waiting = iter([True] * 3 + [False])
    list(answer_frames(lines(*[0.3] * 4), watched, NTU25, 10.0, window=0.4, behind=lambda: next(waiting)))
    assert windows == [4]


def test_bodies_may_come_and_go():
    one, two = posed(0.3).joints[:, 0, :, 0].T, posed(-0.3).joints[:, 0, :, 0].T + 1
    frames = [one, np.stack([one, two]), np.stack([one, two, one]), *[one[None]] * 8]
    joints = clip_of([json.dumps(frame.tolist()) for frame in frames]).joints
    assert joints.shape == (3, 11, 25, 3)
    assert joints[..., 1].any(axis=(0, 2)).tolist() == [False, True, True] + [False] * 8
    assert joints[..., 2].any(axis=(0, 2)).tolist() == [False, False, True] + [False] * 8
    crowd = clip_of([json.dumps(np.stack([one] * 9).tolist())])
    assert crowd.joints.shape[3] == 6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "should be a frame as JSON, but it cannot be read"),
        ("[" * 100_000, "should be a frame as JSON, but it cannot be read"),
        ('{"frame": 1}', r"should be {\"joints\": …} .* but its keys are \['frame'\]"),
        ("3", "not all of them are lists of three numbers"),
        ('"wave"', "not all of them are lists of three numbers"),
        ("[0, 0]", r"its shape is \(2,\)"),
        ("[null, null]", "not all of them are lists of three numbers"),
        ("[[], []]", r"its shape is \(1, 2, 0\)"),
        ("[" * 500 + "]" * 500, "not all of them are lists of three numbers"),
        ("[[1, 2, 3]]", r"25 joints \[x, y, z\] of layout 'ntu25', .* its shape is \(1, 1, 3\)"),
        (json.dumps([[0, 0]] * 25), r"its shape is \(1, 25, 2\)"),
        (json.dumps([[0, 0, 0]] * 24 + [[0, 0]]), "not all of them are lists of three numbers"),
        (json.dumps([[0, 0, 1e300]] * 25), "as finite numbers, but some are infinite"),
        (json.dumps([[0, 0, 10**400]] * 25), "not all of them are lists of three numbers"),
        (json.dumps([[0, 0, True]] * 25), "not all of them are lists of three numbers"),
        (json.dumps([[0, 0, "1"]] * 25), "not all of them are lists of three numbers"),
        (json.dumps([[0, 0, {}]] * 25), "not all of them are lists of three numbers"),
        ("[" + "1, " * 600_000 + "1]", "has 1800003 characters"),
    ],
)
def test_a_line_that_is_no_frame(line, said):
    with pytest.raises(DataError, match=said):
        parse_frame(line, NTU25)


def test_a_bad_line_stops_with_its_number_unless_somebody_listens():
    given = [*lines(0.3), "", "oops", *lines(0.3)]
    with pytest.raises(DataError, match=r"^line 3 of standard input should be a frame as JSON.*\.$"):
        list(answer_frames(given, answer, NTU25))
    heard = []
    found = list(answer_frames(given, answer, NTU25, on_bad=lambda *what: heard.append(what)))
    assert [one.frame for one in found] == [0, 1, 1]
    assert [name for name, _ in heard] == ["line 3"]


def test_other_layouts_go_through_the_same_door():
    layout = LAYOUTS["mediapipe33"]
    frame = np.random.default_rng(0).normal(size=(layout.joint_count, 3)).tolist()
    (found,) = answer_frames([json.dumps(frame)], answer, MEDIAPIPE33, window=0.05)
    assert found.prediction.label in FakeRecognizer.classes


@pytest.mark.parametrize("fps", [0.0, -30.0, float("nan"), float("inf")])
def test_frames_come_at_a_rate(fps):
    with pytest.raises(ConfigError, match="frames should come at a positive rate, but --fps is"):
        list(answer_frames(lines(0.3), answer, NTU25, fps=fps))


def test_windows_of_any_length():
    found = list(answer_frames(lines(0.3, 0.3), answer, NTU25, window=1e300, stride=1e-300))
    assert [one.frame for one in found] == [0, 1, 1]
    assert [one.frame for one in answer_frames(lines(0.3, 0.3), answer, NTU25, stride=1e300)] == [1]


def test_no_input_no_answer():
    assert list(answer_frames([], answer, NTU25)) == []


def test_a_window_that_cannot_be_recognized_does_not_end_the_stream():
    def refusing(clips):
        if clips[0].joints.shape[1] == 2:
            raise DataError("too odd.")
        return answer(clips)

    given, heard = lines(*[0.3] * 4), []
    found = list(answer_frames(given, refusing, NTU25, window=0.1, on_bad=lambda *what: heard.append(what[0])))
    assert [one.prediction is None for one in found] == [True, True, False, False]
    assert heard == ["the window that ends in line 2"]
    with pytest.raises(DataError, match=r"too odd"):
        list(answer_frames(given, refusing, NTU25, window=0.1))


def test_after_a_pause_it_is_too_early_again():
    times = [0.0, 0.3, 0.6, 100.0, 100.3, 100.6]
    stream = [json.dumps({"joints": posed(0.3).joints[:, 0, :, 0].T.tolist(), "time": time}) for time in times]
    told = [found.prediction is not None for found in answer_frames(stream, answer, NTU25, 10.0, window=1.0)]
    assert told[:6] == [False, False, True, False, False, True]
