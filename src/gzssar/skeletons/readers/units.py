"""What positions are counted in: said by the user, stated by the file, or told by the size of the body."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.resampling import spread
from gzssar.skeletons.sizes import LIKELY_HEIGHTS, METRES, POSSIBLE_HEIGHTS, UNIT_NAMES

_SPELLINGS = {
    "m": ("metre", "metres", "meter", "meters"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("millimetre", "millimetres", "millimeter", "millimeters"),
    "in": ("inch", "inches"),
    "ft": ("foot", "feet"),
}
_USUAL = (("metres", 1.0), ("centimetres", 0.01), ("CMU's unit of 5.6 cm", 0.0254 / 0.45))
_UNUSUAL = (("millimetres", 0.001), ("inches", 0.0254), ("feet", 0.3048))
_ANKLE_TO_HEAD = (1.0, 2.2)  # metres along the bones, of a child to a giant
_LOOKED_AT = 256
"""Frames, spread over a file."""


class AssumedUnit(NamedTuple):
    """What the positions of a file are taken for that states no unit, unless the options name one."""

    metres: float = 1.0
    """Metres of it."""

    doubts: tuple[Doubt, ...] = ()
    """Says so, where it is not metres."""


def unit_by_body(*clips: Num[np.ndarray, "_ _ _ _"]) -> AssumedUnit:
    """Tell the unit of arrays and tables by the size of their bodies, the median of the longest sides of their boxes.

    Metres, unless no body has that size in metres, and people have it in centimetres or millimetres.

    Args:
        clips: C T V M, all of the file or some; a joint that is NaN or at 0 0 0 is missing. Those in a picture do not
            count.
    """
    sizes = [size for joints in clips if len(joints) == 3 for size in _sizes(joints)]
    size = float(np.median(sizes)) if sizes else 0.0
    for unit in ("cm", "mm"):  # arrays in inches or feet are rare, so that a doubt about the size is enough
        if size > POSSIBLE_HEIGHTS[1] and LIKELY_HEIGHTS[0] <= size * METRES[unit] <= LIKELY_HEIGHTS[1]:
            sentence = (
                f"The file states no unit, but the size of its bodies suggests {UNIT_NAMES[unit]}: name the unit with "
                f"--unit {unit}."
            )
            return AssumedUnit(METRES[unit], (Doubt("unit-assumed", sentence),))
    return AssumedUnit()


def _sizes(joints: Num[np.ndarray, "3 T V M"]) -> Float[np.ndarray, "_"]:
    """The longest side of each body's box, in some frames, in the joints' unit."""
    some = spread(joints.shape[1], _LOOKED_AT)
    with np.errstate(all="ignore"):  # what is no finite number is refused or filled later
        places = joints[:, some].astype(np.float64)
        seen = np.isfinite(places).all(axis=0) & np.any(places != 0, axis=0)
        sides = places.max(axis=2, where=seen, initial=-np.inf) - places.min(axis=2, where=seen, initial=np.inf)
    return np.asarray(sides.max(axis=0)[seen.any(axis=1)])


def in_metres(
    joints: Num[np.ndarray, "C T V M"], options: ReadOptions, assumed: AssumedUnit
) -> tuple[Num[np.ndarray, "C T V M"], ReadOptions, tuple[Doubt, ...]]:
    """Bring the positions of a file that states no unit to metres, by the options or as assumed.

    Returns:
        the positions, the options without the unit, which is used, and the doubts of an assumed one.

    Raises:
        ConfigError: the options name no unit that is known, or one for pixels.
    """
    if options.unit is None and (len(joints) == 2 or assumed.metres == 1):
        return joints, options, ()
    scale, doubts = (assumed.metres, assumed.doubts) if options.unit is None else (metres_of(options.unit), ())
    if len(joints) == 2:
        raise ConfigError(
            f"positions in a picture are in pixels, but the options name {options.unit!r}.", option="unit"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is refused or filled later
        scaled = joints.astype(np.float32)
        scaled *= scale
    return scaled, replace(options, unit=None), doubts


def metres_per_unit(options: ReadOptions, stated: str | None, path: Path) -> float | None:
    """How many metres the unit has that the options or a file name; None where neither does.

    Raises:
        ConfigError: the options name no unit that is known, or another one than the file.
        DataError: the file names none that is known, and the options none at all.
    """
    named = None if options.unit is None else metres_of(options.unit)
    if stated is None:
        return named
    spelled = stated.strip().lower()
    short = next((unit for unit, spellings in _SPELLINGS.items() if spelled in (unit, *spellings)), None)
    if short is None and named is None:
        raise DataError(
            f"{path} should state one of the units {', '.join(METRES)}, but it states {stated[:20]!r}: name the unit.",
            option="unit",
        )
    if short is None:
        return named
    if options.unit not in (None, short):
        raise ConfigError(f"{path} states the unit {short!r}, but the options name {options.unit!r}.", option="unit")
    return METRES[short]


def unit_by_size(
    options: ReadOptions, first: Float[np.ndarray, "V 3"], layout: Layout, path: Path
) -> tuple[float, tuple[Doubt, ...]]:
    """Tell the unit by the way from ankle to head along the bones, about six sevenths of a person's height.

    Args:
        options: may name the unit; then it must be possible.
        first: positions of a frame, in layout smpl22.
        layout: smpl22.
        path: the file, for messages.

    Returns:
        metres per unit, and a doubt where the unit is an unusual one that nobody named.

    Raises:
        ConfigError: the unit that the options name makes the body a dwarf or a colossus.
        DataError: no unit makes it as large as a person.
    """
    way = ("left ankle", "left knee", "left hip", "pelvis", "spine1", "spine2", "spine3", "neck", "head")
    places = first[[layout.joint_names.index(joint) for joint in way]]
    length = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
    if (scale := metres_per_unit(options, None, path)) is not None:
        if not POSSIBLE_HEIGHTS[0] <= length * scale <= POSSIBLE_HEIGHTS[1]:
            raise ConfigError(
                f"{path} should be in the unit that the options name, {options.unit}, but then its body measures "
                f"{length * scale:.3g} m from ankle to head: name another one.",
                option="unit",
            )
        return scale, ()
    shortest, longest = _ANKLE_TO_HEAD
    for name, scale in (*_USUAL, *_UNUSUAL):
        if shortest <= length * scale <= longest:
            sentence = f"The file states no unit, but the size of its body suggests {name}: name the unit with --unit."
            return scale, () if (name, scale) in _USUAL else (Doubt("unit-assumed", sentence),)
    raise DataError(
        f"{path} should be in {', '.join(name for name, _ in (*_USUAL, *_UNUSUAL))}, but from ankle to head its body "
        f"measures {length:.4g}, and a person {shortest:g} to {longest:g} m: name the unit, or scale the file.",
        option="unit",
    )


def metres_of(unit: str) -> float:
    """Metres of a unit.

    Raises:
        ConfigError: it is not known.
    """
    if unit not in METRES:
        raise ConfigError(f"the unit should be one of {', '.join(METRES)}, but it is {unit!r}.", option="unit")
    return METRES[unit]
