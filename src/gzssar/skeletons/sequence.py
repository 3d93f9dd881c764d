"""One clip of skeletons: validated when it is made, trusted after."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout


@dataclass(frozen=True)
class SkeletonSequence:
    """One clip of M bodies over T frames.

    Raises:
        DataError: the joints have another shape than (3, T, V, M), hold NaN or infinity, or have no frame; the frame
            rate is not positive; the label or the subject is negative.
    """

    joints: Float[np.ndarray, "C T V M"]
    """Positions in metres."""

    fps: float
    """Frames per second."""

    layout: Layout
    """What the V joints are."""

    label: int | None = None
    """0-based class id, where it is known."""

    subject: int | None = None
    """0-based id of the performer, where it is known."""

    name: str = ""
    """Where the clip comes from: a file name, or an index in a synthetic world."""

    def __post_init__(self) -> None:
        clip = f"clip {self.name!r}" if self.name else "a clip"
        if self.joints.ndim != 4:
            raise DataError(
                f"{clip} should have four axes (C, T, V, M), but its shape is {self.joints.shape}: "
                "add an axis of length 1 for a single body."
            )
        c, t, v, m = self.joints.shape
        if c != 3 or t < 1 or m < 1:
            raise DataError(
                f"{clip} should have 3 coordinates, at least one frame and at least one body, but (C, T, V, M) is "
                f"{(c, t, v, m)}: check the order of the axes."
            )
        if v != self.layout.joint_count:
            raise DataError(
                f"{clip} should have the {self.layout.joint_count} joints of layout {self.layout.name!r}, "
                f"but has {v}: name the layout it was recorded in."
            )
        if not np.isfinite(self.joints).all():
            frames = np.flatnonzero(~np.isfinite(self.joints).all(axis=(0, 2, 3)))
            raise DataError(
                f"{clip} should hold finite positions in metres, but {len(frames)} of {t} frames do not, the first "
                f"at index {frames[0]}: drop those frames or fill them in."
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise DataError(f"{clip} should have a positive frame rate, but fps is {self.fps}.")
        for field, value in (("label", self.label), ("subject", self.subject)):
            if value is not None and value < 0:
                raise DataError(f"{clip} should have a 0-based {field} or none, but it is {value}.")
