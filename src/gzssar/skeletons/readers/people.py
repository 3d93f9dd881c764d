"""From what pose estimators find in pictures, frame by frame, to a clip of at most two people."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import Layout
from gzssar.skeletons.readers.arrays import as_visibility, assumed_fps, make_clip
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_MOST_FOLLOWED = 10
"""People of one frame that are followed, the surest ones; a crowd would take long."""
_MOST_BODIES = 2
_SPARSEST = 10
"""Times as many frames as poses, and _SHORT more, is the longest clip: a few numbers must not claim hours."""
_SHORT = 300


@dataclass(frozen=True, eq=False, slots=True)
class Pose:
    """One person in one frame."""

    frame: int
    """Number of the frame."""

    joints: Float[np.ndarray, "V 3"]
    """x and y in pixels, and the score; zero where a joint is not seen."""

    @classmethod
    def of(cls, frame: int, joints: Float[np.ndarray, "V 3"]) -> "Pose":
        """A pose in which joints without a score, or without a place, are zero."""
        seen = np.isfinite(joints).all(axis=1) & (joints[:, 2] > 0)
        with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused
            return cls(frame, np.where(seen[:, None], joints, 0).astype(np.float32))

    @property
    def score(self) -> float:
        """How sure it is as a whole."""
        return float(self.joints[:, 2].sum())


def clip_of_people(
    poses: Sequence[Pose], frames: range, options: ReadOptions, name: str, layout: Layout, label: int | None = None
) -> SkeletonSequence:
    """Make a clip of people whom the file does not tell apart: each is followed to the nearest place in the next frame.

    Args:
        poses: what was found, in any order.
        frames: the numbers of the clip's frames.
        options: how to read it.
        name: the clip's.
        layout: what the joints are.
        label: the 0-based class, where known.

    Raises:
        DataError: nobody is seen, the frames are far more than the poses, or the clip is malformed.
    """
    poses = [pose for pose in poses if pose.score > 0]
    if not poses:
        raise DataError(f"clip {name!r} should show somebody in at least one frame, but nobody is seen: leave it out.")
    if len(frames) > _SPARSEST * len(poses) + _SHORT:
        raise DataError(
            f"clip {name!r} should have consecutive frames, but its {len(poses)} poses are in {len(frames)} frames: "
            "its frame numbers jump, so number the frames again."
        )
    people = _follow(poses)
    bodies = sorted(people, key=lambda body: -sum(pose.score for pose in body))[:_MOST_BODIES]
    numbers = np.zeros((len(bodies), len(frames), layout.joint_count, 3), np.float32)  # M T V, and x, y, score
    for index, body in enumerate(bodies):
        for pose in body:
            numbers[index, pose.frame - frames.start] = pose.joints
    fps, assumed = assumed_fps(options)
    joints, scores = numbers[..., :2].transpose(3, 1, 2, 0), numbers[..., 2].transpose(1, 2, 0)
    known = partial(make_clip, joints, options, name=name, fps=fps, layout=layout, label=label)
    return known(visibility=as_visibility(scores), doubts=(*assumed, *_doubts(len(people))))


def _follow(poses: Sequence[Pose]) -> list[list[Pose]]:
    frames: dict[int, list[Pose]] = {}
    for pose in poses:
        frames.setdefault(pose.frame, []).append(pose)
    people: list[list[Pose]] = []
    for _, found in sorted(frames.items()):
        surest = sorted(found, key=lambda pose: -pose.score)[:_MOST_FOLLOWED]
        pairs = [(_distance(body[-1], pose), i, j) for i, body in enumerate(people) for j, pose in enumerate(surest)]
        taken: dict[int, int] = {}  # pose to person
        for _, i, j in sorted(pairs):
            if j not in taken and i not in taken.values():
                taken[j] = i
        for j, pose in enumerate(surest):
            if j in taken:
                people[taken[j]].append(pose)
            else:
                people.append([pose])
    return people


def _distance(one: Pose, other: Pose) -> float:
    """Pixels between two poses, over the joints that are seen in both."""
    seen = (one.joints[:, 2] > 0) & (other.joints[:, 2] > 0)
    if not seen.any():
        return float("inf")
    with np.errstate(over="ignore"):
        return float(np.linalg.norm(one.joints[seen, :2] - other.joints[seen, :2], axis=1).mean())


def _doubts(people: int) -> tuple[Doubt, ...]:
    if people == 1:
        return ()
    left_out = f", and the {_MOST_BODIES} who are seen most often were kept" if people > _MOST_BODIES else ""
    sentence = (
        f"The file does not tell its {people} people apart, so each was followed to the nearest place in the next "
        f"frame{left_out}."
    )
    return (Doubt("people-followed", sentence),)
