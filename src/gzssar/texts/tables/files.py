"""Tables of class texts on disk: CSV, TSV, JSON or YAML, by suffix. What the cells mean stands in `classes.py`."""

import csv
import io
import json
from itertools import takewhile
from pathlib import Path
from typing import Any

from gzssar.errors import OutputError, TextError
from gzssar.files import decode_table, read_table_bytes, write_text
from gzssar.texts.tables.documents import check_values, from_document, parse_json, to_document
from gzssar.texts.tables.rows import COLUMNS, TextRow, TextTable, check_known, check_once, column

SUFFIXES = (".csv", ".tsv", ".json", ".yaml", ".yml")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_MOST_MEBIBYTES = 16  # 120 classes with texts of 10,000 words


def read_table(path: Path) -> TextTable:
    """Read a table in the format that its suffix names.

    Raises:
        TextError: the file is missing, larger than 16 MiB, has another suffix or is malformed.
    """
    check_suffix(path)
    return parse_table(read_table_bytes(path, _MOST_MEBIBYTES, "a table of class texts", TextError), str(path))


def parse_table(content: bytes, source: str) -> TextTable:
    """Parse a file's content; `source` is its name, whose suffix tells the format.

    Raises:
        TextError: it is malformed.
    """
    suffix = check_suffix(Path(source))
    text = _decode(content, source)
    comments = _leading_comments(text)
    if delimiter := _DELIMITERS.get(suffix):
        return _parse_delimited(text, comments, source, delimiter)
    try:
        document = parse_json(text, source) if suffix == ".json" else _parse_yaml(text, source)
        check_values(document, source)
    except RecursionError:
        raise TextError(f"{source} should be a plain table, but it is nested too deeply: make it one list.") from None
    table = from_document(document, source)
    table.comments = () if suffix == ".json" else tuple(line for line in comments if line.strip())
    return table


def read_comments(path: Path) -> tuple[str, ...]:
    """The leading comments of a CSV, TSV or YAML file; none where there is no such file."""
    if path.suffix.lower() == ".json":
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return ()
    return tuple(takewhile(lambda line: line.startswith("#"), lines))


def write_table(path: Path, table: TextTable) -> None:
    """Write a table in the format that the suffix of `path` names, all of it or nothing.

    Raises:
        TextError: there is no such format.
        OutputError: the file cannot be written.
    """
    suffix = check_suffix(path)
    head = "".join(f"{line}\n" for line in table.comments)
    if delimiter := _DELIMITERS.get(suffix):
        text = head + _format_delimited(table, delimiter)
    elif suffix == ".json":
        text = json.dumps(to_document(table), indent=2, ensure_ascii=False) + "\n"
    else:
        from gzssar.texts.tables.yaml_files import format_yaml

        text = head + format_yaml(to_document(table))
    try:
        write_text(path, text)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): choose another place.") from error


def check_suffix(path: Path) -> str:
    """The suffix, in lower case.

    Raises:
        TextError: no format belongs to it; the message lists those that work.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise TextError(
            f"{path} should be a table of class texts that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, but "
            f"it {f'ends in {suffix}' if suffix else 'has no such ending'}: save it in one of these formats."
        )
    return suffix


def _decode(content: bytes, source: str) -> str:
    text = decode_table(content, source, TextError)
    if not text.strip():
        raise TextError(f"{source} should be a table with a column label, action or motion, but the file is empty.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _leading_comments(text: str) -> list[str]:
    """Empty lines too, so that their number is where the table starts. Spreadsheets put quotes around a comment."""
    return list(takewhile(lambda line: line.startswith(("#", '"#')) or not line.strip(), text.split("\n")))


def _parse_delimited(text: str, comments: list[str], source: str, delimiter: str) -> TextTable:
    skipped = len(comments)
    body = "\n".join(text.split("\n")[skipped:])
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        columns = _columns(next(reader, []), source)
        for cells in reader:
            where = f"line {reader.line_num + skipped} of {source}"
            if any(cell.strip() for cell in cells[len(columns) :]):
                raise TextError(
                    f"{where} should have {len(columns)} cells, one per column, but it has {len(cells)}: put quotes "
                    "around a text that holds the separator."
                )
            if any(cell.strip() for cell in cells):
                rows.append(TextRow(dict(zip(columns, cells, strict=False)), where))
    except csv.Error as error:
        where = f"line {reader.line_num + skipped} of {source}"
        raise TextError(f"{where} cannot be read as a row of cells ({error}): check its quotes.") from error
    if not rows:
        raise TextError(f"{source} should have one line per class, but it has none below the column names.")
    return TextTable(tuple(rows), columns, tuple(line for line in comments if line.strip()))


def _columns(names: list[str], source: str) -> tuple[str, ...]:
    while names and not names[-1].strip():
        names = names[:-1]
    columns = tuple(map(column, names))
    check_once(columns, source, "column")
    hint = "the first line must name the columns"
    if len(names) == 1 and (other := next((c for c in ";\t|," if c in names[0]), None)):
        hint = f"it seems to be separated by {other!r}: save it with commas (.csv) or tabs (.tsv)"
    check_known(columns, source, hint)
    return columns


def _parse_yaml(text: str, source: str) -> Any:
    from gzssar.texts.tables.yaml_files import parse_yaml  # PyYAML only where it is needed

    return parse_yaml(text, source)


def _format_delimited(table: TextTable, delimiter: str) -> str:
    used = {name for row in table.rows for name in row.cells}
    columns = [*table.columns, *(name for name in COLUMNS if name in used and name not in table.columns)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for row in table.rows:
        cells = (row.cells.get(name) for name in columns)
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
