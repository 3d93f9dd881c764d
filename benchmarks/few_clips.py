"""Classes of UTD-MHAD by a few clips: 27 with an encoder's weights alone, and five beside 22 that were learned.

    python benchmarks/few_clips.py [--data ../shared/data] [--draws 5] [--work runs/recognizer]

Performers with odd ids show the classes (and train the 22), those with even ids test. The encoders are the published
ones of NTU-120, all four streams, clips brought to 100 frames. Each draw takes other clips, and another five classes,
those of ``gzssar bench --unseen 5``. Texts are label, action and motion of the packaged table; "clips alone" has
the label, which counts for nothing beside clips. With weights alone, the encoder's own classes do not compete; beside
the 22, they take part in the regression, as in ``gzssar fit``. Scores go to results/few-clips.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from gzssar.encoders.streams import load_encoders
from gzssar.evaluation.metrics import harmonic_mean
from gzssar.features.class_cut import drawn_split
from gzssar.features.features import FeatureSet
from gzssar.recognizer import Recognizer
from gzssar.recognizer.weights_alone import recognizer_of_weights
from gzssar.texts.classes import ClassTexts, load_packaged_texts
from recognizer import FRAMES, UNSEEN, fitted_on, rows_of, weights_of
from results import HERE, origin, write

COUNTS = (0, 1, 2, 5, 10)
"""Clips of each class."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("runs") / "recognizer")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    about = origin("few-clips")
    texts, ntu = load_packaged_texts("utd_mhad"), load_packaged_texts("ntu120")
    weights = weights_of(arguments.data)
    rows = rows_of(weights, arguments.data, arguments.work)
    encoder = load_encoders(weights).with_frames(FRAMES)
    alone = recognizer_of_weights(encoder, ntu, ntu)
    scores: dict[str, dict[str, list[float]]] = {}
    for draw in range(arguments.draws):
        every = tuple(range(len(texts)))
        for kind, told in shown(without_classes(alone, texts), rows, texts, every, draw).items():
            note(scores, f"27 classes, weights alone, accuracy | {kind}", {n: one["all"] for n, one in told.items()})
        few = drawn_split("", len(texts), UNSEEN, (0, len(texts), UNSEEN, draw)).unseen
        fitted = fitted_on(rows, texts, few, (encoder, ntu, np.ones(len(ntu), dtype=bool)))[0]
        for kind, told in shown(fitted, rows, texts, few, draw).items():
            note(scores, f"5 classes beside 22, H | {kind}", {n: harmonic(one) for n, one in told.items()})
        print(draw, json.dumps({name: {n: row[-1] for n, row in kinds.items()} for name, kinds in scores.items()}))
    summed = {
        name: {n: {"mean": float(np.mean(row)), "sd": float(np.std(row, ddof=1))} for n, row in kinds.items()}
        for name, kinds in scores.items()
    }
    write("few-clips", {**about, "draws": arguments.draws, "rows": summed})


def without_classes(recognizer: Recognizer, texts: ClassTexts) -> Recognizer:
    """The same, with the classes of `texts` left to be added: the encoder's own ones are gone but for one, since a
    recognizer needs one."""
    bare, own = recognizer.copy(), {text.label for text in texts}
    kept = next(label for label in bare.classes if label not in own)
    for label in bare.classes:
        if label != kept:
            bare.remove_class(label)
    return bare


def shown(
    recognizer: Recognizer, rows: FeatureSet, texts: ClassTexts, classes: Sequence[int], draw: int
) -> dict[str, dict[int, dict[str, float]]]:
    """Accuracy on new performers, with and without texts, by the number of clips that show each class."""
    odd = rows.subjects % 2 == 1
    test = rows.where(~odd)
    labels = np.array([text.label for text in texts])
    told: dict[str, dict[int, dict[str, float]]] = {"texts and clips": {}, "clips alone": {}}
    for count in COUNTS:
        random = np.random.default_rng((draw, count))
        both, alone = recognizer.copy(), recognizer.copy()
        for k in classes:
            both.add_class(texts[k].label or "", texts[k].action, texts[k].motion)
            alone.add_class(texts[k].label or "")
            mine = np.flatnonzero(odd & (rows.labels == k))
            some = random.choice(mine, min(count, len(mine)), replace=False)
            if count:
                both.add_features(labels[k], rows.features[some])
                alone.add_features(labels[k], rows.features[some])
        for kind, one in (("texts and clips", both), ("clips alone", alone)):
            if count or one is both:
                answers = one.predict_features(test.features, candidate_labels=list(labels), top_k=1)
                right = np.array([answer[0]["label"] for answer in answers]) == labels[test.labels]
                new = np.isin(test.labels, classes)
                told[kind][count] = {
                    "all": float(right.mean()),
                    "new": float(right[new].mean()),
                    "old": float(right[~new].mean()) if not new.all() else float("nan"),
                }
    return told


def harmonic(told: dict[str, float]) -> float:
    return float(harmonic_mean(told["old"], told["new"]))


def note(scores: dict[str, dict[str, list[float]]], name: str, told: dict[int, float]) -> None:
    for count, score in told.items():
        scores.setdefault(name, {}).setdefault(str(count), []).append(score)


if __name__ == "__main__":
    main()
