"""A recognizer fitted on 22 classes of UTD-MHAD, five more typed in: what a user of `gzssar fit` and `add_class` gets.

    python benchmarks/recognizer.py [--data ../shared/data] [--splits 3] [--seeds 5] [--work runs/recognizer]

Performers with odd ids train, those with even ids test. The class split is drawn by its number, as in utd.py. The five
classes are typed well (label, action and motion of the packaged table), by their label alone, or vaguely (a label, and
a sentence that would fit anything). All of it with clips brought to 300 frames, as the published weights were trained,
and to 64, which are recognized in a quarter of the time. Scores go to results/recognizer.json.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gzssar.encoders.weights import StreamWeights
from gzssar.evaluation.metrics import accuracy, expected_calibration_error, harmonic_mean
from gzssar.features.class_cut import drawn_split
from gzssar.features.embedding import EmbedJob, embed_clips
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.texts.classes import ClassTexts, load_packaged_texts
from results import HERE, keyed, origin, write

TYPED = ("well", "label alone", "vaguely")
FRAMES = (300, 64)
VAGUE = "a person does this with the body"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("runs") / "recognizer")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    texts = load_packaged_texts("utd_mhad")
    result = origin("recognizer") | {"recipe": Fitting().recipe.name, "frames": {}}
    for frames in FRAMES:
        rows = rows_of(frames, arguments.data, arguments.work)
        splits = result["frames"][str(frames)] = {}
        for number in range(arguments.splits):
            unseen = drawn_split("", len(texts), 5, number).unseen
            seeds = [one_seed(rows, texts, unseen, seed) for seed in range(arguments.seeds)]
            summary = {typed: summarised([seed[typed] for seed in seeds]) for typed in TYPED}
            summary["held-out folds"] = summarised([seed["held-out folds"] for seed in seeds])
            splits[str(number)] = {"unseen": [texts[k].label for k in unseen], **summary}
            write("recognizer", result)
            print(frames, number, json.dumps(summary["well"]))


def rows_of(frames: int, data: Path, work: Path) -> FeatureSet:
    """Features of all clips, by the NTU-120 weights."""
    features = keyed(work / f"utd-{frames}.npz")
    if not features.exists():
        weights = data / "shiftgcn" / "ntu120_xset_joint.pt"
        embed_clips(EmbedJob(data / "utd_mhad" / "Skeleton.zip", (StreamWeights(weights),), features, frames=frames))
    return load_features(features)


def one_seed(rows: FeatureSet, texts: ClassTexts, unseen: tuple[int, ...], seed: int) -> dict[str, Any]:
    started = time.perf_counter()
    fitted = fitted_on(rows, texts, unseen, seed)
    seconds = time.perf_counter() - started
    scores: dict[str, Any] = {"held-out folds": dict(fitted.parts.about["scores"])}
    for typed in TYPED:
        recognizer = fitted.copy()
        started = time.perf_counter()
        for k in unseen:
            texts_of = {"well": (texts[k].action, texts[k].motion), "vaguely": (VAGUE, VAGUE)}.get(typed, (None, None))
            recognizer.add_class(texts[k].label or "", *texts_of)
        adding = (time.perf_counter() - started) / len(unseen)
        scores[typed] = {**judged(recognizer, rows, texts, unseen), "add_class_ms": 1e3 * adding, "fit_s": seconds}
    return scores


def fitted_on(rows: FeatureSet, texts: ClassTexts, unseen: tuple[int, ...], seed: int) -> Recognizer:
    """Fitted on the seen classes' clips by performers with odd ids; it knows no other class."""
    seen = [k for k in range(len(texts)) if k not in unseen]
    train = rows.where((rows.subjects % 2 == 1) & np.isin(rows.labels, seen))
    clips = FeatureSet(train.features, np.searchsorted(seen, train.labels), subjects=train.subjects)
    return fit_recognizer(clips, ClassTexts(tuple(texts[k] for k in seen)), None, Fitting(seed=seed))


def judged(recognizer: Recognizer, rows: FeatureSet, texts: ClassTexts, unseen: tuple[int, ...]) -> dict[str, float]:
    """On clips by performers with even ids."""
    test = rows.where(rows.subjects % 2 == 0)
    features, labels, is_unseen = test.features, test.labels, np.isin(test.labels, unseen)
    ids = {text.label: k for k, text in enumerate(texts)}
    everything = recognizer.predict_features(features, top_k=1)
    answers = np.array([ids[one.label] for one in everything])
    candidates = [texts[k].label or "" for k in unseen]
    zsl = np.array([ids[one.label] for one in recognizer.predict_features(features[is_unseen], candidates, top_k=1)])
    s, u = (accuracy(labels[mask], answers[mask]) for mask in (~is_unseen, is_unseen))
    top = np.array([one[0]["score"] for one in everything])
    return {
        "zsl_accuracy": accuracy(labels[is_unseen], zsl),
        "seen_accuracy": s,
        "unseen_accuracy": u,
        "harmonic_mean": harmonic_mean(s, u),
        "calibration_error": expected_calibration_error(top, (answers == labels).astype(np.int64)),
    }


def summarised(seeds: list[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Mean and sample standard deviation over seeds."""
    columns = {key: [seed[key] for seed in seeds] for key in seeds[0]}
    return {key: (statistics.mean(v), statistics.stdev(v) if len(v) > 1 else 0.0) for key, v in columns.items()}


if __name__ == "__main__":
    main()
