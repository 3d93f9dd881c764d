"""Joints that are missing in some frames, as files write them down: NaN, or 0 where the sensor does not see them.

NaN is filled where the user asks for it. Zeros are no positions, so they are always filled, and the clip says so.
"""

from functools import reduce

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.reader import ReadOptions

_NEAR = 0.1
"""Shares of a body's size: a joint that the frames around put no farther than this from 0 0 0 may really be there."""
_NAMED = 3
"""Joints that a sentence names."""


def complete(
    joints: Float[np.ndarray, "C T V M"],
    visibility: Float[np.ndarray, "T V M"] | None,
    options: ReadOptions,
    layout: Layout,
    name: str,
) -> tuple[Float[np.ndarray, "C T V M"], tuple[Doubt, ...]]:
    """Fill in, in place, the joints that are missing while their body is there.

    In space, a joint is missing where it is exactly at 0 0 0, but elsewhere in the frames around. A joint that is at
    0 0 0 in all frames is the origin of a centred body. In a picture, a joint is missing where it is at 0 0 and its
    visibility is 0; one that is never seen comes to lie on its neighbour. A body that is all zero is absent.

    Args:
        joints: positions; NaN or infinite where a coordinate is missing.
        visibility: how sure the sensor is of each joint, where it says so.
        options: whether NaN may be filled.
        layout: what the V joints are.
        name: the clip's, for messages.

    Returns:
        the joints, and what was filled that nobody asked for.

    Raises:
        DataError: joints are NaN and the options do not say to fill them, or one is NaN in all frames.
    """
    finite = np.isfinite(joints)
    if not finite.all():
        _check_filling(int(joints.size - finite.sum()), joints.size, options, name)
    if joints.shape[2] != layout.joint_count:
        return joints, ()  # and the clip's own check says so
    lost = _lost(joints, visibility)
    if not lost.any():
        if not finite.all():
            _fill(joints, name)
        return joints, ()
    never = lost.any(axis=0) & ~((finite.all(axis=0) & ~lost) & _present(joints)[:, None]).any(axis=0)
    gaps = lost & ~never
    joints[:, gaps] = np.nan
    _fill(joints, name)
    if len(joints) == 3:
        real = gaps & _near_origin(joints)
        joints[:, real] = 0
        return joints, tuple(_doubts(gaps & ~real, np.zeros_like(never), layout))
    _lay_on_neighbours(joints, never, layout)
    return joints, tuple(_doubts(gaps, never, layout))


def _check_filling(missing: int, size: int, options: ReadOptions, name: str) -> None:
    found = f"clip {name!r} should hold finite positions, but {missing} of {size} coordinates are NaN or infinite"
    if missing == size:
        raise DataError(f"{found}: leave the clip out.")
    if not options.fill_gaps:
        raise DataError(f"{found}: fill the gaps from the frames around them, or leave it out.", option="fill_gaps")


def _present(joints: Float[np.ndarray, "C T V M"]) -> Bool[np.ndarray, "T M"]:
    return np.asarray(np.any(joints != 0, axis=(0, 2)))


def _lost(
    joints: Float[np.ndarray, "C T V M"], visibility: Float[np.ndarray, "T V M"] | None
) -> Bool[np.ndarray, "T V M"]:
    """Where a joint is zero though its body is there."""
    zero = np.asarray(np.all(joints == 0, axis=0)) & _present(joints)[:, None]
    if len(joints) == 3:
        return zero
    return zero & (visibility == 0) if visibility is not None else np.zeros_like(zero)


def _near_origin(joints: Float[np.ndarray, "C T V M"]) -> Bool[np.ndarray, "T V M"]:
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.where(_present(joints), np.ptp(joints, axis=2).max(axis=0), np.nan)
        usual = np.array([np.median(size[~np.isnan(size)]) if not np.isnan(size).all() else 0 for size in sizes.T])
        return np.asarray(reduce(np.hypot, joints) <= _NEAR * usual)  # unlike norm, without an array of all coordinates


def _fill(joints: Float[np.ndarray, "C T V M"], name: str) -> None:
    from gzssar.skeletons.preprocess import fill_gaps

    try:
        fill_gaps(joints, copy=False)
    except DataError as error:
        raise DataError(f"clip {name!r} cannot be completed: {error}") from error


def _lay_on_neighbours(joints: Float[np.ndarray, "C T V M"], never: Bool[np.ndarray, "V M"], layout: Layout) -> None:
    """Give joints that are never seen the place of the nearest joint along the bones that is."""
    for body in range(joints.shape[3]):
        known = ~never[:, body]
        while known.any() and not known.all():
            for one, other in (pair for bone in layout.bones for pair in (bone, bone[::-1])):
                if known[other] and not known[one]:
                    joints[:, :, one, body] = joints[:, :, other, body]
                    known[one] = True


def _doubts(lost: Bool[np.ndarray, "T V M"], never: Bool[np.ndarray, "V M"], layout: Layout) -> list[Doubt]:
    doubts = []
    if lost.any():
        frames, joints = int(lost.any(axis=(1, 2)).sum()), _named(np.any(lost, axis=(0, 2)), layout)
        sentence = (
            f"{joints} missing (zero) in {frames} of {len(lost)} frames and filled from the frames around: look at "
            "the clip before you rely on it."
        )
        doubts.append(Doubt("joints-missing", sentence))
    if never.any():
        sentence = f"{_named(np.any(never, axis=1), layout)} never seen and put on the nearest joint that is seen."
        doubts.append(Doubt("joints-never-seen", sentence))
    return doubts


def _named(chosen: Bool[np.ndarray, "V"], layout: Layout) -> str:
    """The names of joints as the beginning of a sentence: "Left knee, left ankle and 2 more joints are"."""
    names = [layout.joint_names[joint] for joint in np.flatnonzero(chosen)]
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return text[0].upper() + text[1:] + (" is" if len(names) == 1 else " are")
