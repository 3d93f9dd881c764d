"""From where a clip is looked at, and which part of space its panels show."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import DataError
from gzssar.skeletons.oddities import present_bodies
from gzssar.skeletons.sequence import SkeletonSequence

_UPPER, _LOWER = ("head", "nose", "neck"), ("ankle", "foot")
"""Parts of the names of joints at the two ends of a body."""
_TRAVEL = 1.5
"""How many times their own width bodies travel before the panels of a strip follow them."""
_LARGEST, _POINT = 1e15, 1e-9
"""No position to be drawn lies further out; what is smaller is drawn as one point."""


@dataclass(frozen=True)
class View:
    """From where a clip is looked at: each axis is an index on C, and -1 where it grows to the left or down, else 1."""

    name: str
    across: tuple[int, int]
    up: tuple[int, int]


def choose_views(sequence: SkeletonSequence) -> tuple[View, ...]:
    """Front and side in space, the picture itself in 2-D; the top of this module tells how they are found.

    Raises:
        DataError: positions are too large to be drawn.
    """
    if (largest := float(np.abs(sequence.joints).max())) > _LARGEST:
        raise DataError(
            f"clip {sequence.name!r} should hold positions in metres or pixels to be drawn, but the largest is "
            f"{largest:.0e}: check the program that wrote it."
        )
    if sequence.dimensions == 2:
        return (View("picture", (0, 1), (1, -1)),)
    names = [name.lower() for name in sequence.layout.joint_names]
    upper, lower = ([v for v, name in enumerate(names) if any(p in name for p in parts)] for parts in (_UPPER, _LOWER))
    left, right = ([pair[side] for pair in sequence.layout.left_right] for side in (0, 1))
    upward, rightward = _direction(sequence, lower, upper), _direction(sequence, left, right)

    up = int(np.argmax(np.abs(upward))) if upward.any() else 1
    wide, deep = sorted({0, 1, 2} - {up}, key=lambda axis: -abs(rightward[axis]))
    up_sign, wide_sign = (-1 if value < 0 else 1 for value in (upward[up], rightward[wide]))
    forward = np.cross(up_sign * np.eye(3)[up], wide_sign * np.eye(3)[wide])
    return (
        View("front view", (wide, -wide_sign), (up, up_sign)),
        View("side view", (deep, int(forward[deep])), (up, up_sign)),
    )


@dataclass(frozen=True)
class Window:
    """Which part of space the panels show: all of one size and at one scale."""

    middles: Float[np.ndarray, "views frames"]
    """Middle of each panel along its view's horizontal axis."""

    low: float
    """Where all panels begin along the vertical axis."""

    width: float
    height: float
    """Size in the units of the clip."""

    scale: float
    """Inches per unit."""

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of a panel."""
        return self.width * self.scale, self.height * self.scale

    @classmethod
    def around(
        cls,
        sequence: SkeletonSequence,
        views: tuple[View, ...],
        shown: list[int],
        space: tuple[float, float],
        narrowest: float,
        follow: bool = False,
    ) -> "Window":
        """The smallest that holds all bodies in the frames shown, within so many inches of width and height."""
        low, high, somebody = _extents(sequence, shown)
        lowest, highest, widest = low.min(axis=1), high.max(axis=1), (high - low).max(axis=1)
        middles, width = np.tile((lowest + highest)[:, None] / 2, len(shown)), 0.0
        for axis in (view.across[0] for view in views):
            whole = highest[axis] - lowest[axis]
            if follow and whole > _TRAVEL * widest[axis]:
                middles[axis, somebody], whole = (low + high)[axis] / 2, widest[axis]
            width = max(width, float(whole))
        up = views[0].up[0]
        height = float(highest[up] - lowest[up])
        margin = max(0.06 * max(width, height), 1e-6 * float(max(-lowest.min(), highest.max())))
        margin = margin if margin > _POINT else 1.0
        width, height = width + 2 * margin, height + 2 * margin
        scale = min(space[0] / width, space[1] / height)
        middles = middles[[view.across[0] for view in views]]
        return cls(middles, float(lowest[up]) - margin, max(width, narrowest / scale), height, scale)


def _extents(
    sequence: SkeletonSequence, shown: list[int]
) -> tuple[Float[np.ndarray, "C present"], Float[np.ndarray, "C present"], Bool[np.ndarray, "frames"]]:
    """Lowest and highest coordinates of the bodies in each frame that holds one, and which frames these are."""
    joints, present = sequence.joints[:, shown].astype(np.float64), present_bodies(sequence)[shown]
    somebody = np.asarray(present.any(axis=1))
    if not somebody.any():
        return np.zeros((len(joints), 1)), np.zeros((len(joints), 1)), somebody
    there = present[None, somebody, None]
    low = np.where(there, joints[:, somebody], np.inf).min(axis=(2, 3))
    high = np.where(there, joints[:, somebody], -np.inf).max(axis=(2, 3))
    return low, high, somebody


def _direction(sequence: SkeletonSequence, start: list[int], end: list[int]) -> Float[np.ndarray, "C"]:
    """Median over frames and bodies of the unit vector from the middle of some joints to that of others, or zero."""
    present = present_bodies(sequence)
    if not (start and end and present.any()):
        return np.zeros(sequence.dimensions)
    vectors = (sequence.joints[:, :, end].mean(axis=2) - sequence.joints[:, :, start].mean(axis=2))[:, present]
    lengths = np.linalg.norm(vectors, axis=0)
    return np.asarray(np.median(vectors / np.where(lengths > 0, lengths, 1), axis=1))
