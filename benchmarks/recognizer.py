"""A recognizer fitted on 22 classes of UTD-MHAD, five more typed in: what a user of `gzssar fit` and `add_class` gets.

    python benchmarks/recognizer.py [--data ../shared/data] [--splits 30] [--work runs/recognizer]

Performers with odd ids train, those with even ids test. Class splits are those of ``gzssar bench --unseen 5``. The
encoders are the published ones of NTU-120, all four streams or the joint stream alone, clips brought to 100 frames.
What their own classifier knows of NTU's classes takes part, as in ``gzssar fit``; or without the classes that are near
twins of one that is typed in; or not at all. The five are typed well (label, action and motion of the packaged table),
by their label alone, or vaguely (a label, and a sentence that would fit anything). Scores go to
results/recognizer.json.
"""

import argparse
import copy
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool
from torch import nn

from gzssar.encoders.encoder import Encoder
from gzssar.encoders.streams import SkeletonEncoder, joined, load_encoders
from gzssar.encoders.weights import StreamWeights
from gzssar.evaluation.metrics import accuracy, expected_calibration_error, harmonic_mean
from gzssar.features.class_cut import drawn_split
from gzssar.features.embedding import EmbedJob, embed_clips
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features
from gzssar.recognizer import Recognizer
from gzssar.recognizer.encoder_classes import NEAR_TWIN, likeness, texts_of_authors
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import ClassTexts, load_packaged_texts
from gzssar.texts.encoding import Encoding, encode_texts, load_text_encoders
from results import HERE, keyed, origin, write

TYPED = ("well", "label alone", "vaguely")
FRAMES, UNSEEN = 100, 5
VAGUE = "a person does this with the body"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--splits", type=int, default=30)
    parser.add_argument("--work", type=Path, default=Path("runs") / "recognizer")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    about = origin("recognizer")
    texts, ntu = load_packaged_texts("utd_mhad"), load_packaged_texts("ntu120")
    weights = weights_of(arguments.data)
    rows = rows_of(weights, arguments.data, arguments.work)
    alike = likeness_to(ntu, texts)
    splits: dict[str, dict[str, list[dict[str, float]]]] = {}
    for name, count in {"four streams": len(STREAMS), "joint stream": 1}.items():
        encoder = load_encoders(weights[:count]).with_frames(FRAMES)
        assert texts_of_authors(encoder) == ntu  # what gzssar fit takes
        width = encoder.feature_width
        own = FeatureSet(rows.features[:, :width], rows.labels, subjects=rows.subjects, streams=encoder.streams)
        own = own if count > 1 else replace(own, streams=())
        for number in range(arguments.splits):
            unseen = drawn_split("", len(texts), UNSEEN, (0, len(texts), UNSEEN, number)).unseen
            far = alike[list(unseen)].max(axis=0) < NEAR_TWIN
            for knowing, kept in {"all": far | True, "no near twins": far, "nothing": far & False}.items():
                fitted, seconds = fitted_on(own, texts, unseen, (encoder, ntu, kept))
                for typed in TYPED if knowing == "all" else TYPED[:1]:
                    scores = {**typed_in(fitted, own, texts, unseen, typed), "fit_s": seconds}
                    splits.setdefault(f"{name} | {knowing}", {}).setdefault(typed, []).append(scores)
                kind = splits[f"{name} | {knowing}"].setdefault("held-out folds", [])
                kind.append({**fitted.parts.about["scores"], "fit_s": seconds})
            print(name, number, json.dumps(splits[f"{name} | all"]["well"][-1]), flush=True)
    scores = {name: {typed: summarised(all_) for typed, all_ in kinds.items()} for name, kinds in splits.items()}
    write("recognizer", {**about, "recipe": Fitting().recipe.name, "splits": arguments.splits, "rows": scores})


def weights_of(data: Path) -> list[StreamWeights]:
    """The published weights of NTU-120, stream by stream."""
    named = {stream: f"ntu120_xset_{stream.replace(' ', '-')}.pt" for stream in STREAMS}
    return [StreamWeights(data / "shiftgcn" / file, stream) for stream, file in named.items()]


def rows_of(weights: Sequence[StreamWeights], data: Path, work: Path) -> FeatureSet:
    """Features of all clips, by the NTU-120 weights of all streams."""
    features = keyed(work / f"utd-{FRAMES}-streams.npz")
    if not features.exists():
        job = EmbedJob(data / "utd_mhad" / "Skeleton.zip", tuple(weights), features, frames=FRAMES)
        embed_clips(job)
    return load_features(features)


def likeness_to(ntu: ClassTexts, texts: ClassTexts) -> np.ndarray:
    """(27, 120): how like the classes are NTU's."""
    kinds, encoders = ("lb", "ad", "md"), load_text_encoders(Encoding())
    own, others = (encode_texts(table, kinds, encoders) for table in (ntu, texts))
    return likeness([own[kind][0] for kind in kinds], [others[kind][0] for kind in kinds], kinds)


def fitted_on(
    rows: FeatureSet,
    texts: ClassTexts,
    unseen: tuple[int, ...],
    knows: tuple[SkeletonEncoder, ClassTexts, Bool[np.ndarray, "C"]],
) -> tuple[Recognizer, float]:
    """Fitted on the seen classes' clips by performers with odd ids; it knows no other class. And how long it took."""
    seen = [k for k in range(len(texts)) if k not in unseen]
    train = rows.where((rows.subjects % 2 == 1) & np.isin(rows.labels, seen))
    clips = replace(train, labels=np.searchsorted(seen, train.labels))
    encoder, ntu, kept = knows
    own = ClassTexts(tuple(text for text, there in zip(ntu, kept, strict=True) if there)) if kept.any() else None
    started = time.perf_counter()
    fitting = Fitting(encoder_texts=own)
    seen_texts = ClassTexts(tuple(texts[k] for k in seen))
    fitted = fit_recognizer(clips, seen_texts, cut_down(encoder, kept) if own else encoder, fitting)
    return fitted, time.perf_counter() - started


def cut_down(encoder: SkeletonEncoder, kept: Bool[np.ndarray, "C"]) -> SkeletonEncoder:
    """The encoder without some of the classes it was trained on."""
    return joined([_cut_down(one, kept) for one in encoder.members])


def _cut_down(encoder: Encoder, kept: Bool[np.ndarray, "C"]) -> Encoder:
    network = copy.copy(encoder.network)
    network._modules = dict(network._modules)  # the copy shares all layers but the last
    network.classifier = nn.Linear(encoder.feature_width, int(kept.sum()))
    network.classifier.weight = nn.Parameter(encoder.network.classifier.weight[torch.from_numpy(kept)])
    network.class_count = int(kept.sum())
    return replace(encoder, network=network, classes=tuple(range(network.class_count)))


def typed_in(
    fitted: Recognizer, rows: FeatureSet, texts: ClassTexts, unseen: tuple[int, ...], typed: str
) -> dict[str, float]:
    """The scores with the unseen classes added."""
    recognizer = fitted.copy()
    started = time.perf_counter()
    for k in unseen:
        texts_of = {"well": (texts[k].action, texts[k].motion), "vaguely": (VAGUE, VAGUE)}.get(typed, (None, None))
        recognizer.add_class(texts[k].label or "", *texts_of)
    adding = (time.perf_counter() - started) / len(unseen)
    return {**judged(recognizer, rows, texts, unseen), "add_class_ms": 1e3 * adding}


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


def summarised(splits: list[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Mean and its standard error over splits."""
    columns = {key: [split[key] for split in splits] for key in splits[0]}
    return {key: (statistics.mean(v), statistics.stdev(v) / len(v) ** 0.5) for key, v in columns.items()}


if __name__ == "__main__":
    main()
