"""Nine answers that can be scored by hand: four seen classes, two unseen ones, and one that the recognizer lacks."""

import numpy as np

from gzssar.own_test import OwnTest

CLASSES = ("a", "b", "c", "d", "e", "f")
CLIPS = (
    # called, first class, its probability, performer, given, given at a bound of 10 %
    ("a", "a", 0.9, 1, True, True),
    ("a", "a", 0.8, 1, True, False),
    ("A", "b", 0.6, 2, True, False),
    ("b", "b", 0.7, 2, False, False),
    ("e", "e", 0.9, 1, True, False),
    ("f", "a", 0.5, 2, False, False),
    ("e", "e", 0.7, 1, False, False),
    ("strange", "a", 0.95, 2, True, True),
    ("a", "a", 0.6, 2, False, False),  # silent
)


def own_test(clips=CLIPS, silent=(8,)):
    """The rest of the probability is shared by the other classes, so that they stand in their order."""
    count = len(clips)
    called, best, top, subjects, given, at_tenth = zip(*clips, strict=True)
    scores = np.repeat((1 - np.array(top))[:, None] / 5, len(CLASSES), axis=1)
    scores[np.arange(count), [CLASSES.index(one) for one in best]] = top
    column = {name: k for k, name in enumerate(CLASSES)}
    return OwnTest(
        classes=CLASSES,
        is_seen=np.arange(len(CLASSES)) < 4,
        clips=tuple(f"clip {n}" for n in range(count)),
        called=called,
        truth=np.array([column.get(one.lower(), -1) for one in called]),
        subjects=np.array(subjects),
        scores=scores,
        cosines=scores.astype(np.float32),
        silent=np.isin(np.arange(count), silent),
        bounds=(0.1, 0.5),
        given_at=np.array([at_tenth, given]),
        most_wrong=0.5,
        given=np.array(given),
    )


def performers(rights, clips_each=10, named=True):
    """Clips of one class each; all of a performer's are right, or all are wrong."""
    rows = [
        ("a", "a" if right else "b", 0.9, k if named else -1, True, True)
        for k, right in enumerate(rights)
        for _ in range(clips_each)
    ]
    return own_test(rows, silent=())
