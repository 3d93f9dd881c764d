"""Feature sets of random numbers, whose first column numbers the clips."""

import numpy as np

from gzssar.features.features import FeatureSet, Phase


def features(labels, width=3, logits=True, seed=0):
    """Random features; column 0 numbers the clips."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(labels), width)).astype(np.float32)
    x[:, 0] = np.arange(len(labels))
    out = rng.normal(size=(len(labels), 5)).astype(np.float32) if logits else None
    return FeatureSet(x, np.array(labels, dtype=np.int64), out, {"file": "toy"})


def phase(train=(0, 1, 1, 2), test=(0, 2, 3), seen=(0, 1, 2), unseen=(3,), train_width=3):
    return Phase("toy", features(train, train_width), features(test), seen, unseen)
