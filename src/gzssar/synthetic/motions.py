"""The algebra of motions: four atoms, three ways to combine them.

A motion says by how much each channel of the pose (:data:`~.body.CHANNELS`) leaves rest at a phase between 0 (it
begins) and 1 (it is done). Before and after, it stays as it begins and ends, so that motions add up: a hand that was
lifted stays up while the next motion waves it.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from gzssar.synthetic.body import CHANNEL_COUNT, CHANNELS, Number, Pose

MotionPhase = Float[np.ndarray, "N T"]
Offset = tuple[float, ...]
"""One number per channel."""


@runtime_checkable
class Motion(Protocol):
    """Anything with a pose at each phase."""

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        ...


@dataclass(frozen=True)
class Stay:
    """Hold an offset all the time."""

    offset: Offset

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return _along(np.ones_like(phase), self.offset)


@dataclass(frozen=True)
class Move:
    """Go over to an offset, starting and stopping softly, and stay."""

    offset: Offset

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return _along(phase**2 * (3 - 2 * phase), self.offset)


@dataclass(frozen=True)
class Pulse:
    """Go to an offset and back, `times` times."""

    offset: Offset
    times: Number = 1

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return _along((1 - np.cos(2 * np.pi * self.times * phase)) / 2, self.offset)


@dataclass(frozen=True)
class Swing:
    """Go to an offset, through rest to its opposite and back, `times` times."""

    offset: Offset
    times: Number = 1

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return _along(np.sin(2 * np.pi * self.times * phase), self.offset)


@dataclass(frozen=True)
class Together:
    """All at the same time."""

    parts: tuple[Motion, ...]

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return sum((part.at(phase) for part in self.parts), start=np.zeros((*phase.shape, CHANNEL_COUNT)))


@dataclass(frozen=True)
class Then:
    """One after the other; each lasts its share of `durations`."""

    parts: tuple[Motion, ...]
    durations: tuple[Number, ...]

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        ends = np.cumsum(self.durations) / np.sum(self.durations)
        total = np.zeros((*phase.shape, CHANNEL_COUNT))
        for part, begin, end in zip(self.parts, (0.0, *ends[:-1]), ends, strict=True):
            total += part.at(np.clip((phase - begin) / (end - begin), 0, 1))
        return total


@dataclass(frozen=True)
class Repeat:
    """A motion that ends where it began, `times` times."""

    part: Motion
    times: int

    def at(self, phase: MotionPhase) -> Pose:
        """The offset from rest at each phase in [0, 1]."""
        return self.part.at(np.where(phase < 1, phase * self.times % 1, 1))


def offset(**channels: Number | tuple[Number, ...]) -> Offset:
    """An offset from rest: ``offset(turn=1.5, dominant_hand=(0, 0.2, 0))``; what is not named stays at rest."""
    pose = np.zeros(CHANNEL_COUNT)
    for name, value in channels.items():
        pose[CHANNELS[name]] = value
    return tuple(pose.tolist())


def minus(move: Offset) -> Offset:
    """The way back."""
    return tuple(-value for value in move)


def _along(course: MotionPhase, direction: Offset) -> Pose:
    return np.asarray(course[..., None] * np.array(direction))
