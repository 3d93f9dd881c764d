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

The folder is written beside its name and renamed, and an older one is moved away in one go, so that a kill leaves no
half of either.
"""

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.decision.abstention import Abstention, Limits, Thresholds
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.gate import BestScores, Gate
from gzssar.encoders.encoder import load_own_encoder, save_encoder
from gzssar.encoders.streams import SkeletonEncoder, joined
from gzssar.errors import DataError, OutputError
from gzssar.features.whitening import SkeletonSpace
from gzssar.files import hash_file, require_free, write_json, write_text, writing
from gzssar.recognizer.card import card
from gzssar.recognizer.parts import EncoderTexts, KnownClass, Parts
from gzssar.recognizer.shown import Prior
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import ClassText
from gzssar.texts.encoding import Encoding
from gzssar.texts.fusion import TextSpace

FORMAT = "gzssar-recognizer"
VERSION = 5
"""Raised when a folder of this version no longer loads in an older program. Since 2, clips have the encoder's rate;
since 3, it knows when to abstain; since 4, centres come from a regression instead of a VAE; since 5, the gate reads one
score of either kind, and a class may be shown by a few clips."""

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


def save_bundle(folder: Path, parts: Parts, known: Sequence[KnownClass], overwrite: bool = False) -> None:
    """Write a recognizer; with `overwrite` one that stands there is replaced, with its samples kept.

    Raises:
        OutputError: the folder holds a recognizer already, or something else, or cannot be written.
    """
    _check_target(folder, overwrite)
    try:
        target = folder.resolve()  # a link stays one
        target.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
        try:
            _write(working / "new", parts, known, target / SAMPLES)
            _swap(working, target)
        finally:
            if not (working / "old").exists() or _is_bundle(target):  # else it is all that is left
                shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): name another folder.") from error


def _check_target(folder: Path, overwrite: bool) -> None:
    if not (folder.is_dir() and _is_bundle(folder)):
        require_free(folder, folder=True)
        return
    if not overwrite:
        raise OutputError(f"{folder} holds a recognizer already: name another folder, or save with overwrite=True.")
    ours = {_CONFIG, _WEIGHTS, *_ENCODERS, _TEXTS, _CARD, SAMPLES}
    if others := sorted(path.name for path in folder.iterdir() if path.name not in ours):
        raise OutputError(
            f"{folder} holds a recognizer, which would be replaced, but also {others[0]!r}, which would be lost: move "
            "that, or name another folder."
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


def _swap(working: Path, target: Path) -> None:
    """Put the new folder in the old one's place; where that fails, the old one stays."""
    if not target.exists():
        (working / "new").rename(target)
        return
    target.rename(working / "old")
    try:
        (working / "new").rename(target)
    except BaseException:
        (working / "old").rename(target)
        raise


def load_bundle(folder: Path) -> tuple[Parts, list[KnownClass]]:
    """Read what :func:`save_bundle` wrote.

    Raises:
        DataError: it is no recognizer, a file is missing, altered or cut off, or a newer version wrote it.
    """
    config = _read_config(folder)
    for name, digest in config["files"].items():
        if not (folder / name).is_file():
            raise DataError(f"{folder} should hold {name}, but it does not: copy the whole folder again.")
        if hash_file(folder / name) != digest:
            raise DataError(
                f"{folder / name} should be as it was saved, but it was altered or cut off: copy the folder again."
                + " Classes are added with add_class, not in the file." * (name == _TEXTS)
            )
    try:
        arrays = _read_weights(folder / _WEIGHTS)
        encoders = [load_own_encoder(folder / name) for name in _ENCODERS if name in config["files"]]
        encoder = joined(encoders) if encoders else None
        parts, known = _parts(config, arrays, encoder), _classes(folder / _TEXTS, arrays)
        _require_fit(parts, known)
        return parts, known
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{folder} should hold a whole recognizer, but its files do not fit together: {error}."
        ) from error


def _is_bundle(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / _CONFIG).read_text(encoding="utf-8")).get("format") == FORMAT)
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = "there is no such folder" if not folder.exists() else "it has no config.json"
        raise DataError(f"{folder} should be a folder that `gzssar fit` wrote, but {what}.") from None
    except NotADirectoryError:
        raise DataError(f"{folder} should be a folder that `gzssar fit` wrote, but it is a file.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} should describe a recognizer, but it is cut off or no JSON ({error}).") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise DataError(
            f"{folder} should be a folder that `gzssar fit` wrote, but its config.json is something else's."
        )
    if not isinstance(config.get("version"), int) or config["version"] > VERSION:
        raise DataError(
            f"{folder} was written by a newer gzssar (format version {config.get('version')}, here {VERSION}): "
            "upgrade gzssar, or fit again."
        )
    if config["version"] < VERSION:
        raise DataError(
            f"{folder} was fitted by an older gzssar, with another method, before clips were brought to the encoder's "
            f"frame rate or models learned when to abstain (format version {config['version']}, here {VERSION}): fit "
            "again."
        )
    if (
        not isinstance(config.get("files"), dict)
        or not set(config["files"]) <= {_WEIGHTS, *_ENCODERS, _TEXTS}
        or _WEIGHTS not in config["files"]
        or _TEXTS not in config["files"]
    ):
        raise DataError(f"{path} should list the files of the recognizer, but it does not: copy the folder again.")
    if config.get("digest") != digest_of(config):
        raise DataError(f"{path} should be as it was saved, but it was altered: copy the folder again.")
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
    optional = {
        "text.scale": parts.text_space.scale,
        "text.matrix": parts.text_space.matrix,
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
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} should hold a recognizer's weights, but it cannot be read ({error}).") from error
    return arrays


def _parts(config: Mapping[str, Any], arrays: Mapping[str, np.ndarray], encoder: SkeletonEncoder | None) -> Parts:
    text = TextSpace(
        config["whole_row_norm"], arrays["text.offset"], arrays.get("text.scale"), arrays.get("text.matrix")
    )
    skeleton = SkeletonSpace(arrays["skeleton.offset"], arrays.get("skeleton.blocks"), config["roots"])
    centre, scale, weights = (np.array(config["gate"][key]) for key in ("centre", "scale", "weights"))
    gate = Gate(centre, scale, weights, config["gate"]["bias"], BestScores())
    encoding = {**config["encoding"], "encoder": tuple(config["encoding"]["encoder"])}
    labels = tuple(config.get("encoder_classes", []))
    return Parts(
        encoder,
        skeleton,
        text,
        arrays["regression"],
        Decision(gate, Calibration(**config["calibration"])),
        Abstention(tuple(Thresholds(Limits(*seen), Limits(*unseen)) for seen, unseen in config["abstention"])),
        Prior(**config["prior"]),
        tuple(config["kinds"]),
        config["words"],
        Encoding(**encoding),
        tuple(config["revisions"]),
        EncoderTexts(labels, _numbered(arrays, "encoder.text.")) if labels else None,
        config["about"],
    )


def _numbered(arrays: Mapping[str, np.ndarray], prefix: str) -> tuple[np.ndarray, ...]:
    """The arrays of this name, in the order of the numbers behind it."""
    return tuple(arrays[f"{prefix}{number}"] for number in range(sum(name.startswith(prefix) for name in arrays)))


def _require_fit(parts: Parts, known: Sequence[KnownClass]) -> None:
    """Refuse spaces and centres of different widths."""
    space = parts.skeleton_space
    if {parts.regression.shape[1], *(len(one.centre) for one in known)} != {len(space.offset)}:
        raise ValueError("the regression and the classes' centres are not as wide as the skeleton space")
    if parts.encoder is not None and parts.encoder.feature_width != space.width:
        raise ValueError(f"the encoder gives {parts.encoder.feature_width} numbers, the space takes {space.width}")


def _table(known: Sequence[KnownClass]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # quotes a \r within a text
    writer.writerow(["id", "label", "action", "motion", "seen", "clips", "shown"])
    for k, one in enumerate(known):
        writer.writerow(
            [k, one.text.label, one.text.action or "", one.text.motion or "", int(one.seen), one.clips, int(one.shown)]
        )
    return out.getvalue()


def _classes(path: Path, arrays: Mapping[str, np.ndarray]) -> list[KnownClass]:
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    tables = _numbered(arrays, "classes.text.")
    return [
        KnownClass(
            ClassText(row["label"], row["action"] or None, row["motion"] or None),
            row["seen"] == "1",
            tuple(table[k] for table in tables),
            arrays["classes.centre"][k],
            int(row["clips"]),
            row["shown"] == "1",
        )
        for k, row in enumerate(rows)
    ]
