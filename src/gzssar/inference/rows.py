"""Answers as rows that are written as they come: CSV, JSON Lines, or a table for people."""

import csv
import json
import os
from collections.abc import Sequence
from typing import IO, Any, Protocol, cast, runtime_checkable

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from gzssar.inference.segments import Segment
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
            told = {key: _rounded(value) for key, value in vars(segment).items()}
            self._write({"name": name} | told | {"warning": [doubt.as_dict() for doubt in segment.warning]})
        self._out.flush()

    def frame(self, answer: dict[str, Any]) -> None:
        """Write the answer to the last frame of a stream, at once."""
        self._write(answer)
        self._out.flush()

    def _write(self, row: dict[str, Any]) -> None:
        self._out.write(json.dumps(row, ensure_ascii=self._plain) + "\n")


_CLIP_COLUMNS = ("name", "label", "score", "seen", "p_seen", "abstained")
_SEGMENT_COLUMNS = ("name", "start", "end", "label", "score", "seen", "p_seen", "windows")
_WARNING_COLUMNS = ("warning", "warning_sentences")
"""The codes of all doubts, parted by blanks, and their sentences."""


class CsvRows:
    """Comma-separated values with a header; further ranks have columns of their own, label_2, score_2 and so on."""

    def __init__(self, out: Output, ranks: int) -> None:
        self._out, self._ranks = out, ranks
        self._writer = csv.writer(out, lineterminator="\n")
        self._started = False

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write the columns of the header; the label stays empty where the recognizer abstains or nobody moves."""
        further = [f"{key}_{rank}" for rank in range(2, self._ranks + 1) for key in ("label", "score")]
        self._start((*_CLIP_COLUMNS, *_WARNING_COLUMNS, *further))
        for name, prediction in answers:
            best, *others = prediction.ranking[: self._ranks]
            row = [name, prediction.label, best["score"], best["seen"], prediction.p_seen, prediction.abstained]
            row += _told(prediction.warning)
            row += [value for other in others for value in (other["label"], other["score"])]
            self._write(row)
        self._out.flush()

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write start and end in seconds, label, mean score, and so on."""
        self._start((*_SEGMENT_COLUMNS, *_WARNING_COLUMNS))
        for segment in segments:
            values = [getattr(segment, column) for column in _SEGMENT_COLUMNS[1:]]
            self._write([name, *values, *_told(segment.warning)])
        self._out.flush()

    def _start(self, header: Sequence[str]) -> None:
        if not self._started:
            self._writer.writerow(header)
            self._started = True

    def _write(self, row: Sequence[Any]) -> None:
        self._writer.writerow([str(value).lower() if isinstance(value, bool) else _rounded(value) for value in row])


_WIDE = 100
"""Columns of a terminal that has room for two further classes."""
_PIPED = 160
"""Columns of what is no terminal, where rich would take 80."""
_WIDTHS = {"class": 6, "p_seen": 6, "score": 5, "from": 7, "to": 7}


class TableRows:
    """A table for people, whose columns are as wide as the terminal allows, so that it grows row by row."""

    def __init__(self, out: Output) -> None:
        width = None if out.isatty() or "COLUMNS" in os.environ else _PIPED
        self._out, self._console = out, Console(file=cast(IO[str], out), width=width)
        self._others = 2 if self._console.width >= _WIDE else 1
        self._started = False

    def clips(self, answers: Sequence[tuple[str, Prediction]]) -> None:
        """Write clip, label, score, whether the class is a seen one, p_seen, and what else it could be."""
        table = self._table({"clip": 0, "label": 3, "score": 0, "class": 0, "p_seen": 0, "or": 4})
        for name, prediction in answers:
            best, *others = prediction.ranking
            label, kind = (Text(best["label"], "bold"), _kind(best["seen"]))
            if prediction.resting:
                label, kind, others = Text("– nothing happens", "dim"), "", []
            elif prediction.abstained:
                label = Text(f"perhaps {best['label']}", "dim")
            also = ", ".join(f"{other['label']} {other['score']:.2f}" for other in others[: self._others])
            score, p_seen = ("", "") if prediction.resting else (f"{best['score']:.2f}", f"{prediction.p_seen:.2f}")
            table.add_row(Text(name), label, score, kind, p_seen, Text(also, "dim"))
        self._print(table)

    def segments(self, name: str, segments: Sequence[Segment]) -> None:
        """Write clip, from and to in minutes and seconds, label, and so on."""
        table = self._table({"clip": 0, "from": 0, "to": 0, "label": 3, "score": 0, "class": 0, "p_seen": 0})
        for segment in segments:
            times = (_clock(segment.start), _clock(segment.end))
            numbers = f"{segment.score:.2f}", _kind(segment.seen), f"{segment.p_seen:.2f}"
            table.add_row(Text(name), *times, Text(segment.label, "bold"), *numbers)
        if not segments:
            table.add_row(Text(name), "", "", Text("– nothing recognized", "dim"), "", "", "")
        self._print(table)

    def _table(self, columns: dict[str, int]) -> Table:
        """Columns share the width that columns of fixed width leave, by these ratios; 0 for a fixed width.

        Long names go on in the next line, for a part of them may be all that tells two clips apart.
        """
        table = Table(box=SIMPLE_HEAD, show_header=not self._started, show_edge=False, pad_edge=False, expand=True)
        for name, ratio in columns.items():
            left = ratio or name in ("clip", "class")
            width = None if ratio else _WIDTHS.get(name, self._console.width // 3)
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


def _kind(seen: bool) -> str:
    return "seen" if seen else "unseen"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}:{seconds:04.1f}"


def _rounded(value: Any) -> Any:
    """Numbers to six decimals: what lies behind them tells nobody anything."""
    return round(value, 6) if isinstance(value, float) else value
