"""A recognizer without a model: it looks at the left hand, and checks clips as the real one does."""

import numpy as np

from gzssar.encoders.encoder import prepare
from gzssar.errors import ConfigError
from gzssar.recognizer import Prediction, Recognizer
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import read_class_texts

SEEN = frozenset({"raise hand", "lower hand"})
HAND, SPINE = 7, 1


class FakeRecognizer(Recognizer):
    """Raised hands lie above the mid spine, lowered ones below; between 5 cm above and below, it abstains, and 70 cm
    above it has its doubts."""

    classes = ("raise hand", "lower hand", "jump")
    has_encoder = True
    DOUBTFUL = 0.7

    def __init__(self):
        self.batches = []

    def add_class(self, label, action=None, motion=None):
        if label in self.classes:
            raise ConfigError(f"the class {label!r} is known already.")
        self.classes = (*self.classes, label)

    def add_classes(self, table):
        texts = read_class_texts(table)
        for label, text in zip(texts.of_kind("label"), texts, strict=True):
            self.add_class(label, text.action, text.motion)

    def predict(self, clips, candidate_labels=None, top_k=5, abstain=False, trim=True, most_wrong=0.2):
        assert isinstance(clips, list)
        self.batches.append(len(clips))
        return [
            self._predict(prepare(clip, clip.fps, 8, "joint", 2), candidate_labels, top_k, abstain) for clip in clips
        ]

    def _predict(self, prepared, candidate_labels, top_k, abstain):
        height = float(prepared[2, :, HAND, 0].mean())
        labels = self.classes if height > 0 else (self.classes[1], self.classes[0], *self.classes[2:])
        if candidate_labels:
            labels = [label for label in labels if label in candidate_labels]
        scores = 0.5 ** np.arange(1, len(labels) + 1)
        ranking = tuple(
            {"label": label, "score": float(score), "seen": label in SEEN}
            for label, score in zip(labels, scores, strict=True)
        )
        warning = (Doubt("made-up", "Made up."),) if abs(height - self.DOUBTFUL) < 0.01 else ()
        unsure = abs(height) < 0.05
        return Prediction(ranking[:top_k], 0.75, abstain and unsure, warning, unsure=unsure)


BODY = (
    SyntheticWorld(clips_per_class=2, frames=4, subject_count=2, noise=0.0, variation=0.0).clips().joints[1, :, 0, :, 0]
)
"""3 V: somebody who stands."""


def posed(*heights, fps=30.0):
    """A clip (3, T, 25, 1) of somebody who holds the left hand so many metres above the mid spine, frame by frame; None
    where nobody is there."""
    up = BODY[:, SPINE] - BODY[:, 0]
    up = up / np.linalg.norm(up)
    joints = np.repeat(BODY[:, None], len(heights), axis=1)
    for frame, height in enumerate(heights):
        if height is None:
            joints[:, frame] = 0
        else:
            joints[:, frame, HAND] = BODY[:, SPINE] + height * up
    return SkeletonSequence(joints[..., None].astype(np.float32), fps, NTU25, name="posed")


def write_clip(path, *heights):
    """The same as a .npy file (T, V, C)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, posed(*heights).joints[..., 0].transpose(1, 2, 0))
    return path
