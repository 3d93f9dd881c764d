"""Which classes are unseen, and whose clips train. Importing this costs neither torch nor the readers.

The docstring under a field of :class:`ZeroShot` is its help on the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gzssar.choices import check_positive
from gzssar.errors import ConfigError, DataError
from gzssar.shapes import Labels, Mask
from gzssar.splits import ClassSplit, Ids, published_split

HELD_OUT_SHARE = 0.25
"""Share of the training performers to hold out, at least one; of each class's clips, where performers do not count."""

HOW_TO_LABEL = "put files into a folder for each class, at least two, or name classes in a table (--labels)"
"""The advice where clips have no class."""
UNKNOWN_PERFORMERS = (
    "no clip says who performs it, so the last quarter of each class's clips is kept from training and tested on: "
    "scores are of people whom the encoder has seen"
)
"""What is to be said where performers are not known."""


@dataclass(frozen=True)
class ZeroShot:
    """Which classes are unseen, and which clips are for training."""

    unseen: tuple[int, ...] = ()
    """0-based ids of the unseen classes."""

    validation_unseen: tuple[int, ...] = ()
    """0-based ids of the validation-unseen classes: as many seen classes, which play unseen in the validation phase."""

    unseen_count: int | None = None
    """Instead of ids: the number of unseen classes, and of validation-unseen ones, to draw at random (--split-seed)."""

    split_seed: int = 0
    """With --unseen-count: the seed that draws the class split."""

    split: str | None = None
    """A published class split of NTU RGB+D by name, such as ntu60-55-5."""

    protocol: Literal["ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset"] | None = None
    """A protocol of NTU RGB+D that says which clips are for training: ntu60-xsub, ntu60-xview, ntu120-xsub or
    ntu120-xset."""

    train_subjects: tuple[int, ...] = ()
    """Performers whose clips are for training. By default, without --protocol, these are the performers with odd ids.
    If no clip names its performer, all clips except the last quarter of each class are for training."""

    def __post_init__(self) -> None:
        ways = [bool(self.unseen), self.unseen_count is not None, self.split is not None]
        if sum(ways) > 1:
            raise ConfigError(
                "a class split comes from --unseen, from --unseen-count or from --split: give one of them."
            )
        if bool(self.unseen) != bool(self.validation_unseen):
            raise ConfigError("--unseen and --validation-unseen go together: name the classes of both.")
        check_positive(self, "unseen_count")
        if self.protocol and self.train_subjects:
            raise ConfigError("--protocol says which clips train: leave --train-subjects out.")

    @property
    def given(self) -> bool:
        """Whether there is a class split."""
        return bool(self.unseen) or self.unseen_count is not None or self.split is not None


@dataclass(frozen=True)
class ClassCut:
    """Clips of known classes and performers, cut for both phases of a generalized zero-shot benchmark."""

    split: ClassSplit
    class_names: tuple[str, ...]
    """Of all K classes."""
    trains: Mask
    """Which clips train, of whatever class."""
    judged: Mask
    """Which of these the validation phase tests on instead."""

    def phase(self, name: str) -> tuple[Ids, Mask]:
        """The seen classes of the phase "test" or "validation", and which clips may train there, of whatever class."""
        if name == "test":
            return self.split.seen, self.trains
        assert self.split.validation_seen is not None  # set by ClassSplit
        return self.split.validation_seen, self.trains & ~self.judged


def cut_classes(
    zero_shot: ZeroShot, class_names: Sequence[str], names: Sequence[str], labels: Labels, subjects: Labels
) -> ClassCut:
    """Cut clips as the arguments say.

    Args:
        zero_shot: the arguments.
        class_names: in order of label, as far as they are known.
        names: of the clips.
        labels: their classes.
        subjects: their performers.

    Raises:
        DataError: a clip has no class or no performer, there are too few classes to draw from, or the clips are none of
            the protocol's data set.
        SplitError: the ids are no split of these classes, or no published split has the name.
    """
    known = _all_names(class_names, labels)
    train = _trains(zero_shot, names, labels, subjects)
    return ClassCut(_class_split(zero_shot, len(known)), known, train, held_out_of(train, labels, subjects))


def held_out_of(trains: Mask, labels: Labels, subjects: Labels) -> Mask:
    """Which training clips to hold out: the last performers', or the last of each class."""
    mask = np.zeros(len(trains), dtype=bool)
    mask[trains] = held_out(labels[trains], subjects[trains], HELD_OUT_SHARE)
    return mask


def _class_split(zero_shot: ZeroShot, class_count: int) -> ClassSplit:
    """The class split that was named, listed or drawn."""
    if zero_shot.split:
        split = published_split(zero_shot.split)
        if split.class_count != class_count:
            raise DataError(f"{split.name} splits {split.class_count} classes, but the clips have {class_count}.")
        return split
    if zero_shot.unseen_count:
        u, seed = zero_shot.unseen_count, zero_shot.split_seed
        return drawn_split(f"{class_count - u}-{u}-seed{seed}", class_count, u, seed)
    name = f"{class_count - len(zero_shot.unseen)}-{len(zero_shot.unseen)}"
    return ClassSplit(name, class_count, zero_shot.unseen, zero_shot.validation_unseen)


def _all_names(named: Sequence[str], labels: Labels) -> tuple[str, ...]:
    """Names of all classes; those without a name are numbered."""
    if unknown := int((labels < 0).sum()):
        raise DataError(
            f"a zero-shot benchmark needs the class of every clip, but {unknown} of {len(labels)} clips have none: "
            f"{HOW_TO_LABEL}."
        )
    return *named, *(f"class {k}" for k in range(len(named), int(labels.max()) + 1))


def performers_unknown(subjects: Labels) -> bool:
    """Whether no clip says who performs it."""
    return bool((subjects < 0).all())


def _trains(zero_shot: ZeroShot, names: Sequence[str], labels: Labels, subjects: Labels) -> Mask:
    """Which clips train: by protocol, by performer, or those of performers with odd ids; where no performer is known,
    most clips of each class."""
    if zero_shot.protocol:
        from gzssar.skeletons.ntu_protocols import is_training
        from gzssar.skeletons.readers.ntu import sample_ids

        ids = [sample_ids(Path(name).stem) for name in names]
        if unknown := [name for name, one in zip(names, ids, strict=True) if one is None]:
            raise DataError(
                f"{zero_shot.protocol} needs clips named as NTU RGB+D does, SsssCcccPpppRrrrAaaa, but {unknown[0]!r} "
                f"and {len(unknown) - 1} others are not."
            )
        return np.array([is_training(zero_shot.protocol, one) for one in ids if one is not None])
    if performers_unknown(subjects) and not zero_shot.train_subjects:
        return ~some_of_each(labels, HELD_OUT_SHARE)
    if unknown_count := int((subjects < 0).sum()):
        raise DataError(
            f"training and test clips are parted by performer, but {unknown_count} of {len(subjects)} clips do not say "
            "who performs them: name performers in a table (--labels)."
        )
    chosen = zero_shot.train_subjects or tuple(s for s in np.unique(subjects).tolist() if s % 2 == 1)
    return np.isin(subjects, chosen)


def drawn_split(name: str, class_count: int, unseen_count: int, seed: int | Sequence[int]) -> ClassSplit:
    """A class split drawn at random: unseen classes, and as many validation-unseen ones.

    Raises:
        DataError: there are too few classes.
    """
    if 2 * unseen_count >= class_count:
        raise DataError(
            f"{unseen_count} unseen classes and as many validation-unseen ones should leave seen ones, but there are "
            f"{class_count} classes: draw fewer."
        )
    order = np.random.default_rng(seed).permutation(class_count).tolist()
    return ClassSplit(name, class_count, tuple(order[:unseen_count]), tuple(order[unseen_count : 2 * unseen_count]))


def held_out(labels: Labels, subjects: Labels | None, share: float, rng: "np.random.Generator | None" = None) -> Mask:
    """Clips to hold out from training: a share of the performers; of each class's clips, where one performer does all.

    Args:
        labels: class of each clip.
        subjects: who performs, -1 where unknown; None where nobody is known.
        share: to hold out; one performer at least, and never a class's last clip.
        rng: draws. A draw that takes all clips of a class falls back on some clips of each class, since nobody chose
            it. Without one, the last performers are held out in any case, or the last clips of each class: the same
            ones for every encoder of a phase, whatever clips the others hold.
    """
    if subjects is not None and len(performers := np.unique(subjects[subjects >= 0])) > 1:
        order = np.flip(performers) if rng is None else rng.permutation(performers)
        mask = np.isin(subjects, order[: max(1, round(share * len(performers)))])
        if rng is None or len(np.unique(labels[~mask])) == len(np.unique(labels)):
            return mask
    return some_of_each(labels, share, rng)


def some_of_each(labels: Labels, share: float, rng: "np.random.Generator | None" = None) -> Mask:
    """A share of each class's clips, never all of them: drawn, or the last ones."""
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = np.flip(rows) if rng is None else rng.permutation(rows)
        mask[order[: int(share * len(rows))]] = True
    return mask
