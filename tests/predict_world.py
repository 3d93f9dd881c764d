"""What the tests of predict share: a recognizer that looks at the left hand, and what is written for its clips."""

import io
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer
from gzssar.commands.options import Reading
from gzssar.commands.predict import PredictConfig, answer

UP, DOWN = [0.3] * 4, [-0.3] * 4
MODEL = Path("model")
NTU = Reading(layout="ntu25")
SKIP = Reading(layout="ntu25", skip_bad=True)


@contextmanager
def any_model():
    """Inside, the fake stands for any model."""
    recognizer = FakeRecognizer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gzssar.recognizer.Recognizer.load", lambda folder: recognizer)
        yield recognizer


def answers(*clips, reading=NTU, frames=None, **options):
    """What is written."""
    out = io.StringIO()
    config = PredictConfig(MODEL, tuple(map(str, clips)), reading=reading, **options)
    answer(config, out, frames=frames)
    return out.getvalue()


def rows(*clips, **options):
    """The same as JSON."""
    return [json.loads(line) for line in answers(*clips, json=True, **options).splitlines()]


def break_(path, how):
    array = np.load(path)
    np.save(path, how(array))
