"""The evaluation protocols of NTU RGB+D 60 and 120: which clips train, which are tested, which are left out.

They divide clips by performer, camera or setup, never by class; a class split (``gzssar.splits``) comes on top.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.ntu import SAMPLE_NAME, SampleIds, sample_ids
from gzssar.skeletons.readers.reader import ClipSource
from gzssar.skeletons.sequence import SkeletonSequence

_NTU60_SUBJECTS = frozenset({1, 2, 4, 5, 8, 9, *range(13, 20), 25, 27, 28, 31, 34, 35, 38})
_NTU120_SUBJECTS = _NTU60_SUBJECTS | {
    *(45, 46, 47, 49, 50, *range(52, 60), 70, 74, 78, *range(80, 87), 89, *range(91, 96), 97, 98, 100, 103)
}


@dataclass(frozen=True)
class Protocol:
    """One way to divide a data set into training and test clips."""

    name: str
    """Key in :data:`PROTOCOLS`."""

    divides_by: str
    """The id that decides: "subject", "camera" or "setup"."""

    training: frozenset[int]
    """The ids whose clips train; the clips of all others are tested."""

    id_count: int
    """Ids run from 1 to this."""

    class_count: int
    """Labels run from 0 to one less than this."""


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("ntu60-xsub", "subject", _NTU60_SUBJECTS, id_count=40, class_count=60),
        Protocol("ntu60-xview", "camera", frozenset({2, 3}), id_count=3, class_count=60),
        Protocol("ntu120-xsub", "subject", _NTU120_SUBJECTS, id_count=106, class_count=120),
        Protocol("ntu120-xset", "setup", frozenset(range(2, 33, 2)), id_count=32, class_count=120),
    )
}
"""Every protocol by name.

NTU-60: Shahroudy et al., CVPR 2016. NTU-120: Liu et al., TPAMI 2019 (arXiv 1905.04757); its 53 training subjects are
the 20 of NTU-60 and 33 more.
"""


def is_training(protocol: str, clip: SkeletonSequence | SampleIds) -> bool:
    """Whether a clip trains under a protocol; if not, it is tested.

    Args:
        protocol: a name in :data:`PROTOCOLS`.
        clip: a clip that knows its ids, or the ids in its name.

    Raises:
        ConfigError: there is no such protocol.
        DataError: the clip lacks the id that decides, or the id or the label is none of this data set.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"{protocol!r} should name a protocol, which are: {', '.join(PROTOCOLS)}.")
    rule = PROTOCOLS[protocol]
    value = getattr(clip, rule.divides_by)
    if value is None:
        raise DataError(
            f"{_clip(clip)} should have a {rule.divides_by}, because {protocol} divides clips by it, but it has none: "
            "name the file as NTU RGB+D does, SsssCcccPpppRrrrAaaa."
        )
    _check_range(clip, rule, rule.divides_by, 1, rule.id_count)
    if clip.label is not None:
        _check_range(clip, rule, "label", 0, rule.class_count - 1)
    return value in rule.training


def read_missing(path: Path) -> frozenset[str]:
    """Read the names of samples whose skeletons are missing or incomplete, as the authors of NTU RGB+D list them.

    One name per line, with or without ``.skeleton``. Sentences above the first name, blank lines and what follows a
    ``#`` do not count.

    Raises:
        DataError: the file cannot be read, holds no name, or has a line that is no name.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{path} should list sample names, but it cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} should list sample names as text, but it is not text: name another file.") from error
    names: set[str] = set()
    for number, line in enumerate(lines, start=1):
        word = line.partition("#")[0].strip()
        if sample_ids(word) and (name := _sample(word)):
            names.add(name)
        elif word and (names or re.match(r"S\d", word)):  # otherwise a sentence above the names
            raise DataError(
                f"{path}, line {number}, should hold one sample name SsssCcccPpppRrrrAaaa, but it holds {word[:40]!r}: "
                "correct the line, or begin it with # if it is a comment."
            )
    if not names:
        raise DataError(
            f"{path} should list sample names SsssCcccPpppRrrrAaaa, one per line, but it holds none: name another file."
        )
    return frozenset(names)


def without(source: ClipSource, names: Set[str]) -> tuple[ClipSource, int]:
    """Leave out the clips of some samples.

    Args:
        source: clips whose file, or whose index in a file, is called after the sample.
        names: the samples, from :func:`read_missing`, say.

    Returns:
        the clips that stay, and how many were left out.
    """
    kept = [entry for entry in source.entries if _sample(entry.name) not in names]
    return replace(source, entries=kept), len(source.entries) - len(kept)


def _check_range(clip: SkeletonSequence | SampleIds, rule: Protocol, key: str, first: int, last: int) -> None:
    if not first <= getattr(clip, key) <= last:
        raise DataError(
            f"{_clip(clip)} should have a {key} from {first} to {last} under {rule.name}, but it has "
            f"{getattr(clip, key)}: name the protocol of its own data set."
        )


def _clip(clip: SkeletonSequence | SampleIds) -> str:
    return f"clip {clip.name!r}" if isinstance(clip, SkeletonSequence) and clip.name else "a clip"


def _sample(entry: str) -> str | None:
    """The sample that an entry is called after: the last one, since folders may be called after samples too."""
    found = list(SAMPLE_NAME.finditer(entry))
    return found[-1][0].upper() if found else None
