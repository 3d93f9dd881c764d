"""The synthetic motion world: clips of made-up performers, drawn from a seed. No person was recorded.

It is the package's embedded default: a zero-shot problem whose clips are drawn in seconds. It replaces NTU RGB+D if
that is not available. Numbers that are measured on it say nothing about real recordings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.choices import check_positive
from gzssar.errors import ConfigError
from gzssar.shapes import Clips, Labels
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.preprocess import turn_about
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic.body import CHANNEL_COUNT, CHANNELS, Builds, Joints, Pose, pose_to_joints
from gzssar.synthetic.catalogue import ACTIONS
from gzssar.synthetic.motions import MotionPhase

FPS = 20.0
"""Frames per second of every synthetic clip."""


@dataclass(frozen=True)
class SyntheticClips:
    """A batch of synthetic clips, one class after the other."""

    joints: Clips
    """Positions in metres, float32, one body, in the frame of a Kinect: it sits at the origin, y is up, and a
    performer in front of it (z > 0) who faces it has his right hand at larger x than his left."""

    labels: Labels
    """0-based class ids."""

    subjects: Labels
    """0-based ids of the made-up performers."""

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[SkeletonSequence]:
        return (self.sequence(index) for index in range(len(self)))

    def sequence(self, index: int) -> SkeletonSequence:
        """One clip of the batch."""
        return SkeletonSequence(
            joints=self.joints[index],
            fps=FPS,
            layout=NTU25,
            label=int(self.labels[index]),
            subject=int(self.subjects[index]),
            name=f"synthetic {index}",
        )


@dataclass(frozen=True)
class SyntheticWorld:
    """A world of made-up performers and 48 actions. Worlds with equal fields have the same clips, bit for bit.

    Performers differ in size, proportions, posture, tempo, amplitude and handedness (0, 5, 10, … are left-handed);
    clips differ in timing, amplitude, idle sway, viewpoint and sensor noise.

    Raises:
        ConfigError: a count is not positive, the seed or the noise is negative, `variation` is outside [0, 2].
    """

    seed: int = 0
    """The seed of all random numbers."""

    clips_per_class: int = 40
    """The number of clips of each action; the performers take turns."""

    frames: int = 64
    """T, at 20 frames per second."""

    subject_count: int = 20
    """The number of made-up performers."""

    noise: float = 0.02
    """The standard deviation of the sensor's error for each joint, frame and coordinate, in metres."""

    variation: float = 1.0
    """A factor on the differences between clips of one action, except for viewpoint and noise: from 0 (no differences)
    to 2."""

    def __post_init__(self) -> None:
        check_positive(self, "clips_per_class", "frames", "subject_count")
        for field in ("seed", "noise", "variation"):
            if getattr(self, field) < 0:
                raise ConfigError(
                    f"{field} of a synthetic world must not be negative, but it is {getattr(self, field)}."
                )
        if self.variation > 2:
            raise ConfigError(f"variation of a synthetic world must be at most 2, but it is {self.variation}.")

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in order of id. ``find_class_texts("synthetic")`` has their texts."""
        return tuple(ACTIONS)

    def clips(self) -> SyntheticClips:
        """Draw all clips."""
        subject_stream, *class_streams = np.random.SeedSequence(self.seed).spawn(1 + len(ACTIONS))
        subjects = np.arange(self.clips_per_class) % self.subject_count
        cast = _Cast.draw(np.random.default_rng(subject_stream), subjects, self.subject_count, self.variation)
        joints = [
            self._perform(label, cast, np.random.default_rng(stream))
            for label, stream in zip(ACTIONS, class_streams, strict=True)
        ]
        return SyntheticClips(
            joints=np.concatenate(joints),
            labels=np.repeat(np.arange(len(ACTIONS)), self.clips_per_class),
            subjects=np.tile(subjects, len(ACTIONS)),
        )

    def _perform(self, label: str, cast: "_Cast", rng: np.random.Generator) -> Clips:
        """Draw one clip of an action by each performer in `cast`."""
        phase = _phase(rng, cast.tempo, self.frames, self.variation)
        amplitude = cast.amplitude[:, None] * _amplitude(rng, len(phase), self.variation)
        for whole in ("turn", "topple"):
            amplitude[..., CHANNELS[whole]] = 1  # all the way round, all the way down
        pose = ACTIONS[label].at(phase) * amplitude
        pose += cast.posture[:, None] + _sway(rng, len(phase), self.frames, self.variation)
        joints = pose_to_joints(pose, cast.builds)
        joints = np.where(cast.left_handed[:, None, None, None], _mirror(joints), joints)
        joints = _view(rng, joints) + rng.normal(0, self.noise, joints.shape)
        return joints.transpose(0, 3, 1, 2)[..., None].astype(np.float32)


@dataclass(frozen=True)
class _Cast:
    """The performers of one action's clips: one entry per clip."""

    builds: Builds
    tempo: Float[np.ndarray, "N"]
    amplitude: Float[np.ndarray, "N P"]
    posture: Float[np.ndarray, "N P"]
    left_handed: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, subjects: Labels, count: int, variation: float) -> "_Cast":
        """Make up `count` performers, and cast one of them for each clip."""
        deviations = {"height": 0.08, "arms": 0.06, "legs": 0.06, "torso": 0.06, "shoulders": 0.08}
        factors = {part: np.exp(rng.normal(0, sd * variation, count))[subjects] for part, sd in deviations.items()}
        return cls(
            builds=Builds(**factors),
            tempo=np.exp(rng.normal(0, 0.15 * variation, count))[subjects],
            amplitude=np.exp(rng.normal(0, 0.09 * variation, (count, CHANNEL_COUNT)))[subjects],
            posture=rng.normal(0, variation, (count, CHANNEL_COUNT))[subjects]
            * _deviation(hands=0.045, angles=0.075, feet=0.015),
            left_handed=subjects % 5 == 0,
        )


def _deviation(hands: float, angles: float, feet: float) -> Float[np.ndarray, "P"]:
    """Standard deviation per channel, in metres and radians; the body as a whole stays where it is."""
    deviation = np.zeros(CHANNEL_COUNT)
    for channel, place in CHANNELS.items():
        part = channel.rpartition("_")[2]
        deviation[place] = {"hand": hands, "spine": angles, "head": angles, "foot": feet}.get(part, 0)
    for foot in ("dominant_foot", "other_foot"):
        deviation[CHANNELS[foot].start + 1] = 0  # feet stand on the ground
    return deviation


def _phase(rng: np.random.Generator, tempo: Float[np.ndarray, "N"], frames: int, variation: float) -> MotionPhase:
    """How far the action has come in each frame: it starts late, runs unevenly, ends early or is cut."""
    start = rng.uniform(0, 0.18 * variation, (len(tempo), 1))
    duration = (1 - variation * rng.uniform(0.03, 0.4, (len(tempo), 1))) / tempo[:, None]
    phase = np.clip((np.linspace(0, 1, frames) - start) / duration, 0, 1)
    unevenness = rng.uniform(-0.45, 0.45, (len(tempo), 1)) * variation
    return np.asarray(phase + unevenness * np.sin(2 * np.pi * phase) / (2 * np.pi))


def _amplitude(rng: np.random.Generator, count: int, variation: float) -> Float[np.ndarray, "N 1 P"]:
    """How large the action is done: one factor for all channels, and one for each."""
    whole, each = (rng.normal(0, sd * variation, (count, 1, width)) for sd, width in ((0.12, 1), (0.08, CHANNEL_COUNT)))
    return np.exp(whole + each)


def _sway(rng: np.random.Generator, count: int, frames: int, variation: float) -> Pose:
    """A body at rest never rests: two slow waves per channel."""
    shape = (2, count, 1, CHANNEL_COUNT)
    turns, begin = rng.uniform(0.3, 1.6, shape), rng.uniform(0, 2 * np.pi, shape)
    size = rng.normal(0, variation, shape) * _deviation(hands=0.04, angles=0.05, feet=0.01)
    time = np.linspace(0, 1, frames)[:, None]
    return np.asarray(np.sum(size * np.sin(2 * np.pi * turns * time + begin), axis=0))


def _mirror(joints: Joints) -> Joints:
    """Left becomes right."""
    return np.asarray(joints[:, :, list(NTU25.mirror)] * np.array([-1, 1, 1]))


def _view(rng: np.random.Generator, joints: Joints) -> Joints:
    """Put the performer two to four metres before a Kinect that looks slightly up or down, turned up to 60° aside."""
    count = len(joints)
    yaw, pitch = rng.uniform(-np.pi / 3, np.pi / 3, count), rng.uniform(-0.15, 0.15, count)
    place = np.stack([rng.uniform(-0.6, 0.6, count), rng.uniform(-1.2, -0.6, count), rng.uniform(2, 4, count)], axis=1)
    placed = np.einsum("nij,ntvj->ntvi", turn_about(1, yaw), joints) + place[:, None, None]
    return np.asarray(np.einsum("nij,ntvj->ntvi", turn_about(0, pitch), placed))
