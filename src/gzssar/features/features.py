"""Skeleton features with their labels: what the encoder leaves behind and the rest of the method stands on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gzssar.errors import DataError
from gzssar.files import writing
from gzssar.shapes import Labels, Logits, Mask, SkeletonFeatures
from gzssar.splits import ClassSplit, Ids

FORMAT = "gzssar-features-1"
"""What our own files say they are."""


@dataclass(frozen=True)
class Unlabelled:
    """Clips as a method is asked about them: without a class, a performer or a name."""

    features: SkeletonFeatures
    """float32."""

    logits: Logits | None = None
    """The encoder's logits over all K classes, where known."""


@dataclass(frozen=True)
class FeatureSet:
    """One feature vector per clip, its class, and what the encoder thought of it."""

    features: SkeletonFeatures
    """float32."""

    labels: Labels
    """0-based class ids."""

    logits: Logits | None = None
    """The encoder's logits over all K classes, where known."""

    provenance: Mapping[str, str] = field(default_factory=dict)
    """Where the features come from: files, encoder, hashes."""

    subjects: Labels | None = None
    """Who performed, as the data set counts; -1 where it does not say."""

    def __post_init__(self) -> None:
        if len(self.features) == 0:
            raise DataError("a feature set needs at least one clip, but there are none.")
        for name, other in (("labels", self.labels), ("logits", self.logits), ("subjects", self.subjects)):
            if other is not None and len(other) != len(self.features):
                raise DataError(f"there are {len(self.features)} features but {len(other)} {name}: one per clip.")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def unlabelled(self) -> Unlabelled:
        """What may be known about the clips when they are to be recognized."""
        return Unlabelled(self.features, self.logits)

    def where(self, mask: Mask) -> "FeatureSet":
        """The clips for which `mask` is true."""
        logits, subjects = (None if x is None else x[mask] for x in (self.logits, self.subjects))
        return FeatureSet(self.features[mask], self.labels[mask], logits, self.provenance, subjects)

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
        )


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return None if one is None or other is None else np.concatenate([one, other])


def save_features(path: Path, features: FeatureSet) -> None:
    """Write a feature set as safetensors, provenance in the header; all of it or nothing."""
    from safetensors.numpy import save

    known = {"logits": features.logits, "subjects": features.subjects}
    arrays = {"features": features.features, "labels": features.labels}
    arrays |= {name: array for name, array in known.items() if array is not None}
    metadata = {"format": FORMAT, "provenance": json.dumps(dict(features.provenance))}
    with writing(path) as file:
        file.write(save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata))


def load_features(path: Path) -> FeatureSet:
    """Read what :func:`save_features` wrote.

    Raises:
        DataError: the file is missing, damaged, or something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise DataError(f"{path} should hold skeleton features, but there is no such file.") from None
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} should hold skeleton features, but it cannot be read ({error}).") from error
    if metadata.get("format") != FORMAT:
        raise DataError(
            f"{path} should be in the format {FORMAT}, but it says {metadata.get('format')!r}: "
            "save the features with this version of gzssar."
        )
    x, y = arrays.get("features"), arrays.get("labels")
    if x is None or y is None or x.ndim != 2 or y.ndim != 1 or x.dtype.kind != "f" or y.dtype.kind not in "iu":
        held = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in sorted(arrays.items()))
        raise DataError(
            f"{path} should hold features (clips, width) and labels (one whole number per clip), but it holds "
            f"{held or 'nothing'}."
        )
    try:
        provenance = json.loads(metadata["provenance"])
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} should say where its features come from, but its provenance is damaged.") from error
    x, logits = x.astype(np.float32), arrays.get("logits")
    if logits is not None and (logits.ndim != 2 or logits.dtype.kind != "f"):
        raise DataError(f"{path} should hold logits (clips, classes), but their shape is {logits.shape}.")
    if not all(np.isfinite(array).all() for array in (x, logits) if array is not None):
        raise DataError(f"{path} should hold finite numbers, but some are NaN or infinite: make the features again.")
    return FeatureSet(x, y, logits, provenance, arrays.get("subjects"))


@dataclass(frozen=True)
class Phase:
    """A zero-shot problem: clips to learn from, clips to be judged on, and which classes are seen.

    The test phase is one, the validation phase is one, and so is each leave-classes-out fold of the seen classes.
    """

    name: str
    """What messages call it."""

    train: FeatureSet
    """Clips of seen classes."""

    test: FeatureSet
    """Clips of seen and of unseen classes."""

    seen: Ids
    """Classes with training clips, sorted."""

    unseen: Ids
    """Classes known by their texts only, sorted."""

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

    @property
    def test_is_seen(self) -> Mask:
        """Which test clips show a seen class."""
        return np.isin(self.test.labels, self.seen)


@dataclass(frozen=True)
class Benchmark:
    """The features of a generalized zero-shot experiment."""

    split: ClassSplit
    test: Phase
    """Seen S, unseen U."""
    validation: Phase | None
    """Seen S minus V, unseen V: the validation-unseen classes. None where the split holds none out."""
    description: str
    """One sentence on the clips and where they come from."""
    class_names: tuple[str, ...]
    """Names of the K classes."""
    synthetic: bool = False
    """The clips are made up."""

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
