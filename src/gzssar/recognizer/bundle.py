"""A recognizer in one folder: safetensors, JSON, CSV and Markdown, no pickle.

======================== =========================================================
file                     holds
======================== =========================================================
``config.json``          format, versions, choices, gate, scores, and a SHA-256 of every other file but the card
``weights.safetensors``  both spaces, the regression from one to the other, class centres, text features
``encoder.safetensors``  the skeleton encoder, where there is one; those of further streams beside it, as
                         ``encoder-bone.safetensors``
``texts.csv``            label, action and motion of each class, and whether it is seen
``README.md``            the model card, to which notes may be added
======================== =========================================================

The folder is written beside its name, and takes the place of an older one in one go, so that a kill leaves no half of
either; see :mod:`gzssar.folders`.
"""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.decision.abstention import Abstention, Limits, Thresholds
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.gate import BestScores, Gate
from gzssar.encoders.encoder import load_own_encoder, save_encoder
from gzssar.encoders.streams import SkeletonEncoder, joined
from gzssar.errors import ConfigError, DataError, OutputError
from gzssar.features.whitening import SkeletonSpace
from gzssar.files import hash_file, read_table_bytes, require_free, write_json, write_text, writing
from gzssar.folders import put_back, replacing
from gzssar.recognizer.card import card
from gzssar.recognizer.contents import (
    ClassRow,
    Config,
    array_axes,
    parse_classes,
    parse_config,
    require_agreement,
    require_directions,
)
from gzssar.recognizer.parts import EncoderTexts, KnownClass, Parts
from gzssar.recognizer.shown import Prior
from gzssar.schema import check_arrays, parse, read_json
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import ClassText
from gzssar.texts.fusion import TextSpace
from gzssar.texts.words import WIDTH

FORMAT = "gzssar-recognizer"
VERSION = 6
"""Raised when a folder of this version no longer loads in an older program. Since 2, clips have the encoder's rate;
since 3, it knows when to abstain; since 4, centres come from a regression instead of a VAE; since 5, the gate reads one
score of either kind, and a class may be shown by a few clips; since 6, rows of the text matrix that are all zero, those
of most words, are left out."""
_OLDEST = 5
"""The first version that this program reads."""
_MOST = 2**27
"""Numbers of a text matrix, at most: the rows that are left out cost a file nothing."""

_CONFIG, _WEIGHTS, _ENCODER, _TEXTS, _CARD = (
    "config.json",
    "weights.safetensors",
    "encoder.safetensors",
    "texts.csv",
    "README.md",
)
_ENCODERS = (_ENCODER, *(f"encoder-{stream.replace(' ', '-')}.safetensors" for stream in STREAMS[1:]))
"""The first stream's is always the first name, so that one encoder has one name whatever it reads."""
SAMPLES = "samples"
"""A folder of clips to try, which may stand among the files."""
_MOST_MEBIBYTES = 64
"""Of a file of text, which takes many times that once it is parsed."""


def save_bundle(folder: Path, parts: Parts, known: Sequence[KnownClass], overwrite: bool = False) -> None:
    """Write a recognizer; with `overwrite` one that stands there is replaced, with its samples kept.

    Raises:
        OutputError: the folder holds a recognizer already, or something else, or cannot be written.
    """
    target = folder.resolve()  # a link stays one
    put_back(target)
    _check_target(folder, overwrite)
    try:
        with replacing(target) as new:
            _write(new, parts, known, target / SAMPLES)
    except (OSError, RecursionError) as error:
        raise OutputError(f"{folder} cannot be written ({_reason(error)}): name another folder.") from error


def _reason(error: OSError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "its samples lie in folders too deep within each other"
    if isinstance(error, shutil.Error):  # of several files that could not be copied
        path, _, why = error.args[0][0]
        return f"{path}: {why}"
    return error.strerror or str(error)


def _check_target(folder: Path, overwrite: bool) -> None:
    if not (folder.is_dir() and _is_bundle(folder)):
        require_free(folder, folder=True)
        return
    if not overwrite:
        raise OutputError(f"{folder} holds a recognizer already: name another folder, or save with overwrite=True.")
    ours = {_CONFIG, _WEIGHTS, *_ENCODERS, _TEXTS, _CARD, SAMPLES}
    if others := sorted(path.name for path in folder.iterdir() if path.name not in ours):
        raise OutputError(
            f"{folder} holds a recognizer, which would be replaced, and also {others[0]!r}, which would be lost: move "
            "it, or name another folder."
        )


def _write(folder: Path, parts: Parts, known: Sequence[KnownClass], samples: Path) -> None:
    folder.mkdir()
    _write_weights(folder / _WEIGHTS, parts, known)
    if parts.encoder is not None:
        for name, one in zip(_encoder_files(parts.encoder.streams), parts.encoder.members, strict=True):
            save_encoder(folder / name, one)
    write_text(folder / _TEXTS, _table(known))
    files = {path.name: hash_file(path) for path in sorted(folder.iterdir())}
    write_text(folder / _CARD, card(parts, known))
    config = {"format": FORMAT, "version": VERSION, "files": files, **_config(parts)}
    write_json(folder / _CONFIG, {**config, "digest": digest_of(config)})
    if samples.is_dir():
        shutil.copytree(samples, folder / SAMPLES)


def _encoder_files(streams: Sequence[str]) -> list[str]:
    """What the encoders' files are called, in order."""
    return [_ENCODER, *(_ENCODERS[STREAMS.index(stream)] for stream in streams[1:])]


def load_bundle(folder: Path) -> tuple[Parts, list[KnownClass]]:
    """Read what :func:`save_bundle` wrote.

    Raises:
        DataError: it is no recognizer, a file is missing, altered or cut off, a newer version wrote it, or it holds
            what no recognizer does: see :mod:`gzssar.recognizer.contents`.
    """
    if not folder.exists():
        put_back(folder.resolve())
    raw = _read_config(folder)
    _require_whole(folder, raw["files"])
    try:
        return _parsed(folder, raw)
    except DataError as error:
        raise DataError(f"{error} Fetch the folder again, or fit it again.") from error


def _parsed(folder: Path, raw: dict[str, Any]) -> tuple[Parts, list[KnownClass]]:
    """What the files of a folder hold, if it is what a recognizer's should."""
    config = parse_config(raw, folder / _CONFIG)
    rows = parse_classes(read_table_bytes(folder / _TEXTS, _MOST_MEBIBYTES, "a table of classes"), folder / _TEXTS)
    arrays = _with_all_rows(folder / _WEIGHTS, _read_weights(folder / _WEIGHTS))
    sizes = {"K": len(rows), "C": len(config.encoder_classes)}
    check_arrays(folder / _WEIGHTS, arrays, array_axes(config, list(arrays)), sizes)
    require_directions(folder / _WEIGHTS, arrays)
    encoder = _read_encoder(folder, raw["files"])
    try:
        require_agreement(config, sizes, WIDTH, encoder)
    except DataError as error:
        raise DataError(f"{folder} should hold files that fit together, but {error}") from error
    return _parts(config, arrays, encoder), _classes(rows, arrays)


def _require_whole(folder: Path, files: Mapping[str, str]) -> None:
    """See that the files are there, as they were saved."""
    for name, digest in files.items():
        if not (folder / name).is_file():
            raise DataError(f"{folder} should hold {name}, but it does not: copy the whole folder again.")
        if hash_file(folder / name) != digest:
            raise DataError(
                f"{folder / name} was changed or cut off after it was saved: copy the folder again."
                f"{' To add classes, use add_class instead of editing the file.' if name == _TEXTS else ''}"
            )


def _read_encoder(folder: Path, files: Mapping[str, str]) -> SkeletonEncoder | None:
    """The encoders of a folder as one, if there are any."""
    encoders = [load_own_encoder(folder / name) for name in _ENCODERS if name in files]
    try:
        encoder = joined(encoders) if encoders else None
    except ConfigError as error:
        raise DataError(f"{folder} should hold encoders that match, but they do not: {error}") from error
    if encoder and (named := set(_encoder_files(encoder.streams))) != (there := set(_ENCODERS) & set(files)):
        raise DataError(
            f"{folder} should hold encoders called after their streams, {', '.join(sorted(named))}, but they are "
            f"called {', '.join(sorted(there))}."
        )
    return encoder


def _is_bundle(folder: Path) -> bool:
    try:
        config = read_json(read_table_bytes(folder / _CONFIG, _MOST_MEBIBYTES, "JSON"), _CONFIG)
    except DataError:
        return False
    return isinstance(config, dict) and config.get("format") == FORMAT


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    if not path.is_file():
        what = "there is no such folder" if not folder.exists() else "it has no config.json"
        what = "it is a file" if folder.is_file() else what
        raise DataError(f"{folder} should be a folder that `gzssar fit` wrote, but {what}.")
    config = read_json(read_table_bytes(path, _MOST_MEBIBYTES, "a description of a recognizer"), str(path))
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise DataError(
            f"{folder} should be a folder that `gzssar fit` wrote, but its config.json was written by another program."
        )
    version = parse(int, config.get("version"), f"{path}: version")
    if version > VERSION:
        raise DataError(
            f"{folder} was written by a newer gzssar (format version {version}, here {VERSION}): upgrade gzssar, "
            "or fit again."
        )
    if version < _OLDEST:
        raise DataError(
            f"{folder} was fitted by an older gzssar, with another method, before clips were brought to the encoder's "
            f"frame rate or models learned when to abstain (format version {version}, here {VERSION}): fit again."
        )
    files = config.get("files")
    if not isinstance(files, dict) or not {_WEIGHTS, _TEXTS} <= set(files) <= {_WEIGHTS, *_ENCODERS, _TEXTS}:
        raise DataError(f"{path} should list the files of the recognizer, but it does not: copy the folder again.")
    if config.get("digest") != digest_of(config):
        raise DataError(f"{path} was changed after it was saved: copy the folder again.")
    return config


def digest_of(config: Mapping[str, Any]) -> str:
    """SHA-256 of everything else in config.json."""
    rest = {key: value for key, value in config.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _config(parts: Parts) -> dict[str, Any]:
    return {
        "kinds": list(parts.kinds),
        "words": parts.words,
        "encoding": {**asdict(parts.encoding), "encoder": list(parts.encoding.encoder)},
        "revisions": list(parts.revisions),
        "encoder_classes": list(parts.encoder_texts.labels) if parts.encoder_texts else [],
        "roots": parts.skeleton_space.roots,
        "whole_row_norm": parts.text_space.whole,
        "gate": {
            **{name: getattr(parts.decision.gate, name).tolist() for name in ("centre", "scale", "weights")},
            "bias": parts.decision.gate.bias,
        },
        "calibration": asdict(parts.decision.calibration),
        "abstention": [list(map(list, thresholds)) for thresholds in parts.abstention.by_bound],
        "prior": asdict(parts.prior),
        "about": dict(parts.about),
    }


def _write_weights(path: Path, parts: Parts, known: Sequence[KnownClass]) -> None:
    from safetensors.numpy import save

    arrays = {"text.offset": parts.text_space.offset, "skeleton.offset": parts.skeleton_space.offset}
    arrays["regression"] = parts.regression
    matrix = parts.text_space.matrix
    filled = None if matrix is None else np.flatnonzero(matrix.any(axis=1))
    optional = {
        "text.scale": parts.text_space.scale,
        "text.matrix": None if matrix is None else matrix[filled],
        "text.rows": filled,
        "skeleton.blocks": parts.skeleton_space.blocks,
    }
    arrays |= {name: array for name, array in optional.items() if array is not None}
    arrays["classes.centre"] = np.stack([one.centre for one in known])
    for number, rows in enumerate(zip(*(one.tables for one in known), strict=True)):
        arrays[f"classes.text.{number}"] = np.stack(rows)
    for number, table in enumerate(parts.encoder_texts.tables if parts.encoder_texts else ()):
        arrays[f"encoder.text.{number}"] = table
    with writing(path) as file:
        file.write(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"format": FORMAT}))


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: dict[str, np.ndarray] = load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError, MemoryError) as error:
        raise DataError(f"{path} should hold a recognizer's weights, but it cannot be read ({error}).") from error
    return arrays


def _parts(config: Config, arrays: Mapping[str, np.ndarray], encoder: SkeletonEncoder | None) -> Parts:
    text = TextSpace(config.whole_row_norm, arrays["text.offset"], arrays.get("text.scale"), arrays.get("text.matrix"))
    numbers, labels = config.gate, config.encoder_classes
    centre, scale, weights = (np.array(row) for row in (numbers.centre, numbers.scale, numbers.weights))
    gate = Gate(centre, scale, weights, numbers.bias, BestScores())
    limits = [tuple(Limits(*kind) for kind in thresholds) for thresholds in config.abstention]
    return Parts(
        encoder,
        SkeletonSpace(arrays["skeleton.offset"], arrays.get("skeleton.blocks"), config.roots),
        text,
        arrays["regression"],
        Decision(gate, Calibration(**vars(config.calibration))),
        Abstention(tuple(Thresholds(*kinds) for kinds in limits)),
        Prior(**vars(config.prior)),
        config.kinds,
        config.words,
        config.encoding,
        config.revisions,
        EncoderTexts(labels, _numbered(arrays, "encoder.text.")) if labels else None,
        config.about,
    )


def _with_all_rows(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, with the rows of the text matrix that are all zero.

    Raises:
        DataError: the rows that are there do not fit the matrix.
    """
    whole = dict(arrays)
    rows, kept, offset = whole.pop("text.rows", None), whole.get("text.matrix"), whole.get("text.offset")
    if rows is None or kept is None or offset is None:
        return whole
    count = offset.size
    types = kept.dtype in (np.float32, np.float64) and rows.dtype == np.int64
    fits = types and rows.ndim == 1 and kept.ndim == 2 and len(rows) == len(kept)
    if not fits or (np.diff(rows, prepend=-1) < 1).any() or (rows >= count).any() or count * kept.shape[1] > _MOST:
        raise DataError(f"{path}: text.rows should number the rows of text.matrix in order, but it does not.")
    whole["text.matrix"] = np.zeros((count, kept.shape[1]), dtype=kept.dtype)
    whole["text.matrix"][rows] = kept
    return whole


def _numbered(arrays: Mapping[str, np.ndarray], prefix: str) -> tuple[np.ndarray, ...]:
    """The arrays of this name, in the order of the numbers behind it."""
    return tuple(arrays[f"{prefix}{number}"] for number in range(sum(name.startswith(prefix) for name in arrays)))


def _table(known: Sequence[KnownClass]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # quotes a \r within a text
    writer.writerow([one.name for one in fields(ClassRow)])
    for k, one in enumerate(known):
        writer.writerow(
            [k, one.text.label, one.text.action or "", one.text.motion or "", int(one.seen), one.clips, int(one.shown)]
        )
    return out.getvalue()


def _classes(rows: Sequence[ClassRow], arrays: Mapping[str, np.ndarray]) -> list[KnownClass]:
    tables = _numbered(arrays, "classes.text.")
    return [
        KnownClass(
            ClassText(row.label, row.action or None, row.motion or None),
            row.seen == "1",
            tuple(table[k] for table in tables),
            arrays["classes.centre"][k],
            int(row.clips),
            row.shown == "1",
        )
        for k, row in enumerate(rows)
    ]
