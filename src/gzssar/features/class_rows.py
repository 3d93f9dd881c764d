"""Which row of a table of class texts belongs to which class of the clips."""

from collections.abc import Callable, Sequence

from gzssar.errors import DataError, TextError
from gzssar.features.class_cut import HOW_TO_LABEL
from gzssar.shapes import Labels
from gzssar.texts.classes import ClassTexts, label_key


def row_of_class(
    labels: Labels, names: Sequence[str], texts: ClassTexts, user_named: bool, warn: Callable[[str], None]
) -> dict[int, int]:
    """Which row of the texts each class of the clips has: by name where its user named the classes, or any class of the
    clips is named like a row; else by id.

    Args:
        labels: of the clips.
        names: of the classes, in order of id; none where they have no names.
        texts: of the classes.
        user_named: whether the names are those that the user gave.
        warn: told where classes have names and go by their id all the same.

    Raises:
        DataError: a clip has no class, or some classes have names and others none.
        TextError: a class has no row.
    """
    present = sorted({int(label) for label in labels})
    if not present or present[0] < 0:
        raise DataError(f"texts are found by class, so every clip needs one, but some have none: {HOW_TO_LABEL}.")
    if 0 < len(names) <= present[-1]:
        raise DataError(f"class_names should name every label up to {present[-1]}, but there are {len(names)} names.")
    named = len(names) > 0 and texts.has("label")
    if named:
        keys = {label_key(label) for label in texts.of_kind("label")}
        if user_named or any(label_key(names[c]) in keys for c in present):
            return {c: _row_called(names[c], texts) for c in present}
    if present[-1] >= len(texts):
        raise TextError(
            f"the {len(texts)} rows of texts should describe all classes with clips, but one has id {present[-1]}: add "
            "its row, or give rows the labels that the clips' classes have."
        )
    if named:
        warn(
            f"no class of the clips is named like a row of the texts, so classes have the texts of their id: class "
            f"{present[0]}, called {names[present[0]]!r}, has those of {texts.of_kind('label')[present[0]]!r}."
        )
    return {c: c for c in present}


def _row_called(name: str, texts: ClassTexts) -> int:
    try:
        return texts.index(name)
    except TextError as error:
        raise TextError(
            f"clips are of a class called {name!r}, but no row of the texts has that label ({error}) Give the row the "
            "label that the clips' class has, in a copy of the table."
        ) from error
