import json

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer, posed
from gzssar.errors import ConfigError, DataError
from gzssar.inference.live import RecentFrames, answer_frames, parse_frame
from gzssar.skeletons.layout import LAYOUTS, MEDIAPIPE33, NTU25


def lines(*heights, wrap=True):
    frames = [[] if height is None else posed(height).joints[:, 0, :, 0].T.tolist() for height in heights]
    return [json.dumps({"joints": frame} if wrap else frame) for frame in frames]


def answer(clips):
    return FakeRecognizer().predict(clips)


@pytest.mark.parametrize("wrap", [True, False])
def test_each_frame_is_answered_by_the_last_seconds(wrap):
    given = lines(*[0.3] * 6, *[-0.3] * 6, wrap=wrap)
    found = list(answer_frames(given, answer, NTU25, fps=10.0, window=0.3))
    labels = [one.prediction.label for one in found]
    assert labels == ["raise hand"] * 7 + ["lower hand"] * 5  # two of the three last frames decide
    assert [one.frame for one in found] == list(range(12))
    assert found[-1].time == pytest.approx(1.1)


def test_the_stride_says_how_often():
    found = list(answer_frames(lines(*[0.3] * 10), answer, NTU25, fps=30.0, stride=0.1))
    assert [one.frame for one in found] == [2, 5, 8]


def test_no_more_is_kept_than_the_window():
    recent = RecentFrames(4, NTU25, 30.0)
    for height in (-0.3, *[0.3] * 4):
        recent.add(parse_frame(lines(height)[0], NTU25))
    assert recent.clip().joints.shape == (3, 4, 25, 1)
    np.testing.assert_array_equal(recent.clip().joints, posed(*[0.3] * 4).joints)


def test_nobody_is_an_abstention():
    found = list(answer_frames(lines(0.3, None, None, None, 0.3), answer, NTU25, fps=10.0, window=0.2))
    assert [one.prediction is None for one in found] == [False, False, True, True, False]
    nobody = {"frame": 3, "time": 0.3, "label": None, "p_seen": None, "abstained": True, "warning": None, "ranking": []}
    assert found[3].as_dict() == nobody
    assert found[0].as_dict()["ranking"][0] == {"label": "raise hand", "score": 0.5, "seen": True}


def test_bodies_may_come_and_go():
    one, two = posed(0.3).joints[:, 0, :, 0].T, posed(-0.3).joints[:, 0, :, 0].T + 1
    given = [json.dumps(frame.tolist()) for frame in (one, np.stack([one, two]), np.stack([one, two, one]), one[None])]
    recent = RecentFrames(10, NTU25, 30.0)
    for line in given:
        recent.add(parse_frame(line, NTU25))
    joints = recent.clip().joints
    assert joints.shape == (3, 4, 25, 2)
    assert joints[..., 1].any(axis=(0, 2)).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "should be a frame as JSON, but it cannot be read"),
        ("[" * 100_000, "should be a frame as JSON, but it cannot be read"),
        ('{"frame": 1}', r"should be {\"joints\": …} .* but its keys are \['frame'\]"),
        ("3", r"for one body or several, but its shape is \(\)"),
        ('"wave"', "not all of them are lists of three numbers"),
        ("[[1, 2, 3]]", r"25 joints \[x, y, z\] of layout 'ntu25', .* its shape is \(1, 1, 3\)"),
        (json.dumps([[0, 0]] * 25), r"its shape is \(1, 25, 2\)"),
        (json.dumps([[0, 0, 0]] * 24 + [[0, 0]]), "not all of them are lists of three numbers"),
        (json.dumps([[0, 0, None]] * 25), "finite numbers"),
        (json.dumps([[0, 0, float("nan")]] * 25), "finite numbers"),
        (json.dumps([[0, 0, 1e300]] * 25), "finite numbers"),
        (json.dumps([[0, 0, 10**400]] * 25), "not all of them are lists of three numbers"),
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
    assert [one.frame for one in found] == [0, 1]
    assert [name for name, _ in heard] == ["line 3"]


def test_other_layouts_go_through_the_same_door():
    layout = LAYOUTS["mediapipe33"]
    frame = np.random.default_rng(0).normal(size=(layout.joint_count, 3)).tolist()
    (found,) = answer_frames([json.dumps(frame)], answer, MEDIAPIPE33)
    assert found.prediction.label in FakeRecognizer.classes


@pytest.mark.parametrize("fps", [0.0, -30.0, float("nan"), float("inf")])
def test_frames_come_at_a_rate(fps):
    with pytest.raises(ConfigError, match="frames should come at a positive rate, but --fps is"):
        list(answer_frames(lines(0.3), answer, NTU25, fps=fps))


def test_windows_of_any_length():
    found = list(answer_frames(lines(0.3, 0.3), answer, NTU25, window=1e300, stride=1e-300))
    assert len(found) == 2
    assert list(answer_frames(lines(0.3, 0.3), answer, NTU25, stride=1e300)) == []


def test_no_input_no_answer():
    assert list(answer_frames([], answer, NTU25)) == []


def test_a_window_that_cannot_be_recognized_does_not_end_the_stream():
    def refusing(clips):
        if clips[0].joints.shape[1] == 2:
            raise DataError("too odd.")
        return answer(clips)

    given, heard = lines(*[0.3] * 4), []
    found = list(answer_frames(given, refusing, NTU25, on_bad=lambda *what: heard.append(what[0])))
    assert [one.prediction is None for one in found] == [False, True, False, False]
    assert heard == ["the window that ends in line 2"]
    with pytest.raises(DataError, match=r"too odd"):
        list(answer_frames(given, refusing, NTU25))
