"""What readers of motion capture share: which way is up, estimated joints, odd frames, and lines of text."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import check_size

_LARGEST = 2**30  # bytes: ten hours
_LONGEST_LINE = 2**18  # characters: 1000 joints with 6 channels of 40 characters each
_BLOCK = 200
"""Frames that are worked on at once: as numbers of Python, all of them would take many times the size of the file."""
_MOST_BLANK = 10_000
"""Lines without a word, one after another; to count millions of them takes long."""
_STANDS = 0.8
"""How much of the way from the ankles to the neck leads along an axis where a body stands along it."""

Weights = dict[int, float]
"""A joint as a weighted mean of a file's joints, by their index."""
Recipes = dict[str, tuple[dict[str, float], ...]]
"""Joint → the ways to estimate it from others, in order of preference. A joint may use those further up."""


def placed(
    chosen: Sequence[Weights], used: Sequence[int], rows: Iterator[ArrayLike], scale: float, layout: Layout
) -> tuple[Float[np.ndarray, "3 T V 1"], tuple[Doubt, ...]]:
    """The joints of one body made of markers, in metres and with y up; what was turned is said.

    Args:
        chosen: of each joint the markers that it is made of.
        used: the markers that `rows` hold.
        rows: per frame the places (n, 3) of the used markers in the file's unit, looked at some at a time.
        scale: metres of that unit.
        layout: what the joints are.
    """
    numbers = array("f")
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is missing
        while block := list(islice(rows, _BLOCK)):
            numbers.frombytes(blended(chosen, used, np.array(block).reshape(-1, len(used), 3)).tobytes())
        joints = np.frombuffer(numbers, np.float32).reshape(-1, len(chosen), 3).transpose(2, 0, 1)[..., None]
        joints *= np.float32(scale)
    return turned_upright(joints, layout)


def turned_upright(
    joints: Float[np.ndarray, "3 T V M"], layout: Layout
) -> tuple[Float[np.ndarray, "3 T V M"], tuple[Doubt, ...]]:
    """Turn a clip whose bodies stand along z so that y is up, in place unless it is read-only, and say so; all others
    stay as they are."""
    if "neck" not in layout.joint_names:
        return joints, ()
    top, left, right = (layout.joint_names.index(joint) for joint in ("neck", "left ankle", "right ankle"))
    with np.errstate(all="ignore"):  # what is no finite number is refused in the end
        ways = joints[:, :, top] - (joints[:, :, left] + joints[:, :, right]) / 2
        heights = ways[2] / np.linalg.norm(ways, axis=0)
    known = heights[np.isfinite(heights)]
    if not len(known) or np.median(known) < _STANDS:
        return joints, ()
    sentence = "The bodies stand along z, so z is taken as the upward axis, and the clip is turned so that y points up."
    turned = joints if joints.flags.writeable else joints.copy()
    turned[1], turned[2] = joints[2].copy(), -joints[1]
    return turned, (Doubt("z-is-up", sentence),)


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
    joints: Sequence[Weights], used: Sequence[int], places: Float[np.ndarray, "T n C"]
) -> Float[np.ndarray, "T V C"]:
    """Positions of joints from those of the used joints of a file; one that is NaN spoils only what is made of it."""
    column = {index: number for number, index in enumerate(used)}
    blend = np.zeros((len(places), len(joints), places.shape[2]), dtype=np.float32)
    for number, joint in enumerate(joints):
        for index, weight in joint.items():
            blend[:, number] += weight * places[:, column[index]]
    return blend


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
        DataError: the file cannot be read, is larger than 1 GiB, is no text, or has an endless line or thousands of
            blank ones.
    """
    check_size(path, _LARGEST)
    try:
        with path.open(encoding="utf-8-sig") as file:
            number = blank = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise DataError(
                        f"{path}, line {number}, should have fewer than {_LONGEST_LINE} characters: it is no such file."
                    )
                blank = blank + 1 if line.isspace() else 0
                if blank > _MOST_BLANK:
                    raise DataError(
                        f"{path}, line {number}, should not be the {blank}th blank one: it is no such file."
                    )
                yield line
    except OSError as error:
        raise DataError(f"{path} should be a file to read, but it cannot be read ({error}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} should be text in UTF-8, but it is not: save it again.") from error
