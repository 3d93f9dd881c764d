"""Tables that say which class recordings show, and when: plain ones, and what annotation tools export.

Plain: CSV, TSV or JSON with the columns ``path`` (or a pattern with ``*`` and ``?``) and ``label``, and where known
``performer``, ``start`` and ``end`` in seconds. ELAN: a tab-delimited export with times as hh:mm:ss.ms. Label Studio:
its JSON or JSON-MIN export. CVAT: "CVAT for video 1.1", whose tracks become stretches. The content decides.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np

from gzssar.errors import DataError
from gzssar.files import decode_table, read_table_bytes
from gzssar.printable import listed

_MOST_MEBIBYTES = 16  # a hundred thousand rows; parsed, it takes up to thirty times as much memory
_COLUMNS = "path (a file or a pattern) and label, and where known performer, start and end (seconds)"
_KNOWN = {"path", "label", "performer", "subject", "start", "end"}
_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d(?:\.\d+)?)")
_CHOICE = re.compile("choice|label|class|action|activity", re.IGNORECASE)
"""What a single choice is called in Label Studio's short form, where it stands among other texts."""
_SERVED = re.compile(r"/data/(upload|local-files)/|\w+://")
"""How the places begin that Label Studio has files from."""
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""


@dataclass(frozen=True)
class LabelRow:
    """One line of a table: what a recording shows, as a whole or from `start` to `end`."""

    label: str
    where: str
    """For errors: "line 3 of labels.csv"."""
    path: str = ""
    """A file, a clip's name or a pattern; empty where the table is of one recording."""
    performer: str = ""
    start: float | None = None
    end: float | None = None
    in_frames: bool = False
    """Whether `start` and `end` count frames, not seconds; `end` is the frame after the last."""

    def __post_init__(self) -> None:
        if not self.label:
            raise DataError(f"{self.where} should name a class, but its label is empty: fill it in, or leave it out.")
        times = [time for time in (self.start, self.end) if time is not None]
        if not np.isfinite(times).all() or min(times, default=0) < 0 or (len(times) == 2 and times[0] >= times[1]):
            raise DataError(
                f"{self.where} should have a start before its end, of 0 or more, but they are {self.start} and "
                f"{self.end}: correct them."
            )

    @property
    def whole(self) -> bool:
        """Whether it is about a whole recording."""
        return self.start is None and self.end is None


def read_label_table(path: Path) -> list[LabelRow]:
    """Read a table of labels, or what an annotation tool exported; the content decides.

    Raises:
        DataError: it cannot be read, is none of these, or a line is malformed; the message names the line.
    """
    text = decode_table(read_table_bytes(path, _MOST_MEBIBYTES, "a table of labels"), str(path))
    if text.lstrip()[:1] in ("[", "{"):
        rows = _from_json(text, path)
    elif text.lstrip().startswith("<"):
        rows = _from_cvat(text, path)
    else:
        rows = _from_lines(text, path)
    if not rows:
        raise DataError(f"{path} should say what recordings show, but it holds no row: fill it in, or leave it out.")
    return rows


# lines: CSV, TSV and ELAN


def _from_lines(text: str, path: Path) -> list[LabelRow]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max("\t;,", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(f"line {reader.line_num} of {path}", cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise DataError(f"line {reader.line_num} of {path} cannot be read ({error}): check its quotes.") from error
    if not lines:
        return []
    header = [cell.strip() for cell in lines[0][1]]
    if any(cell.startswith("Begin Time") for cell in header):
        return [_from_elan_columns(header, cells, where) for where, cells in lines[1:]]
    if any(map(_CLOCK.fullmatch, header)):
        return [_from_elan(cells, where) for where, cells in lines]
    names = [name.lower() for name in header]
    _check_columns(names, str(path))
    return [_plain(_cells(names, cells, where), where) for where, cells in lines[1:]]


def _cells(names: Sequence[str], cells: Sequence[str], where: str) -> dict[str, str]:
    if any(map(str.strip, cells[len(names) :])):
        raise DataError(
            f"{where} should have {len(names)} cells, but it has {len(cells)}: put labels that hold the separator in "
            "quotes."
        )
    return dict(zip(names, cells, strict=False))  # further empty cells are left out, missing ones are empty


def _check_columns(names: Sequence[str], where: str) -> None:
    """Refuse unknown columns too: one that is called begin would turn stretches into whole clips."""
    if not {"path", "label"} <= set(names) <= _KNOWN or len(set(names)) < len(names):
        raise DataError(
            f"{where} should have the columns {_COLUMNS}, but it has {', '.join(map(repr, names))[:200]}: name the "
            "columns so and leave others out, or give an export of ELAN, Label Studio or CVAT."
        )
    if {"performer", "subject"} <= set(names):
        raise DataError(f"{where} should name performers in one column, but it has performer and subject: keep one.")


def _plain(cells: Mapping[str, Any], where: str) -> LabelRow:
    text = {name: "" if cell is None else str(cell).strip() for name, cell in cells.items()}
    if not text.get("path"):
        raise DataError(f"{where} should name a file or a pattern, but its path is empty: fill it in.")
    performer = text.get("performer") or text.get("subject", "")
    start, end = (_seconds(text.get(name, ""), name, where) for name in ("start", "end"))
    return LabelRow(text.get("label", ""), where, text["path"], performer, start, end)


def _seconds(cell: str, name: str, where: str) -> float | None:
    """A time in seconds, or as hh:mm:ss.ms."""
    if not cell:
        return None
    if match := _CLOCK.fullmatch(cell):
        hours, minutes, seconds = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    try:
        return float(cell)
    except ValueError:
        raise DataError(f"{where} should give its {name} in seconds, but it is {cell[:40]!r}: correct it.") from None


def _from_elan(cells: Sequence[str], where: str) -> LabelRow:
    """Tier, participant, times in one or several forms, annotation; perhaps the file."""
    clocks = [k for k, cell in enumerate(cells) if _CLOCK.fullmatch(cell.strip())]
    last = max((k for k in range(clocks[-1] + 1, len(cells)) if not _is_eaf(cells[k])), default=0) if clocks else 0
    if len(clocks) < 2 or not last:
        raise DataError(
            f"{where} should hold a begin time, an end time (both as hh:mm:ss.ms) and an annotation, but it does not: "
            "export it from ELAN so."
        )
    start, end = (_seconds(cells[k].strip(), "time", where) for k in clocks[:2])
    performer = cells[1].strip() if clocks[0] > 1 else ""
    return LabelRow(cells[last].strip(), where, _eaf(cells[last + 1 :]), performer, start, end)


_ELAN_COLUMN = re.compile(r"(Begin Time|End Time|Duration)( - .*)?|File( Path| Name)?|Tier( Name)?|Participant")
"""Columns that hold no annotation."""


def _from_elan_columns(header: Sequence[str], cells: Sequence[str], where: str) -> LabelRow:
    """Times by name, and a column for each tier."""
    named = _cells(header, [cell.strip() for cell in cells], where)
    times = [named.get(f"{name} Time - hh:mm:ss.ms", "") for name in ("Begin", "End")]
    tiers = [k for k in header if not _ELAN_COLUMN.fullmatch(k)]
    labels = [named[tier] for tier in tiers if named.get(tier)]
    if not all(times) or len(labels) != 1:
        raise DataError(
            f"{where} should hold times as hh:mm:ss.ms and the annotation of one tier, but it holds {len(labels)} "
            "annotations: export one tier from ELAN, with times in that form."
        )
    start, end = (_seconds(time, "time", where) for time in times)
    return LabelRow(labels[0], where, _eaf(list(named.values())), named.get("Participant", ""), start, end)


def _eaf(cells: Sequence[str]) -> str:
    """The name of the ELAN file, which is called after its recording."""
    return next((unquote(cell.strip().removeprefix("file://")) for cell in cells if _is_eaf(cell)), "")


def _is_eaf(cell: str) -> bool:
    return cell.strip().endswith(".eaf")


# JSON: plain and Label Studio


def _from_json(text: str, path: Path) -> list[LabelRow]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} should be JSON, but it cannot be read ({str(error)[:100]}).") from error
    items = document if isinstance(document, list) else [document]
    if not all(isinstance(item, dict) for item in items):
        raise DataError(f"{path} should be a list of objects with {_COLUMNS}, but it holds something else.")
    rows: list[LabelRow] = []
    for number, item in enumerate(items, start=1):
        where = f"item {number} of {path}"
        if "annotations" in item or "file_upload" in item or isinstance(item.get("annotator"), int):
            rows += _from_label_studio(item, where)
        else:
            _check_columns(list(item), where)
            rows.append(_plain(item, where))
    return rows


def _from_label_studio(task: Mapping[str, Any], where: str) -> Iterator[LabelRow]:
    """The results of a task: choices for the whole recording, or stretches on its time line."""
    path = _label_studio_path(task, where)
    for value, kind in _label_studio_values(task, where):
        for label in value.get(kind, ()):
            for start, end in _label_studio_times(value, where):
                in_frames = "ranges" in value
                yield LabelRow(str(label).strip(), where, path, "", start, end, in_frames)


def _label_studio_path(task: Mapping[str, Any], where: str) -> str:
    """The file of a task, without the folders of the computer that serves it."""
    data = task.get("data", task)
    texts = [text for text in (data.values() if isinstance(data, dict) else ()) if isinstance(text, str)]
    served = {text for text in texts if _SERVED.match(text)}
    if len(served) > 1:
        raise DataError(f"{where} should be about one file, but it names {listed(sorted(served))}: leave one.")
    for text in served:
        name = unquote(text.partition("?d=")[2] or text.partition("?")[0]).rpartition("/")[2]
        return _UPLOADED.sub("", name) if text.startswith("/data/upload/") else name
    files = [text for text in (task.get("file_upload"), *texts) if isinstance(text, str)]
    path = next((file for file in files if re.search(r"\.\w{2,5}$", file)), "")
    return _UPLOADED.sub("", path) if path == task.get("file_upload") else path


def _label_studio_values(task: Mapping[str, Any], where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each value with the key of its labels, in the export's full form and in its short one, where a single choice is
    a text of its own."""
    kinds = ("timeserieslabels", "timelinelabels", "choices")
    annotations = task.get("annotations")
    results = [
        result.get("value")
        for annotation in _listed(annotations)
        if isinstance(annotation, dict) and not annotation.get("was_cancelled")
        for result in _listed(annotation.get("result"))
        if isinstance(result, dict)
    ]
    short = [value for values in task.values() if isinstance(values, list) for value in values]
    if annotations is None and not short:
        choices = [value for key, value in task.items() if isinstance(value, str) and _CHOICE.search(key)]
        if len(choices) > 1:
            raise DataError(
                f"{where} should have one choice, but it has the texts {listed(list(map(repr, choices)))}: export it "
                "from Label Studio as JSON, not as JSON-MIN."
            )
        short = [{"choices": choices}]
    for value in results if annotations is not None else short:
        for kind in kinds:
            if isinstance(value, dict) and isinstance(value.get(kind), list):
                yield value, kind


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _label_studio_times(value: Mapping[str, Any], where: str) -> Iterator[tuple[float | None, float | None]]:
    """Seconds of a stretch in a time series; frames of a video, counted from 1 and with the last, to ours."""
    ranges = value.get("ranges")
    for one in ranges if isinstance(ranges, list) else [value]:
        times = [one.get(key) if isinstance(one, dict) else None for key in ("start", "end")]
        start, end = (_seconds("" if time is None else str(time), "time", where) for time in times)
        yield (max(start - 1, 0) if ranges and start is not None else start), end


# XML: CVAT


def _from_cvat(text: str, path: Path) -> list[LabelRow]:
    """Each track from the first frame in which it is seen to the last."""
    wanted = f'{path} should be an export "CVAT for video 1.1"'
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise DataError(f"{wanted}, but it declares a document type, which those do not: export it again.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{wanted}, but it is no XML ({error}).") from error
    sources = {source.text or "" for source in root.iterfind("meta//source")}
    if root.tag != "annotations" or len(sources) > 1:
        raise DataError(f"{wanted} of one task, but it has {len(sources)} videos or is something else.")
    rows = []
    for number, track in enumerate(root.iterfind("track"), start=1):
        where = f"track {number} of {path}"
        try:
            shapes = [(int(shape.get("frame", "")), shape.get("outside") == "1") for shape in track]
        except ValueError:
            raise DataError(f"{where} should number its frames, but one has no number: export it again.") from None
        if seen := [frame for frame, outside in shapes if not outside]:
            gone = [frame for frame, outside in shapes if outside and frame > max(seen)]  # key frames may stand alone
            start, end = float(min(seen)), float(min(gone, default=max(seen) + 1))
            rows.append(LabelRow(track.get("label", ""), where, "".join(sources), "", start, end, in_frames=True))
    return rows
