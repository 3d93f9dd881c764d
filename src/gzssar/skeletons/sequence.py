"""One clip of skeletons: validated when it is made, trusted after."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout, layout_named


@dataclass(frozen=True)
class SkeletonSequence:
    """One clip of M bodies over T frames.

    Raises:
        DataError: the joints have another shape than (3, T, V, M) or (2, T, V, M), hold NaN or infinity, or have no
            frame; the frame rate is not positive; the label or another id is negative; times or
            visibility do not fit.
    """

    joints: Float[np.ndarray, "C T V M"]
    """Positions: three coordinates in metres and a right-handed frame (a reader of left-handed data mirrors it), or two
    in pixels of a picture (x right, y down). An absent body is zero."""

    fps: float
    """Frames per second."""

    layout: Layout
    """The layout of the V joints."""

    label: int | None = None
    """0-based class id, if known."""

    subject: int | None = None
    """The number of the performer in the data set, if known."""

    camera: int | None = None
    """The number of the camera or view in the data set, if known."""

    setup: int | None = None
    """The number of the recording setup (NTU RGB+D 120), if known."""

    name: str = ""
    """The source of the clip: a file name, or an index in a synthetic world."""

    times: Float[np.ndarray, "T"] | None = None
    """The time of each frame in seconds, ascending, if frames are not evenly spaced; `fps` is their usual rate."""

    visibility: Float[np.ndarray, "T V M"] | None = None
    """How sure the sensor is of each joint, from 0 (invented) to 1 (seen), if it says so."""

    doubts: tuple[Doubt, ...] = ()
    """What the reader had to assume, or found odd."""

    def __post_init__(self) -> None:
        clip = f"clip {self.name!r}" if self.name else "a clip"
        if self.joints.ndim != 4:
            raise DataError(
                f"{clip} should have four axes (C, T, V, M), but its shape is {self.joints.shape}: "
                "add an axis of length 1 for a single body."
            )
        c, t, v, m = self.joints.shape
        if c not in (2, 3) or t < 1 or m < 1:
            raise DataError(
                f"{clip} should have 2 or 3 coordinates, at least one frame and at least one body, but (C, T, V, M) is "
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
                f"at index {frames[0]}: drop those frames, or fill the gaps (gzssar.skeletons.preprocess.fill_gaps)."
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise DataError(f"{clip} should have a positive frame rate, but fps is {self.fps}.")
        for field in ("label", "subject", "camera", "setup"):
            if (value := getattr(self, field)) is not None and value < 0:
                raise DataError(f"{clip} should have a {field} of 0 or more, or none, but it is {value}.")
        if self.times is not None and not (
            self.times.shape == (t,) and np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()
        ):
            raise DataError(
                f"{clip} should have {t} ascending times in seconds, one for each frame, but has {len(self.times)}, "
                "or some that do not ascend: sort the frames, or leave the times out."
            )
        if self.visibility is not None and self.visibility.shape != (t, v, m):
            raise DataError(
                f"{clip} should have a visibility for each joint, of shape {(t, v, m)}, but it is of shape "
                f"{self.visibility.shape}."
            )
        if self.visibility is not None and not np.isfinite(self.visibility).all():
            raise DataError(f"{clip} should have finite visibilities, but some are NaN: set them to 0.")

    def part(self, start: int, end: int) -> "SkeletonSequence":
        """The frames from `start` up to, but not including, `end`, with their times and visibility."""
        return self.of_frames(slice(start, end))

    def of_frames(self, frames: slice | Int[np.ndarray, "_"]) -> "SkeletonSequence":
        """These frames alone, with their times and visibility."""
        times, visibility = self.times, self.visibility
        return replace(
            self,
            joints=self.joints[:, frames],
            times=None if times is None else times[frames],
            visibility=None if visibility is None else visibility[frames],
        )

    def of_bodies(self, bodies: Sequence[int]) -> "SkeletonSequence":
        """These bodies alone, in this order."""
        visibility = None if self.visibility is None else self.visibility[..., list(bodies)]
        return replace(self, joints=self.joints[..., list(bodies)], visibility=visibility)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last one."""
        return float(self.seconds[-1]) + 1 / self.fps

    @property
    def seconds(self) -> Float[np.ndarray, "T"]:
        """The time of each frame in seconds, starting at 0."""
        if self.times is None:
            return np.arange(self.joints.shape[1]) / self.fps
        return self.times - self.times[0]

    @classmethod
    def from_frames(
        cls, frames: ArrayLike, layout: str | Layout, fps: float, name: str = "", times: ArrayLike | None = None
    ) -> "SkeletonSequence":
        """Make a clip from joints that are ordered by frame, as sensors and pose estimators give them.

        Args:
            frames: positions (T, V, C) of one body, or (T, M, V, C) of M bodies; if C is 3, in metres and right-handed.
            layout: the joint layout, or its name: "ntu25", "mediapipe33", "coco17", …
            fps: frames per second.
            name: the source of the clip, for messages.
            times: the time of each frame in seconds, if frames are not evenly spaced; `fps` is their usual rate.

        Raises:
            ConfigError: there is no layout of that name.
            DataError: the joints are of another shape, not finite, or the frame rate is not positive.
        """
        try:
            joints = np.asarray(frames, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise DataError(f"frames should be an array of joints, but they are not ({error}).") from error
        if joints.ndim not in (3, 4):
            raise DataError(
                f"frames should be of shape (T, V, C), or (T, M, V, C) with several bodies, but it is {joints.shape}."
            )
        bodies = joints[:, None] if joints.ndim == 3 else joints
        known = layout_named(layout) if isinstance(layout, str) else layout
        at = None if times is None else np.asarray(times, dtype=np.float64)
        return cls(bodies.transpose(3, 0, 2, 1), float(fps), known, name=name, times=at)

    @property
    def dimensions(self) -> int:
        """C: 3 in space, 2 in a picture."""
        return self.joints.shape[0]
