"""A table of class texts as it stands in a file: rows of cells, whatever the format."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, Literal

from gzssar.errors import TextError

COLUMNS = ("id", "label", "action", "motion")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass
class TextRow:
    """One class as it stands in the file."""

    cells: dict[str, Any]
    """By column, further columns too. What is absent or empty is not written yet."""

    where: str
    """For errors: "line 3 of texts.csv"."""

    def text(self, column: str) -> str | None:
        """A cell as plain text, None where it is absent or empty. Numbers are read as they are written.

        Raises:
            TextError: it is a list, a mapping or true/false, or holds control characters.
        """
        value = self.cells.get(column)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            kind = json.dumps(value) if isinstance(value, bool) else f"a {type(value).__name__}"
            raise TextError(f"{self.where} should have a text in column {column!r}, but that is {kind}.")
        name = shorten(str(self.cells.get("label") or ""), 60).encode("ascii", "backslashreplace").decode()
        owner = f" of the class {name!r}" if name and column != "label" else ""
        return plain_text(str(value), f"column {column!r}{owner} ({self.where})") or None


@dataclass
class TextTable:
    """A file's rows, and what is needed to write the file again as its owner had it."""

    rows: tuple[TextRow, ...]
    columns: tuple[str, ...] = COLUMNS
    comments: tuple[str, ...] = ()
    """Leading lines that begin with #, of CSV, TSV and YAML."""

    layout: Literal["list", "classes", "labels"] = "list"
    """Of JSON and YAML: a list of mappings, that list below a key "classes", or a mapping by label."""

    further: dict[str, Any] = field(default_factory=dict)
    """What stands beside the classes, such as "_guidance"."""


def plain_text(value: str, what: str) -> str:
    """Text on one line: runs of white space become one space.

    Raises:
        TextError: control characters other than tabs and line breaks, or half of a surrogate pair.
    """
    if bad := _NOT_TEXT.search(value):
        code = f"U+{ord(bad[0]):04X}"
        raise TextError(f"{what} should be plain text, but it holds the control character {code}: delete it.")
    return " ".join(value.split())


def column(name: str) -> str:
    """The name of a known column however it is spelt; any other as it stands."""
    return known if (known := name.strip().lower()) in COLUMNS else name


def check_known(columns: tuple[str, ...], source: str, hint: str) -> None:
    """Refuse a table without any column for texts, and say what to do.

    Raises:
        TextError: neither label nor action nor motion is among the columns.
    """
    if not set(columns) & set(COLUMNS[1:]):
        came = repr(shorten(", ".join(columns), 100)) if columns else "none"
        raise TextError(f"{source} should have a column label, action or motion, but its columns are {came}: {hint}.")


def check_once(names: Iterable[str], source: str, what: str) -> None:
    """Refuse doubled columns and keys.

    Raises:
        TextError: a name comes twice.
    """
    before: set[str] = set()
    for name in names:
        if name in before:
            raise TextError(f"{source} should have each {what} once, but {shorten(name, 60)!r} comes twice.")
        before.add(name)
