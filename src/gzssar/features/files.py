"""Files of features, written part by part: any number of clips in constant memory, the whole file or nothing.

``.npz`` is for everybody: ``feature`` (n, D) and ``label`` (n); where known ``logits`` (n, columns of the encoder),
``subject`` (n; -1 where unknown), ``name`` (n), ``class_names``, and ``provenance`` as JSON. Features of several
streams stand side by side in ``feature`` (n, S·D), and ``streams`` (S) names them in order. ``.safetensors`` holds the
same but the clips' names. What a file holds decides how it is read.
"""

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from gzssar.errors import ConfigError, DataError
from gzssar.features.features import FeatureSet
from gzssar.files import writing

FORMAT = "gzssar-features-2"
"""What our safetensors say they are."""

_SUFFIXES = (".npz", ".safetensors")
_COLUMNS = {"features": "feature", "labels": "label", "logits": "logits", "subjects": "subject"}
"""Fields of a feature set, by which safetensors call them, and what an .npz calls them."""
_LISTS = ("class_names", "streams")
"""Parts of the provenance that are arrays of an .npz, too."""
_REAL = ("features", "logits")
_UNREADABLE = (KeyError, ValueError, TypeError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What numpy, zip and JSON raise on files that are no features, or no longer."""


def require_suffix(path: Path) -> None:
    """Refuse what cannot be written before anything is computed.

    Raises:
        ConfigError: another suffix than the two.
    """
    if path.suffix not in _SUFFIXES:
        raise ConfigError(f"features are written as {' or '.join(_SUFFIXES)}, but {path} has another suffix.")


def save_features(path: Path | str, features: FeatureSet) -> None:
    """Write a feature set, as .npz if `path` ends in .npz and otherwise as safetensors. No half-written file is
    left."""
    several = {"streams": list(features.streams)} if len(features.streams) > 1 else {}
    write_features(Path(path), [features], {**features.provenance, **several})


def write_features(path: Path, parts: Iterable[FeatureSet | None], provenance: Mapping[str, Any]) -> None:
    """Join parts into one file, all of it or nothing; memory holds one part.

    Args:
        path: ends in .npz, or is written as safetensors.
        parts: in order, alike in what they know of their clips; None for a part without clips.
        provenance: of the whole, as JSON has it; lists of ``class_names`` and ``streams`` become arrays of the .npz.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", suffix=".part") as folder:
        columns = _Columns(Path(folder))
        for part in parts:
            if part is not None:
                columns.append(part)
        with writing(path) as file:
            (_write_npz if path.suffix == ".npz" else _write_safetensors)(file, columns, provenance)


class _Columns:
    """Each column's bytes in a temporary file of its own, so that they can be joined whatever their number."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, 0
        self.widths: dict[str, tuple[int, ...]] = {}
        self.names: list[str] = []

    def append(self, part: FeatureSet) -> None:
        for name in _COLUMNS:
            if (array := getattr(part, name)) is not None:
                self.widths[name] = array.shape[1:]
                with (self.folder / name).open("ab") as file:
                    file.write(np.ascontiguousarray(array, "<f4" if name in _REAL else "<i8").tobytes())
        self.names += [] if part.names is None else part.names.tolist()
        self.rows += len(part)

    def blocks(self, name: str) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as column:
            while block := column.read(1 << 22):
                yield block

    def shape(self, name: str) -> tuple[int, ...]:
        return (self.rows, *self.widths[name])


def _write_npz(file: IO[bytes], columns: _Columns, provenance: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in columns.widths:
            with archive.open(f"{_COLUMNS[name]}.npy", "w", force_zip64=True) as member:
                descr = "<f4" if name in _REAL else "<i8"
                header = {"descr": descr, "fortran_order": False, "shape": columns.shape(name)}
                np.lib.format.write_array_header_1_0(member, header)
                member.writelines(columns.blocks(name))
        texts = {
            "class_names": np.array(provenance.get("class_names", []), dtype=str),
            "provenance": np.array(json.dumps(dict(provenance))),
        }
        if "streams" in provenance:
            texts["streams"] = np.array(provenance["streams"], dtype=str)
        if columns.names:
            texts["name"] = np.array(columns.names, dtype=str)
        for name, array in texts.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _write_safetensors(file: IO[bytes], columns: _Columns, provenance: Mapping[str, Any]) -> None:
    """The format's layout: the header's length, the header as JSON, then the tensors' bytes one after the other."""
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "provenance": json.dumps(dict(provenance))}}
    end = 0
    for name in columns.widths:
        shape, (dtype, size) = columns.shape(name), ("F32", 4) if name in _REAL else ("I64", 8)
        start, end = end, end + size * int(np.prod(shape))
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in columns.widths:
        file.writelines(columns.blocks(name))


def load_features(path: Path | str) -> FeatureSet:
    """Read features from an .npz, or from safetensors that :func:`save_features` or ``gzssar embed`` wrote.

    Raises:
        DataError: the file is missing or damaged, or holds something else.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        arrays, told = (_read_npz if is_zip else _read_safetensors)(path)
    except FileNotFoundError:
        raise DataError(f"{path} should hold skeleton features, but there is no such file.") from None
    except _UNREADABLE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} should hold skeleton features, but it cannot be read ({error}).") from error
    try:
        provenance = {**json.loads(told)}
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} should say where its features come from, but its provenance is damaged.") from error
    for name in _LISTS:
        if name in arrays:
            provenance.setdefault(name, arrays.pop(name).tolist())
    return _checked(path, arrays, provenance)


def _read_npz(path: Path) -> tuple[dict[str, np.ndarray], str]:
    ours = {theirs: name for name, theirs in _COLUMNS.items()} | {"name": "names"} | {name: name for name in _LISTS}
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {ours[name]: file[name] for name in file.files if name in ours}
        return arrays, str(file["provenance"]) if "provenance" in file else "{}"


def _read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(f"{path} should hold skeleton features, but it cannot be read ({error}).") from error
    if metadata.get("format") != FORMAT:
        raise DataError(
            f"{path} should be in the format {FORMAT}, but it says {metadata.get('format')!r}: "
            "save the features with this version of gzssar."
        )
    return arrays, metadata.get("provenance", "")


def _checked(path: Path, arrays: Mapping[str, np.ndarray], provenance: Mapping[str, Any]) -> FeatureSet:
    wanted = {"features": (2, "f"), "labels": (1, "iu"), "logits": (2, "f"), "subjects": (1, "iu"), "names": (1, "U")}
    known = {name: arrays[name] for name in wanted if name in arrays}
    fits = all(array.ndim == wanted[name][0] and array.dtype.kind in wanted[name][1] for name, array in known.items())
    if not fits or not known.keys() >= {"features", "labels"}:
        held = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in sorted(arrays.items()))
        raise DataError(
            f"{path} should hold features (clips, width) and labels (one whole number per clip), perhaps logits "
            f"(clips, classes), subjects and names, but it holds {held or 'nothing'}."
        )
    for name, array in known.items():
        known[name] = array.astype(np.float32 if name in _REAL else np.int64) if name != "names" else array
    if not all(np.isfinite(known[name]).all() for name in _REAL if name in known):
        raise DataError(f"{path} should hold finite numbers, but some are NaN or infinite: make the features again.")
    try:
        return FeatureSet(provenance=provenance, streams=_streams(provenance), **known)
    except DataError as error:
        error.where = str(path)
        raise


def _streams(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """The streams whose features stand side by side; where there is one, its name may stand alone."""
    named = provenance.get("streams", [provenance["stream"]] if "stream" in provenance else [])
    return tuple(map(str, named)) if isinstance(named, list) else (str(named),)
