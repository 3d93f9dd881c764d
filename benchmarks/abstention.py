"""Whether the bound on wrong answers holds: recognizers of few and of many classes, asked about new performers.

    python benchmarks/abstention.py [--data ../shared/data] [--frames 300] [--work runs/robustness] [--repeats 8]

Classes of UTD-MHAD are drawn at random; of some, clips of performers with odd ids train, others are known from their
texts. All clips of the even performers are asked: those of these classes, and those of the rest, whose answers can only
be wrong. Features are those that robustness.py makes. Scores go to results/abstention.json.
"""

import argparse
from pathlib import Path

import numpy as np

from gzssar.features.features import FeatureSet
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.texts.classes import ClassTexts, load_packaged_texts
from results import HERE, keyed, origin, write
from robustness import features_of_utd

CLASSES = ((5, 2), (8, 3), (12, 3), (20, 4))
"""Seen and typed classes of one recognizer."""
BOUNDS = (0.1, 0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--work", type=Path, default=Path("runs") / "robustness")
    parser.add_argument("--repeats", type=int, default=8)
    arguments = parser.parse_args()
    about = origin("abstention") | {"repeats": arguments.repeats, "frames": arguments.frames}
    arguments.work.mkdir(parents=True, exist_ok=True)
    clips = features_of_utd(arguments.data, keyed(arguments.work / f"utd-{arguments.frames}.npz"), arguments.frames)
    generator = np.random.default_rng(0)
    rows = []
    for seen, typed in CLASSES:
        for _ in range(arguments.repeats):
            drawn = generator.permutation(27)[: seen + typed]
            rows += asked(clips, drawn, seen)
        print(f"{seen} seen and {typed} typed classes: done", flush=True)
    write("abstention", {**about, "rows": rows})


def asked(clips: FeatureSet, drawn: np.ndarray, seen: int) -> list[dict[str, float]]:
    """One recognizer of the classes that were drawn, of which the first ones are seen; a row for each bound."""
    texts = load_packaged_texts("utd_mhad")
    own = ClassTexts(tuple(texts[int(k)] for k in drawn))
    row_of = {int(k): row for row, k in enumerate(drawn)}
    rows = np.array([row_of.get(int(k), -1) for k in clips.labels])
    assert clips.subjects is not None
    train = (clips.subjects % 2 == 1) & (rows >= 0) & (rows < seen)
    recognizer = fit_recognizer(
        FeatureSet(clips.features[train], rows[train], subjects=clips.subjects[train]), own, None, Fitting()
    )
    test = clips.subjects % 2 == 0
    truth = np.array([own[int(row)].label if row >= 0 else None for row in rows[test]])
    scores = []
    for bound in BOUNDS:
        answers = recognizer.predict_features(clips.features[test], abstain=True, most_wrong=bound)
        labels = np.array([answer.label for answer in answers])
        given = np.array([answer.label is not None for answer in answers])
        scores.append(
            {"seen": seen, "typed": len(drawn) - seen, "bound": bound}
            | shares(given, labels == truth, rows[test] >= 0, rows[test] >= seen)
        )
    return scores


def shares(given: np.ndarray, right: np.ndarray, known: np.ndarray, typed: np.ndarray) -> dict[str, float]:
    """Of clips of known classes, what is given and what of it is wrong; the latter also with the other clips beside
    them, which are weighed as if they were as many."""
    wrong, strange = float((given & known & ~right).sum()), float(given[~known].mean() * known.sum())
    answers = float((given & known).sum())
    return {
        "given of seen": float(given[known & ~typed].mean()),
        "given of typed": float(given[typed].mean()),
        "wrong of given": wrong / max(answers, 1),
        "wrong of given, as many strangers": (wrong + strange) / max(answers + strange, 1),
    }


if __name__ == "__main__":
    main()
