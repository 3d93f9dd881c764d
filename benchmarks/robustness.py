"""Clips as people have them: other frame rates, loose cuts, bystanders, nobody who moves, mirrored axes, other sensors.

    python benchmarks/robustness.py [--data ../shared/data] [--frames 300] [--work runs/robustness]

A recognizer is fitted on all 27 classes of UTD-MHAD, performers with odd ids, by the NTU-120 weights. 54 clips of the
others are asked, two of each class, as recorded and changed; so are the clips of NW-UCLA and MSR Action3D whose classes
UTD-MHAD has, and those whose classes it has not. What changes a clip is written here; nothing of it is used in fitting.
Scores go to results/robustness.json.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from gzssar.encoders.streams import load_encoders
from gzssar.encoders.weights import StreamWeights, parse_weights
from gzssar.features.embedding import EmbedJob, embed_clips
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features
from gzssar.recognizer import Prediction, Recognizer
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.skeletons.readers import open_clips
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import load_packaged_texts
from results import HERE, keyed, origin, write

Change = Callable[[SkeletonSequence], SkeletonSequence]
NOISE = np.random.default_rng(0)
JITTER = 0.003
"""Metres by which a sensor's joints shake."""
SAME = {
    "nw_ucla.npz": {"sit down": "sit down", "stand up": "stand up", "throw": "throw", "walk around": "walk in place"},
    "msr_action3d.npz": {
        "hand clap": "clap",
        "tennis swing": "tennis swing",
        "tennis serve": "tennis serve",
        "draw x": "draw x",
        "draw circle": "draw circle clockwise",
        "pick up and throw": "pick up and throw",
        "jogging": "jog",
        "high throw": "throw",
    },
}
"""Classes of other data sets → the class of UTD-MHAD that shows the same."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--work", type=Path, default=Path("runs") / "robustness")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    about = origin("robustness")
    recognizer = fitted(arguments.data, keyed(arguments.work / f"utd-{arguments.frames}.npz"), arguments.frames)
    clips = new_performers(arguments.data)
    changed = {name: [change(clip) for clip in clips] for name, change in CHANGES.items()}
    answers = {name: recognizer.predict(some) for name, some in changed.items()}
    still, mirrored = ([change(clip) for clip in clips[:20]] for change in (standing, mirror))
    result: dict[str, Any] = {
        **about,
        "frames": arguments.frames,
        "clips": len(clips),
        "right": {name: right(given, labels(clips)) for name, given in answers.items()},
        "right as frames come": {name: right(bare(recognizer, some), labels(clips)) for name, some in changed.items()},
        "cosine": {f"{fps:g}": cosine(recognizer, clips, retimed(fps)) for fps in (10, 12, 15, 25, 60, 120)},
        "still": {"clips": 20, "named": sum(answer.label is not None for answer in recognizer.predict(still))},
        "mirrored": {"clips": 20, "warned": count(recognizer.predict(mirrored), "mirrored")},
        "not mirrored": {"clips": len(clips), "warned": count(answers["as recorded"], "mirrored")},
        "sensors": {file: sensor(recognizer, arguments.data / file, same) for file, same in SAME.items()},
        "abstaining": {"new performers": abstaining(recognizer, clips, labels(clips))},
    }
    write("robustness", result)
    print(json.dumps(result, indent=1))


TEXTS = load_packaged_texts("utd_mhad")


def weights(data: Path) -> list[StreamWeights]:
    return parse_weights([str(data / "shiftgcn" / "ntu120_xset_joint.pt")])


def features_of_utd(data: Path, features: Path, frames: int) -> FeatureSet:
    """Of all clips, made once."""
    if not features.exists():
        job = EmbedJob(data / "utd_mhad" / "Skeleton.zip", weights(data), features, frames=frames, trim=True)
        embed_clips(job)
    return load_features(features)


def fitted(data: Path, features: Path, frames: int) -> Recognizer:
    """The recognizer, on performers with odd ids."""
    clips = features_of_utd(data, features, frames)
    assert clips.subjects is not None
    train = FeatureSet(clips.features, clips.labels, subjects=clips.subjects).where(clips.subjects % 2 == 1)
    return fit_recognizer(train, TEXTS, load_encoders(weights(data)).with_frames(frames), Fitting())


def new_performers(data: Path) -> list[SkeletonSequence]:
    """The first clip of two performers of each class."""
    names = [f"a{action}_s{subject}_t1_skeleton.mat" for action in range(1, 28) for subject in (2, 6)]
    found = {entry.name.rpartition("/")[2]: entry for entry in open_clips(data / "utd_mhad" / "Skeleton.zip").entries}
    return [found[name].read() for name in names]


def retimed(fps: float) -> Change:
    """The same movement at another frame rate, by cubic splines."""

    def change(clip: SkeletonSequence) -> SkeletonSequence:
        at = np.arange(int(clip.seconds[-1] * fps) + 1) / fps
        joints = CubicSpline(clip.seconds, clip.joints, axis=1)(at)
        return replace(clip, joints=joints.astype(np.float32), fps=float(fps))

    return change


def held(clip: SkeletonSequence, frame: int, count: int) -> np.ndarray:
    """A pose that is held while the sensor shakes."""
    pose = np.repeat(clip.joints[:, [frame]], count, axis=1)
    return (pose + NOISE.normal(0, JITTER, pose.shape)).astype(np.float32)


def loosely_cut(clip: SkeletonSequence) -> SkeletonSequence:
    """With a second of standing still at both ends."""
    return replace(clip, joints=np.concatenate([held(clip, 0, 30), clip.joints, held(clip, -1, 30)], axis=1))


def watched(first: bool) -> Change:
    """With somebody who stands a metre beside, before or behind the actor in the list."""

    def change(clip: SkeletonSequence) -> SkeletonSequence:
        other = held(clip, 0, clip.joints.shape[1]) + np.float32([1, 0, 0])[:, None, None, None]
        both = (other, clip.joints) if first else (clip.joints, other)
        return replace(clip, joints=np.concatenate(both, axis=3))

    return change


def standing(clip: SkeletonSequence) -> SkeletonSequence:
    """Two seconds of the first pose."""
    return replace(clip, joints=held(clip, 0, 60))


def mirror(clip: SkeletonSequence) -> SkeletonSequence:
    """With x turned round, and the sides not swapped."""
    return replace(clip, joints=clip.joints * np.float32([-1, 1, 1])[:, None, None, None])


CHANGES: dict[str, Change] = {
    "as recorded": lambda clip: clip,
    **{f"at {fps} frames per second": retimed(fps) for fps in (15, 25, 60, 120)},
    "a second of standing still at both ends": loosely_cut,
    "a bystander listed first": watched(first=True),
    "a bystander listed second": watched(first=False),
}


def labels(clips: Sequence[SkeletonSequence]) -> list[str]:
    return [TEXTS.of_kind("label")[clip.label or 0] for clip in clips]


def right(answers: Sequence[Prediction], truth: Sequence[str]) -> float:
    return float(np.mean([answer.label == label for answer, label in zip(answers, truth, strict=True)]))


def bare(recognizer: Recognizer, clips: Sequence[SkeletonSequence]) -> list[Prediction]:
    """What it would say if it took frames as they come: at any rate, nothing trimmed, the first two bodies."""
    return recognizer.predict([replace(clip, fps=recognizer.encoder.fps) for clip in clips], trim=False)


def count(answers: Sequence[Prediction], code: str) -> int:
    return sum(any(doubt.code == code for doubt in answer.warning) for answer in answers)


def cosine(recognizer: Recognizer, clips: Sequence[SkeletonSequence], change: Change) -> float:
    """Mean cosine between features of changed clips and of the originals, nothing trimmed."""
    one, other = recognizer.encode(clips, trim=False), recognizer.encode([change(clip) for clip in clips], trim=False)
    return float(np.mean((one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)))


def sensor(recognizer: Recognizer, path: Path, same: dict[str, str]) -> dict[str, Any]:
    """Clips of another sensor: of classes that the recognizer knows, and of others."""
    source = open_clips(path)
    clips = [entry.read() for entry in source.entries]
    names = [source.class_names[clip.label or 0] for clip in clips]
    known = [(clip, same[name]) for clip, name in zip(clips, names, strict=True) if name in same]
    other = [clip for clip, name in zip(clips, names, strict=True) if name not in same]
    clips, truth = [clip for clip, _ in known], [label for _, label in known]
    told = {"known": abstaining(recognizer, clips, truth), "other": abstaining(recognizer, other, [""] * len(other))}
    told["known"]["right as frames come"] = right(bare(recognizer, clips), truth)
    return told


def abstaining(recognizer: Recognizer, clips: Sequence[SkeletonSequence], truth: Sequence[str]) -> dict[str, float]:
    """How many answers are right, how many are given at the usual bound, and how many of those are wrong."""
    answers = [answer for start in range(0, len(clips), 64) for answer in asked(recognizer, clips[start : start + 64])]
    correct = np.array([answer[0]["label"] == label for answer, label in zip(answers, truth, strict=True)])
    given = np.array([answer.label is not None for answer in answers])
    return {
        "clips": len(clips),
        "right": float(correct.mean()),
        "given": float(given.mean()),
        "wrong of given": float(1 - correct[given].mean()) if given.any() else 0.0,
        "wrong ones held back": float((~given & ~correct).sum() / max((~correct).sum(), 1)),
    }


def asked(recognizer: Recognizer, clips: Sequence[SkeletonSequence]) -> list[Prediction]:
    return recognizer.predict(list(clips), abstain=True)


if __name__ == "__main__":
    main()
