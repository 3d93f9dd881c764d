"""What recordings are like as a whole, and what is unlike them."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import KINECT20, NTU25
from gzssar.skeletons.recordings import doubts_told, note, summarise, unlike
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld

WORLD = SyntheticWorld(clips_per_class=2, frames=60, subject_count=2, noise=0.0, variation=0.0).clips()
CLIPS = [SkeletonSequence(WORLD.joints[n, :, :60], 30.0, NTU25, name=f"clip {n}") for n in range(8)]
SUMMARY = summarise(map(note, CLIPS))


def codes(clip):
    return {doubt.code for doubt in unlike(clip, SUMMARY)}


def test_ranges_are_those_of_the_clips():
    assert SUMMARY["fps"] == [30.0, 30.0]
    assert SUMMARY["seconds"] == pytest.approx([2.0, 2.0])
    assert 1.2 < SUMMARY["metres"][0] <= SUMMARY["metres"][1] < 2.4
    assert SUMMARY["layouts"] == ["ntu25"]


def test_the_clips_themselves_are_not_unlike():
    assert [codes(clip) for clip in CLIPS] == [set()] * len(CLIPS)


def test_what_is_unlike():
    clip = CLIPS[0]
    slow = replace(clip, joints=clip.joints[:, ::3], fps=10.0)
    assert codes(slow) == {"unlike-training-rate"}
    (doubt,) = unlike(replace(slow, fps=10.00004), SUMMARY)
    assert doubt.sentence.startswith("It has 10 frames per second, but the training clips have 30 or more")
    for changed, windows in ((clip.joints[:, :20], False), (np.tile(clip.joints, (1, 3, 1, 1)), True)):
        (doubt,) = unlike(replace(clip, joints=changed), SUMMARY)
        assert doubt.code == "unlike-training-length"
        assert ("gzssar predict --window 2" in doubt.sentence) == windows
        assert "but the training clips are 2 s long." in doubt.sentence
    assert codes(replace(clip, joints=clip.joints / 2)) == {"unlike-training-size"}
    assert codes(replace(clip, joints=clip.joints * 1000)) == set()  # which its own doubt says: scale
    two = replace(clip, joints=np.concatenate([clip.joints[..., :1], clip.joints[..., :1] + 1], axis=-1))
    (doubt,) = unlike(two, SUMMARY)
    assert doubt == ("unlike-training-bodies", "It shows 2 people, but the training clips show at most 1.")
    other = SkeletonSequence(clip.joints[:, :, :20], 30.0, KINECT20)
    assert "unlike-training-sensor" in codes(other)


def test_doubts_are_counted_by_code():
    doubtful = [replace(clip, doubts=(Doubt("frame-rate-assumed", "It is 30."),)) for clip in CLIPS[:3]]
    told = doubts_told(summarise(map(note, [*doubtful, *CLIPS[3:]])))
    assert told == ["frame-rate-assumed in 3 clips; the first is clip 0: It is 30."]
    assert doubts_told(SUMMARY) == doubts_told(None) == []


def test_nothing_is_known_of_older_features():
    assert unlike(CLIPS[0], {}) == ()
    (doubt,) = unlike(replace(CLIPS[0], joints=np.tile(CLIPS[0].joints, (1, 60, 1, 1))), {})
    assert doubt.code == "too-long"
    assert doubt.sentence == (
        "It is 120 s long, which is too long for one answer. To find out what happens when, use "
        "gzssar predict --window 2."
    )
