"""Text features from SynSE-style tables: ``lb_<K>.npy``, ``ad_<K>.npy`` and ``md_<K>.npy``, one row per class."""

from pathlib import Path

import numpy as np

from gzssar.errors import TextError
from gzssar.files import read_array
from gzssar.shapes import TextFeatures
from gzssar.texts.classes import read_class_texts
from gzssar.texts.tables.files import SUFFIXES


def read_text_tables(folder: Path, kinds: tuple[str, ...], class_count: int) -> dict[str, TextFeatures]:
    """Read the tables of `kinds` (lb, ad, md).

    Raises:
        DataError: a file is missing or malformed.
        TextError: a table has another number of rows than there are classes, or a row is zero.
    """
    if not folder.is_dir():
        raise TextError(f"{folder} should be a folder with text features, but there is no such folder.")
    return {kind: _read_table(folder / f"{kind}_{class_count}.npy", class_count) for kind in kinds}


def read_class_names(path: Path, class_count: int) -> tuple[str, ...]:
    """Names of the K classes, for reports: a table's labels, in order of class id, or one name a line.

    Raises:
        TextError: the file cannot be read as UTF-8, a table lacks labels, or there is another number of names.
    """
    if path.suffix.lower() in SUFFIXES:
        lines = list(read_class_texts(path).of_kind("label"))
    else:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise TextError(f"{path} should hold class names in UTF-8, but it cannot be read ({error}).") from error
    names = tuple(line.strip() for line in lines)
    if len(names) != class_count or not all(names):
        raise TextError(f"{path} should name {class_count} classes, but it holds {sum(map(bool, names))} names.")
    return names


def _read_table(path: Path, class_count: int) -> TextFeatures:
    table = read_array(path, np.float32, 2, "one text feature per class (classes, width)")
    if len(table) != class_count:
        raise TextError(f"{path} should hold {class_count} rows, one per class, but it has {len(table)}.")
    if zero := np.flatnonzero(~table.any(axis=1)).tolist():
        raise TextError(f"{path}: a text feature cannot be zero, but those of the classes {zero} are: encode again.")
    return table
