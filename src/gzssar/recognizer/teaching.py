"""Clips that show a class to a fitted recognizer: which are taken, and where the class's centre goes."""

from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from gzssar.errors import ConfigError, DataError
from gzssar.recognizer.parts import KnownClass
from gzssar.recognizer.prediction import Prediction
from gzssar.recognizer.shown import Prior
from gzssar.shapes import Clips
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.moving import is_resting, is_too_short
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import label_key

_SAME = 0.05
"""How far, for its length, the sum of clips may lie from what a centre holds of it: that is rounded, and may have been
encoded on another machine."""


def moved(
    one: KnownClass,
    clips: Float[np.ndarray, "N W"],
    sign: Literal[1, -1],
    expected: Float[np.ndarray, "W"],
    prior: Prior,
) -> KnownClass:
    """A class whose centre has moved towards clips, or away from clips that showed it before.

    Texts count beside the clips of a class that was not trained on, unless there is a label alone, which may be any
    name.

    Args:
        one: the class.
        clips: in the whitened space.
        sign: 1 to show them, -1 to take them back.
        expected: what the class's texts let expect.
        prior: how much that counts.

    Raises:
        DataError: there are no clips.
        ConfigError: fewer clips showed the class than are taken back.
    """
    label, trained = one.text.label, one.seen and not one.shown
    if not len(clips):
        raise DataError(f"showing {label!r} needs at least one clip, but there is none.")
    count = one.clips + sign * len(clips)
    if count < int(trained):
        raise ConfigError(
            f"you can only take back clips that showed {label!r}, but {one.clips} clips showed it and {len(clips)} "
            "were given."
        )
    beside = expected if not trained and (one.text.action or one.text.motion) else None
    before = prior.total(beside, one.centre, one.clips) if one.clips else np.zeros(len(expected))
    given = clips.sum(axis=0, dtype=np.float64)
    if not count:
        _require_same(label, before, given)
        return replace(one, centre=expected, clips=0, seen=False, shown=False)
    centre = prior.centre(beside, before + sign * given, count)
    return replace(one, centre=centre, clips=count, seen=True, shown=not trained)


def _require_same(label: str | None, shown: Float[np.ndarray, "W"], given: Float[np.ndarray, "W"]) -> None:
    """Refuse to take back, as the last ones, clips that are not those that showed a class.

    Only of the last ones is it known what their sum should be: the clips are not kept.

    Args:
        label: of the class.
        shown: the sum of the clips that showed it.
        given: the sum of those to take back.

    Raises:
        ConfigError: they are others.
    """
    if np.linalg.norm(shown - given) > _SAME * np.linalg.norm(shown):
        raise ConfigError(
            f"clips to take back should be those that showed {label!r}, but others came: take back those, or remove "
            "the class."
        )


def first_of_equals(clips: Clips) -> Bool[np.ndarray, "N"]:
    """Which clips have no equal before them."""
    return np.array([not any(np.array_equal(clip, other) for other in clips[:n]) for n, clip in enumerate(clips)])


def require_motion(clip: SkeletonSequence, number: int, count: int) -> None:
    """Refuse a clip that shows no motion."""
    which = "the clip" if count == 1 else f"clip {number} of {count}"
    if is_too_short(clip):
        raise DataError(f"{which} should show a motion, but it lasts {clip.duration:.2g} s: use a longer clip.")
    if is_resting(clip):
        raise DataError(
            f"{which} should show a motion, but nobody moves in it: cut it to the part in which somebody moves."
        )


def disagrees(answer: Prediction, label: str) -> tuple[Doubt, ...]:
    """That the recognizer is sure of another class."""
    if answer.label is None or label_key(answer.label) == label_key(label):
        return ()
    score = answer[0]["score"]
    return (Doubt("another-class", f"The recognizer sees {answer.label!r} in this clip ({score:.0%}), not {label!r}."),)
