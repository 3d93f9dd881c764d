"""JSON and YAML ↔ tables of class texts: a list of mappings, such a list below "classes", or a mapping by label."""

import json
import re
from textwrap import shorten
from typing import Any

from gzssar.errors import TextError
from gzssar.texts.tables.rows import TextRow, TextTable, check_known, check_once, column

_DEEPEST = 20
_SURROGATE = re.compile("[\ud800-\udfff]")


def from_document(document: Any, source: str) -> TextTable:
    """The table in a document; keys that begin with "_", and those beside "classes", are no classes.

    Raises:
        TextError: it is neither a list of mappings nor a mapping of mappings, or says nothing about classes.
    """
    entries: list[tuple[str | None, Any]]
    table = TextTable(())
    if isinstance(document, dict) and isinstance(document.get("classes"), list):
        table.layout, table.further = "classes", {k: v for k, v in document.items() if k != "classes"}
        entries = [(None, entry) for entry in document["classes"]]
    elif isinstance(document, dict):
        if "classes" in document:
            raise TextError(f"{source} should hold a list below its key 'classes', with one mapping per class.")
        table.layout, table.further = "labels", {k: v for k, v in document.items() if k.startswith("_")}
        entries = [(key, entry) for key, entry in document.items() if key not in table.further]
    elif isinstance(document, list):
        entries = [(None, entry) for entry in document]
    else:
        raise TextError(
            f"{source} should hold a list with one mapping per class, or a mapping from labels to such, but it holds "
            f"{'nothing' if document is None else f'one {type(document).__name__}'}."
        )
    if not entries:
        raise TextError(f"{source} should have one entry per class, but it has none.")
    table.rows = tuple(_row(label, entry, k, source) for k, (label, entry) in enumerate(entries, 1))
    table.columns = tuple(dict.fromkeys(name for row in table.rows for name in row.cells))
    check_known(table.columns, source, "each entry needs at least one of these as a key")
    return table


def _row(label: str | None, entry: Any, number: int, source: str) -> TextRow:
    line = getattr(entry, "line", None)
    where = f"line {line} of {source}" if line else f"entry {number} of {source}"
    if label is not None and entry is None:
        return TextRow({"label": label}, where)
    if not isinstance(entry, dict):
        raise TextError(
            f"{where} should be a mapping with the keys label, action and motion, but it is a {type(entry).__name__}."
        )
    columns = tuple(map(column, entry))
    check_once(columns, where, "key")
    cells = dict(zip(columns, entry.values(), strict=True))
    if label is None:
        return TextRow(cells, where)
    if "label" in cells:
        raise TextError(f"{where} stands below the label {shorten(label, 60)!r}, but has a key label: leave one out.")
    return TextRow({"label": label} | cells, where)


def to_document(table: TextTable) -> Any:
    """The inverse of `from_document`."""
    if table.layout == "labels":
        by_label = {row.cells["label"]: {k: v for k, v in row.cells.items() if k != "label"} for row in table.rows}
        return table.further | by_label
    rows = [row.cells for row in table.rows]
    return {**table.further, "classes": rows} if table.layout == "classes" else rows


def parse_json(text: str, source: str) -> Any:
    """Parse JSON.

    Raises:
        TextError: it is not JSON, or a mapping has a key twice.
        RecursionError: it is nested hundreds of levels deep.
    """

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            check_once((key for key, _ in pairs), source, "key of a mapping")
        return found

    try:
        return json.loads(text, object_pairs_hook=mapping, strict=False)
    except json.JSONDecodeError as error:
        raise TextError(f"{source} should be JSON, but line {error.lineno} is not ({error.msg}).") from error
    except TextError:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise TextError(f"{source} should be JSON, but it cannot be read ({error}).") from error


def check_values(value: Any, source: str, levels: int = _DEEPEST) -> None:
    """See to it that whatever is read can be written again.

    Raises:
        TextError: a text holds half of a surrogate pair.
        RecursionError: mappings and lists are nested deeply.
    """
    if not levels:
        raise RecursionError
    if isinstance(value, str) and _SURROGATE.search(value):
        raise TextError(f"{source} should be text, but it holds half of a surrogate pair: save it as UTF-8.")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for child in value:
            check_values(child, source, levels - 1)
