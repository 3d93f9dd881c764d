"""Files of features that other programs read too, written row by row: any number of clips in constant memory.

``.npz`` is for everybody: ``feature`` (n, D), ``logits`` (n, columns of the encoder), ``label`` and ``subject`` (n; -1
where unknown), ``name`` (n), ``class_names``. ``.safetensors`` is our own :class:`FeatureSet`, with provenance.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gzssar.errors import ConfigError, DataError
from gzssar.features.features import FORMAT
from gzssar.files import writing
from gzssar.shapes import SkeletonFeatures

SUFFIXES = (".npz", ".safetensors")


class FeatureRows(NamedTuple):
    """Some rows of such a file."""

    feature: SkeletonFeatures
    logits: Float[np.ndarray, "N S"]
    label: Int[np.ndarray, "N"]
    subject: Int[np.ndarray, "N"]
    name: np.ndarray
    """One string per clip."""

    @classmethod
    def join(cls, parts: Sequence["FeatureRows"]) -> "FeatureRows":
        """All rows of several parts."""
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def check_suffix(path: Path) -> None:
    """Refuse what cannot be written before anything is computed.

    Raises:
        ConfigError: another suffix than the two.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"features are written as {' or '.join(SUFFIXES)}, but {path} has another suffix.")


def write_rows(path: Path, parts: Iterable[FeatureRows | None], about: Mapping[str, Any]) -> None:
    """Join parts into one file, all of it or nothing; memory holds one part.

    Args:
        path: ends in .npz or .safetensors.
        parts: in order; None for a part without rows.
        about: provenance; ``class_names`` becomes an array of the .npz.

    Raises:
        ConfigError: another suffix.
    """
    check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", suffix=".part") as folder:
        columns = _Columns(Path(folder))
        for part in parts:
            if part is not None:
                columns.append(part)
        with writing(path) as file:
            if path.suffix == ".npz":
                _write_npz(file, columns, about)
            else:
                _write_safetensors(file, columns, about)


class _Columns:
    """Each column's bytes in a temporary file of its own, so that they can be joined whatever their number."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, 0
        self.types: dict[str, np.dtype[Any]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.names: list[str] = []

    def append(self, part: FeatureRows) -> None:
        for name, array in part._asdict().items():
            if name == "name":
                self.names.extend(array.tolist())
                continue
            self.types[name], self.shapes[name] = array.dtype, array.shape[1:]
            with (self.folder / name).open("ab") as file:
                file.write(np.ascontiguousarray(array).tobytes())
        self.rows += len(part.label)

    def blocks(self, name: str) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as column:
            while block := column.read(1 << 22):
                yield block

    def shape(self, name: str) -> tuple[int, ...]:
        return (self.rows, *self.shapes[name])


def _write_npz(file: IO[bytes], columns: _Columns, about: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, dtype in columns.types.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                header = {"descr": dtype.str, "fortran_order": False, "shape": columns.shape(name)}
                np.lib.format.write_array_header_1_0(member, header)
                member.writelines(columns.blocks(name))
        for name, values in (("name", columns.names), ("class_names", list(about.get("class_names", ())))):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.array(values, dtype=str), allow_pickle=False)
        with archive.open("provenance.npy", "w") as member:
            np.lib.format.write_array(member, np.array(json.dumps(dict(about))), allow_pickle=False)


_OURS = {"feature": "features", "label": "labels", "logits": "logits", "subject": "subjects"}
_TYPES = {"f4": "F32", "i8": "I64"}


def _write_safetensors(file: IO[bytes], columns: _Columns, about: Mapping[str, Any]) -> None:
    """The format's layout: the header's length, the header as JSON, then the tensors' bytes one after the other."""
    provenance = {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "provenance": json.dumps(provenance)}}
    end = 0
    for name, ours in _OURS.items():
        shape, dtype = columns.shape(name), columns.types[name]
        size = int(np.prod(shape)) * dtype.itemsize
        header[ours] = {"dtype": _TYPES[dtype.str[1:]], "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in _OURS:
        file.writelines(columns.blocks(name))


def read_rows(path: Path) -> tuple[FeatureRows, dict[str, Any]]:
    """Read an ``.npz`` that :func:`write_rows` wrote: its rows, and what they are.

    Raises:
        DataError: the file is missing, damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            rows = FeatureRows(*(file[name] for name in FeatureRows._fields))
            about = json.loads(str(file["provenance"]))
    except FileNotFoundError:
        raise DataError(f"{path} should hold features, but there is no such file.") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} should hold features that `gzssar embed` wrote, but it does not ({error}).") from error
    return rows, about
