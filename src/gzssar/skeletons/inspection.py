"""What a source of clips holds, and what looks wrong in it, before anybody trains on it.

One pass with one clip in memory at a time; what is kept are counts, the names of suspects and one hash per clip.
Nothing is changed and nothing refused: a clip with a finding is still a valid clip, and its user decides.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gzssar.printable import printable
from gzssar.running import Steps
from gzssar.skeletons.doubts import clip_doubts
from gzssar.skeletons.oddities import ADVICE, counted, find_oddities, height, present_bodies
from gzssar.skeletons.readers.reader import ClipSource
from gzssar.skeletons.readers.registry import read_clips
from gzssar.skeletons.sequence import SkeletonSequence

if TYPE_CHECKING:
    from rich.console import Group

_LISTED = 5
"""Names in one sentence."""
_CLASSES_LISTED = 30
"""Classes in one cell; of more, the smallest and the largest."""


@dataclass(frozen=True)
class Finding:
    """What is odd in one clip, or why it cannot be read."""

    clip: str
    """Name of the clip."""

    detail: str
    """A few words, or the reader's error."""


@dataclass(frozen=True)
class Inspection:
    """What a source of clips holds. Counts are of readable clips; ids are as the data set counts."""

    kind: str
    """What the files are, for people."""

    class_names: tuple[str, ...] = ()
    """Names of the classes in order of label, where the source knows them."""

    classes: Counter[int] = field(default_factory=Counter)
    """Clips per 0-based label; clips without a label are not in it."""

    subjects: Counter[int] = field(default_factory=Counter)
    """Clips per performer, where known."""

    cameras: Counter[int] = field(default_factory=Counter)
    """Clips per camera or view, where known."""

    layouts: Counter[str] = field(default_factory=Counter)
    """Clips per layout of the joints, by name."""

    dimensions: Counter[int] = field(default_factory=Counter)
    """Clips per number of coordinates: 2 or 3."""

    frames: Counter[int] = field(default_factory=Counter)
    """Clips per length in frames."""

    fps: Counter[float] = field(default_factory=Counter)
    """Clips per frame rate, to a hundredth."""

    bodies: Counter[int] = field(default_factory=Counter)
    """Clips per number of bodies that are there in at least one frame."""

    heights: Counter[float] = field(default_factory=Counter)
    """Clips per height of the skeletons in metres, to a centimetre; clips in 3-D that hold a body."""

    bad: list[Finding] = field(default_factory=list)
    """Clips that cannot be read, and why."""

    findings: dict[str, list[Finding]] = field(default_factory=lambda: {key: [] for key in ADVICE})
    """What is odd, by the keys of :data:`ADVICE`."""

    passed_over: tuple[str, ...] = ()
    """Files that do not say what their joints are, beside files that do."""

    doubts: dict[str, list[Finding]] = field(default_factory=dict)
    """What else speaks against clips, by the codes of the doubts."""

    copies: dict[str, list[str]] = field(default_factory=dict)
    """Name of a clip to the later clips whose joints equal its own, byte for byte."""

    @property
    def readable(self) -> int:
        """Clips that can be read."""
        return self.frames.total()

    @property
    def clips(self) -> int:
        """All clips, readable or not."""
        return self.readable + len(self.bad)

    @property
    def not_finite(self) -> list[Finding]:
        """Clips that cannot be read because they hold NaN or infinity."""
        return [finding for finding in self.bad if "finite positions" in finding.detail]

    def warnings(self) -> tuple[str, ...]:
        """What to look at, in whole sentences, with what to do and at most five names each."""
        return tuple(_warnings(self))


def inspect_clips(source: ClipSource, on_progress: Steps | None = None) -> Inspection:
    """Read every clip once and tell what is there; clips that cannot be read are listed with their error.

    Args:
        source: what ``open_clips`` returned.
        on_progress: told (done, total) clips.
    """
    inspection = Inspection(source.kind, source.class_names, passed_over=source.passed_over)
    originals: dict[bytes, str] = {}
    if on_progress:
        on_progress(0, len(source.entries))
    for sequence in read_clips(source, lambda name, error: inspection.bad.append(Finding(name, str(error)))):
        _note(inspection, sequence)
        for oddity, detail in (odd := find_oddities(sequence)).items():
            inspection.findings[oddity].append(Finding(sequence.name, detail))
        for code, sentence in sequence.doubts if "no body" in odd else clip_doubts(sequence):
            if code.replace("-", " ") not in ADVICE:
                inspection.doubts.setdefault(code, []).append(Finding(sequence.name, sentence))
        if (key := _hash(sequence)) in originals:
            inspection.copies.setdefault(originals[key], []).append(sequence.name)
        elif sequence.joints.any():
            originals[key] = sequence.name
        if on_progress:
            on_progress(inspection.clips, len(source.entries))
    if on_progress:
        on_progress(inspection.clips, len(source.entries))  # the last ones may be unreadable
    return inspection


def inspection_table(inspection: Inspection) -> "Group":
    """The inspection for the terminal: a table of what is there, then the warnings."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(printable(inspection.kind)), box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("readable clips", no_wrap=True)
    table.add_column(f"{inspection.readable} of {inspection.clips}")
    for name, cell in _rows(inspection):
        table.add_row(name, Text(printable(cell)))
    warnings = [printable(f"• {sentence}") for sentence in inspection.warnings()]
    return Group(table, *map(Text, warnings or ["Nothing looks wrong."]))


def _note(inspection: Inspection, sequence: SkeletonSequence) -> None:
    """Count one clip."""
    present = present_bodies(sequence)
    for counter, value in (
        (inspection.classes, sequence.label),
        (inspection.subjects, sequence.subject),
        (inspection.cameras, sequence.camera),
    ):
        if value is not None:
            counter[value] += 1
    inspection.layouts[sequence.layout.name] += 1
    inspection.dimensions[sequence.dimensions] += 1
    inspection.frames[len(present)] += 1
    inspection.fps[round(sequence.fps, 2)] += 1
    inspection.bodies[int(present.any(axis=0).sum())] += 1
    if sequence.dimensions == 3 and present.any():
        inspection.heights[round(height(sequence, present), 2)] += 1


def _hash(sequence: SkeletonSequence) -> bytes:
    content = repr((sequence.joints.shape, sequence.joints.dtype.str)).encode() + sequence.joints.tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def _warnings(inspection: Inspection) -> Iterator[str]:
    not_finite = [finding.clip for finding in inspection.not_finite]
    if not_finite:
        advice = "Fill the gaps with --fill-gaps, or leave these clips out."
        yield _sentence("Positions are NaN or infinite", not_finite, advice)
    if bad := [finding for finding in inspection.bad if finding.clip not in not_finite]:
        advice = f"Correct these clips or leave them out. The first error: {bad[0].detail}"
        yield _sentence("The reader finds errors", [finding.clip for finding in bad], advice)
    if passed_over := inspection.passed_over:
        advice = "If they are clips, put them in a folder of their own and name their --layout."
        yield f"Left out, because they may be tables of other numbers: {_listed(passed_over)}. {advice}"
    if flat := inspection.dimensions[2]:
        yield f"Joints have two coordinates in {counted(flat, 'clip')}: you can draw them, but encoders need three."
    if copies := [f"{copy} = {name}" for name, equal in inspection.copies.items() for copy in equal]:
        advice = "Keep only one of each: otherwise, a clip may be among both the training and the test clips."
        yield f"Exact copies of other clips: {_listed(copies)}. {advice}"
    for oddity, found in inspection.findings.items():
        if found:
            what, advice = ADVICE[oddity]
            yield _sentence(what, [f"{finding.clip} ({finding.detail})" for finding in found], f"{advice}.")
    for code, found in inspection.doubts.items():
        names = _listed([finding.clip for finding in found])
        yield f"{code} in {counted(len(found), 'clip')}, {names}: {found[0].detail}"


def _sentence(what: str, clips: Sequence[str], advice: str) -> str:
    return f"{what} in {counted(len(clips), 'clip')}: {_listed(clips)}. {advice}"


def _rows(inspection: Inspection) -> Iterator[tuple[str, str]]:
    """Name and content of each row of the table."""
    readable = inspection.readable
    if not readable:
        return
    yield "classes", _ids(inspection.classes, readable)
    if inspection.classes:
        yield "clips per class", _class_sizes(inspection)
    yield "subjects", _ids(inspection.subjects, readable)
    yield "cameras", _ids(inspection.cameras, readable)
    yield "layout", _values(inspection.layouts)
    yield "coordinates", _values(inspection.dimensions)
    yield "frames", _range(inspection.frames, "{:.0f}")
    yield "frames per second", _values(Counter({f"{fps:g}": n for fps, n in inspection.fps.items()}))
    yield "bodies", _values(inspection.bodies)
    if inspection.heights:
        yield "height in metres", _range(inspection.heights, "{:.2f}")


def _class_sizes(inspection: Inspection) -> str:
    """All classes with their clips, or the smallest and the largest where there are many."""
    names = dict(enumerate(inspection.class_names))
    sizes = {f"{names.get(c, f'class {c}')} {n}": n for c, n in sorted(inspection.classes.items())}
    if len(set(sizes.values())) == 1:
        known = [names[c] for c in sorted(inspection.classes) if c in names]
        listed = f": {', '.join(known)}" if 0 < len(known) <= _CLASSES_LISTED else ""
        return f"{next(iter(sizes.values()))} each{listed}"
    if len(sizes) <= _CLASSES_LISTED:
        return " · ".join(sizes)
    by_size = sorted(sizes, key=sizes.__getitem__)
    return f"fewest: {' · '.join(by_size[:3])}; most: {' · '.join(by_size[:-4:-1])}"


def _ids(counts: Counter[int], readable: int) -> str:
    if not counts:
        return "not known"
    ids = ", ".join(map(str, sorted(counts))) if len(counts) <= _LISTED else f"{min(counts)} to {max(counts)}"
    unknown = readable - counts.total()
    return f"{len(counts)} (id {ids})" + (f", not known in {counted(unknown, 'clip')}" if unknown else "")


def _values(counts: Counter[int] | Counter[str]) -> str:
    if len(counts) == 1:
        return str(next(iter(counts)))
    return _listed([f"{value} in {counted(n, 'clip')}" for value, n in counts.most_common()])


def _range(counts: Counter[int] | Counter[float], form: str) -> str:
    values = np.repeat(list(counts), list(counts.values()))
    low, median, high = (form.format(value) for value in (values.min(), np.median(values), values.max()))
    return low if low == high else f"{low} to {high}, median {median}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
