"""Skeleton features with their labels: what the encoder leaves behind and the rest of the method stands on."""

import hashlib
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import numpy as np

from gzssar.errors import DataError, WithheldError
from gzssar.running import Progress
from gzssar.shapes import Labels, Logits, Mask, SkeletonFeatures
from gzssar.skeletons.preprocess import STREAMS
from gzssar.splits import ClassSplit, Ids
from gzssar.texts.classes import label_key


class Withheld:
    """A stand-in for data that a method must not see: reading it raises an exception.

    Args:
        what: the name of these data, for the error message.
    """

    def __init__(self, what: str) -> None:
        self.what = what

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise WithheldError(
            f"a zero-shot method may not see {self.what}, but it asked for them: let it learn from training clips and "
            "from texts alone."
        )


@dataclass(frozen=True)
class Unlabelled:
    """Clips that a method is to recognize. Their classes, performers and names are withheld."""

    labels: ClassVar = Withheld("the classes of the clips that it is asked about")
    subjects: ClassVar = Withheld("the performers of the clips that it is asked about")
    names: ClassVar = Withheld("the names of the clips that it is asked about")

    features: SkeletonFeatures
    """One feature vector for each clip, float32."""

    logits: Logits | None = None
    """The encoder's logits over all K classes, if known."""


@dataclass(frozen=True)
class FeatureSet:
    """For each clip, a feature vector and a class and, if known, logits, performer and name."""

    features: SkeletonFeatures
    """One feature vector for each clip, float32."""

    labels: Labels
    """0-based class ids."""

    logits: Logits | None = None
    """The encoder's logits, if known. In a phase, they have a column for each of the K classes; if they come directly
    from an encoder, they have a column for each class on which it was trained."""

    provenance: Mapping[str, Any] = field(default_factory=dict)
    """How the features were made: files, encoder, hashes, as JSON values. ``class_names`` is a list of the names of the
    classes, in order of id."""

    subjects: Labels | None = None
    """The number of each clip's performer in the data set; -1 if it is unknown."""

    names: np.ndarray | None = None
    """The names of the clips, if known."""

    streams: tuple[str, ...] = ()
    """The streams whose features are concatenated, each with the same width. Empty means one stream of unknown name."""

    def __post_init__(self) -> None:
        if len(self.features) == 0:
            raise DataError("a feature set needs at least one clip, but there are none.")
        if np.asarray(self.labels).dtype.kind not in "iu":
            raise DataError(f"labels are whole numbers, but they are of type {np.asarray(self.labels).dtype}.")
        for name in ("labels", "logits", "subjects", "names"):
            other = getattr(self, name)
            if other is not None and len(other) != len(self.features):
                raise DataError(f"there are {len(self.features)} features but {len(other)} {name}: one per clip.")
        if any(name not in STREAMS or self.streams.count(name) > 1 for name in self.streams):
            raise DataError(
                f"streams are some of {', '.join(STREAMS)}, each of them once, but {reprlib.repr(self.streams)} came."
            )
        if self.streams and self.features.shape[1] % len(self.streams):
            raise DataError(
                f"features of {len(self.streams)} streams stand side by side, each of one width, but all of them have "
                f"width {self.features.shape[1]}."
            )
        check_class_names(self.provenance.get("class_names", ()))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def unlabelled(self) -> Unlabelled:
        """The clips without classes, performers and names, as a method gets them to recognize."""
        return Unlabelled(self.features, self.logits)

    def where(self, mask: Mask) -> "FeatureSet":
        """The clips for which `mask` is true."""
        known = (self.logits, self.subjects, self.names)
        logits, subjects, names = (None if one is None else one[mask] for one in known)
        return FeatureSet(
            self.features[mask], self.labels[mask], logits, self.provenance, subjects, names, self.streams
        )

    def of(self, classes: Iterable[int]) -> "FeatureSet":
        """The clips of `classes`."""
        return self.where(np.isin(self.labels, list(classes)))

    def __add__(self, other: "FeatureSet") -> "FeatureSet":
        return FeatureSet(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
            _both(self.logits, other.logits),
            {**self.provenance, **other.provenance},
            _both(self.subjects, other.subjects),
            _both(self.names, other.names),
            self.streams,
        )

    def fingerprint(self) -> str:
        """The first 16 digits of a SHA-256 of features and labels, which identifies the set."""
        digest = hashlib.sha256(np.ascontiguousarray(self.features).tobytes() + self.labels.tobytes())
        return digest.hexdigest()[:16]


def check_class_names(names: object) -> None:
    """See that each class has a name of its own.

    Raises:
        DataError: the names are no list of texts, or two are alike.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise DataError(f"class_names should be a list of names, one per class, but they are {str(names)[:60]!r}.")
    keys = [label_key(name) for name in names]
    if len(set(keys)) < len(keys):
        twice = next(name for name, key in zip(names, keys, strict=True) if keys.count(key) > 1)
        raise DataError(f"class_names should differ, whatever their case and spaces, but {twice!r} comes twice.")


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return None if one is None or other is None else np.concatenate([one, other])


@dataclass(frozen=True)
class Phase:
    """A zero-shot problem: training clips, test clips, and the seen and unseen classes.

    The test phase, the validation phase and each leave-classes-out fold of the seen classes are such problems.
    """

    name: str
    """The name of the phase, for messages."""

    train: FeatureSet
    """Clips of seen classes."""

    test: FeatureSet
    """Clips of seen and of unseen classes."""

    seen: Ids
    """Classes with training clips, sorted."""

    unseen: Ids
    """Classes that are known by their texts only, sorted."""

    def __post_init__(self) -> None:
        for name, classes in (("seen", self.seen), ("unseen", self.unseen)):
            if list(classes) != sorted(set(classes)):
                raise DataError(f"{name} classes of the {self.name} phase must be sorted and distinct, not {classes}.")
        if both := sorted(set(self.seen) & set(self.unseen)):
            raise DataError(f"seen and unseen classes of the {self.name} phase must not overlap, but {both} are both.")
        present = set(np.unique(self.train.labels).tolist())
        if foreign := sorted(present - set(self.seen)):
            raise DataError(
                f"training clips of the {self.name} phase must be of its seen classes, but the classes {foreign} came."
            )
        if absent := sorted(set(self.seen) - present):
            raise DataError(f"each seen class of the {self.name} phase needs training clips, but {absent} have none.")
        tested = set(np.unique(self.test.labels).tolist())
        if foreign := sorted(tested - set(self.seen) - set(self.unseen)):
            raise DataError(f"test clips of the {self.name} phase are of classes outside the split: {foreign}.")
        if absent := sorted(set(self.unseen) - tested):
            raise DataError(f"each unseen class of the {self.name} phase needs test clips, but {absent} have none.")
        if not tested & set(self.seen):
            raise DataError(f"the {self.name} phase needs test clips of seen classes, but there are none.")
        if self.train.features.shape[1] != self.test.features.shape[1]:
            raise DataError(
                f"features of the {self.name} phase must be of one width, but training has "
                f"{self.train.features.shape[1]} and test {self.test.features.shape[1]}."
            )
        if self.train.streams != self.test.streams:
            raise DataError(
                f"features of the {self.name} phase must be of the same streams, but training has "
                f"{self.train.streams} and test {self.test.streams}."
            )

    @property
    def test_is_seen(self) -> Mask:
        """Which test clips show a seen class."""
        return np.isin(self.test.labels, self.seen)


@dataclass(frozen=True)
class Benchmark:
    """The features of a generalized zero-shot experiment."""

    split: ClassSplit
    test: Phase
    """The test phase, with the seen classes S and the unseen classes U."""
    validation: Phase | None
    """The validation phase: the validation-unseen classes V are unseen, and the classes of S without V are seen. None
    if the split has no validation-unseen classes."""
    description: str
    """The clips and their source, in one sentence."""
    class_names: tuple[str, ...]
    """Names of the K classes."""
    synthetic: bool = False
    """Whether the clips are made up."""
    encoder_seeded: ClassVar = False
    """Whether each seed of an experiment trains an encoder of its own."""

    def of_seed(self, seed: int, progress: Progress | None = None) -> "Benchmark":
        """The benchmark for a seed of an experiment: the same for all seeds, since the features are given."""
        return self

    def __post_init__(self) -> None:
        if len(self.class_names) != self.split.class_count:
            raise DataError(
                f"each of the {self.split.class_count} classes needs a name, but {len(self.class_names)} names came."
            )
        if self.validation is None:
            return
        widths = [phase.train.features.shape[1] for phase in (self.test, self.validation)]
        if widths[0] != widths[1]:
            raise DataError(
                f"features of both phases must be of one width, but the test phase has {widths[0]} and the validation "
                f"phase {widths[1]}."
            )
        streams = [phase.train.streams for phase in (self.test, self.validation)]
        if streams[0] != streams[1]:
            raise DataError(
                f"features of both phases must be of the same streams, but the test phase has {streams[0]} and the "
                f"validation phase {streams[1]}."
            )
