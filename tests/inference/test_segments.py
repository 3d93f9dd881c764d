import math
from itertools import pairwise

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer, posed
from gzssar.errors import ConfigError
from gzssar.inference.segments import Segment, Stretch, find_segments, slide
from gzssar.inference.timeline import save_timeline, timeline
from gzssar.recognizer import Prediction


def answer(clips):
    return FakeRecognizer().predict(clips, abstain=True)


def stretch(start, end, prediction):
    return Stretch(float(start), float(end), prediction)


def found(label, score=0.5, p_seen=0.5, abstained=False, seen=True):
    return Prediction(({"label": label, "score": score, "seen": seen},), p_seen, abstained)


def test_neighbours_of_one_label_are_one_segment():
    stretches = [
        stretch(0, 1, found("wave", 0.4, 0.9)),
        stretch(1, 2, found("wave", 0.6, 0.7)),
        stretch(2, 3, found("jump", seen=False)),
        stretch(3, 4, found("wave", abstained=True)),
        stretch(4, 5, None),
        stretch(5, 6, found("jump", seen=False)),
    ]
    first, second, third = find_segments(stretches)
    assert first == Segment(0.0, 2.0, "wave", True, 0.5, first.p_seen, 2)
    assert first.p_seen == pytest.approx(0.8)
    assert (second.start, second.end, second.label, second.seen) == (2, 3, "jump", False)
    assert (third.start, third.end, third.windows) == (5, 6, 1)


def test_nothing_recognized_gives_no_segment():
    assert find_segments([stretch(0, 1, None), stretch(1, 2, found("wave", abstained=True))]) == []


def test_windows_tile_the_recording():
    clip = posed(*[0.3] * 60, *[-0.3] * 47)  # 2 s up, then down
    stretches = slide(clip, answer, window=1.0, stride=0.2)
    assert stretches[0].start == 0
    assert stretches[-1].end == pytest.approx(107 / 30)
    assert all(before.end == after.start for before, after in pairwise(stretches))
    up, down = find_segments(stretches)
    assert (up.label, down.label) == ("raise hand", "lower hand")
    assert up.end == down.start == pytest.approx(2, abs=0.15)
    assert up.score == down.score == 0.5


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
    assert (only.start, only.end, only.label) == (0, 2, "raise hand")


def test_a_window_shorter_than_a_frame_is_one_frame():
    assert len(slide(posed(*[0.3] * 5), answer, window=0.001)) == 5


def test_nobody_is_a_gap():
    clip = posed(*[0.3] * 30, *[None] * 60, *[0.3] * 30)
    stretches = slide(clip, answer, window=0.5, stride=0.5)
    assert [stretch.label for stretch in stretches] == ["raise hand"] * 2 + [None] * 4 + ["raise hand"] * 2
    assert [(s.start, s.end) for s in find_segments(stretches)] == [(0, 1), (3, 4)]


def test_a_body_that_is_absent_from_a_window_is_left_out():
    one = posed(*[0.3] * 20).joints
    both = np.concatenate([np.where(np.arange(20)[:, None, None] < 10, one, 0), one], axis=3)
    stretches = slide(posed(*[0.3] * 20).__class__(both, 30.0, posed(0.1).layout), answer, window=1 / 3)
    assert [stretch.label for stretch in stretches] == ["raise hand"] * len(stretches)


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


@pytest.mark.parametrize("seconds", [0.4, 90.0, 1000.0, 20000.0])
def test_timelines_of_any_length(tmp_path, seconds):
    labels = [f"class {k} of {'many ' * k}words" for k in range(9)]
    every = [found(label, seen=bool(k % 3)) for k, label in enumerate(labels)] + [None, found("wave", abstained=True)]
    edges = np.linspace(0, seconds, len(every) + 1)
    stretches = [Stretch(*times) for times in zip(edges[:-1].tolist(), edges[1:].tolist(), every, strict=True)]
    figure = timeline(stretches, find_segments(stretches), "a" * 300)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 10
    assert texts[-1].startswith("no answer")
    assert len(figure.axes[1].get_xticks()) < 15


def test_a_timeline_without_answers(tmp_path):
    path = tmp_path / "deep" / "timeline.png"
    save_timeline([stretch(0, 2, None)], [], "$nobody$ 没有人", path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_colours_tell_seen_from_unseen():
    stretches = [stretch(0, 1, found("wave")), stretch(1, 2, found("jump", seen=False))]
    figure = timeline(stretches, find_segments(stretches), "clip")
    (wave, jump) = [patch.get_facecolor() for patch in figure.legends[0].get_patches()]
    assert wave[2] > wave[0]  # blue
    assert jump[0] > jump[2]  # vermilion
