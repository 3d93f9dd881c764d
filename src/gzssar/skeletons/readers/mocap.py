"""What readers of motion capture share: which way is up, estimated joints, odd frames, and lines of text."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout

_LONGEST_LINE = 2**18  # characters: 1000 joints with 6 channels of 40 characters each
_STANDS = 0.8
"""How much of the way from the ankles to the neck leads along an axis where a body stands along it."""

Weights = dict[int, float]
"""A joint as a weighted mean of a file's joints, by their index."""
Recipes = dict[str, tuple[dict[str, float], ...]]
"""Joint → the ways to estimate it from others, in order of preference. A joint may use those further up."""


def placed(
    chosen: Sequence[Weights], used: Sequence[int], places: Float[np.ndarray, "T n 3"], scale: float, layout: Layout
) -> tuple[Float[np.ndarray, "3 T V 1"], tuple[Doubt, ...]]:
    """The joints of one body made of markers, in metres and with y up; what was turned is said.

    Args:
        chosen: of each joint the markers that it is made of.
        used: the markers that `places` holds.
        places: in the file's unit.
        scale: metres of that unit.
        layout: what the joints are.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number is missing
        joints = blended(chosen, used, places).transpose(2, 0, 1)[..., None]
        joints *= np.float32(scale)
    return turned_upright(joints, layout)


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
    blend = np.zeros((len(places), len(joints), 3), dtype=np.float32)
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
