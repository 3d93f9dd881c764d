"""What readers of motion capture share: units, which way is up, estimated joints, and lines of text."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.reader import ReadOptions

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}
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
_POSSIBLE = (0.3, 3.0)  # metres, where the user names the unit
_LONGEST_LINE = 2**18  # characters: 1000 joints with 6 channels of 40 characters each
_STANDS = 0.8
"""How much of the way from the ankles to the neck leads along an axis where a body stands along it."""

Weights = dict[int, float]
"""A joint as a weighted mean of a file's joints, by their index."""
Recipes = dict[str, tuple[dict[str, float], ...]]
"""Joint → the ways to estimate it from others, in order of preference. A joint may use those further up."""


def metres_per_unit(options: ReadOptions, stated: str | None, path: Path) -> float | None:
    """How many metres the unit has that the options or a file name; None where neither does.

    Raises:
        ConfigError: the options name no unit that is known, or another one than the file.
        DataError: the file names none that is known, and the options none at all.
    """
    if options.unit is not None and options.unit not in _METRES:
        raise ConfigError(f"the unit should be one of {', '.join(_METRES)}, but it is {options.unit!r}.", option="unit")
    if stated is None:
        return None if options.unit is None else _METRES[options.unit]
    spelled = stated.strip().lower()
    short = next((unit for unit, spellings in _SPELLINGS.items() if spelled in (unit, *spellings)), None)
    if short is None:
        if options.unit is None:
            raise DataError(
                f"{path} should count positions in one of {', '.join(_METRES)}, but it states the unit "
                f"{stated[:20]!r}: name the unit.",
                option="unit",
            )
        return _METRES[options.unit]
    if options.unit not in (None, short):
        raise ConfigError(f"{path} states the unit {short!r}, but the options name {options.unit!r}.", option="unit")
    return _METRES[short]


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
        if not _POSSIBLE[0] <= length * scale <= _POSSIBLE[1]:
            raise ConfigError(
                f"{path} should be in the unit that the options name, {options.unit}, but then its body measures "
                f"{length * scale:.3g} m from ankle to head: name another one.",
                option="unit",
            )
        return scale, ()
    shortest, longest = _ANKLE_TO_HEAD
    for name, scale in (*_USUAL, *_UNUSUAL):
        if shortest <= length * scale <= longest:
            sentence = f"The file names no unit, and by the size of its body they are {name}: name them with --unit."
            return scale, () if (name, scale) in _USUAL else (Doubt("unit-assumed", sentence),)
    raise DataError(
        f"{path} should be in {', '.join(name for name, _ in (*_USUAL, *_UNUSUAL))}, but from ankle to head its body "
        f"measures {length:.4g}, and a person {shortest:g} to {longest:g} m: name the unit, or scale the file.",
        option="unit",
    )


def turned_upright(
    joints: Float[np.ndarray, "3 T V M"], layout: Layout
) -> tuple[Float[np.ndarray, "3 T V M"], tuple[Doubt, ...]]:
    """Turn a clip whose bodies stand along z so that y is up, and say so; all others stay as they are."""
    if "neck" not in layout.joint_names:
        return joints, ()
    top, left, right = (layout.joint_names.index(joint) for joint in ("neck", "left ankle", "right ankle"))
    with np.errstate(all="ignore"):  # what is no finite number is refused in the end
        ways = joints[:, :, top] - (joints[:, :, left] + joints[:, :, right]) / 2
        heights = ways[2] / np.linalg.norm(ways, axis=0)
    known = heights[np.isfinite(heights)]
    if not len(known) or np.median(known) < _STANDS:
        return joints, ()
    sentence = "The bodies stand along z, so z is taken for up, and the clip is turned to have y up."
    return joints[[0, 2, 1]] * np.array([1, 1, -1], joints.dtype)[:, None, None, None], (Doubt("z-is-up", sentence),)


def with_estimates(known: dict[str, Weights], recipes: Recipes) -> tuple[dict[str, Weights], tuple[str, ...]]:
    """Add the joints that are missing, as weighted means of those that are there.

    Returns:
        all joints, and which of them are estimated.
    """
    joints, estimated = dict(known), []
    for joint, ways in recipes.items():
        way = next((way for way in ways if way.keys() <= joints.keys()), None)
        if joint not in joints and way is not None:
            joints[joint] = _blend(way, joints)
            estimated.append(joint)
    return joints, tuple(estimated)


def _blend(way: dict[str, float], joints: dict[str, Weights]) -> Weights:
    blend: Weights = {}
    for source, share in way.items():
        for index, weight in joints[source].items():
            blend[index] = blend.get(index, 0.0) + share * weight
    return blend


def used_in(joints: Iterable[Weights]) -> list[int]:
    """The joints of the file that some joints are made of, in the order of their index."""
    return sorted({index for joint in joints for index in joint})


def blended(
    joints: Sequence[Weights], used: Sequence[int], places: Float[np.ndarray, "T n 3"]
) -> Float[np.ndarray, "T V 3"]:
    """Positions of joints from those of the used joints of a file; one that is NaN spoils only what is made of it."""
    column = {index: number for number, index in enumerate(used)}
    sums = [sum(weight * places[:, column[index]] for index, weight in joint.items()) for joint in joints]
    return np.stack(sums, axis=1)


def estimates_doubt(estimated: Sequence[str]) -> tuple[Doubt, ...]:
    """A doubt that names the joints which a file lacks."""
    if not estimated:
        return ()
    sentence = f"The file lacks {', '.join(estimated)}: they are estimated from the joints around them."
    return (Doubt("joints-estimated", sentence),)


def frames_doubt(stated: float, found: int, cut: bool = False) -> tuple[Doubt, ...]:
    """A doubt where a file holds another number of frames than it states, or ends within its last one."""
    if stated == found and not cut:
        return ()
    end = "its last one is cut off and left out" if cut else "all that are there are read"
    sentence = f"The file states {stated:g} frames but holds {found} whole ones; {end}: check that nothing is lost."
    return (Doubt("frame-count", sentence),)


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file in UTF-8, with their ends, one at a time.

    Raises:
        DataError: the file cannot be read, is no text, or has an endless line.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise DataError(
                        f"{path}, line {number}, should have fewer than {_LONGEST_LINE} characters: it is no such file."
                    )
                yield line
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} should be text in UTF-8, but it is not: save it again.") from error
