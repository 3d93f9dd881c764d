"""Which classes are seen, which are unseen, and which seen ones play "unseen" during validation.

A :class:`ClassSplit` is checked once, when it is made; everything downstream trusts it. The four published splits
of NTU RGB+D (SynSE, Gupta et al., ICIP 2021) are in :data:`PUBLISHED_SPLITS` by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gzssar.errors import SplitError

Ids = tuple[int, ...]


def _ids(values: Iterable[int], name: str, class_count: int) -> Ids:
    """Sort `values`; refuse repeats and ids outside 0 … class_count - 1."""
    ids = [int(v) for v in values]
    if len(set(ids)) != len(ids):
        repeated = sorted({i for i in ids if ids.count(i) > 1})
        raise SplitError(f"the {name} classes must be distinct, but {repeated} stand there more than once.")
    outside = sorted(i for i in ids if not 0 <= i < class_count)
    if outside:
        raise SplitError(
            f"the {name} classes must be 0-based ids below {class_count}, but {outside} came: "
            "check the number of classes, and that the ids do not start at 1."
        )
    return tuple(sorted(ids))


@dataclass(frozen=True)
class ClassSplit:
    """A division of K classes into seen and unseen ones, with some seen classes held out for validation.

    The ids in each field are sorted, and the columns of the unseen classifier have this order.
    """

    name: str
    """The name of the split in reports."""

    class_count: int
    """K."""

    unseen: Ids
    """Classes without training clips."""

    validation_unseen: Ids
    """Seen classes that play unseen in the validation phase; empty if there is no validation phase."""

    validation_seen: Ids | None = None
    """Seen classes of the validation phase. By default, these are all seen classes that are not validation-unseen. The
    published 110/10 split leaves out 19 of them, so SynSE folders have a list of their own."""

    def __post_init__(self) -> None:
        unseen = _ids(self.unseen, "unseen", self.class_count)
        if not unseen:
            raise SplitError("a zero-shot split needs at least one unseen class, but the unseen set is empty.")
        if len(unseen) == self.class_count:
            raise SplitError(f"all {self.class_count} classes are unseen: at least one must be seen.")
        held_out = _ids(self.validation_unseen, "validation-unseen", self.class_count)
        rest = self.validation_seen
        if rest is None:
            rest = tuple(set(range(self.class_count)) - set(unseen) - set(held_out))
        rest = _ids(rest, "validation-seen", self.class_count)
        for a, b, names in (
            (unseen, held_out, "unseen and validation-unseen"),
            (unseen, rest, "unseen and validation-seen"),
            (held_out, rest, "validation-unseen and validation-seen"),
        ):
            if both := sorted(set(a) & set(b)):
                raise SplitError(f"{names} classes must not overlap, but {both} are in both.")
        if held_out and not rest:
            raise SplitError("every seen class is validation-unseen: at least one must stay seen in validation.")
        for field, value in (("unseen", unseen), ("validation_unseen", held_out), ("validation_seen", rest)):
            object.__setattr__(self, field, value)

    @property
    def seen(self) -> Ids:
        """Classes with training clips: all except the unseen ones."""
        return tuple(sorted(set(range(self.class_count)) - set(self.unseen)))


def _ntu(name: str, class_count: int, unseen: str, validation_unseen: str, missing: Ids = ()) -> ClassSplit:
    """One published split; `missing` are the seen classes its validation phase leaves out."""
    u, v = (tuple(int(i) for i in ids.split()) for ids in (unseen, validation_unseen))
    rest = tuple(set(range(class_count)) - set(u) - set(v) - set(missing))
    return ClassSplit(name, class_count, u, v, rest)


PUBLISHED_SPLITS: dict[str, ClassSplit] = {
    split.name: split
    for split in (
        _ntu("ntu60-55-5", 60, "10 11 19 26 56", "16 21 25 31 48"),
        _ntu("ntu60-48-12", 60, "3 5 9 12 15 40 42 47 51 56 58 59", "4 8 10 13 17 22 30 33 39 46 50 54"),
        _ntu(
            "ntu120-110-10",
            120,
            "4 13 37 43 49 65 88 95 99 106",
            "5 10 32 61 72 74 76 77 83 96",
            missing=(*range(100, 106), *range(107, 120)),
        ),
        _ntu(
            "ntu120-96-24",
            120,
            "5 9 11 16 18 20 22 29 35 39 45 49 59 68 70 81 84 87 93 94 104 113 114 119",
            "1 3 4 10 17 19 27 47 48 53 58 63 66 79 83 86 89 92 97 98 100 103 105 108",
        ),
    )
}
"""The SynSE splits of NTU RGB+D by name, ids as distributed. The validation phase of ``ntu120-110-10`` knows 81 seen
classes, not 100: the distributed file stops at class 99."""


def published_split(name: str) -> ClassSplit:
    """Look up a published split by name.

    Raises:
        SplitError: no split has this name; the message lists the names.
    """
    try:
        return PUBLISHED_SPLITS[name]
    except KeyError:
        raise SplitError(
            f"there is no split named {name!r}; the published ones are {', '.join(PUBLISHED_SPLITS)}."
        ) from None
