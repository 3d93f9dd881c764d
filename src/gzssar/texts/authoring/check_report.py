"""A check of class texts for people: sentences, a table for the terminal, and all pairs as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gzssar.palette import shorten
from gzssar.texts.authoring.checking import FUSION, TextCheck

if TYPE_CHECKING:
    from rich.table import Table

_NAMED = 5
"""Classes in one sentence."""
_SENTENCES = 10
"""Over-long texts, or near-duplicates of one kind, that get a sentence each."""
_WORDS_SHOWN = 60
"""Characters of a text in a sentence."""


def findings(check: TextCheck) -> tuple[str, ...]:
    """What was found, a sentence or two each, with what to do."""
    return (
        *_missing(check),
        *_duplicates(check),
        *_first(list(_over_long(check)), "over-long texts"),
        *(line for kind in check.similarities for line in _first(list(_near(check, kind)), f"pairs by {_by(kind)}")),
    )


def verdict(check: TextCheck) -> str:
    """One line: whether the table can be used as it is."""
    kind = check.deciding
    if kind is None:
        return "No kind of text is there for all classes: nothing to compare."
    if check.found:
        said = "Problems were found"
    elif any(check.near_duplicates(one) for one in check.similarities):
        said = "All classes are told apart, though not by each kind of text"
    else:
        said = "No problems were found"
    count = f"{len(check.names)} class{'es' * (len(check.names) > 1)}"
    pairs = check.pairs(kind)
    closest = f"the most similar by {_by(kind)}: {pairs[0].similarity:.2f}" if pairs else "nothing to tell apart"
    return f"{said} ({count}, {' + '.join(check.encoders)}; {closest})."


def pair_table(check: TextCheck, count: int) -> "Table":
    """The `count` most confusable pairs of each kind; near-duplicates in bold."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    title = Text(f"Most confusable pairs under {' + '.join(check.encoders)}")
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("by", no_wrap=True)
    table.add_column("cosine", justify="right", no_wrap=True)
    table.add_column("class")
    table.add_column("and class")
    for kind in check.similarities:
        pairs = check.pairs(kind)[:count]
        for row, pair in enumerate(pairs):
            table.add_row(
                kind if row == 0 else "",
                f"{pair.similarity:.3f}",
                *(Text(_named(check, k)) for k in (pair.first, pair.second)),
                style="bold" if pair.similarity >= check.threshold else None,
                end_section=row == len(pairs) - 1,
            )
    return table


def pairs_csv(check: TextCheck) -> str:
    """All pairs of every kind: kind, rank (from 1), ids, labels, similarity."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("kind", "rank", "first_id", "second_id", "first_label", "second_label", "similarity"))
    for kind in check.similarities:
        for rank, pair in enumerate(check.pairs(kind), start=1):
            names = check.names[pair.first], check.names[pair.second]
            rows.writerow((kind, rank, pair.first, pair.second, *names, f"{pair.similarity:.6f}"))
    return file.getvalue()


def _missing(check: TextCheck) -> Iterator[str]:
    for kind, ids in check.missing.items():
        nobody = len(ids) == len(check.names)
        who = "No class has" if nobody else f"{_listed(check, ids)} should have"
        what = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} text" + ("" if nobody else ", but it is missing")
        yield f"{who} {what}: write it, or have `gzssar texts fill` ask for it. Similarities by {kind} are left out."


def _duplicates(check: TextCheck) -> Iterator[str]:
    for one in check.duplicates:
        who = _listed(check, one.class_ids)
        yield f"{who} have the same {one.kind} text, {_quoted(one.text)}: say what tells them apart."


def _over_long(check: TextCheck) -> Iterator[str]:
    for one in check.over_long:
        yield (
            f"The {one.kind} text of {_named(check, one.class_id)} has {one.tokens} tokens, but {one.encoder} reads "
            f"{one.limit}: shorten it, or it ends before {_quoted(one.cut)}."
        )


def _near(check: TextCheck, kind: str) -> Iterator[str]:
    """Near-duplicates; those said to be duplicates already are left out."""
    same = [set(one.class_ids) for one in check.duplicates if one.kind == kind]
    for pair in check.near_duplicates(kind):
        if not any({pair.first, pair.second} <= ids for ids in same):
            yield (
                f"{_named(check, pair.first)} and {_named(check, pair.second)} are nearly the same by {_by(kind)}, "
                f"cosine {pair.similarity:.3f}: say what tells them apart."
            )


def _by(kind: str) -> str:
    return "the fusion of all texts" if kind == FUSION else f"{kind} text"


def _named(check: TextCheck, class_id: int) -> str:
    return f"{check.names[class_id]} ({class_id})"


def _listed(check: TextCheck, class_ids: Sequence[int]) -> str:
    names, more = [_named(check, k) for k in class_ids[:_NAMED]], len(class_ids) - _NAMED
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _first(lines: list[str], what: str) -> list[str]:
    """The first of many lines, and how many more there are."""
    more = len(lines) - _SENTENCES
    return lines if more <= 0 else [*lines[:_SENTENCES], f"… and {more} more {what}."]


def _quoted(text: str) -> str:
    return f"“{shorten(text, _WORDS_SHOWN)}”"
