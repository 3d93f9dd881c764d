import re

import numpy as np
import pytest

from gzssar.errors import SplitError
from gzssar.splits import PUBLISHED_SPLITS, ClassSplit, published_split

FILES = {
    "ntu60-55-5": ("ru5", "rs55", "rv5_0", "rs50_0"),
    "ntu60-48-12": ("ru12", "rs48", "rv12_0", "rs36_0"),
    "ntu120-110-10": ("ru10", "rs110", "rv10_0", "rs100_0"),
    "ntu120-96-24": ("ru24", "rs96", "rv24_0", "rs72_0"),
}


@pytest.mark.parametrize("name", FILES)
def test_published_splits_are_the_distributed_files(shared_data, name):
    folder = shared_data / "ntu_reference" / "label_splits"
    unseen, seen, held_out, rest = (tuple(sorted(np.load(folder / f"{stem}.npy").tolist())) for stem in FILES[name])
    split = published_split(name)
    assert (split.unseen, split.seen) == (unseen, seen)
    assert (split.validation_unseen, split.validation_seen) == (held_out, rest)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("ntu60-55-5", (60, 55, 5, 5, 50)),
        ("ntu60-48-12", (60, 48, 12, 12, 36)),
        ("ntu120-110-10", (120, 110, 10, 10, 81)),  # 19 seen classes are in neither file of the validation phase
        ("ntu120-96-24", (120, 96, 24, 24, 72)),
    ],
)
def test_published_splits_count_as_their_names_say(name, counts):
    split = PUBLISHED_SPLITS[name]
    parts = (split.seen, split.unseen, split.validation_unseen, split.validation_seen)
    assert (split.class_count, *map(len, parts)) == counts
    assert set(split.seen) | set(split.unseen) == set(range(split.class_count))
    assert all(list(part) == sorted(part) for part in parts)


def test_ids_are_sorted_and_the_rest_is_filled_in():
    split = ClassSplit("toy", 7, (5, 2), (6, 0))
    assert (split.unseen, split.validation_unseen, split.validation_seen) == ((2, 5), (0, 6), (1, 3, 4))
    assert split.seen == (0, 1, 3, 4, 6)
    assert split == ClassSplit("toy", 7, (2, 5), (0, 6), (4, 3, 1))


def test_nothing_need_be_held_out():
    assert ClassSplit("toy", 3, (0,), ()).validation_seen == (1, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (((), (1,)), "at least one unseen class, but the unseen set is empty"),
        (((0, 1, 2, 3), ()), "all 4 classes are unseen: at least one must be seen"),
        (((0, 0), (1,)), "the unseen classes must be distinct, but [0] stand there more than once"),
        (((0,), (1, 2, 1)), "the validation-unseen classes must be distinct, but [1] stand"),
        (((4,), (1,)), "the unseen classes must be 0-based ids below 4, but [4] came"),
        (((0,), (-1,)), "the validation-unseen classes must be 0-based ids below 4, but [-1] came"),
        (((0,), (1,), (2, 9)), "the validation-seen classes must be 0-based ids below 4, but [9] came"),
        (((0,), (0, 1)), "unseen and validation-unseen classes must not overlap, but [0] are in both"),
        (((0,), (1,), (0, 2)), "unseen and validation-seen classes must not overlap, but [0] are in both"),
        (((0,), (1,), (1, 2)), "validation-unseen and validation-seen classes must not overlap, but [1] are in both"),
        (((0,), (1, 2, 3)), "every seen class is validation-unseen: at least one must stay seen"),
    ],
)
def test_what_is_no_split_is_refused(given, message):
    with pytest.raises(SplitError, match=re.escape(message)):
        ClassSplit("toy", 4, *given)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(SplitError, match=f"no split named 'ntu61'; .*{', '.join(FILES)}"):
        published_split("ntu61")
