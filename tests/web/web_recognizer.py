"""A recognizer without a model: what it answers depends on the clip's numbers and the labels alone, and is quick."""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from gzssar.errors import ConfigError, DataError
from gzssar.recognizer import Prediction, Recognizer
from gzssar.recognizer.explanation import Explanation
from gzssar.skeletons.conversion import require_3d
from gzssar.skeletons.doubt import Doubt
from gzssar.texts.classes import KINDS, ClassText, load_packaged_texts

UNSEEN = (
    *("bow with palms together", "cough", "jumping jack", "phone call while marching", "refuse"),
    *("shoot at the basket", "squat with arms forward", "wave both hands"),
)


def number(*parts) -> int:
    """The same number for the same parts, in every process."""
    value = 0
    for part in parts:
        value = zlib.crc32(part if isinstance(part, bytes) else str(part).encode(), value)
    return value


@dataclass
class FakeRecognizer(Recognizer):
    """Offers of `gzssar.Recognizer` what the page uses."""

    rows: list = field(default_factory=lambda: _rows())
    seen: frozenset = frozenset()
    synthetic: bool = True
    card: str = "# A fake\n\nIt makes its answers up."
    on_predict: object = None
    """Called with the clip before every answer: a test may wait, or raise."""

    encoded: list = field(default_factory=list)
    """Labels of the classes that were added, in order: what it cost."""

    shown: dict = field(default_factory=dict)
    """Label → the clips that showed it."""

    def __post_init__(self):
        self.seen = self.seen or frozenset(row.label for row in self.rows if row.label not in UNSEEN)

    @property
    def classes(self):
        return tuple(row.label for row in self.rows)

    @property
    def seen_classes(self):
        return self.seen

    @property
    def texts(self):
        return tuple(self.rows)

    def predict(self, clips, candidate_labels=None, top_k=5, abstain=False):
        require_3d(clips)
        if self.on_predict:
            self.on_predict(clips)
        labels = self.classes if candidate_labels is None else candidate_labels
        for label in labels:
            self._known(label)
        scores = np.array([self._logit(clips, label) for label in labels])
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
        order = np.argsort(-scores, kind="stable")[:top_k]
        ranking = [{"label": labels[k], "score": float(scores[k]), "seen": labels[k] in self.seen} for k in order]
        p_seen = float(sum(s for s, label in zip(scores, labels, strict=True) if label in self.seen))
        p_seen = p_seen if len({label in self.seen for label in labels}) > 1 else None
        warning = (Doubt("made-up", "1 frame: made up"),) if clips.joints.shape[1] == 1 else ()
        return Prediction(tuple(ranking), p_seen, abstain and bool(scores.max() < 0.1), warning)

    def explain(self, clip, label):
        self._known(label)
        rng = np.random.default_rng(number(clip.joints.tobytes(), label))
        row = next(row for row in self.rows if row.label == label)
        windows = min(12, clip.joints.shape[1])
        moved = clip.joints[..., 0].std(axis=1).sum(axis=0)
        joints = moved[:25] ** 3 if len(moved) >= 25 else rng.random(25) ** 4
        frames = rng.random(windows) ** 2
        return Explanation(
            label,
            {kind: float(rng.uniform(-0.2, 0.8)) for kind in KINDS if getattr(row, kind)},
            joints / joints.sum(),
            frames / frames.sum(),
            np.linspace(0, 1, windows + 1),
        )

    def text_doubts(self, label):
        return ()

    def lesson(self, label, clips, trim=True):
        """The clip's name would not be kept: the fake knows a clip by its numbers alone."""
        told = (Doubt("made-up", "1 frame: made up"),) if clips.joints.shape[1] == 1 else ()
        return np.array([[number(clips.joints.tobytes()) % 1000]], dtype=np.float32), told

    def add_features(self, label, features):
        if features.shape != (1, 1):
            raise DataError("features should be of width 1.")
        self._known(label)
        self.shown = {**self.shown, label: (*self.shown.get(label, ()), float(features[0, 0]))}
        self.seen |= {label}

    def add_class(self, label, action=None, motion=None):
        if label in self.classes:
            raise ConfigError(f"a new class should have a label of its own, but {label!r} is there already.")
        if "\x07" in label:
            raise ConfigError("texts should hold no control characters.")
        self.encoded.append(label)
        self.rows.append(ClassText(label, action, motion))

    def remove_class(self, label):
        self._known(label)
        self.rows = [row for row in self.rows if row.label != label]

    def copy(self):
        return replace(self, rows=list(self.rows))

    def _known(self, label):
        if label not in self.classes:
            raise ConfigError(
                f"candidate labels should be among the {len(self.classes)} classes, but {label!r} is not."
            )

    def _logit(self, clip, label):
        noise = number(clip.joints.tobytes(), label) % 1000 / 400
        right = clip.label is not None and clip.label < len(ALL) and ALL[clip.label] == label
        added = label not in ALL
        looks_alike = number(clip.joints.tobytes()) % 1000 in self.shown.get(label, ())
        return noise + 4.0 * right + 3.0 * added + 20.0 * looks_alike


def _rows():
    rows = [ClassText(row.label, row.action, row.motion) for row in load_packaged_texts("synthetic")]
    return sorted(rows, key=lambda row: row.label in UNSEEN)


ALL = tuple(row.label for row in load_packaged_texts("synthetic"))
