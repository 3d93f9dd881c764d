"""Leave-classes-out folds."""

import numpy as np
import pytest

from gzssar.errors import DataError
from gzssar.features.folds import folds
from toy_features import phase


def fold_world(per_class=10):
    seen = (0, 1, 2, 4, 5, 7, 8)
    return phase(train=np.repeat(seen, per_class).tolist(), test=(0, 3), seen=seen, unseen=(3,))


def cut(world, class_count=3, share=0.25, seed=0, count=None):
    return folds(world, class_count, share, np.random.default_rng(seed), count)


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
    monkeypatch.setattr("gzssar.features.folds.MOST_FOLDS", 2)
    parts = cut(fold_world(), class_count=2)
    assert [len(fold.unseen) for fold in parts] == [3, 2]  # seven classes in three groups, two of which play
    assert len(cut(fold_world(), class_count=3)) == 2


@pytest.mark.parametrize(("class_count", "size"), [(2, 2), (3, 3), (6, 3)])
def test_a_number_of_folds_in_which_classes_play_about_equally_often(class_count, size):
    world = fold_world()
    parts = cut(world, class_count, count=10)
    assert [len(fold.unseen) for fold in parts] == [size] * 10  # half of seven classes at most
    played = np.bincount([k for fold in parts for k in fold.unseen], minlength=9)[list(world.seen)]
    assert played.sum() == 10 * size
    assert played.max() - played.min() <= 1
    assert len({fold.unseen for fold in parts}) > 5
    for fold in parts:
        train, test = (set(part.features[:, 0].tolist()) for part in (fold.train, fold.test))
        assert not train & test
        assert not set(fold.train.labels.tolist()) & set(fold.unseen)
        assert sorted((*fold.seen, *fold.unseen)) == list(world.seen)
        assert set(fold.test.labels.tolist()) == set(world.seen)


def test_more_folds_than_the_usual_most():
    assert len(cut(fold_world(), count=12)) == 12


def test_a_number_of_folds_is_their_generators():
    one, same, other = ([fold.unseen for fold in cut(fold_world(), seed=seed, count=5)] for seed in (3, 3, 4))
    assert one == same != other


def test_folds_of_many_clips_draw_on_a_share_of_each_class(monkeypatch):
    monkeypatch.setattr("gzssar.features.folds.MOST_FOLD_CLIPS", 35)
    for fold in cut(fold_world()):
        labels = np.concatenate([fold.train.labels, fold.test.labels])
        assert np.bincount(labels)[list(fold_world().seen)].tolist() == [5] * 7


def test_one_class_makes_no_folds():
    with pytest.raises(DataError, match="need at least 2 seen classes, but there is one"):
        cut(phase(train=[0] * 10, test=(0, 3), seen=(0,)))


def test_too_few_clips_to_hold_any_out():
    with pytest.raises(DataError, match="hold out 25% of each class's training clips, but no class has more than 3"):
        cut(fold_world(per_class=3))
