"""What each class is called and how it is described: one tidy table per dataset, ``id,label,action,motion``."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal, overload

from gzssar.errors import TextError

TextKind = Literal["label", "action", "motion"]
_KINDS: tuple[TextKind, ...] = ("label", "action", "motion")
_COLUMNS = ("id", *_KINDS)


@dataclass(frozen=True)
class ClassText:
    """The three texts of one class."""

    label: str
    """The name of the action: "drink water"."""

    action: str
    """What the action is, as a dictionary would say it: its purpose and its object."""

    motion: str
    """What the body parts do, and in which order."""


@dataclass(frozen=True)
class ClassTexts(Sequence[ClassText]):
    """The texts of all K classes; the index is the class id."""

    rows: tuple[ClassText, ...]
    """Row k belongs to class k."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> ClassText: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ClassText, ...]: ...
    def __getitem__(self, index: int | slice) -> ClassText | tuple[ClassText, ...]:
        return self.rows[index]

    def __iter__(self) -> Iterator[ClassText]:
        return iter(self.rows)

    def of_kind(self, kind: TextKind) -> tuple[str, ...]:
        """The K texts of one kind, in order of class id."""
        return tuple(getattr(row, kind) for row in self.rows)


def read_class_texts(path: Path) -> ClassTexts:
    """Read a table of class texts: CSV in UTF-8 with the columns ``id``, ``label``, ``action`` and ``motion``.

    The ids are 0-based and without gaps; rows may stand in any order, further columns are ignored.

    Raises:
        TextError: the file is missing, not UTF-8, lacks a column, has an empty text, or its ids are not 0 … K - 1.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TextError(
            f"{path} should be a table of class texts, but it cannot be read ({error.strerror})."
        ) from error
    return _parse(content, str(path))


def load_packaged_texts(name: str) -> ClassTexts:
    """Load a table that comes with the package, for example ``"synthetic"``.

    Raises:
        TextError: there is no such table; the message lists those that exist.
    """
    folder = files("gzssar.texts") / "data"
    names = sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv"))
    if name not in names:
        raise TextError(f"there is no packaged table of class texts named {name!r}; there are {', '.join(names)}.")
    return _parse((folder / f"{name}.csv").read_bytes(), f"{name}.csv")


def _parse(content: bytes, source: str) -> ClassTexts:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(f"{source} should be UTF-8, but byte {error.start} is not: save the table as UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [column for column in _COLUMNS if column not in (reader.fieldnames or ())]:
        raise TextError(
            f"{source} should have the columns {', '.join(_COLUMNS)}, but {', '.join(missing)} is missing: "
            "the first line must name the columns."
        )
    by_id: dict[int, ClassText] = {}
    for row in reader:
        where = f"line {reader.line_num} of {source}"
        class_id = _class_id(row["id"], where)
        if class_id in by_id:
            raise TextError(f"{where} should have an id of its own, but {class_id} stands in an earlier line too.")
        by_id[class_id] = ClassText(*(_text(row[kind], kind, where) for kind in _KINDS))
    if not by_id:
        raise TextError(f"{source} should have one line per class, but it has none below the column names.")
    if gaps := [k for k in range(len(by_id)) if k not in by_id]:
        raise TextError(
            f"{source} should number its {len(by_id)} classes from 0 to {len(by_id) - 1}, but {gaps} is missing: "
            "ids are 0-based and without gaps."
        )
    return ClassTexts(tuple(by_id[k] for k in range(len(by_id))))


def _class_id(value: str | None, where: str) -> int:
    if value is None or not value.strip().isdecimal():
        raise TextError(f"{where} should start with a 0-based class id, but it has {value!r}.")
    return int(value)


def _text(value: str | None, kind: TextKind, where: str) -> str:
    if value is None or not value.strip():
        raise TextError(f"{where} should give the class a text in column {kind!r}, but that is empty.")
    return value.strip()
