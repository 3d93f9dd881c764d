"""What the commands on class texts do: check a table, write a new one, fill it, encode it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import OutputError, TextError
from gzssar.files import write_json, write_text, writing
from gzssar.running import Progress, one_thread
from gzssar.shapes import TextFeatures
from gzssar.text_config import CheckTexts, EncodeTexts, FillTexts, NewTexts
from gzssar.texts.authoring.check_report import pairs_csv
from gzssar.texts.authoring.checking import TextCheck, check_texts
from gzssar.texts.classes import KIND_OF, TextKind, find_class_texts
from gzssar.texts.encoders import TextEncoder, load_text_encoder
from gzssar.texts.encoding import Encoding

_ABOUT = "encoding.json"
"""Stands beside text features of ours, and says how they came about."""
_DPI = 160


@dataclass(frozen=True)
class Encoded:
    """What was encoded."""

    folders: tuple[Path, ...]
    """One per encoder."""

    files: tuple[str, ...]
    """In each folder."""

    absent: tuple[str, ...]
    """Kinds that the table does not have: label, action, motion."""


@one_thread()
def check(config: CheckTexts, progress: Progress | None = None) -> TextCheck:
    """Check a table of class texts; with ``out``, write ``pairs.csv`` and ``similarity.png``.

    Raises:
        GzssarError: something about the table, the encoder or the output.
    """
    texts = find_class_texts(config.table)
    done = check_texts(texts, _encoders(config.encoding), config.threshold, progress)
    if config.out is not None:
        write_text(config.out / "pairs.csv", pairs_csv(done))
        if done.similarities:
            from gzssar.texts.authoring.heat_map import heat_map

            figure = heat_map(done.similarities, done.names, config.threshold)
            with writing(config.out / "similarity.png") as file:
                figure.savefig(file, format="png", dpi=_DPI)
    return done


def new(config: NewTexts) -> int:
    """Write a table for others to fill in, and say how many classes it has.

    Raises:
        GzssarError: the labels are no list of names, or the file is there already.
    """
    from gzssar.texts.authoring.template import parse_labels, write_template

    labels = parse_labels(config.labels)
    write_template(labels, config.out)
    return len(labels)


def fill(config: FillTexts, progress: Progress | None = None) -> int:
    """Have a language model write what a table lacks, and say how many texts it wrote.

    Raises:
        GzssarError: something about the table or the endpoint.
    """
    from gzssar.texts.authoring.filling import fill_texts

    key = os.environ.get(config.key_variable)
    return fill_texts(config.table, config.url, config.model, key, progress)


@one_thread()
def encode(config: EncodeTexts, progress: Progress | None = None) -> Encoded:
    """Write ``lb_<K>.npy``, ``ad_<K>.npy`` and ``md_<K>.npy`` of a table, and ``encoding.json`` about them.

    One encoder's features go into the folder itself, those of several into a folder for each, since an experiment
    fuses them. A kind that no class has is left out.

    Raises:
        TextError: the table is malformed, has a kind for some classes only, or a text is longer than an encoder reads.
        OutputError: a folder holds text features that came from elsewhere.
    """
    texts, encoding = find_class_texts(config.table), config.encoding
    kinds = {short: kind for short, kind in KIND_OF.items() if texts.has(kind)}
    if not kinds:
        raise TextError(f"{config.table} should have texts to encode, but it has none: fill it in.")
    words = {short: texts.of_kind(kind) for short, kind in kinds.items()}
    several = len(encoding.encoder) > 1
    folders = [config.out / _folder_name(spec) if several else config.out for spec in encoding.encoder]
    for folder in folders:
        _check_target(folder, len(texts))
    for folder, encoder in zip(folders, _encoders(encoding), strict=True):
        features = {}
        for short, rows in words.items():
            features[short] = encoder.encode(rows, truncate=encoding.truncate)
            if progress:
                progress(encoder.name, len(features), len(words))
        _write(folder, features, len(texts), _about(config, encoder, kinds, len(texts)))
    files = tuple(f"{short}_{len(texts)}.npy" for short in kinds)
    return Encoded(tuple(folders), files, tuple(kind for short, kind in KIND_OF.items() if short not in kinds))


def _encoders(encoding: Encoding) -> list[TextEncoder]:
    return [load_text_encoder(spec, encoding.template) for spec in encoding.encoder]


def _folder_name(spec: str) -> str:
    """An encoder's short name, hub name or folder as the name of one folder."""
    return re.sub(r"[^\w.-]+", "-", spec).strip("-.") or "encoder"


def _check_target(folder: Path, class_count: int) -> None:
    """Text features that this command wrote may be written again; others are not ours to replace."""
    there = [name for short in KIND_OF if (folder / (name := f"{short}_{class_count}.npy")).exists()]
    if there and not (folder / _ABOUT).exists():
        raise OutputError(
            f"{folder} should be a new folder or one that `gzssar texts encode` wrote, but it holds "
            f"{', '.join(there)} and no {_ABOUT}: name another folder."
        )


def _write(folder: Path, features: dict[str, TextFeatures], class_count: int, about: dict[str, Any]) -> None:
    write_json(folder / _ABOUT, about)
    for short in KIND_OF:
        path = folder / f"{short}_{class_count}.npy"
        if short in features:
            with writing(path) as file:
                np.save(file, features[short])
        else:
            path.unlink(missing_ok=True)  # of an earlier table, which had this kind


def _about(config: EncodeTexts, encoder: TextEncoder, kinds: dict[str, TextKind], class_count: int) -> dict[str, Any]:
    return {
        "table": Path(config.table).name,
        "classes": class_count,
        "kinds": kinds,
        "encoder": encoder.name,
        "revision": encoder.revision,
        "template": config.encoding.template,
        "truncate": config.encoding.truncate,
    }
