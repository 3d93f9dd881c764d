"""Classes for clips whose files state none: from the names of their folders, or from a table of labels.

One rule for all commands. Plain values go in (:class:`Labelling`), so that every worker can label its clips by itself.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from gzssar.errors import DataError, TextError
from gzssar.features.label_tables import LabelRow, read_label_table
from gzssar.printable import listed
from gzssar.skeletons.readers import ClipEntry, ClipSource
from gzssar.skeletons.readers.registry import natural_order
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import label_key, nearest

_LOOKED_AT = 3
"""Clips that are read to see whether the files state their classes."""
_ENDING = re.compile(r"\.(?!\d+$)\w{1,12}")
"""What of a name may be the ending of a file; numbers behind a dot belong to the name."""
_SLACK = 1.0
"""Seconds that a stretch may go on after its recording's end: annotators are no clocks."""


@dataclass(frozen=True)
class Labelling:
    """Where classes come from that files do not state."""

    table: Path | None = None
    """A table of labels; without one, the names of folders."""

    class_names: tuple[str, ...] | None = None
    """All classes in order of id, which names are matched to whatever their case and spaces. Without them, the names
    that come are numbered in natural order."""


def labelled(source: ClipSource, root: Path, labelling: Labelling) -> ClipSource:
    """Give clips their classes.

    A table decides in any case: clips without a row are left out, and a row with a start or an end makes a clip of
    that stretch. Without a table, each clip is of the class that its folder is called after, if the files state no
    class themselves and lie in two folders at least; those that lie in `root` itself stay without a class.

    Args:
        source: what ``open_clips`` returned.
        root: the file or folder it was opened from.
        labelling: where the classes come from.

    Returns:
        The clips with their classes; what its user should know stands in ``told``.

    Raises:
        DataError: the table is malformed, matches no clip, or contradicts itself; or, while reading, a stretch lies
            outside its recording, or a clip states a class though others state none.
        TextError: a name is none of the classes.
    """
    if labelling.table is not None:
        return _by_table(source, root, labelling.table, labelling.class_names)
    return _by_folder(source, root, labelling.class_names)


def _by_folder(source: ClipSource, root: Path, class_names: Sequence[str] | None) -> ClipSource:
    folders = {_folder(entry, root) for entry in source.entries} - {root}
    if len(folders) < 2:
        return source
    shown = listed(sorted({folder.name for folder in folders}, key=natural_order))
    if source.class_names or _states_classes(source):
        told = f"the files state their classes, so the names of their folders do not count: {shown}"
        return replace(source, told=(*source.told, told))
    names, ids = _numbered((folder.name for folder in folders), class_names, f"a folder in {root}")

    def in_folder(entry: ClipEntry) -> ClipEntry:
        if (folder := _folder(entry, root)) == root:
            return entry
        name, label = _path(entry, root), ids[label_key(folder.name)]
        return ClipEntry(name, partial(_read_labelled, entry, name, label), entry.file)

    told = f"classes come from the names of folders: {shown}"
    return replace(source, entries=list(map(in_folder, source.entries)), class_names=names, told=(*source.told, told))


def _states_classes(source: ClipSource) -> bool:
    """Whether the first clip that can be read has a class."""
    for entry in source.entries[:_LOOKED_AT]:
        try:
            return entry.read().label is not None
        except DataError:
            continue
    return False


def _read_labelled(entry: ClipEntry, name: str, label: int) -> SkeletonSequence:
    clip = entry.read()
    if clip.label is not None:
        raise DataError(
            f"clip {name!r} should state no class, because other clips of its folder state none, but it states class "
            f"{clip.label}: keep files of one kind apart, or name classes in a table (--labels)."
        )
    return replace(clip, name=name, label=label)


def _by_table(source: ClipSource, root: Path, table: Path, class_names: Sequence[str] | None) -> ClipSource:
    rows = read_label_table(table)
    names, ids = _numbered([row.label for row in rows], class_names, f"a label in {table}")
    performers, numbered = _performers(rows)
    rows_of, idle, loose = _matched(rows, source.entries, root, table)
    if not rows_of and not idle[0].path:
        raise DataError(
            f"{table} names no recording, so it should be called after its clip, one of "
            f"{listed([_path(e, root) for e in source.entries])}: rename it."
        )
    if not rows_of:
        raise DataError(
            f"{table} should name clips in {root}, but none of its {len(rows)} rows does, such as {idle[0].where} "
            f"({idle[0].path!r}), and clips are called {listed([_path(e, root) for e in source.entries])}: give paths "
            "as they are below that folder."
        )

    @lru_cache(maxsize=1)
    def recording(k: int) -> SkeletonSequence:
        """Read once for all stretches of it."""
        return source.entries[k].read()

    entries = []
    for k, of_clip in rows_of.items():
        _check_one_whole(of_clip, _path(source.entries[k], root))
        for row in sorted(of_clip, key=lambda row: row.start or 0):
            name = _path(source.entries[k], root) + _stretch(row)
            read = partial(_read_row, recording, k, row, name, ids[label_key(row.label)], performers.get(row.performer))
            entries.append(ClipEntry(name, read, source.entries[k].file))
    left_out = [_path(entry, root) for k, entry in enumerate(source.entries) if k not in rows_of]
    told = [f"{len(left_out)} clips have no row in {table} and are left out: {listed(left_out)}"] if left_out else []
    told += [f"{len(idle)} rows match no clip: {listed([f'{r.where} ({r.path})' for r in idle])}"] if idle else []
    told += [loose] if loose else []
    if not rows[0].path and len(source.entries) == 1 and table.stem not in (root.name, root.stem):
        told.append(f"{table} names no recording, so it is taken for that of {_path(source.entries[0], root)}")
    told += [numbered] if numbered else []
    return replace(source, entries=entries, class_names=names, told=(*source.told, *told))


def _read_row(
    recording: Callable[[int], SkeletonSequence], k: int, row: LabelRow, name: str, label: int, performer: int | None
) -> SkeletonSequence:
    clip = recording(k)
    if not row.whole:
        clip = clip.part(*_frames(row, clip))
    subject = clip.subject if performer is None else performer
    return replace(clip, name=name, label=label, subject=subject)


def _frames(row: LabelRow, clip: SkeletonSequence) -> tuple[int, int]:
    """First frame of a stretch, and the frame after its last.

    Raises:
        DataError: it lies outside the recording.
    """
    times = np.arange(clip.joints.shape[1]) if row.in_frames else clip.seconds
    last, unit = float(times[-1]), "frames" if row.in_frames else "seconds"
    slack = _SLACK * (clip.fps if row.in_frames else 1)
    start, end = row.start or 0.0, np.inf if row.end is None else row.end
    first, after = (int(k) for k in np.searchsorted(times, (start, end)))
    if first >= after or (np.isfinite(end) and end > last + slack):
        raise DataError(
            f"{row.where} should be a stretch of {clip.name}, which lasts {last:g} {unit}, but it is from {start:g} to "
            f"{end:g}: correct it, and see that times are in {unit}."
        )
    return first, after


def _stretch(row: LabelRow) -> str:
    if row.whole:
        return ""
    start, end = row.start or 0, "" if row.end is None else f"{row.end:g}"
    return f" {start:g}–{end}{'' if row.in_frames else ' s'}"


def _check_one_whole(rows: Sequence[LabelRow], name: str) -> None:
    if len(rows) > 1 and any(row.whole for row in rows):
        raise DataError(
            f"{name} should have one row, or rows that each have a start or an end, but {rows[0].where} and "
            f"{rows[1].where} name it and one has none: keep one, or add times."
        )


def _matched(
    rows: Sequence[LabelRow], entries: Sequence[ClipEntry], root: Path, table: Path
) -> tuple[dict[int, list[LabelRow]], list[LabelRow], str]:
    """Find the clips of all rows.

    Tables may be from another computer, where `root` lies elsewhere. If no absolute path is right here, or no relative
    one that names a folder, then those clips are meant whose folders agree best.

    Returns:
        The rows of each clip that has some, in order of clip; the rows that match none; and a sentence where not all
        folders of a row agree, otherwise an empty one.
    """
    clips = _Names([PurePosixPath(_path(entry, root)) for entry in entries], root)
    wanted = {n: _wanted(row, table) for n, row in enumerate(rows)}
    of_kind: dict[str, dict[int, PurePosixPath]] = defaultdict(dict)
    for n in wanted:
        of_kind[_kind(wanted[n])][n] = wanted[n]
    matches: dict[int, list[int]] = {}
    loose = False
    for kind, asked in of_kind.items():
        found = {n: clips.matching(path) for n, path in asked.items()}
        if kind and not any(found.values()):
            found = clips.nearest(asked, least=int(kind == "relative"))
            loose |= any(found.values())
        matches |= found
    of_clip: dict[int, list[LabelRow]] = defaultdict(list)
    idle = []
    for n, row in enumerate(rows):
        of_row = matches[n] if row.path or len(entries) > 1 else [0]
        if len(of_row) > 1 and not _is_pattern(str(wanted[n])):
            one, other = (clips.paths[k] for k in of_row[:2])
            raise DataError(
                f"{row.where} should name one clip, but {str(wanted[n])!r} may be {one} or {other}: write its folder "
                "too, or a pattern for both."
            )
        for k in of_row:
            of_clip[k].append(row)
        idle += [] if of_row else [row]
    told = f"the folders in {table} are not those of {root}: its clips have the rows whose folders agree best"
    return {k: of_clip[k] for k in sorted(of_clip)}, idle, told if loose else ""


class _Names:
    """Finds clips by what rows call them: by name, by name without its ending, since annotators see videos, or by
    pattern."""

    def __init__(self, paths: Sequence[PurePosixPath], root: Path) -> None:
        folder = (root.parent if root.is_file() else root).absolute()
        above = {PurePosixPath(posixpath.normpath(place.as_posix())) for place in (folder, folder.resolve())}
        self.paths = paths
        self.folders = [[(place / path).parts[:-1] for place in above] for path in paths]
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_stem: dict[str, list[int]] = defaultdict(list)
        for k, path in enumerate(paths):
            self.by_name[path.name].append(k)
            self.by_stem[path.stem].append(k)

    def matching(self, wanted: PurePosixPath) -> list[int]:
        """The clips whose paths end as a row says."""
        folders = wanted.parts[:-1]
        ways = ([k for k in way if self._agreeing(k, folders) == len(folders)] for way in self._called(wanted))
        matches = next(filter(None, ways), [])
        right_below = [k for k in matches if len(self.paths[k].parts) == len(wanted.parts)]
        return matches if _is_pattern(str(wanted)) else right_below or matches

    def nearest(self, wanted: Mapping[int, PurePosixPath], least: int) -> dict[int, list[int]]:
        """The clips of each row whose folders agree with it below the root, and above in as many as those of any row.

        Args:
            wanted: what the rows say, by their numbers.
            least: the fewest folders that have to agree.
        """
        above: dict[int, dict[int, int]] = {n: {} for n in wanted}
        for n, path in wanted.items():
            for way in self._called(path):
                for k in way:
                    below, agreeing = len(self.paths[k].parts) - 1, self._agreeing(k, path.parts[:-1])
                    if agreeing >= max(below, least):
                        above[n][k] = agreeing - below
                if above[n]:
                    break
        most = max((count for of_row in above.values() for count in of_row.values()), default=0)
        return {n: [k for k, count in of_row.items() if count == most] for n, of_row in above.items()}

    def _called(self, wanted: PurePosixPath) -> Iterator[Sequence[int]]:
        """The clips of a name, however they lie: the sure ones first."""
        if _is_pattern(wanted.name):
            yield [k for k, path in enumerate(self.paths) if _fits(path.name, wanted.name)]
            return
        yield self.by_name.get(wanted.name, ())
        yield self.by_stem.get(wanted.name, ())
        if _ENDING.fullmatch(wanted.suffix):
            yield self.by_stem.get(wanted.stem, ())

    def _agreeing(self, k: int, folders: Sequence[str]) -> int:
        """How many folders agree with those of a clip, from the last one upwards."""
        return max(_agreeing(folders, own) for own in self.folders[k])


def _agreeing(wanted: Sequence[str], folders: Sequence[str]) -> int:
    pairs = zip(reversed(wanted), reversed(folders), strict=False)
    same = (_fits(own, one) if _is_pattern(one) else own == one for one, own in pairs)
    return sum(1 for _ in takewhile(bool, same))


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _kind(path: PurePosixPath) -> str:
    """Whether a path is absolute, relative or, without a folder, neither."""
    if path.is_absolute() or PureWindowsPath(path.as_posix()).is_absolute():
        return "absolute"
    return "relative" if len(path.parts) > 1 else ""


def _wanted(row: LabelRow, table: Path) -> PurePosixPath:
    """The path of a row; one that leads upwards starts at the table. A table of one recording is called after it."""
    path = PurePosixPath(row.path.replace("\\", "/") or table.stem)
    if ".." in path.parts:
        path = table.absolute().parent.as_posix() / path
    return PurePosixPath(posixpath.normpath(path))


def _path(entry: ClipEntry, root: Path) -> str:
    """How a clip is called below the root: its file, and its place in it where it holds several."""
    return (_folder(entry, root).relative_to(root) / entry.name).as_posix()


def _folder(entry: ClipEntry, root: Path) -> Path:
    return root if entry.file in (None, root) else entry.file.parent


def _numbered(
    names: Iterable[str], class_names: Sequence[str] | None, what: str
) -> tuple[tuple[str, ...], dict[str, int]]:
    """All classes, and the id of each name by its key.

    Raises:
        TextError: a name is none of the classes.
    """
    named: dict[str, str] = {}
    for name in sorted(names, key=natural_order):
        named.setdefault(label_key(name), name)
    if class_names is None:
        return tuple(named.values()), {key: k for k, key in enumerate(named)}
    ids = {label_key(name): k for k, name in enumerate(class_names) if name}
    if absent := [name for key, name in named.items() if key not in ids]:
        known = [name for name in class_names if name]
        first, *others = (_with_nearest(name, known) for name in absent)
        hint = "" if nearest(absent[0], known) else f" ({listed(known) or 'there are no labels'})"
        also = f"; neither is {listed(others)}" if others else ""
        todo = "rename them, or add rows" if others else "rename it, or add a row"
        raise TextError(
            f"{what} should be called like a class of the texts, but {first} is none of their {len(known)} "
            f"labels{hint}{also}: {todo} to the texts."
        )
    return tuple(class_names), ids


def _with_nearest(name: str, known: Sequence[str]) -> str:
    near = ", ".join(map(repr, nearest(name, known)))
    return f"{name!r} (nearest: {near})" if near else repr(name)


def _performers(rows: Sequence[LabelRow]) -> tuple[dict[str, int], str]:
    """The id of each performer, and a sentence on it where they are names."""
    names = sorted({row.performer for row in rows if row.performer}, key=natural_order)
    if all(name.isdecimal() and len(name) < 10 for name in names):
        return {name: int(name) for name in names}, ""
    ids = {name: k for k, name in enumerate(names, start=1)}
    return ids, f"performers are numbered: {listed([f'{k} {name}' for name, k in ids.items()])}"
