import jaxtyping
import numpy as np
import pytest
from safetensors.numpy import save_file

from gzssar.errors import DataError
from gzssar.features.features import Benchmark, FeatureSet, Phase, load_features, save_features
from gzssar.features.folds import folds
from gzssar.splits import ClassSplit


def features(labels, width=3, logits=True, seed=0):
    """Random features; column 0 numbers the clips."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(labels), width)).astype(np.float32)
    x[:, 0] = np.arange(len(labels))
    out = rng.normal(size=(len(labels), 5)).astype(np.float32) if logits else None
    return FeatureSet(x, np.array(labels, dtype=np.int64), out, {"file": "toy"})


def phase(train=(0, 1, 1, 2), test=(0, 2, 3), seen=(0, 1, 2), unseen=(3,), train_width=3):
    return Phase("toy", features(train, train_width), features(test), seen, unseen)


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


# files


@pytest.mark.parametrize("logits", [True, False])
def test_what_was_saved_is_loaded(tmp_path, logits):
    clips = features([4, 2, 0], logits=logits).of([4, 0])  # not contiguous, as a mask leaves it
    save_features(tmp_path / "clips.safetensors", clips)
    loaded = load_features(tmp_path / "clips.safetensors")
    assert np.array_equal(loaded.features, clips.features)
    assert np.array_equal(loaded.labels, clips.labels)
    assert (loaded.features.dtype, loaded.labels.dtype) == (np.float32, np.int64)
    assert np.array_equal(loaded.logits, clips.logits) if logits else loaded.logits is None
    assert loaded.provenance == {"file": "toy"}


def test_a_column_order_survives(tmp_path):
    x = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    save_features(tmp_path / "clips", FeatureSet(x, np.array([0, 1])))
    assert load_features(tmp_path / "clips").features.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"clips should hold skeleton features, but there is no such file"):
        load_features(tmp_path / "clips")
    with pytest.raises(DataError, match="but it cannot be read"):
        load_features(tmp_path)


@pytest.mark.parametrize("content", [b"", b"clip,x,y,z\n", b"\x40\0\0\0\0\0\0\0{}"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "clips").write_bytes(content)
    with pytest.raises(DataError, match="should hold skeleton features"):
        load_features(tmp_path / "clips")


def test_a_file_cut_off_is_refused(tmp_path):
    save_features(tmp_path / "clips", features([0, 1]))
    (tmp_path / "clips").write_bytes((tmp_path / "clips").read_bytes()[:-4])
    with pytest.raises(DataError, match="but it cannot be read"):
        load_features(tmp_path / "clips")


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({"weight": np.zeros(3)}, None, "in the format gzssar-features-1, but it says None"),
        ({"weight": np.zeros(3)}, {"format": "pt"}, "in the format gzssar-features-1, but it says 'pt'"),
        (
            {"labels": np.zeros(3)},
            {"format": "gzssar-features-1", "provenance": "{}"},
            r"features \(clips, width\) and labels .*, but it holds labels float64\[3\]",
        ),
        (
            {"features": np.zeros((3, 2)), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-1"},
            "provenance",
        ),
        (
            {"features": np.zeros((3, 2)), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-1", "provenance": "{oops"},
            "provenance",
        ),
        (
            {"features": np.full((3, 2), np.nan), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-1", "provenance": "{}"},
            "should hold finite numbers",
        ),
    ],
)
def test_safetensors_of_another_kind_are_refused(tmp_path, arrays, metadata, message):
    save_file(arrays, tmp_path / "clips", metadata)
    with pytest.raises(DataError, match=message):
        load_features(tmp_path / "clips")


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


# folds


def fold_world(per_class=10):
    seen = (0, 1, 2, 4, 5, 7, 8)
    return phase(train=np.repeat(seen, per_class).tolist(), test=(0, 3), seen=seen, unseen=(3,))


def cut(world, class_count=3, share=0.25, seed=0):
    return folds(world, class_count, share, np.random.default_rng(seed))


def test_each_seen_class_plays_unseen_once():
    world = fold_world()
    parts = cut(world)
    assert len(parts) == 2
    assert sorted(k for fold in parts for k in fold.unseen) == list(world.seen)
    assert sorted(len(fold.unseen) for fold in parts) == [3, 4]
    for fold in parts:
        assert sorted((*fold.seen, *fold.unseen)) == list(world.seen)
        assert list(fold.unseen) == sorted(fold.unseen)


def test_a_fold_trains_on_no_clip_it_is_judged_on_and_none_that_plays_unseen():
    world = fold_world()
    for fold in cut(world):
        train, test = (set(part.features[:, 0].tolist()) for part in (fold.train, fold.test))
        assert not train & test
        assert len(train) + len(test) == len(fold.train) + len(fold.test) == len(world.train)
        assert not set(fold.train.labels.tolist()) & set(fold.unseen)


def test_a_fold_holds_out_its_share_of_each_seen_class():
    for fold in cut(fold_world()):
        held_out = fold.test.of(fold.seen).labels
        assert all(np.sum(held_out == k) == 2 for k in fold.seen)  # a quarter of ten, rounded down


def test_folds_are_their_generators():
    def clips(seed):
        return [fold.train.features[:, 0].tolist() for fold in cut(fold_world(), seed=seed)]

    assert clips(3) == clips(3)
    assert clips(3) != clips(4)


def test_few_classes_make_two_folds():
    assert sorted(len(fold.unseen) for fold in cut(fold_world(), class_count=6)) == [3, 4]


def test_many_classes_make_so_many_folds_and_no_more(monkeypatch):
    monkeypatch.setattr("gzssar.features.features.MOST_FOLDS", 2)
    parts = cut(fold_world(), class_count=2)
    assert [len(fold.unseen) for fold in parts] == [3, 2]  # seven classes in three groups, two of which play
    assert len(cut(fold_world(), class_count=3)) == 2


def test_folds_of_many_clips_draw_on_a_share_of_each_class(monkeypatch):
    monkeypatch.setattr("gzssar.features.features.MOST_FOLD_CLIPS", 35)
    for fold in cut(fold_world()):
        labels = np.concatenate([fold.train.labels, fold.test.labels])
        assert np.bincount(labels)[list(fold_world().seen)].tolist() == [5] * 7


def test_one_class_makes_no_folds():
    with pytest.raises(DataError, match="need at least 2 seen classes, but there is one"):
        cut(phase(train=[0] * 10, test=(0, 3), seen=(0,)))


def test_too_few_clips_to_hold_any_out():
    with pytest.raises(DataError, match="hold out 25% of each class's training clips, but no class has more than 3"):
        cut(fold_world(per_class=3))
