"""What the names of a table's columns mean: which joint, which coordinate, and what is no coordinate at all.

Everybody names columns differently (`nose_x`, `x_nose`, `LeftHipX`, `x0`, `joint_0_x`, `v1`), so a name is taken apart
into words, and words are looked up.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gzssar.skeletons.layout import LAYOUTS, Layout
from gzssar.skeletons.readers.arrays import words

Joint = tuple[str, ...]
"""The words of a joint's name in sorted order, or its number."""

_PARTS = {axis: axis for axis in "xyz"} | dict.fromkeys(
    ("visibility", "vis", "v", "score", "confidence", "conf", "c", "likelihood", "probability", "prob"), "visibility"
)
"""Words that say what of a joint a column holds. "Presence" is left out: MediaPipe gives it beside visibility."""
_FILLERS = frozenset(
    [
        f"{what}{s}"
        for what in ("joint", "landmark", "lm", "keypoint", "kp", "kpt", "point", "marker")
        for s in ("", "s")
    ]
    + ["j", "of", "pose", "world", "pos", "position", "px"]
)
_OTHERS = (
    dict.fromkeys(("rx", "ry", "rz", "qx", "qy", "qz", "qw", "roll", "pitch", "yaw"), "rotations")
    | dict.fromkeys(("rot", "rotation", "rotations", "xrotation", "yrotation", "zrotation"), "rotations")
    | dict.fromkeys(("quat", "quaternion", "euler", "angle", "angles", "orientation"), "rotations")
    | dict.fromkeys(("acc", "accel", "acceleration", "accelerometer"), "accelerations")
    | dict.fromkeys(("gyr", "gyro", "gyroscope", "vel", "velocity"), "velocities")
    | dict.fromkeys(("mag", "magnetometer"), "magnetic fields")
)
"""Words of columns that hold something else than positions, and what."""
_SIDES = {"l": "left", "r": "right"}
_UNITS = ("m", "cm", "mm")
_LONGEST_NAME = 100
_NAMED = 3
"""Columns that a sentence names."""

_KINDS = {
    "frame": ("frame", "frames", *(f"frame {more}" for more in ("id", "number", "no", "num", "nr", "index", "idx"))),
    "index": ("index", "idx", "row", "unnamed 0"),
    "joint": tuple(
        f"{what}{more}"
        for what in ("joint", "landmark", "keypoint", "body part", "bodypart", "marker")
        for more in (" name", "", " id", " number", " index", " idx")
    ),
}
_TIMES = ("time", "times", "time stamp", "timestamp", "t", "frame time", "elapsed", "elapsed time")
_SECONDS = (
    dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0)
    | dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3)
    | dict.fromkeys(("us", "usec", "micros", "microsecond", "microseconds"), 1e-6)
    | dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9)
)


class Column(NamedTuple):
    """What one number of one joint is."""

    joint: Joint
    """The joint's name; empty where the column names none."""

    part: str
    """``"x"``, ``"y"``, ``"z"`` or ``"visibility"``."""

    unit: str | None = None
    """What its numbers are counted in, where the name says so: m, cm or mm."""

    called: str = ""
    """The words of the joint's name in the order of the file."""


@dataclass(frozen=True)
class Header:
    """The columns of a table by what they hold."""

    names: tuple[str, ...]
    """The names as they stand there."""

    parts: Mapping[int, Column]
    """Coordinates and visibility of joints."""

    frame: int | None
    """Where the number of the frame stands."""

    time: int | None
    """Where the time of the frame stands."""

    joint: int | None
    """Where the name of a row's joint stands, in tables with one row per frame and joint."""

    unknown: tuple[int, ...]
    """What says nothing about joints or time, such as a class."""

    others: Mapping[int, str]
    """What else is measured, of the unknown columns: "rotations", "accelerations", …"""

    @classmethod
    def of(cls, names: Sequence[str]) -> "Header":
        """Sort the columns of a table by their names. Columns without one are left out: indexes, and empty ones."""
        kinds: dict[str, int] = {}
        parts: dict[int, Column] = {}
        others = {index: other for index, name in enumerate(names) if (other := _other(name))}
        unknown = []
        for index, name in enumerate(_spaced(names)):
            kind = _kind(name)
            if index in others:
                unknown.append(index)
            elif kind and kind not in kinds:
                kinds[kind] = index
            elif (column := _column(name)) is not None:
                parts[index] = column
            elif name and kind != "index":
                unknown.append(index)
        return cls(
            tuple(names),
            _counted(parts),
            kinds.get("frame"),
            kinds.get("time"),
            kinds.get("joint"),
            tuple(unknown),
            others,
        )

    @property
    def has_axes(self) -> bool:
        """Whether any column is named as a coordinate."""
        return any(column.part in "xyz" for column in self.parts.values())

    @property
    def is_long(self) -> bool:
        """Whether the table has one row per frame and joint."""
        bare = {column.part for column in self.parts.values() if column.joint == ()}
        return self.joint is not None and {"x", "y"} <= bare and (self.frame, self.time) != (None, None)

    def named(self, columns: Sequence[int]) -> str:
        """Columns by name, for a sentence; of many the first few."""
        more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
        return ", ".join(repr(self.names[column][:_LONGEST_NAME]) for column in columns[:_NAMED]) + more


def is_time(name: str) -> bool:
    """Whether something of this name is a time."""
    text, unit = _time(name)
    return text in _TIMES or (not text and len(unit) > 1)


def unit_of_time(name: str) -> float | None:
    """Seconds in the unit that the name of a time says, if it says one."""
    return _SECONDS.get(_time(name)[1])


def joint_words(name: str) -> Joint:
    """The words of a joint's name that tell it from others: `LHip`, `hip_left` and `left hip joint` are the same."""
    return _joint(_tokens(name))


def layouts_with(joints: Collection[Joint]) -> list[Layout]:
    """The layouts whose joints are all among these; of those, the ones with most."""
    held = [layout for layout in LAYOUTS.values() if set(joints_of(layout)) <= set(joints)]
    return [layout for layout in held if layout.joint_count == max(other.joint_count for other in held)]


def joints_of(layout: Layout) -> list[Joint]:
    """The words of each joint, in order."""
    return [joint_words(joint) for joint in layout.joint_names]


def _spaced(names: Sequence[str]) -> Sequence[str]:
    """Part the last letter from the rest where it is the axis in all names, and mostly not parted yet: `headx`."""
    numbers = [name for name in names if _kind(name) is None and _other(name) is None]
    parted = sum(_column(name) is not None for name in numbers)
    if 2 * parted >= len(numbers) or not all(name[-1] in "xyzXYZ" for name in numbers):
        return names
    return [name if _kind(name) else f"{name[:-1]} {name[-1]}" for name in names]


def _kind(name: str) -> str | None:
    """What a column is that holds no coordinate."""
    text = " ".join(_tokens(name))
    if not name or is_time(name):
        return "time" if name else "index"
    return next((kind for kind, texts in _KINDS.items() if text in texts), None)


def _other(name: str) -> str | None:
    """What a column holds that is no position, where its name says so."""
    apart = re.findall(r"[a-z]+", name[:_LONGEST_NAME].lower())  # since the tokens of HIP_CENTERx end in rx
    tokens = [*apart, *(token for token in _tokens(name) if len(token) > 2)]
    return next((_OTHERS[token] for token in tokens if token in _OTHERS), None)


def _column(name: str) -> Column | None:
    tokens = _tokens(name)
    unit = next((token for token in tokens if token in _UNITS), None)
    rest = [token for token in tokens if token not in _FILLERS and token not in _UNITS]
    for place in (-1, 0):
        if rest and (part := _PARTS.get(rest[place])):
            joint = rest[:-1] if place else rest[1:]
            return Column(_joint(joint), part, unit, " ".join(joint))
    return None


def _counted(parts: dict[int, Column]) -> dict[int, Column]:
    """Number the joints of columns that are all called x, y, z, x, y, z and so on."""
    if len({(column.joint, column.part) for column in parts.values()}) in (0, len(parts)):
        return parts
    if any(column.joint for column in parts.values()):
        return parts
    seen: Counter[str] = Counter()
    counted = {}
    for index, column in parts.items():
        counted[index] = column._replace(joint=(str(seen[column.part]),))
        seen[column.part] += 1
    return counted


def _joint(tokens: Sequence[str]) -> Joint:
    return words(" ".join(_SIDES.get(token, token) for token in tokens if token not in _FILLERS))


def _time(name: str) -> tuple[str, str]:
    """The words before the unit, and the unit."""
    tokens = _tokens(name)
    unit = tokens.pop() if tokens and tokens[-1] in _SECONDS else ""
    return " ".join(tokens), unit


def _tokens(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name[:_LONGEST_NAME])
    return re.findall(r"[a-z]+|[0-9]+", spaced.lower())
