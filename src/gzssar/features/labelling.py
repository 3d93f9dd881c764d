"""Classes for clips whose files state none: from the names of their folders, or from a table of labels.

One rule for all commands. Plain values go in (:class:`Labelling`), so that every worker can label its clips by itself.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
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

    Tables may be from another computer, where `root` lies elsewhere: if no absolute path is right here, or no relative
    one that names a folder, only the folders below `root` count in them.

    Returns:
        The rows of each clip that has some, in order of clip; the rows that match none; and a sentence where the
        folders above `root` were not compared, otherwise an empty one.
    """
    clips = _Names([PurePosixPath(_path(entry, root)) for entry in entries], root)
    of_kind: dict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        of_kind[_kind(row.path)].append(row)
    elsewhere = {kind for kind in of_kind if kind and not any(clips.matching(row, table) for row in of_kind[kind])}
    found: dict[int, list[LabelRow]] = defaultdict(list)
    idle, loose = [], False
    for row in rows:
        below = _kind(row.path) in elsewhere
        matches = clips.matching(row, table, below) if row.path or len(entries) > 1 else [0]
        for k in matches:
            found[k].append(row)
        idle += [] if matches else [row]
        loose |= below and bool(matches)
    told = f"paths in {table} name other folders above the clips than {root}: only folders below it were compared"
    return {k: found[k] for k in sorted(found)}, idle, told if loose else ""


class _Names:
    """Finds clips by what rows call them."""

    def __init__(self, paths: Sequence[PurePosixPath], root: Path) -> None:
        above = PurePosixPath(posixpath.normpath((root.parent if root.is_file() else root).absolute().as_posix()))
        self.paths, self.whole = paths, [above / path for path in paths]
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_stem: dict[str, list[int]] = defaultdict(list)
        for k, path in enumerate(paths):
            self.by_name[path.name].append(k)
            self.by_stem[path.stem].append(k)

    def matching(self, row: LabelRow, table: Path, below: bool = False) -> list[int]:
        """The clips of a row: by pattern, by name, or by name without its ending, since annotators see videos. A table
        of one recording is called after it.

        Args:
            row: the row.
            table: where it stands.
            below: whether only folders below the root are compared, of which a relative path must have one.

        Raises:
            DataError: a name that is no pattern stands for several clips.
        """
        wanted = _without_dots(row.path.replace("\\", "/") or table.stem)
        if "*" in row.path or "?" in row.path:
            return [k for k, path in enumerate(self.whole) if path.match(str(wanted))]
        paths = self.paths if below else self.whole
        matches = [k for k in self.by_name[wanted.name] if _same_end(paths[k].parts, wanted.parts)]
        matches = matches or [k for k in self.by_stem[wanted.stem] if _same_end(_bare(paths[k]), _bare(wanted))]
        if below and _kind(row.path) == "relative":
            matches = [k for k in matches if len(paths[k].parts) > 1]
        if len(matches) > 1:
            one, other = (self.paths[k] for k in matches[:2])
            raise DataError(
                f"{row.where} should name one clip, but {str(wanted)!r} may be {one} or {other}: write its folder too, "
                "or a pattern for both."
            )
        return matches


def _kind(path: str) -> str:
    """Whether a path is absolute, relative or, without a folder, neither."""
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute():
        return "absolute"
    return "relative" if {"/", "\\"} & set(path) else ""


def _without_dots(path: str) -> PurePosixPath:
    """The path without steps upwards: those at its start lead to where nobody knows."""
    parts = PurePosixPath(posixpath.normpath(path)).parts
    return PurePosixPath(*(part for part in parts if part != ".."))


def _same_end(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the parts of two paths agree as far as both go, from their ends."""
    length = min(len(one), len(other))
    return one[len(one) - length :] == other[len(other) - length :]


def _bare(path: PurePosixPath) -> tuple[str, ...]:
    return (*path.parts[:-1], path.stem)


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
