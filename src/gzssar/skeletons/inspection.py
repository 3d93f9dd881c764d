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
from jaxtyping import Bool, Float

from gzssar.running import Steps
from gzssar.skeletons.readers.reader import ClipSource
from gzssar.skeletons.readers.registry import read_clips
from gzssar.skeletons.sequence import SkeletonSequence

if TYPE_CHECKING:
    from rich.console import Group

_STILL = {2: 0.5, 3: 0.001}
"""Pixels in a picture, metres in space: what moves or spreads no more than this stands still or is flat."""
_LONGEST_STANDSTILL = 1.0
"""Seconds for which a recorded body may repeat a frame exactly."""
_HEIGHTS = (0.3, 3.0)
"""Metres between which the longest side of a body's bounding box may lie."""
_SMALLEST_PICTURE = 2.0
"""Pixels: a body no larger than this is given in shares of the picture."""
_LISTED = 5
"""Names in one sentence."""
_CLASSES_LISTED = 30
"""Classes in one cell; of more, the smallest and the largest."""

ADVICE: dict[str, tuple[str, str]] = {
    "no body": ("There is no body in any frame", "Leave them out"),
    "gaps": ("There are frames without any body", "Cut them off at the ends, or fill them in"),
    "partly absent": (
        "A body is missing while another is there",
        "Its zeros are no positions: follow each body over time, or keep the first one alone",
    ),
    "flat": ("A coordinate never changes", "If it is the depth there is none: read them as 2-D"),
    "frozen": ("There is no motion at all", "Leave them out, or check how the frames were written"),
    "frozen run": (
        "A frame is repeated for more than a second",
        "Tracking stalled or the clip was padded: cut the repetition",
    ),
    "scale": ("The skeletons have an unlikely size", "Convert to metres, or to pixels if they are 2-D"),
}
"""Each kind of finding: what it is, and what to do about it."""


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
    inspection = Inspection(source.kind, source.class_names)
    originals: dict[bytes, str] = {}
    for sequence in read_clips(source, lambda name, error: inspection.bad.append(Finding(name, str(error)))):
        _note(inspection, sequence)
        for oddity, detail in find_oddities(sequence).items():
            inspection.findings[oddity].append(Finding(sequence.name, detail))
        if (key := _hash(sequence)) in originals:
            inspection.copies.setdefault(originals[key], []).append(sequence.name)
        elif sequence.joints.any():
            originals[key] = sequence.name
        if on_progress:
            on_progress(inspection.clips, len(source.entries))
    if on_progress:
        on_progress(inspection.clips, len(source.entries))  # the last ones may be unreadable
    return inspection


def present_bodies(sequence: SkeletonSequence) -> Bool[np.ndarray, "T M"]:
    """Where a body is there: any of its coordinates in a frame is not zero."""
    return np.asarray(np.any(sequence.joints != 0, axis=(0, 2)))


def body_sizes(sequence: SkeletonSequence) -> Float[np.ndarray, "T M"]:
    """The longest side of each body's bounding box, frame by frame, in the joints' unit; 0 where the body is absent."""
    return np.asarray(_spread(sequence.joints, 2).max(axis=0))


def find_oddities(sequence: SkeletonSequence) -> dict[str, str]:
    """What is odd in one clip: keys of :data:`ADVICE`, each with a few words of detail."""
    present = present_bodies(sequence)
    somebody = np.asarray(present.any(axis=1))
    if not somebody.any():
        return {"no body": _frames(len(present))}
    missing = (somebody[:, None] & ~present)[:, present.any(axis=0)].any(axis=1)
    scale = _unlikely_size(sequence, present)
    still = 0.0 if scale else _STILL[sequence.dimensions]  # in an unknown unit only no motion is no motion
    frozen = len(present) > 1 and _motion(sequence, present) <= still
    run = _longest_run(sequence, somebody)
    stalled = not frozen and run > _LONGEST_STANDSTILL * sequence.fps
    found = {
        "gaps": _frames(int((~somebody).sum())),
        "partly absent": _frames(int(missing.sum())),
        "flat": _flat_coordinates(sequence, present, still),
        "frozen": _frames(len(present)) if frozen else "",
        "frozen run": f"{_frames(run)}, {run / sequence.fps:.1f} s" if stalled else "",
        "scale": scale,
    }
    return {oddity: detail for oddity, detail in found.items() if detail}


def inspection_table(inspection: Inspection) -> "Group":
    """The inspection for the terminal: a table of what is there, then the warnings."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(inspection.kind), box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("readable clips", no_wrap=True)
    table.add_column(f"{inspection.readable} of {inspection.clips}")
    for name, cell in _rows(inspection):
        table.add_row(name, Text(cell))
    warnings = [f"• {sentence}" for sentence in inspection.warnings()]
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
        inspection.heights[round(_height(sequence, present), 2)] += 1


def _hash(sequence: SkeletonSequence) -> bytes:
    content = repr((sequence.joints.shape, sequence.joints.dtype.str)).encode() + sequence.joints.tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def _height(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> float:
    """Median over frames and bodies of the longest side of a body's bounding box."""
    return float(np.median(body_sizes(sequence)[present]))


def _unlikely_size(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> str:
    """What is unlikely about the size of the bodies; empty where nothing is."""
    height = _height(sequence, present)
    low, high = _HEIGHTS
    if sequence.dimensions == 2:
        return f"{height:.3g} pixels tall: shares of the picture?" if height <= _SMALLEST_PICTURE else ""
    if low <= height <= high:
        return ""
    units = {"millimetres": 1000, "centimetres": 100}
    guess = next((f": {unit}?" for unit, size in units.items() if low <= height / size <= high), "")
    return f"{height:.{0 if height >= 10 else 2}f} m tall{guess}"


def _flat_coordinates(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"], still: float) -> str:
    """Letters of the coordinates in which the joints of all bodies and frames spread no more than `still`."""
    spreads = _spread(np.swapaxes(sequence.joints, 2, 3)[:, present], (1, 2))
    return " and ".join(name for name, spread in zip("xyz", spreads, strict=False) if spread <= still)


def _motion(sequence: SkeletonSequence, present: Bool[np.ndarray, "T M"]) -> float:
    """How far, along any axis, the joint that moves most gets over the clip."""
    bodies = (sequence.joints[..., body][:, there] for body, there in enumerate(present.T) if there.any())
    return max(float(_spread(body, 1).max()) for body in bodies)


def _spread(positions: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Largest minus smallest; infinite where that leaves the range of numbers."""
    with np.errstate(over="ignore"):
        return np.asarray(np.ptp(positions, axis=axis))


def _longest_run(sequence: SkeletonSequence, somebody: Bool[np.ndarray, "T"]) -> int:
    """Frames in the longest run of equal frames that hold a body."""
    same = np.asarray(sequence.joints[:, 1:] == sequence.joints[:, :-1]).all(axis=(0, 2, 3)) & somebody[1:]
    starts = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
    return int(np.diff(starts).max())


def _warnings(inspection: Inspection) -> Iterator[str]:
    not_finite = [finding.clip for finding in inspection.not_finite]
    if not_finite:
        advice = "Fill the gaps when reading (--fill-gaps), or leave them out."
        yield _sentence("There is NaN or infinity", not_finite, advice)
    if bad := [finding for finding in inspection.bad if finding.clip not in not_finite]:
        advice = f"Mend them or leave them out. The first: {bad[0].detail}"
        yield _sentence("The reader finds errors", [finding.clip for finding in bad], advice)
    if copies := [f"{copy} = {name}" for name, equal in inspection.copies.items() for copy in equal]:
        advice = "Keep one of each, or the same clip may both train and test."
        yield _sentence("Another clip is repeated byte for byte", copies, advice)
    for oddity, found in inspection.findings.items():
        if found:
            what, advice = ADVICE[oddity]
            yield _sentence(what, [f"{finding.clip} ({finding.detail})" for finding in found], f"{advice}.")


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
        return f"{next(iter(sizes.values()))} each"
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


def counted(number: int, what: str) -> str:
    """A number and what it counts: 1 clip, 2 clips."""
    return f"{number} {what if number == 1 else what + 's'}"


def _frames(number: int) -> str:
    return counted(number, "frame") if number else ""
