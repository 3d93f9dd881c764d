"""Classes and names of the clips of one array, which graph networks keep in a file beside it.

Beside `train_data_joint.npy` that is `train_label.pkl`, a pickle of (names, labels), or `train_label.npy`. Reference:
Shi et al., "Two-Stream Adaptive Graph Convolutional Networks", CVPR 2019, `data_gen/ntu_gendata.py`.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gzssar.errors import DataError
from gzssar.skeletons.readers.arrays import map_bytes, one_hot_label, parse_npy
from gzssar.skeletons.readers.restricted_pickle import PickledArray, read_plain_pickle


class Known(NamedTuple):
    """What is known of one clip."""

    label: int | None = None
    name: str = ""


def labels_beside(path: Path, count: int) -> list[Known]:
    """What the file of labels beside an array says of its clips; nothing where there is none.

    Args:
        path: the array of clips.
        count: how many they are.

    Raises:
        DataError: there is one, but it is damaged or holds something else than a class per clip.
    """
    stem = f"{path.stem.partition('data')[0]}label"
    file = next((one for ending in ("pkl", "npy") if (one := path.with_name(f"{stem}.{ending}")).is_file()), None)
    if file is None or file == path:
        return [Known()] * count
    content = read_plain_pickle(file) if file.suffix == ".pkl" else parse_npy(map_bytes(file), str(file))
    names, labels = _names_and_labels(content)
    if len(labels) != count or len(names) not in (0, count):
        raise DataError(f"{file} should hold a label for each of the {count} clips in {path.name}, but it does not.")
    known = [one_hot_label(np.asarray(label), f"{file}: value {index}") for index, label in enumerate(labels)]
    return [Known(label, name) for label, name in zip(known, names or [""] * count, strict=True)]


def _names_and_labels(content: Any) -> tuple[list[str], list[Any]]:
    """A pickle's (names, labels), or labels alone; empty for anything else."""
    names: Any = []
    if isinstance(content, tuple | list) and len(content) == 2 and isinstance(content[0], list):
        names, content = content
    if isinstance(content, PickledArray):
        content = content.array
    if isinstance(content, np.ndarray):
        content = list(content) if content.ndim else []
    plain = isinstance(content, list) and all(isinstance(label, int | np.ndarray | np.generic) for label in content)
    named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return (names, content) if plain and named else ([], [])
