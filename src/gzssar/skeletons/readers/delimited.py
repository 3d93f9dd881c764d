"""Tables as text from strangers: row after row, whatever stands between the cells and whoever wrote them.

Spreadsheets, pandas and numpy differ in separators, decimal commas, encodings, quotes, comments and empty lines at the
end; none of that matters beyond this module. One line at a time is in memory, and no line may be endless.
"""

import codecs
import csv
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.readers.arrays import check_size
from gzssar.skeletons.readers.density import check_density

_LARGEST = 2**29
"""Bytes: ten hours."""
_LONGEST = 2**17
"""Characters of a line: a thousand joints need a third of it, and the csv module reads no longer cell."""
_TELLING = 2**12
"""Characters of a row that tell the separator."""
_SEPARATORS = ("\t", ";", "|", ",", None)
"""None are runs of blanks. Where two fit equally, the first does: a comma may also stand within numbers."""
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_NOTES = ("#", "sep=")
"""How lines before the table start, beside blank ones: numpy's comments, and a hint for spreadsheets."""
_MOST_NOTES = 100
_RATE = re.compile(
    r"\b(?:fps|hz|(?:frame|sampling) ?_?rate)\s*(?:\(\w+\))?\s*[:=]\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?(?:fps|hz)\b"
)
"""How a comment states the frames per second, in lower case."""
_OFTEN = 1024
"""Rows after which the density of the file is looked at."""
_MOST_EMPTY = 1000
"""Empty lines at the end; what has more is no table."""
_FEWEST_NUMBERS = 0.5
"""Share of the cells of a row that hold numbers; names have fewer."""
_CUT = Doubt(
    "last-line-cut",
    "The last line has no end, and its last number has fewer digits than the others: the file may be cut off.",
)
_SHORTER = 0.05
"""Share of the rows whose last number may have as few decimals as one that is cut off."""
_CUT_EXPONENT = re.compile(r"e[+-]?\d?$", re.IGNORECASE)
"""All but browsers write two digits of it."""


class Row(NamedTuple):
    """One row of numbers."""

    where: str
    """File and line, for the error's sentence."""

    cells: list[str]
    """As many as the table has columns."""


@dataclass(frozen=True)
class TextTable:
    """What the first lines of a table say about all of them."""

    path: Path
    """The file."""

    encoding: str
    """Its characters."""

    separator: str | None
    """What stands between two cells; None for runs of blanks."""

    names: tuple[str, ...]
    """Names of the columns; empty where the first row holds numbers already."""

    sample: tuple[str, ...]
    """The first row of numbers, or the names where there is none."""

    before: int
    """Lines before the first row of numbers."""

    fps: float | None = None
    """Frames per second, where a comment states them."""

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.names or self.sample)

    def holds_numbers(self, column: int) -> bool:
        """Whether a column does, as far as the first row tells."""
        return column < len(self.sample) and number_of(self.sample[column]) is not None

    @classmethod
    def of(cls, path: Path, start: bytes) -> "TextTable | None":
        """Look at the first bytes of a file; None where there is no line, or the text is JSON.

        Args:
            path: the file.
            start: its first bytes, which may end within a row.
        """
        encoding = _encoding(start)
        text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
        lines = [line[:_LONGEST] for line in re.split(r"\r\n?|\n", text, maxsplit=_MOST_NOTES)[:_MOST_NOTES]]
        notes = sum(
            1 for _ in itertools.takewhile(lambda line: not line.strip() or line.lower().startswith(_NOTES), lines)
        )
        table = lines[notes:]
        if text.lstrip().startswith(("{", "[")) or not table or not table[0].strip():
            return None
        above, top, below = ["", *lines][notes], table[0], (table + table)[1]
        separator = _separator((below if below.strip() else top)[:_TELLING])
        note, first, second = (
            tuple(cell.strip() for cell in split_row(line, separator)) for line in (above.lstrip("# "), top, below)
        )
        fps = _stated_rate(lines[:notes])
        if len(note) == len(first) and above.startswith("#") and _is_header(note):
            return cls(path, encoding, separator, note, first, notes, fps)
        if _is_header(first):
            return cls(path, encoding, separator, first, second, notes + 1, fps)
        return cls(path, encoding, separator, (), first, notes, fps)

    def rows(self, doubts: list[Doubt]) -> Iterator[Row]:
        """The rows of numbers in order; empty lines at the end are none.

        Args:
            doubts: takes up at the end what was found odd.

        Raises:
            DataError: the file cannot be read, is no text, or a row has more or fewer cells than the first.
        """
        empty = ragged = found = 0
        decimals: Counter[int] = Counter()
        for number, line in self._lines():
            cells = self._fitted(split_row(line.rstrip("\n"), self.separator))
            if not any(map(str.strip, cells)):
                ragged = ragged or (number if len(cells) != self.width else 0)
                empty += 1
                if not ragged or empty <= _MOST_EMPTY:
                    continue
            if ragged or len(cells) != self.width:
                raise DataError(
                    f"{self._where(ragged or number)} should have {self.width} numbers as the first row has, but has "
                    f"{0 if ragged else len(cells)}."
                )
            for before in range(number - empty, number):
                yield Row(self._where(before), [""] * self.width)
            empty, found = 0, number
            if number % _OFTEN == 0:
                check_density(self.path, number * self.width, "cells")
            yield Row(self._where(number), cells)
            if line.endswith("\n"):
                decimals[_decimals(cells[-1])] += 1
            elif decimals and _seems_cut(cells[-1], decimals):
                doubts.append(_CUT)
        if not found:
            raise DataError(f"{self.path} should have a row of numbers for every frame, but has none.")

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Line by line, counted from 1; lines before the first row of numbers are left out."""
        number = 0
        check_size(self.path, _LARGEST)
        try:
            with self.path.open(encoding=self.encoding) as file:
                while line := file.readline(_LONGEST + 1):
                    number += 1
                    if len(line) > _LONGEST:
                        raise DataError(f"{self._where(number)} should be a row of numbers, but it does not end.")
                    if number > self.before:
                        yield number, line
        except UnicodeError as error:
            raise DataError(
                f"{self.path} should be text in UTF-8, but after line {number} it is not: save it again."
            ) from error
        except OSError as error:
            raise DataError(f"{self.path} should be a file to read, but it cannot be read ({error}).") from error

    def _fitted(self, cells: list[str]) -> list[str]:
        """A row with or without a separator at its end, as the first has it."""
        more = len(cells) - self.width
        if more == 1 and not cells[-1].strip():
            return cells[:-1]
        if more == -1 and self.names and not self.names[-1]:
            return [*cells, ""]
        return cells

    def _where(self, line: int) -> str:
        return f"{self.path}, line {line},"


def number_of(cell: str) -> float | None:
    """The number in a cell, with a point or a comma; NaN where it is empty or says that there is none."""
    try:
        number = float(cell)
    except ValueError:
        text = cell.strip().lower()
        if text in _MISSING:
            return math.nan
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return None
    return None if "_" in cell else number  # Python takes 1_000 for a number, files do not


def numbers_in(row: Row, columns: Sequence[int]) -> list[float]:
    """The numbers in some cells of a row.

    Raises:
        DataError: one of them holds something else; the message names it.
    """
    cells = [row.cells[column] for column in columns]
    try:
        if "_" not in "".join(cells):
            return list(map(float, cells))
    except ValueError:
        pass  # a cell is empty, has a decimal comma, or is no number
    numbers = []
    for column in columns:
        if (number := number_of(row.cells[column])) is None:
            raise DataError(f"{row.where} should hold numbers, but value {column + 1} is {row.cells[column][:40]!r}.")
        numbers.append(number)
    return numbers


def split_row(line: str, separator: str | None) -> list[str]:
    """The cells of a line; what stands in quotes is one cell."""
    if '"' not in line:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator or " ", skipinitialspace=True), [])


def share_of_numbers(cells: Sequence[str]) -> float:
    """How many of the cells that hold something hold numbers, from 0 to 1."""
    full = [cell for cell in cells if cell.strip()]
    return sum(number_of(cell) is not None for cell in full) / len(full) if full else 1.0


def _is_header(cells: Sequence[str]) -> bool:
    """Whether cells are names: hardly numbers, or the numbers of the columns, 0, 1, 2 and so on, as pandas writes."""
    if share_of_numbers(cells) < _FEWEST_NUMBERS:
        return True
    counted = list(itertools.dropwhile(lambda cell: number_of(cell) is None or not cell, cells))
    return len(counted) > 1 and any(counted == [str(k) for k in range(f, f + len(counted))] for f in (0, 1))


def _separator(line: str) -> str | None:
    """What parts a line into the most numbers, or one without numbers into the most cells."""

    def numbers_or_cells(separator: str | None) -> tuple[int, int]:
        cells = split_row(line, separator)
        numbers = sum(bool(cell.strip()) and number_of(cell) is not None for cell in cells)
        return numbers, 0 if numbers else len(cells)

    return max(_SEPARATORS, key=numbers_or_cells)


def _stated_rate(notes: Sequence[str]) -> float | None:
    match = _RATE.search(" ".join(notes).lower())
    return float(match[1] or match[2]) if match else None


def _encoding(start: bytes) -> str:
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _decimals(cell: str) -> int:
    """Characters behind the point of a number."""
    return len(cell.strip().replace(",", ".").partition(".")[2])


def _seems_cut(cell: str, decimals: Counter[int]) -> bool:
    """Whether the last number of a file may lack digits: it has fewer decimals than nearly all others in its column.

    Of whole numbers nobody can tell, so they always may.
    """
    rows = sorted(decimals.elements())
    usual = rows[int(_SHORTER * len(rows))]
    return usual == 0 or _decimals(cell) < usual or _CUT_EXPONENT.search(cell.strip()) is not None
