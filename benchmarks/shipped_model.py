"""The model that comes with the package: made from UTD-MHAD, and asked about people and sensors that it does not know.

    python benchmarks/shipped_model.py [--data ../shared/data] [--make] [--card]

``--make`` trains encoders and fits a recognizer on performers 1 to 6 of UTD-MHAD and writes it to
src/gzssar/models/data/utd-mhad, with the same weights, bit for bit, on one machine. Encoders stay under ``--work``, so
that a second call goes on. The recognizer that lies there is then asked about performers 7 and 8, who took no part in
any choice, and about the clips of NW-UCLA and MSR Action3D by performers with even ids; the clips of those with odd ids
helped to choose streams and variations. Scores go to results/shipped-model.json, and in a few lines to the model's
card, which ``--card`` writes anew from that file.
"""

import argparse
import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from gzssar.encoders.encoder import Encoder, load_own_encoder, prepare, save_encoder
from gzssar.encoders.streams import SkeletonEncoder, joined
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.features.embedding import encode_batch
from gzssar.features.features import FeatureSet, Phase
from gzssar.models.packaged import PACKAGED
from gzssar.own_test import scores_of
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting, calibrated, fit_recognizer
from gzssar.skeletons.moving import find_action
from gzssar.skeletons.readers import open_clips
from gzssar.skeletons.recordings import note, summarise
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import load_packaged_texts
from mix43 import MERGED
from results import HERE, keyed, origin, read, write
from robustness import SAME, abstaining

STREAMS = ("joint motion", "bone motion")
TRAINING = EncoderTraining(
    width=16, frames=32, encoder_fps=15.0, epochs=8, learning_rate=1e-2, augmentations=("rotate", "scale", "noise")
)
"""Streams of motion, at a rate near that of the other sensors: positions tell who performs and where the sensor stands.
Nothing is mirrored: a swipe to the left would be one to the right."""
VARIATIONS = 4
"""Of each clip that an encoder is trained on, the clip itself among them."""
SPEED, CUT = 1.35, 0.12
"""By up to this factor, a variation is slower or quicker; up to this share of its frames is missing at either end."""
LEARNED, NEW = (1, 2, 3, 4, 5, 6), (7, 8)
"""Performers of UTD-MHAD who are learned from, and who take no part."""
FOLDS, PARTS = 2, 3
"""In each fold, encoders of their own leave out one part of the classes and one of the performers. Two of the three are
enough for a gate; each costs as much training as two thirds of the model."""


class Fold(NamedTuple):
    """What its encoders do not see."""

    performers: tuple[int, ...]
    classes: tuple[int, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--make", action="store_true")
    only.add_argument("--card", action="store_true", help="write only the card, with the scores of the last call")
    parser.add_argument("--work", type=Path, default=Path("runs") / "shipped-model", help="where encoders are kept")
    arguments = parser.parse_args()
    if arguments.card:
        if not (last := read("shipped-model")):
            parser.error("--card needs the scores of an earlier call, but there are none: call it without --card.")
        write_card(Recognizer.load(PACKAGED.folder), last)
        return
    torch.set_num_threads(1)
    clips = utd(arguments.data)
    if arguments.make:
        recognizer = made([clip for clip in clips if clip.subject in LEARNED], TRAINING, keyed(arguments.work))
        shutil.rmtree(PACKAGED.folder, ignore_errors=True)
        recognizer.save(PACKAGED.folder)
    about = origin("shipped-model")
    recognizer = Recognizer.load(PACKAGED.folder)
    result = {**about, **scores(recognizer, [clip for clip in clips if clip.subject in NEW], arguments.data)}
    write_card(recognizer, result)
    write("shipped-model", {**result, "bytes": PACKAGED.size})
    print(json.dumps(result, indent=1))


def write_card(recognizer: Recognizer, result: dict[str, Any]) -> None:
    (PACKAGED.folder / "README.md").write_text(recognizer.card + notes(result), encoding="utf-8")


def utd(data: Path) -> list[SkeletonSequence]:
    return [entry.read() for entry in open_clips(data / "utd_mhad" / "Skeleton.zip").entries]


def made(clips: Sequence[SkeletonSequence], training: EncoderTraining, work: Path) -> Recognizer:
    """The recognizer of these clips. Equal clips give equal weights, bit for bit, on one machine.

    Its encoders learn from all of them. So its gate and its limits come from folds whose encoders did not see the clips
    that they are judged by: neither the people nor the classes that play unseen.
    """
    cut = [find_action(clip).clip for clip in clips]
    encoder = encoders(cut, training, work)
    features = encoded(encoder, cut)
    told = {
        "data": "UTD-MHAD (Chen, Jafari and Kehtarnavaz, ICIP 2015)",
        "fingerprint": features.fingerprint(),
        "malformed": {},
        "recordings": summarise(map(note, cut)),
        "performers": sorted({clip.subject for clip in cut}),
    }
    texts, fitting = load_packaged_texts("utd_mhad"), Fitting()
    phases = [phase(cut, training, work, fold) for fold in folds(cut)]
    return calibrated(fit_recognizer(features, texts, encoder, fitting, told), phases, texts, fitting)


def folds(clips: Sequence[SkeletonSequence]) -> list[Fold]:
    """Neighbouring classes, which are alike, are left out in different folds."""
    classes, performers = (sorted({getattr(clip, name) for clip in clips}) for name in ("label", "subject"))
    groups = np.array_split(performers, PARTS)
    return [Fold(tuple(groups[n].tolist()), tuple(classes[n::PARTS])) for n in range(FOLDS)]


def phase(clips: Sequence[SkeletonSequence], training: EncoderTraining, work: Path, fold: Fold) -> Phase:
    """A fold's clips as its own encoders see them."""
    learned = [clip for clip in clips if clip.subject not in fold.performers and clip.label not in fold.classes]
    judged = [clip for clip in clips if clip.subject in fold.performers]
    own = encoders(learned, training, work)
    seen = tuple(sorted({clip.label or 0 for clip in learned}))
    return Phase(f"fold without {fold.performers}", encoded(own, learned), encoded(own, judged), seen, fold.classes)


def encoded(encoder: SkeletonEncoder, clips: Sequence[SkeletonSequence]) -> FeatureSet:
    whole = encode_batch(encoder, clips, [encoder.prepare(clip) for clip in clips])
    return replace(whole, logits=None, names=None)


def encoders(clips: Sequence[SkeletonSequence], training: EncoderTraining, work: Path) -> SkeletonEncoder:
    """Of all streams; those that an earlier call has trained are read."""
    members = []
    for stream in STREAMS:
        one = replace(training, stream=stream)
        told = f"{one} {[(clip.name, clip.subject) for clip in clips]}"
        path = work / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.safetensors"
        if not path.exists():
            work.mkdir(parents=True, exist_ok=True)
            save_encoder(path, trained(clips, one))
        members.append(load_own_encoder(path))
    return joined(members)


def trained(clips: Sequence[SkeletonSequence], training: EncoderTraining) -> Encoder:
    """An encoder of one stream, of variations of these clips."""
    random = np.random.default_rng(0)
    varied = [clip if not n else variation(clip, random) for clip in clips for n in range(VARIATIONS)]
    prepared = [prepare(clip, training.encoder_fps, training.frames, training.stream, 1) for clip in varied]
    labels = np.array([clip.label for clip in varied])
    encoder = fit_encoder(np.stack(prepared), labels, tuple(np.unique(labels).tolist()), training)
    about = {"data": "UTD-MHAD", "performers": sorted({clip.subject for clip in clips})}
    return replace(encoder, provenance={**about, **encoder.provenance})


def variation(clip: SkeletonSequence, random: np.random.Generator) -> SkeletonSequence:
    """The clip slower or quicker, and cut more tightly."""
    count = clip.joints.shape[1]
    first, last = (int(random.uniform(0, CUT) * count) for _ in range(2))
    factor = float(SPEED ** random.uniform(-1, 1))
    return replace(clip, joints=clip.joints[:, first : count - last], fps=clip.fps * factor)


def scores(recognizer: Recognizer, new: Sequence[SkeletonSequence], data: Path) -> dict[str, Any]:
    names = load_packaged_texts("utd_mhad").of_kind("label")
    truth = [names[clip.label or 0] for clip in new]
    test = scores_of(recognizer.evaluate(new, truth, [clip.subject for clip in new]))
    told: dict[str, Any] = {
        "new performers": {
            **abstaining(recognizer, new, truth),
            "interval": [test.estimates["accuracy"].low, test.estimates["accuracy"].high],
        },
        "seconds per clip": seconds_per_clip(recognizer, new[:50]),
    }
    for file, same in SAME.items():
        told[file] = sensor(recognizer, data / file, same)
    return told


def seconds_per_clip(recognizer: Recognizer, clips: Sequence[SkeletonSequence]) -> float:
    """Median, of clips that come one by one."""
    taken = []
    for clip in clips:
        started = time.perf_counter()
        recognizer.predict(clip)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def sensor(recognizer: Recognizer, path: Path, same: dict[str, str]) -> dict[str, Any]:
    """Clips of another sensor, by performers with even ids: of classes that the recognizer has seen; of others; and of
    these once they are typed in."""
    source = open_clips(path)
    clips = [clip for clip in (entry.read() for entry in source.entries) if (clip.subject or 0) % 2 == 0]
    called = [source.class_names[clip.label or 0] for clip in clips]
    shown = [(clip, same[name]) for clip, name in zip(clips, called, strict=True) if name in same]
    others = [(clip, name) for clip, name in zip(clips, called, strict=True) if name not in same]
    known, strange = [clip for clip, _ in shown], [clip for clip, _ in others]
    told = {
        "known": abstaining(recognizer, known, [label for _, label in shown]),
        "other": abstaining(recognizer, strange, [""] * len(strange)),
    }
    told["typed"] = typed_in(recognizer, others, shown)
    return told


def typed_in(
    recognizer: Recognizer,
    others: Sequence[tuple[SkeletonSequence, str]],
    shown: Sequence[tuple[SkeletonSequence, str]],
) -> dict[str, Any]:
    """Classes that it has not seen, once it has their texts; without those that it has seen under other names."""
    typed, texts = recognizer.copy(), {text.label: text for text in load_packaged_texts("mix43")}
    named = [(clip, MERGED.get(name, name)) for clip, name in others]
    unseen = [(clip, name) for clip, name in named if name not in recognizer.classes]
    candidates = list(dict.fromkeys(name for _, name in unseen))
    for name in candidates:
        typed.add_class(name, texts[name].action, texts[name].motion)
    clips, truth = [clip for clip, _ in unseen], [name for _, name in unseen]
    answers = [answer[0]["label"] for answer in typed.predict(clips, candidates, top_k=1)]
    return {
        "classes": len(candidates),
        "clips": len(clips),
        "right among themselves": float(np.mean([one == name for one, name in zip(answers, truth, strict=True)])),
        "right": abstaining(typed, clips, truth)["right"],
        "seen ones right": abstaining(typed, [clip for clip, _ in shown], [label for _, label in shown])["right"],
    }


def notes(result: dict[str, Any]) -> str:
    """What the card says beside what every card says."""
    rows = {"performers 7 and 8 of UTD-MHAD": result["new performers"]}
    rows |= {f"{file.removesuffix('.npz')}, classes that UTD-MHAD has": result[file]["known"] for file in SAME}
    lines = [
        "## Scores on people and sensors that the model does not know",
        "",
        "All shares are in %: the clips whose first class is right, the clips that get an answer with the usual limit,",
        "and the answers that are wrong.",
        "",
        "| clips | number | right | answered | wrong of answered |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        cells = " | ".join(f"{100 * row[key]:.0f}" for key in ("right", "given", "wrong of given"))
        lines.append(f"| {name} | {row['clips']} | {cells} |")
    lines += [
        "",
        "## Origin",
        "",
        f"{PACKAGED.terms[0].upper()}{PACKAGED.terms[1:]}. Cite {PACKAGED.citations[0]}.",
        "",
    ]
    return "\n".join(["", *lines])


if __name__ == "__main__":
    main()
