import jaxtyping
import numpy as np
import pytest

from gzssar.errors import DataError
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.splits import ClassSplit
from toy_features import features, phase

# FeatureSet


def test_clips_of_some_classes():
    clips = features([4, 2, 4, 0])
    some = clips.of([4, 0])
    assert len(some) == 3
    assert some.labels.tolist() == [4, 4, 0]
    assert some.features[:, 0].tolist() == [0, 2, 3]
    assert np.array_equal(some.logits, clips.logits[[0, 2, 3]])
    assert features([4, 2], logits=False).of([4]).logits is None


def test_sets_add_up():
    both = features([0, 1]) + features([2], seed=1)
    assert both.labels.tolist() == [0, 1, 2]
    assert both.features.shape == (3, 3)
    assert both.logits.shape == (3, 5)
    assert (features([0]) + features([1], logits=False)).logits is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros(2, dtype=np.int64)}, "there are 3 features but 2 labels: one per clip"),
        ({"logits": np.zeros((4, 5), dtype=np.float32)}, "there are 3 features but 4 logits: one per clip"),
        ({"labels": np.array([0.7, 1.9, 2.2])}, "labels are whole numbers, but they are of type float64"),
    ],
)
def test_one_label_and_one_row_of_logits_per_clip(monkeypatch, change, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as in production: else the checker is first
    given = {"features": np.zeros((3, 2), dtype=np.float32), "labels": np.zeros(3, dtype=np.int64)}
    with pytest.raises(DataError, match=message):
        FeatureSet(**{**given, **change})


def test_a_feature_set_of_no_clips_is_refused():
    with pytest.raises(DataError, match="needs at least one clip"):
        features([0, 1]).of([4])


def test_clips_are_told_apart_by_their_fingerprint():
    clips = features([0, 1, 2])
    assert clips.fingerprint() == features([0, 1, 2]).fingerprint()
    assert len(clips.fingerprint()) == 16
    for other in (features([0, 1, 2], seed=1), FeatureSet(clips.features, clips.labels[::-1].copy())):
        assert other.fingerprint() != clips.fingerprint()


# Phase


def test_which_test_clips_are_seen():
    assert phase().test_is_seen.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": (0, 1, 2, 3)}, r"training clips of the toy phase must be of its seen classes, but .* \[3\] came"),
        ({"train": (0, 1, 1)}, r"each seen class of the toy phase needs training clips, but \[2\] have none"),
        ({"test": (0, 3, 4)}, r"test clips of the toy phase are of classes outside the split: \[4\]"),
        ({"unseen": (3, 4)}, r"each unseen class of the toy phase needs test clips, but \[4\] have none"),
        ({"test": (3, 3)}, "the toy phase needs test clips of seen classes, but there are none"),
        ({"unseen": (2, 3)}, r"must not overlap, but \[2\] are both"),
        ({"seen": (2, 1, 0)}, "seen classes of the toy phase must be sorted and distinct"),
        ({"train_width": 2}, "of the toy phase must be of one width, but training has 2 and test 3"),
    ],
)
def test_a_phase_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        phase(**change)


def test_a_seen_class_may_lack_test_clips():
    assert len(phase(test=(0, 3)).test) == 2


# Benchmark


def test_both_phases_have_features_of_one_width():
    split = ClassSplit("toy", 4, (3,), (2,))
    narrow = Phase("validation", features([0, 1], width=2), features([0, 2], width=2), (0, 1), (2,))
    with pytest.raises(DataError, match="but the test phase has 3 and the validation phase 2"):
        Benchmark(split, phase(), narrow, "toy", ("a", "b", "c", "d"))
    assert Benchmark(split, phase(), None, "toy", ("a", "b", "c", "d")).validation is None


def test_each_class_has_a_name():
    with pytest.raises(DataError, match="each of the 4 classes needs a name, but 3 names came"):
        Benchmark(ClassSplit("toy", 4, (3,), (2,)), phase(), None, "toy", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("wave", "class_names should be a list of names, one per class, but they are 'wave'"),
        (["wave", 3], "should be a list of names"),
        (["wave", "sit", "WA VE"], "should differ, whatever their case and spaces, but 'wave' comes twice"),
    ],
)
def test_each_class_has_a_name_of_its_own(names, message):
    with pytest.raises(DataError, match=message):
        FeatureSet(np.zeros((2, 3), np.float32), np.zeros(2, np.int64), provenance={"class_names": names})
