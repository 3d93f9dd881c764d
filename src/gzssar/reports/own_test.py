"""The report of a test of one's own: HTML, Markdown, numbers as JSON, and the answers clip by clip as CSV."""

import csv
import io
import json
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gzssar.files import write_all
from gzssar.own_test import OwnScores, OwnTest, scores_of
from gzssar.palette import png
from gzssar.printable import printable
from gzssar.reports.own_page import INTERVAL, OwnHeader, estimate_rows, own_page
from gzssar.reports.pages import to_html, to_markdown

_COLUMNS = ("clip", "performer", "class", "known_as", "seen", "answer", "score", "answer_seen")
_FLAGS = ("given", "silent", "right")


def write_own_report(folder: Path | str, test: OwnTest, header: OwnHeader) -> OwnScores:
    """Write ``report.html``, ``report.md`` and its ``figures/*.png``, ``scores.json`` and ``predictions.csv``. If the
    disk is full, none of them is written.

    Args:
        folder: the folder, which is made if it does not exist.
        test: the answers.
        header: what the report says in addition to the scores.
    """
    scores = scores_of(test)
    page = own_page(test, scores, header)
    drawn = {f"figures/{picture.name}.png": png(picture.figure) for picture in page.pictures}
    told = {"model": header.model, "data": header.data, "left_out": dict(header.left_out), **scores.as_json()}
    files = {
        "scores.json": json.dumps(told, indent=2, ensure_ascii=False) + "\n",
        "predictions.csv": predictions_csv(test),
        "report.md": to_markdown(page, "figures"),
        "report.html": to_html(page),
    }
    write_all(Path(folder), {**drawn, **files})
    return scores


def predictions_csv(test: OwnTest) -> str:
    """A row per clip. Silent is a clip in which nobody moves, or that is too short; the columns on the true class stay
    empty where the recognizer lacks it, and the performer where nobody says."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([*_COLUMNS, *_FLAGS])
    for n, clip in enumerate(test.clips):
        truth, best = int(test.truth[n]), int(test.best[n])
        known = [test.classes[truth], _word(test.is_seen[truth])] if test.is_known[n] else ["", ""]
        answer = [test.classes[best], f"{test.top[n]:.6f}", _word(test.is_seen[best])]
        flags = [_word(test.given[n]), _word(test.silent[n]), _word(test.right[n])]
        who = "" if test.subjects[n] < 0 else str(test.subjects[n])
        writer.writerow(map(printable, [clip, who, test.called[n], *known, *answer, *flags]))
    return lines.getvalue()


def own_table(scores: OwnScores) -> Table:
    """The accuracies with their intervals, for the terminal."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=Text(scores.about_intervals), caption_justify="left")
    table.add_column("share")
    for head in ("%", INTERVAL):
        table.add_column(head, justify="right", no_wrap=True)
    for row in estimate_rows(scores):
        table.add_row(*row)
    return table


def _word(flag: np.bool_) -> str:
    return str(bool(flag)).lower()
