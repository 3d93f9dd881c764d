"""MediaPipe's axes, in files that others wrote: y points down and z away from the camera; half a turn makes y point up.

World landmarks are metres. Plain landmarks are shares of the picture, x of its width and y of its height, and z is as
large as x; a body made of them has wrong proportions.
"""

import numpy as np
from jaxtyping import Float

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.poses import HALF_TURN

_NOSE, *_HIPS = (MEDIAPIPE33.joint_names.index(joint) for joint in ("nose", "left hip", "right hip"))
_MOST_INSIDE = 0.9
"""Share of the joints that lie within the picture, where joints are shares of it; the others left it."""
_SHARES = Doubt(
    "shares-of-picture",
    "The joints are shares of the picture, not metres, so the body's proportions are wrong: write MediaPipe's world "
    "landmarks instead.",
)
_TURNED = Doubt("axes-turned", "y points down, as in MediaPipe's own axes, so the clip was turned upright.")


def upright(
    joints: Float[np.ndarray, "T 33 3"],
) -> tuple[Float[np.ndarray, "T 33 3"], tuple[Doubt, ...]]:
    """Turn a clip whose y points down, as its nose and hips show; it may hold NaN.

    Returns:
        the clip, and doubts that say what was found.
    """
    y = joints[..., 1]
    if not _middle(y[:, _NOSE]) < _middle(y[:, _HIPS]):
        return joints, ()
    return joints * np.array(HALF_TURN, dtype=np.float32), shares_of_picture(joints) or (_TURNED,)


def shares_of_picture(joints: Float[np.ndarray, "T 33 3"]) -> tuple[Doubt, ...]:
    """A doubt where the joints of a clip in MediaPipe's axes are no metres; it may hold NaN."""
    places = joints[np.isfinite(joints).all(axis=-1)][:, :2]
    inside = ((places >= 0) & (places <= 1)).all(axis=1)
    return (_SHARES,) if len(places) and inside.mean() >= _MOST_INSIDE else ()


def _middle(values: Float[np.ndarray, "..."]) -> float:
    """The median of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
