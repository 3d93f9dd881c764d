"""A table of class texts to fill in: the labels, empty texts, and what the texts should say."""

import csv
from collections.abc import Sequence
from pathlib import Path

from gzssar.errors import OutputError, TextError
from gzssar.texts.classes import label_key
from gzssar.texts.tables.files import check_suffix, write_table
from gzssar.texts.tables.rows import TextRow, TextTable, plain_text

# No commas, semicolons or quotes: a spreadsheet that saves the table cuts lines at the former and doubles the latter.
GUIDANCE = (
    "Class texts: what each action is called and what it is and how it moves. Unseen classes are told apart by them.",
    "label: the name of the class in lower case. Two classes must not share one.",
    "action: what the act is for and which object or person it concerns. One sentence of 8 to 25 words.",
    "  Define the act and not the state it leads to: to pull a jacket on and not to be dressed.",
    "motion: what a camera sees of the body. One sentence of 15 to 45 words that says",
    "  - which body parts move and in which order and where they start and end (waist / mouth / above the head)",
    "  - in which direction (up / down / forward / sideways / in circles) and what touches what",
    "  - with one hand or both and how often (once / repeatedly) and how fast (slowly / quickly)",
    "  - what the rest of the body does: stands / sits / leans / turns",
    "  Objects and faces are not seen: name them only where they explain the movement.",
    "Two people: say what each of them does. The first person ... while the second person ...",
    "Classes that look alike: word them alike except for what differs (put on / take off) and let that stand out.",
    "Do not start every text the same way. Words that all texts share tell no classes apart.",
    "An example. label: knock on a door",
    "  action: to ask to be let in by hitting a door several times with the knuckles",
    "  motion: one forearm rises until the fist is in front of the shoulder and the fist swings forward and back",
    "  several times in short quick strokes while the other arm hangs and the body stands still",
    "Check the table with: gzssar texts check TABLE. These lines may stay or go.",
)


def parse_labels(text: str) -> tuple[str, ...]:
    """Labels from one text: separated by commas or line breaks, with quotes around a label that holds a comma.

    Raises:
        TextError: there is none, one is empty, two are the same, or a quote is not closed.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        cells = [cell for row in csv.reader(lines, skipinitialspace=True, strict=True) for cell in row]
    except csv.Error as error:
        raise TextError(
            f"labels should be separated by commas, but they cannot be read ({error}): put double quotes around a "
            "label that holds a comma, and around no part of one."
        ) from error
    return _checked(cells)


def write_template(labels: Sequence[str], path: Path) -> None:
    """Write a table with ids, labels, empty action and motion texts, and guidance on how to write these.

    The guidance stands in leading comments, in JSON below the key ``_guidance``.

    Raises:
        TextError: the labels are empty or not distinct, or no format belongs to the suffix.
        OutputError: the file exists, or cannot be written.
    """
    suffix = check_suffix(path)
    if path.exists() or path.is_symlink():
        raise OutputError(f"{path} exists, and a template would replace it: choose another name, or remove it.")
    rows = [
        TextRow({"id": k, "label": label, "action": "", "motion": ""}, "") for k, label in enumerate(_checked(labels))
    ]
    if suffix == ".json":
        table = TextTable(tuple(rows), layout="classes", further={"_guidance": list(GUIDANCE)})
    else:
        table = TextTable(tuple(rows), comments=tuple(f"# {line}" for line in GUIDANCE))
    write_table(path, table)


def _checked(labels: Sequence[str]) -> tuple[str, ...]:
    names = tuple(plain_text(label, f"label {k}") for k, label in enumerate(labels, 1))
    if not any(names):
        raise TextError("a table of class texts needs labels, but none came: name the classes, such as 'nod, bow'.")
    if not all(names):
        raise TextError(f"each of the {len(names)} labels should be a name, but label {names.index('') + 1} is empty.")
    keys = [label_key(name) for name in names]
    if twice := [name for k, name in enumerate(names) if keys[k] in keys[:k]]:
        raise TextError(f"each label should differ from the others, but {twice[0]!r} comes twice: leave one out.")
    return names
