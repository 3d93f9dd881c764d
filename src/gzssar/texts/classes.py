"""What each class is called and how it is described: one tidy table per dataset, ``id,label,action,motion``."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from textwrap import shorten
from typing import Literal, overload

from gzssar.errors import TextError
from gzssar.texts.tables.files import SUFFIXES, parse_table, read_comments, read_table, write_table
from gzssar.texts.tables.rows import TextRow, TextTable

TextKind = Literal["label", "action", "motion"]
KINDS: tuple[TextKind, ...] = ("label", "action", "motion")
KIND_OF: dict[str, TextKind] = {"lb": "label", "ad": "action", "md": "motion"}
"""What the field's short names for the kinds stand for."""
_SHORT = {kind: short for short, kind in KIND_OF.items()}
_DIGITS = 9


@dataclass(frozen=True)
class ClassText:
    """The three texts of one class; a text that the table lacks is None."""

    label: str | None = None
    """The name of the action: "drink water"."""

    action: str | None = None
    """The purpose of the action and its object, as in a dictionary."""

    motion: str | None = None
    """What the body parts do, and in which order."""

    where: str = field(default="", compare=False, repr=False)
    """The place of the row, for error messages: "line 3 of texts.csv"."""


@dataclass(frozen=True)
class ClassTexts(Sequence[ClassText]):
    """The texts of all K classes; the index is the class id."""

    rows: tuple[ClassText, ...]
    """The texts of the classes; row k belongs to class k."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> ClassText: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ClassText, ...]: ...
    def __getitem__(self, index: int | slice) -> ClassText | tuple[ClassText, ...]:
        return self.rows[index]

    def lacking(self, kind: TextKind) -> tuple[int, ...]:
        """The ids of the classes that have no text of a kind."""
        return tuple(k for k, row in enumerate(self.rows) if not getattr(row, kind))

    def has(self, kind: TextKind) -> bool:
        """Whether any class has a text of a kind. If only some have one, `of_kind` raises an error."""
        return len(self.lacking(kind)) < len(self)

    def of_kind(self, kind: TextKind) -> tuple[str, ...]:
        """The K texts of one kind, in order of class id.

        Raises:
            TextError: a class has no text of this kind.
        """
        if lacking := self.lacking(kind):
            row, more = self.rows[lacking[0]], len(lacking) - 1
            name = f"the class {_shown(row.label)}" if row.label else f"class {lacking[0]}"
            others = f", and so it is for {more} more of {len(self)} classes" if more else ""
            raise TextError(
                f"{name}{f' ({row.where})' if row.where else ''} should have a text in column {kind!r}, but that is "
                f"empty{others}: fill it in, or leave {_SHORT[kind]} out of --text."
            )
        return tuple(getattr(row, kind) for row in self.rows)

    def index(self, label: str) -> int:  # type: ignore[override]  # a Sequence's looks for a whole row
        """The id of the class with a label; case and spaces do not count.

        Raises:
            TextError: no class has this label; the message names the nearest label.
        """
        ids = {label_key(row.label): k for k, row in enumerate(self.rows) if row.label}
        if label_key(label) not in ids:
            labels = [row.label for row in self.rows if row.label]
            near = ", ".join(map(_shown, nearest(label, labels)))
            others = f"nearest are {near}" if near else f"labels are {shorten(', '.join(labels), 200)}"
            raise TextError(f"one of the {len(self)} classes should be labelled {_shown(label)}, but the {others}.")
        return ids[label_key(label)]

    def matched_to(self, labels: Sequence[str]) -> "ClassTexts":
        """The rows in the order of a data set's class names, matched by label; case and spaces do not count.

        Raises:
            TextError: a class name has no row, a row no class name, or a class name comes twice.
        """
        own = {label_key(label): k for k, label in enumerate(self.of_kind("label"))}
        wanted = {label_key(label): label for label in labels}
        if len(wanted) < len(labels):
            raise TextError("class names should differ, so that their texts are found by label, but two are alike.")
        absent = [label for key, label in wanted.items() if key not in own]
        idle = [label for key, k in own.items() if key not in wanted and (label := self.rows[k].label)]
        if absent or idle:
            told = [f"no text is labelled {_listed(absent, idle)}"] if absent else []
            told += [f"no class is named {_listed(idle, absent)}"] if idle else []
            raise TextError(
                f"the labels of the class texts should be the dataset's {len(labels)} class names, but "
                f"{', and '.join(told)}: change these labels, and leave out rows that are not needed."
            )
        return ClassTexts(tuple(self.rows[own[key]] for key in wanted))


def read_class_texts(path: str | Path) -> ClassTexts:
    """Read a table of class texts: CSV, TSV, JSON or YAML, by suffix, in UTF-8.

    The columns (keys) are some of ``label``, ``action``, ``motion`` and ``id``. Ids start at 0 and have no gaps;
    without ids, the order of the rows counts. Other columns are ignored, and so are lines at the beginning of CSV and
    TSV that start with ``#``. JSON and YAML hold a list of mappings, such a list under the key ``classes``, or a
    mapping from labels to mappings. Absent and empty texts become None.

    Raises:
        TextError: the file is missing or malformed, its ids are not 0 … K - 1, or two classes have the same label.
    """
    return _class_texts(read_table(Path(path)), str(path))


def write_class_texts(path: str | Path, texts: ClassTexts) -> None:
    """Write a table that `read_class_texts` reads back, all of it or nothing; the suffix tells the format.

    Leading comments of a file that is written over stay.

    Raises:
        TextError: there is no such format.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    cells = [{"id": k, **{kind: getattr(row, kind) or "" for kind in KINDS}} for k, row in enumerate(texts)]
    write_table(path, TextTable(tuple(TextRow(row, "") for row in cells), comments=read_comments(path)))


def packaged_names() -> tuple[str, ...]:
    """The names of the tables that come with the package."""
    entries = (files("gzssar.texts") / "data").iterdir()
    return tuple(sorted(entry.name.removesuffix(".csv") for entry in entries if entry.name.endswith(".csv")))


def load_packaged_texts(name: str) -> ClassTexts:
    """Load a table that comes with the package, for example ``"synthetic"``.

    Raises:
        TextError: there is no such table; the message lists those that exist.
    """
    names = packaged_names()
    if name not in names:
        near = nearest(name, names)
        raise TextError(
            f"there is no packaged table of class texts named {_shown(name)}; there are {', '.join(names)}"
            f"{f' (nearest: {near[0]})' if near else ''}. A table of your own ends in {', '.join(SUFFIXES)}."
        )
    source = f"{name}.csv"
    return _class_texts(parse_table((files("gzssar.texts") / "data" / source).read_bytes(), source), source)


def find_class_texts(name: str) -> ClassTexts:
    """Class texts by the path of a table, or by the name of a packaged table.

    Raises:
        TextError: there is no such file and no such packaged table, or the table is malformed.
    """
    path = Path(name)
    try:
        is_path = path.suffix.lower() in SUFFIXES or path.is_file()
    except (OSError, ValueError):  # no path at all: too long, or with a NUL
        is_path = False
    return read_class_texts(path) if is_path else load_packaged_texts(name)


def nearest(label: str, labels: Sequence[str]) -> list[str]:
    """Up to three labels that are spelt nearly like one."""
    by_key = {label_key(other)[:100]: other for other in labels}
    return [by_key[key] for key in difflib.get_close_matches(label_key(label)[:100], by_key, cutoff=0.5)]


def label_key(label: str) -> str:
    """What labels are compared by: neither case nor spaces count, nor the hyphens and underscores that stand for spaces
    in names of folders, nor how accents are encoded. A label of these alone stays as it is."""
    folded = unicodedata.normalize("NFKC", label).casefold()
    return re.sub(r"[\s_-]+", "", folded) or "".join(folded.split())


def _class_texts(table: TextTable, source: str) -> ClassTexts:
    by_id: dict[int, ClassText] = {}
    by_label: dict[str, ClassText] = {}
    ids = [row.text("id") for row in table.rows]
    for number, (value, row) in enumerate(zip(ids, table.rows, strict=True)):
        class_id = _class_id(value, row.where) if any(ids) else number
        if class_id in by_id:
            raise TextError(f"{row.where} should have an id of its own, but {class_id} stands in an earlier line too.")
        text = ClassText(row.text("label"), row.text("action"), row.text("motion"), row.where)
        by_id[class_id] = text
        if text.label and (other := by_label.setdefault(label_key(text.label), text)) is not text:
            raise TextError(
                f"{row.where} should have a label of its own, but {_shown(text.label)} stands in {other.where} too: "
                "classes are told apart by their labels."
            )
    if gaps := [k for k in range(len(by_id)) if k not in by_id]:
        raise TextError(
            f"{source} should number its {len(by_id)} classes from 0 to {len(by_id) - 1}, but {gaps[:5]} is missing: "
            "ids are 0-based and without gaps."
        )
    return ClassTexts(tuple(by_id[k] for k in range(len(by_id))))


def _class_id(value: str | None, where: str) -> int:
    if value is None or not value.isdecimal() or len(value) > _DIGITS:
        raise TextError(f"{where} should start with a 0-based class id, but it has {_shown(value)}.")
    return int(value)


def _shown(text: str | None) -> str:
    return repr(shorten(text or "", 60, placeholder=" …"))


def _listed(labels: Sequence[str], others: Sequence[str]) -> str:
    """Labels that match nothing, each with the nearest of the other side."""
    near = [(label, nearest(label, others)) for label in labels[:5]]
    told = [f"{_shown(label)}{f' (nearest: {_shown(found[0])})' if found else ''}" for label, found in near]
    return ", ".join(told) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
