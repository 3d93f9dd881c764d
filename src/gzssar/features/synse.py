"""Reads SynSE skeleton-feature folders, in both namings (Gupta et al., ICIP 2021; the MSF authors' releases).

::

    DIR/sk_feats/shift_<u>_r/       train, train_label, ztest, z_label, gtest, g_label, gtest_out   .npy
    DIR/sk_feats/shift_val_<u>_r/   train, train_label, val, val_label, val_out, ztest, z_label, ztest_out
    DIR/label_splits/               ru<u>, rs<K-u>, rv<u>_0, rs<K-2u>_0

Our own writer adds ``train_subject.npy``, the performer of each training clip, so that folds can hold performers out,
and ``streams.npy``, where features of several streams stand side by side: the number of each, counted from 0 in joint,
bone, joint motion, bone motion.
Later releases name the folders ``shift_ntu60_5_r`` and ``shift_ntu60_val_5_r``. A published split given by name needs
no ``label_splits``.
"""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.files import read_array
from gzssar.printable import listed
from gzssar.skeletons.preprocess import STREAMS
from gzssar.splits import ClassSplit, published_split

_FOLDER = re.compile(r"shift_(?:(?P<dataset>[A-Za-z]+\d*)_)??(?P<validation>val_)?(?P<unseen>\d+)_r")


def read_synse(root: Path, split_name: str | None = None, unseen_count: int | None = None) -> Benchmark:
    """Read both phases of a SynSE folder.

    Args:
        root: the folder that holds ``sk_feats`` (or the ``shift_*`` folders themselves).
        split_name: a published split; by default, the split comes from ``label_splits`` in `root`.
        unseen_count: which ``shift_<u>_r`` to read if there are several; a published split implies it.

    Raises:
        DataError: a file or folder is missing or malformed, or the labels and the split contradict each other.
        SplitError: the class ids do not form a split.
    """
    if not root.is_dir():
        raise DataError(f"{root} should be a folder with SynSE features, but there is no such folder.")
    split = published_split(split_name) if split_name else None
    dataset = split_name.split("-")[0] if split_name else None
    u = len(split.unseen) if split else unseen_count
    test_folder, validation_folder, u = _folders(root, u, dataset)
    test_clips = _features(test_folder, "gtest", "g_label", "gtest_out")
    assert test_clips.logits is not None  # _features was told to read them
    split = split or _read_split(root / "label_splits", root.name, test_clips.logits.shape[1], u)
    _check_columns(test_clips, split, test_folder)
    test = Phase("test", _features(test_folder, "train", "train_label"), test_clips, split.seen, split.unseen)
    _check_zero_shot_clips(test, _features(test_folder, "ztest", "z_label"), test_folder)
    assert split.validation_seen is not None  # set by ClassSplit
    held_out = _features(validation_folder, "val", "val_label", "val_out")
    zero_shot = _features(validation_folder, "ztest", "z_label", "ztest_out")
    for clips in (held_out, zero_shot):
        _check_columns(clips, split, validation_folder)
    if len({held_out.features.shape[1], zero_shot.features.shape[1]}) > 1:
        raise DataError(
            f"{validation_folder}: the features in val.npy and ztest.npy should be of one width, but they have "
            f"{held_out.features.shape[1]} and {zero_shot.features.shape[1]}."
        )
    judged = held_out + zero_shot
    train = _features(validation_folder, "train", "train_label")
    validation = Phase("validation", train, judged, split.validation_seen, split.validation_unseen)
    for phase, folder in ((test, test_folder), (validation, validation_folder)):
        _check_copies(phase, folder)
    names = tuple(f"class {k}" for k in range(split.class_count))
    return Benchmark(split, test, validation, f"SynSE skeleton features from {root.name}/{test_folder.name}", names)


def _folders(root: Path, unseen_count: int | None, dataset: str | None) -> tuple[Path, Path, int]:
    """The folders of the test and of the validation phase, and the number of unseen classes."""
    parent = root / "sk_feats" if (root / "sk_feats").is_dir() else root
    found: dict[tuple[str, bool, int], Path] = {}
    for folder in sorted(parent.iterdir()):
        if match := _FOLDER.fullmatch(folder.name):
            found[match["dataset"] or "", bool(match["validation"]), int(match["unseen"])] = folder
    candidates = [
        (name, u)
        for name, is_validation, u in found
        if not is_validation and unseen_count in (None, u) and (not name or dataset in (None, name))
    ]
    if len(candidates) != 1:
        names = listed([folder.name for folder in found.values()] or ["none"])
        wanted = f"one folder shift_{'<u>' if unseen_count is None else unseen_count}_r"
        below = [path for pattern in ("*/shift_*_r", "*/sk_feats/shift_*_r") for path in root.glob(pattern)]
        others = sorted({path.relative_to(root).parts[0] for path in below} - {"sk_feats"})
        todo = "Name the split with --split, or the number of unseen classes with --unseen-count."
        if not found:
            todo = f"Name one of the folders that have some: {listed(others)}." if others else "Name another folder."
        elif dataset and candidates:
            todo = "Leave one of those that fit the split there, and move the others."
        elif dataset:
            todo = "Name the split of these features, or the folder that has those of this split."
        raise DataError(f"{parent} should hold {wanted}, but the feature folders there are: {names}. {todo}")
    name, u = candidates[0]
    if (name, True, u) not in found:
        middle = f"{name}_val" if name else "val"
        raise DataError(
            f"{parent} should hold shift_{middle}_{u}_r for the validation phase, but there is no such folder."
        )
    return found[name, False, u], found[name, True, u], u


def _features(folder: Path, features: str, labels: str, logits: str | None = None) -> FeatureSet:
    """One feature set out of a folder's .npy files."""
    x = read_array(folder / f"{features}.npy", np.float32, 2, "skeleton features (clips, width)")
    y = read_array(folder / f"{labels}.npy", np.int64, 1, "one class id per clip")
    out = read_array(folder / f"{logits}.npy", np.float32, 2, "encoder logits (clips, classes)") if logits else None
    performers = folder / f"{features}_subject.npy"
    subjects = read_array(performers, np.int64, 1, "one performer per clip") if performers.exists() else None
    for name, other in ((labels, y), (logits, out), (performers.stem, subjects)):
        if other is not None and len(other) != len(x):
            raise DataError(f"{folder}: {features}.npy has {len(x)} clips but {name}.npy has {len(other)}.")
    return FeatureSet(x, y, out, {features: str(folder / f"{features}.npy")}, subjects, streams=_streams(folder))


def _streams(folder: Path) -> tuple[str, ...]:
    """The streams whose features stand side by side in a folder; none where it does not say."""
    path = folder / "streams.npy"
    numbers = read_array(path, np.int64, 1, "the number of each stream").tolist() if path.exists() else []
    if not all(0 <= number < len(STREAMS) for number in numbers):
        raise DataError(f"{path} should hold numbers of streams from 0 to {len(STREAMS) - 1}, but it holds {numbers}.")
    return tuple(STREAMS[number] for number in numbers)


def _read_split(folder: Path, name: str, class_count: int, u: int) -> ClassSplit:
    """The class split in ``label_splits``; the ids need not be sorted there."""

    def ids(stem: str, what: str) -> tuple[int, ...]:
        return tuple(read_array(folder / f"{stem}.npy", np.int64, 1, what).tolist())

    counted = f"(gtest_out.npy has {class_count} columns, one per class, and {u} classes are unseen)"
    unseen, seen = ids(f"ru{u}", "the unseen classes"), ids(f"rs{class_count - u}", f"the seen classes {counted}")
    if len(unseen) != u:
        raise DataError(
            f"{folder}/ru{u}.npy should hold {u} unseen classes, as its name says, but it holds {len(unseen)}."
        )
    held_out = ids(f"rv{u}_0", "the validation-unseen classes")
    split = ClassSplit(name, class_count, unseen, held_out)
    if set(split.seen) != set(seen):
        odd = sorted(set(split.seen) ^ set(seen))
        raise DataError(
            f"{folder}: ru{u} and rs{class_count - u} should part all {class_count} classes, but not {odd}."
        )
    return replace(split, validation_seen=ids(f"rs{class_count - 2 * u}_0", "the seen classes of validation"))


def _check_columns(clips: FeatureSet, split: ClassSplit, folder: Path) -> None:
    assert clips.logits is not None
    if clips.logits.shape[1] != split.class_count:
        raise DataError(
            f"{folder}: logits should have {split.class_count} columns, one per class of {split.name}, "
            f"but they have {clips.logits.shape[1]}."
        )


def _check_copies(phase: Phase, folder: Path) -> None:
    """Test clips whose features are those of a training clip, bit by bit, make scores too good: a few are told."""
    known = {row.tobytes() for row in phase.train.features}
    copies = sum(row.tobytes() in known for row in phase.test.features)
    told = (
        f"{folder}: test clips should be others than those that train, but {copies} of {len(phase.test)} have the very "
        "features of a training clip"
    )
    if 2 * copies > int(phase.test_is_seen.sum()):
        raise DataError(f"{told}: see that the files hold what their names say.")
    if copies:
        warnings.warn(f"{told}: scores are too good.", stacklevel=3)


def _check_zero_shot_clips(test: Phase, zero_shot: FeatureSet, folder: Path) -> None:
    """`ztest` must be the unseen clips of `gtest`: the two stand for the same clips in two files."""
    unseen = test.test.of(test.unseen)
    if zero_shot.features.shape[1] != test.train.features.shape[1]:
        raise DataError(
            f"{folder}: the features in ztest.npy and gtest.npy should be of one width, but they have "
            f"{zero_shot.features.shape[1]} and {test.train.features.shape[1]}."
        )
    if sorted(unseen.labels.tolist()) != sorted(zero_shot.labels.tolist()):
        raise DataError(
            f"{folder}: ztest should hold the clips of unseen classes that are in gtest, but ztest has "
            f"{len(zero_shot)} clips and gtest {len(unseen)} of unseen classes, or their labels differ."
        )
