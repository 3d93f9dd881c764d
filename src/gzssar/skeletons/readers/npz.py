"""Uniform clip archives: many clips of one data set in one `.npz` file.

Arrays: `joints` (all frames, V, 3) in metres, y up; `offsets` (n + 1), clip i being joints[offsets[i]:offsets[i + 1]],
or none where there is one clip;
`fps`; `joint_names` (V), compared loosely with the known layouts; and where known `label`, `subject`, `view` (the
camera) and `is_dup` (n each) and `class_names` (K). Clips that `is_dup` marks as copies of another are left out. Where
`unit` ("m", "cm", "mm", …) or `up_axis` ("x", "y", "z") say otherwise, joints are brought to metres and y up.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Num

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import LAYOUTS, Layout
from gzssar.skeletons.readers.archives import list_entries, read_entry
from gzssar.skeletons.readers.arrays import (
    agreed_fps,
    agreed_layout,
    assumed_fps,
    make_clip,
    parse_npy,
    ran_out_of_memory,
    required_layout,
    words,
)
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.readers.units import AssumedUnit, in_metres, metres_per_unit, unit_by_body
from gzssar.skeletons.sequence import SkeletonSequence

_LARGEST = 4 * 2**30  # bytes of one array: 16 million frames of 20 joints
_FEWEST_BYTES = 20  # of a clip, packed; millions of them would fill the memory
_IDS = ("label", "subject", "view")
_AXES = {"joints": 3, "fps": 0, "unit": 0, "up_axis": 0} | dict.fromkeys(
    ("offsets", *_IDS, "is_dup", "class_names", "joint_names"), 1
)
_KINDS = {
    "joints": "fiu",
    "fps": "fiu",
    "class_names": "U",
    "joint_names": "U",
    "is_dup": "b",
    "unit": "U",
    "up_axis": "U",
}  # the others are "iu"
_UPRIGHT = {
    "x": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "y": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "z": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
}
"""What turns each axis up to y."""


class NpzReader:
    """Uniform clip archives."""

    kind = "uniform .npz clips, those marked is_dup left out"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a zip archive that begins with a numpy array, and holds one called joints.

        One that is damaged is taken for such, and opening it tells what is wrong.
        """
        return "joints" in array_names(path, start)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """Read the arrays and list the clips in their order.

        Frames per second are 30 where neither the file nor the options say.

        Raises:
            DataError: the archive is damaged, lacks an array, or its arrays contradict each other.
            ConfigError: the options contradict the file, or name no layout where the file does not.
        """
        arrays = _load(path)
        count = _clip_count(arrays, path)
        _check_per_clip(arrays, _IDS, count, path)
        layout, rate = _layout(arrays, options, path), _fps(arrays, options, path)
        _check_per_clip(arrays, ("is_dup",), count, path)
        turn, unsure = _turn(arrays, options, path)
        rate = (rate[0], (*rate[1], *unsure))
        unit = AssumedUnit()
        if "unit" in arrays:
            options = replace(options, unit=None)
        else:
            unit = unit_by_body(arrays["joints"].transpose(2, 0, 1)[..., None])
        copies = arrays.get("is_dup", np.zeros(count, dtype=bool))
        entries = []
        for index in np.flatnonzero(~copies).tolist():
            name = f"{path.name}[{index}]"
            entries.append(ClipEntry(name, partial(_read, arrays, index, name, rate, layout, turn, unit, options)))
        return ClipSource(self.kind, entries, _class_names(arrays, path))


def array_names(path: Path, start: bytes) -> tuple[str, ...]:
    """The names of the arrays in an archive of numpy arrays; none for any other file.

    Args:
        path: the file.
        start: its first bytes.

    Returns:
        ("joints",) for an archive that is damaged.
    """
    name_length = int.from_bytes(start[26:28], "little")
    if not start.startswith(b"PK\3\4") or not start[30 : 30 + name_length].endswith(b".npy"):
        return ()
    try:
        return tuple(entry.filename.removesuffix(".npy") for entry in list_entries(path, _LARGEST))
    except DataError as error:
        if ran_out_of_memory(error):
            raise
        return ("joints",)


def _read(
    arrays: dict[str, np.ndarray],
    index: int,
    name: str,
    rate: tuple[float, tuple[Doubt, ...]],
    layout: Layout,
    turn: Float[np.ndarray, "3 3"] | None,
    unit: AssumedUnit,
    options: ReadOptions,
) -> SkeletonSequence:
    start, end = arrays["offsets"][index : index + 2]
    joints = arrays["joints"][start:end].transpose(2, 0, 1)[..., None]
    if turn is not None:
        joints = _turned(joints, turn)
    joints, options, sized = in_metres(joints, options, unit)
    label, subject, view = (int(arrays[key][index]) if key in arrays else None for key in _IDS)
    fps, doubts = rate
    known = partial(make_clip, label=label, subject=subject, camera=view)
    return known(joints, options, name=name, fps=fps, layout=layout, doubts=(*doubts, *sized))


def _turned(joints: Num[np.ndarray, "3 T V M"], turn: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 T V M"]:
    """Joints times a matrix, axis by axis: a copy of all in 64 bits would take several times their memory."""
    turned = np.zeros(joints.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is refused or filled later
        for axis, row in enumerate(turn):
            for own, factor in enumerate(row):
                if factor:
                    turned[axis] += (joints[own] * factor).astype(np.float32)
    return turned


def _load(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays that mean something here; others may be there too."""
    arrays = {}
    for entry in list_entries(path, _LARGEST):
        if (key := entry.filename.removesuffix(".npy")) not in _AXES:
            continue
        array = parse_npy(read_entry(path, entry), f"{path}: {key}")
        if array.ndim != _AXES[key] or array.dtype.kind not in _KINDS.get(key, "iu"):
            raise DataError(
                f"{path}: {key} should have {_AXES[key]} axes and a type of kind {_KINDS.get(key, 'iu')!r} (numpy's "
                f"letters), but its shape is {array.shape} and its type {array.dtype}."
            )
        arrays[key] = array
    if "joints" not in arrays:
        raise DataError(f"{path} should hold joints of uniform clips, but it lacks them.")
    return {"offsets": np.array([0, len(arrays["joints"])])} | arrays


def _clip_count(arrays: dict[str, np.ndarray], path: Path) -> int:
    """How many clips there are, after a look at where they begin and end."""
    offsets, frames = arrays["offsets"], len(arrays["joints"])
    if not len(offsets) or offsets[0] < 0 or offsets[-1] > frames or (offsets[1:] <= offsets[:-1]).any():
        raise DataError(f"{path}: offsets should increase from 0 or more to at most the {frames} frames, but do not.")
    if (count := len(offsets) - 1) * _FEWEST_BYTES > (size := path.stat().st_size):
        raise DataError(f"{path} should hold clips, but its {count} clips have no room in {size} bytes.")
    return count


def _check_per_clip(arrays: dict[str, np.ndarray], keys: tuple[str, ...], count: int, path: Path) -> None:
    for key in keys:
        if key in arrays and (values := len(arrays[key])) != count:
            raise DataError(f"{path}: {key} should have one value for each of {count} clips, but has {values}.")


def _class_names(arrays: dict[str, np.ndarray], path: Path) -> tuple[str, ...]:
    names = tuple(_texts(arrays["class_names"], path)) if "class_names" in arrays else ()
    highest = int(arrays["label"].max(initial=0)) if "label" in arrays else 0
    if names and highest >= len(names):
        raise DataError(f"{path}: class_names should name every label up to {highest}, but has {len(names)} names.")
    return names


def _layout(arrays: dict[str, np.ndarray], options: ReadOptions, path: Path) -> Layout:
    if "joint_names" not in arrays:
        return required_layout(options, path)
    given = [words(name) for name in _texts(arrays["joint_names"], path)]
    known = [name for name, layout in LAYOUTS.items() if [words(joint) for joint in layout.joint_names] == given]
    if known:
        return agreed_layout(options, known[0], path)
    return required_layout(options, path)


def _fps(arrays: dict[str, np.ndarray], options: ReadOptions, path: Path) -> tuple[float, tuple[Doubt, ...]]:
    if "fps" in arrays:
        return agreed_fps(options, float(arrays["fps"]), path), ()
    return assumed_fps(options)


def _turn(
    arrays: dict[str, np.ndarray], options: ReadOptions, path: Path
) -> tuple[Float[np.ndarray, "3 3"] | None, tuple[Doubt, ...]]:
    """What brings the joints to y up and from a stated unit to metres, or None where they are so; and whether the file
    is unsure ("m?")."""
    said: dict[str, str] = {key: _texts(arrays[key], path)[0].lower() for key in ("unit", "up_axis") if key in arrays}
    up = said.get("up_axis", "y").rstrip("?")
    sentence = "The file marks its unit or its upward axis as unsure: check the height that gzssar inspect shows."
    unsure = (Doubt("unit-unsure", sentence),) if any(text.endswith("?") for text in said.values()) else ()
    metres = metres_per_unit(options, said["unit"].rstrip("?"), path) if "unit" in said else 1.0
    if up not in _UPRIGHT:
        raise DataError(f"{path} should have x, y or z up, but its up_axis is {up[:20]!r}: convert it.")
    if metres in (None, 1.0) and up == "y":
        return None, unsure
    if arrays["joints"].shape[2] != 3:
        raise DataError(f"{path} states a unit or an up_axis, but its joints have no three coordinates: drop it.")
    return (metres or 1.0) * np.array(_UPRIGHT[up], dtype=np.float64), unsure


def _texts(names: np.ndarray, path: Path) -> list[str]:
    """Decode numpy's text; numpy itself would pass on impossible characters, on which Python stumbles later."""
    width, data = names.dtype.itemsize, names.astype(names.dtype.newbyteorder("<")).tobytes()
    try:
        return [data[at : at + width].decode("utf-32-le").rstrip("\0") for at in range(0, len(data), width)]
    except ValueError as error:
        raise DataError(f"{path} names classes or joints in text that is damaged ({error}): save it again.") from error
