"""Answers as rows that are written as they come: CSV, JSON Lines, or a table for people."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from typing import IO, Any, Protocol, cast, runtime_checkable

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from gzssar.inference.segments import Segment, clock
from gzssar.printable import is_obeyed, printable
from gzssar.recognizer import Prediction
from gzssar.skeletons.doubt import Doubt


@runtime_checkable
class Output(Protocol):
    """A text file, as far as it is needed here: typing's own asks for more than files in memory have."""

    @property
    def encoding(self) -> str | None:
        """Of the text."""

    def write(self, text: str, /) -> int:
        """Write text."""

    def flush(self) -> None:
        """Hand on what was written."""

    def isatty(self) -> bool:
        """Whether people read along."""

    def fileno(self) -> int:
        """The operating system's number of the file."""


@runtime_checkable
class Rows(Protocol):
    """Writes answers."""

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write a row per clip.

        Args:
            answers: name and prediction of each.
        """
        ...

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write a row per segment of one recording."""
        ...

    def end(self) -> None:
        """Write what comes after the last row."""
        ...


class JsonRows:
    """One JSON object a line."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._plain = not (out.encoding or "utf-8").lower().startswith("utf")

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write the name, and all of the prediction."""
        for name, prediction in answers:
            self._write({"name": name, **prediction.as_dict()})
        self._out.flush()

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write the name, and all of each segment."""
        for segment in segments:
            self._write({"name": name, **segment.as_dict()})
        self._out.flush()

    def end(self) -> None:
        """Write nothing more."""

    def frame(self, answer: Mapping[str, object]) -> None:
        """Write the answer to the last frame of a stream, at once."""
        self._write(answer)
        self._out.flush()

    def _write(self, row: Mapping[str, object]) -> None:
        line = json.dumps(row, ensure_ascii=self._plain)
        self._out.write((line if line.isprintable() else _escaped_json(line)) + "\n")


_COLUMNS = ("label", "best_guess", "score", "seen", "p_seen", "unsure", "abstained", "resting")
"""Of a prediction; score and seen are those of the best guess."""
_SEGMENT_COLUMNS = ("start", "end", "windows")
_WARNING_COLUMNS = ("warning", "warning_sentences")
"""The codes of all doubts, parted by blanks, and their sentences."""


class CsvRows:
    """Comma-separated values with a header; further ranks have columns of their own, label_2, score_2 and so on. What a
    terminal would obey in a name is escaped."""

    def __init__(self, out: Output, ranks: int) -> None:
        self._out, self._ranks = out, ranks
        self._writer = csv.writer(out, lineterminator="\n")
        self._started = False

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write the columns of the header; the label stays empty where the recognizer abstains or nobody moves."""
        self._start(_COLUMNS)
        for name, prediction in answers:
            self._write(name, prediction, prediction.as_dict(), _COLUMNS)
        self._out.flush()

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write start and end in seconds, the number of windows, and the same as of a clip."""
        columns = (*_SEGMENT_COLUMNS, *_COLUMNS)
        self._start(columns)
        for segment in segments:
            self._write(name, segment.prediction, segment.as_dict(), columns)
        self._out.flush()

    def end(self) -> None:
        """Write nothing more."""

    def _start(self, columns: Sequence[str]) -> None:
        if not self._started:
            further = [f"{key}_{rank}" for rank in range(2, self._ranks + 1) for key in ("label", "score")]
            self._writer.writerow(["name", *columns, *_WARNING_COLUMNS, *further])
            self._started = True

    def _write(self, name: str, prediction: Prediction, told: Mapping[str, object], columns: Sequence[str]) -> None:
        further: list[Any] = [
            value for other in prediction[1 : self._ranks] for value in (other["label"], other["score"])
        ]
        further += [None] * (2 * (self._ranks - 1) - len(further))
        row = [name, *(told[column] for column in columns), *_told(prediction.warning), *further]
        self._writer.writerow(map(_cell, row))


_PERHAPS = (
    "perhaps: the model is too unsure, and answers like this are wrong too often. --most-wrong sets how often answers "
    "may be wrong, and --no-abstain gives all answers."
)
_WIDE = 100
"""Columns of a terminal that has room for two further classes."""
_PIPED = 160
"""Columns of what is no terminal, where rich would take 80."""
_ANSWER = {"label": 3, "score": 0, "class": 0, "p_seen": 0}
_WIDTHS = {"class": 6, "p_seen": 6, "score": 5, "from": 9, "to": 9}


class TableRows:
    """A table for people, whose columns are as wide as the terminal allows, so that it grows row by row."""

    def __init__(self, out: Output) -> None:
        width = None if out.isatty() or "COLUMNS" in os.environ else _PIPED
        self._out, self._console = out, Console(file=cast(IO[str], out), width=width)
        self._others = 2 if self._console.width >= _WIDE else 1
        self._started = self._unsure = False

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write clip, label, score, whether the class is a seen one, p_seen, and what else it could be."""
        table = self._table({"clip": 0, **_ANSWER, "or": 4})
        for name, prediction in answers:
            others = () if prediction.resting else prediction[1 : 1 + self._others]
            also = ", ".join(f"{other['label']} {other['score']:.2f}" for other in others)
            table.add_row(Text(printable(name)), *self._cells(prediction), Text(printable(also), "dim"))
        self._print(table)

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write clip, from and to in hours, minutes and seconds, label, and so on."""
        table = self._table({"clip": 0, "from": 0, "to": 0, **_ANSWER})
        for segment in segments:
            times = (clock(segment.start), clock(segment.end))
            table.add_row(Text(printable(name)), *times, *self._cells(segment.prediction))
        self._print(table)

    def end(self) -> None:
        """Explain what people may not understand."""
        if self._unsure:
            self._out.write(f"\n{_PERHAPS}\n")
            self._out.flush()

    def _cells(self, prediction: Prediction) -> tuple[str | Text, ...]:
        """The columns of :data:`_ANSWER`."""
        if prediction.resting or not prediction.ranking:
            return Text(f"– {prediction.in_words}", "dim"), "", "", ""
        best, p_seen = prediction[0], prediction.p_seen
        self._unsure |= prediction.abstained
        label = Text(printable(prediction.label or prediction.in_words), "dim" if prediction.abstained else "bold")
        kind = "seen" if best["seen"] else "unseen"
        return label, f"{best['score']:.2f}", kind, "" if p_seen is None else f"{p_seen:.2f}"

    def _table(self, columns: dict[str, int]) -> Table:
        """Columns share the width that columns of fixed width leave, by these ratios; 0 for a fixed width.

        Long names go on in the next line, for a part of them may be all that tells two clips apart.
        """
        table = Table(
            box=SIMPLE_HEAD,
            show_header=not self._started,
            show_edge=False,
            pad_edge=False,
            collapse_padding=True,
            expand=True,
        )
        for name, ratio in columns.items():
            left = ratio or name in ("clip", "class")
            width = None if ratio else _WIDTHS.get(name, self._console.width // 4)
            justify: JustifyMethod = "left" if left else "right"
            no_wrap = not ratio and name != "clip"
            table.add_column(name, justify, ratio=ratio or None, width=width, no_wrap=no_wrap, overflow="fold")
        self._started = True
        return table

    def _print(self, table: Table) -> None:
        with self._console.capture() as captured:  # rich ends the program where a pipe breaks; we end quietly
            self._console.print(table)
        self._out.write(captured.get())
        self._out.flush()


def _told(warning: Sequence[Doubt]) -> list[str]:
    return [" ".join(doubt.code for doubt in warning), " ".join(doubt.sentence for doubt in warning)]


def _cell(value: Any) -> Any:
    """Text that is safe to print; numbers to six decimals, for what lies behind them tells nobody anything."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return printable(value)
    return round(value, 6) if isinstance(value, float) else value


def _escaped_json(line: str) -> str:
    """JSON with its own escapes for characters that a terminal obeys: the same to programs."""
    return "".join(json.dumps(one)[1:-1] if is_obeyed(one) else one for one in line)
