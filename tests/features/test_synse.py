import re
from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import DataError, SplitError
from gzssar.features.synse import read_synse
from gzssar.features.synse_writer import write_synse
from gzssar.splits import ClassSplit, published_split
from synse_folder import SEEN, UNSEEN, VALIDATION_SEEN, VALIDATION_UNSEEN, write_synse_folder

NTU60 = published_split("ntu60-55-5")


def published_folder(root, dataset, split=NTU60):
    """A toy folder with the classes of a published split."""
    u, v = split.unseen, split.validation_unseen
    return write_synse_folder(root, split.class_count, u, v, dataset=dataset, per_class=1)


@pytest.mark.parametrize("dataset", ["", "ntu60"])
def test_both_namings_give_both_phases(tmp_path, dataset):
    root = write_synse_folder(tmp_path / "toy", dataset=dataset, per_class=2)
    benchmark = read_synse(root)
    assert benchmark.split == ClassSplit("toy", 12, UNSEEN, VALIDATION_UNSEEN, VALIDATION_SEEN)
    test, validation = benchmark.test, benchmark.validation
    assert (test.seen, test.unseen) == (SEEN, UNSEEN)
    assert (validation.seen, validation.unseen) == (VALIDATION_SEEN, VALIDATION_UNSEEN)
    assert (len(test.train), len(test.test), len(validation.train), len(validation.test)) == (18, 24, 12, 18)
    folder = root / "sk_feats" / ("shift_ntu60_3_r" if dataset else "shift_3_r")
    assert np.array_equal(test.test.features, np.load(folder / "gtest.npy"))
    assert np.array_equal(test.test.logits, np.load(folder / "gtest_out.npy"))
    assert np.array_equal(test.test.labels, np.load(folder / "g_label.npy"))
    assert np.array_equal(test.train.features, np.load(folder / "train.npy"))
    held_out = root / "sk_feats" / ("shift_ntu60_val_3_r" if dataset else "shift_val_3_r")
    for kind, name in (("features", ""), ("logits", "_out")):
        parts = [np.load(held_out / f"{stem}{name}.npy") for stem in ("val", "ztest")]
        assert np.array_equal(getattr(validation.test, kind), np.concatenate(parts))
    assert (benchmark.class_names[0], benchmark.synthetic) == ("class 0", False)
    assert folder.name in benchmark.description


def test_the_folders_themselves_will_do_for_a_published_split(tmp_path):
    root = published_folder(tmp_path / "all", "")
    (tmp_path / "all" / "label_splits").rename(tmp_path / "elsewhere")
    assert read_synse(root / "sk_feats", "ntu60-55-5").split == NTU60


@pytest.mark.parametrize("dataset", ["", "ntu60"])
def test_a_published_split_needs_no_label_splits(tmp_path, dataset):
    root = published_folder(tmp_path / "release", dataset)
    (root / "label_splits").rename(tmp_path / "elsewhere")
    benchmark = read_synse(root, "ntu60-55-5")
    assert benchmark.split is NTU60
    assert len(benchmark.class_names) == 60
    assert benchmark.validation.seen == NTU60.validation_seen


def test_unsorted_ids_are_sorted(tmp_path):
    root = write_synse_folder(tmp_path / "toy", unseen=(10, 1, 5))
    assert np.load(root / "label_splits" / "ru3.npy").tolist() == [10, 1, 5]
    assert read_synse(root).test.unseen == (1, 5, 10)


def test_features_of_two_splits_side_by_side(tmp_path):
    root = write_synse_folder(tmp_path / "toy")
    write_synse_folder(root, unseen=(2, 3), validation_unseen=(7, 9))
    with pytest.raises(DataError, match=r"one folder shift_<u>_r, .* --unseen-count"):
        read_synse(root)
    assert read_synse(root, unseen_count=3).split.unseen == UNSEEN
    assert read_synse(root, unseen_count=2).split.unseen == (2, 3)
    with pytest.raises(DataError, match="one folder shift_4_r"):
        read_synse(root, unseen_count=4)


def test_features_of_two_datasets_side_by_side(tmp_path):
    root = published_folder(tmp_path / "release", "ntu60")
    ours = np.load(root / "sk_feats" / "shift_ntu60_5_r" / "gtest.npy")
    write_synse_folder(root, 20, (0, 1, 2, 3, 4), (5, 6, 7, 8, 9), dataset="pku51", per_class=1, seed=1)
    assert np.array_equal(read_synse(root, "ntu60-55-5").test.test.features, ours)


def test_a_published_split_of_other_data_is_refused(tmp_path):
    root = published_folder(tmp_path / "release", "ntu60")
    with pytest.raises(
        DataError,
        match=r"one folder shift_12_r, but the feature folders there are: shift_ntu60_5_r, .*"
        r"\. Name the split of these features, or the folder that has those of this split",
    ):
        read_synse(root, "ntu60-48-12")
    with pytest.raises(SplitError, match="no split named"):
        read_synse(root, "ntu60")


def test_logits_of_another_dataset_are_refused(tmp_path):
    split = replace(NTU60, class_count=61, validation_seen=None)
    with pytest.raises(DataError, match="logits should have 60 columns, one per class of ntu60-55-5, but they have 61"):
        read_synse(published_folder(tmp_path / "release", "", split), "ntu60-55-5")


def test_the_validation_folder_must_be_there(tmp_path):
    root = write_synse_folder(tmp_path / "toy", dataset="ntu60")
    (root / "sk_feats" / "shift_ntu60_val_3_r").rename(root / "elsewhere")
    with pytest.raises(DataError, match="should hold shift_ntu60_val_3_r for the validation phase"):
        read_synse(root)


@pytest.mark.parametrize("name", ["s11", "s12", "s13", "s14", "s15"])
def test_mix43(shared_data, name):
    benchmark = read_synse(shared_data / "mix43" / name)
    split = benchmark.split
    assert (split.class_count, len(split.unseen), len(split.validation_unseen)) == (43, 8, 8)
    assert len(split.validation_seen) == 27
    assert benchmark.test.train.features.shape[1] == benchmark.validation.train.features.shape[1] == 256
    assert benchmark.test.test.logits.shape == (len(benchmark.test.test), 43)
    files = shared_data / "mix43" / name / "label_splits"
    assert set(split.unseen) == set(np.load(files / "ru8.npy").tolist())
    # the encoder knows the seen classes: its logits are right far more often than one in 35
    seen = benchmark.test.test.of(benchmark.test.seen)
    columns = np.array(split.seen)
    assert np.mean(columns[seen.logits[:, columns].argmax(axis=1)] == seen.labels) > 0.5
    assert re.search("shift_8_r", benchmark.description)


def test_performers_of_training_clips_survive_where_they_are_known(tmp_path):
    there = read_synse(write_synse_folder(tmp_path / "toy"))
    assert there.test.train.subjects is None  # as in published folders
    subjects = np.arange(len(there.test.train)) % 3
    known = replace(there, test=replace(there.test, train=replace(there.test.train, subjects=subjects)))
    write_synse(tmp_path / "known", known, {})
    again = read_synse(tmp_path / "known")
    assert again.test.train.subjects.tolist() == subjects.tolist()
    assert again.validation.train.subjects is None
    np.save(tmp_path / "known" / "sk_feats" / "shift_3_r" / "train_subject.npy", subjects[:-1])
    with pytest.raises(DataError, match=r"train.npy has \d+ clips but train_subject.npy has"):
        read_synse(tmp_path / "known")


def test_streams_are_written_and_read_again(tmp_path):
    """As far as features are concerned, two streams are one that is twice as wide."""
    benchmark = read_synse(write_synse_folder(tmp_path / "toy"))

    def named(phase):
        train, test = (replace(clips, streams=("joint", "bone")) for clips in (phase.train, phase.test))
        return replace(phase, train=train, test=test)

    both = replace(benchmark, test=named(benchmark.test), validation=named(benchmark.validation))
    write_synse(tmp_path / "both", both, {})
    again = read_synse(tmp_path / "both")
    for phase in (again.test, again.validation):
        assert phase.train.streams == phase.test.streams == ("joint", "bone")
    np.save(tmp_path / "both" / "sk_feats" / "shift_3_r" / "streams.npy", np.array([0, 3]))
    with pytest.raises(DataError, match=r"of the same streams, but the test phase has .*'bone motion'.* and the valid"):
        read_synse(tmp_path / "both")
    np.save(tmp_path / "both" / "sk_feats" / "shift_3_r" / "streams.npy", np.array([0, 4]))
    with pytest.raises(DataError, match=r"should hold numbers of streams from 0 to 3, but it holds \[0, 4\]"):
        read_synse(tmp_path / "both")


def test_labels_as_matlab_and_pandas_write_them(tmp_path):
    root = write_synse_folder(tmp_path)
    expected = read_synse(root).test
    for path in root.rglob("*label.npy"):
        np.save(path, np.load(path)[:, None].astype(np.float64))
    assert np.array_equal(read_synse(root).test.train.labels, expected.train.labels)
    assert np.array_equal(read_synse(root).test.test.labels, expected.test.labels)


def test_clips_that_train_and_test_are_told(tmp_path):
    folder = write_synse_folder(tmp_path) / "sk_feats/shift_3_r"
    train, test = np.load(folder / "train.npy"), np.load(folder / "gtest.npy")
    test[:2] = train[:2]
    np.save(folder / "gtest.npy", test)
    with pytest.warns(
        UserWarning, match=r"shift_3_r: test clips should be others .* but 2 of 72 have the very features"
    ):
        read_synse(tmp_path)
    test[: len(train)] = train
    np.save(folder / "gtest.npy", test)
    with pytest.raises(DataError, match="54 of 72 have the very features of a training clip: see that the files hold"):
        read_synse(tmp_path)
