"""Fits a recognizer to keep: stages ① to ④ on all seen clips, and what leave-classes-out folds say about it.

An experiment holds classes out to judge a method; here every class with clips is seen. Groups of them still play
unseen, fold by fold, while some performers (or clips) are held out: the gate, the temperatures, the threshold and the
training cycle are chosen there, and the honest scores of the model card come from there too, each fold judged by what
was fitted on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from gzssar.decision.decision import Calibration, Known, fit_calibration, judge
from gzssar.decision.gate import Gate, GateSet, distance_inputs, fit_gate
from gzssar.encoders.encoder import Encoder
from gzssar.errors import ConfigError, DataError, TextError
from gzssar.features.features import FeatureSet, Phase
from gzssar.features.folds import HELD_OUT_SHARE, folds
from gzssar.methods.msf.scorer import Expert, PhaseRecognizer, Problem, pose
from gzssar.methods.msf.text_weights import text_weights
from gzssar.methods.msf.training import align
from gzssar.provenance import versions
from gzssar.recipe import DEFAULT, Recipe
from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.recognizer.recognizer import Recognizer
from gzssar.running import Progress, one_thread
from gzssar.shapes import TextFeatures
from gzssar.texts.classes import ClassText, ClassTexts, label_key
from gzssar.texts.encoders import load_encoder
from gzssar.texts.encoding import Encoding, encode_texts, text_kinds

FEWEST_CLASSES = 4
"""Seen classes a fit needs: half of them play unseen in a fold, and two others have texts that differ."""


@dataclass(frozen=True)
class Fitting:
    """What to fit a recognizer with."""

    text: str = "lb+ad+md"
    encoding: Encoding = field(default_factory=Encoding)
    recipe: Recipe = DEFAULT
    seed: int = 0


@one_thread()
def fit_recognizer(
    clips: FeatureSet,
    texts: ClassTexts,
    encoder: Encoder | None,
    fitting: Fitting,
    about: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Recognizer:
    """Fit a recognizer.

    Args:
        clips: features of clips of seen classes; labels are rows of `texts`.
        texts: of all classes; those without clips are unseen.
        encoder: what made the features; None if only features will ever be recognized.
        fitting: how.
        about: what is to be kept about the data.
        progress: told how far the training is.

    Raises:
        ConfigError: the recipe has no gate on distances, or several VAEs.
        DataError: there are too few classes or clips, or the features are not finite or not the encoder's.
        TextError: a class lacks a text, or one is longer than the encoder reads, or two classes have one label.
    """
    recipe = fitting.recipe
    if recipe.gate_input != "distances" or recipe.skeleton_space != "whitened" or recipe.fusion == "experts":
        raise ConfigError(
            f"a recognizer to keep needs whitened features, a gate on distances and one VAE, but the recipe "
            f"{recipe.name!r} has others: use the default recipe."
        )
    _check(clips, texts, encoder)
    seen = tuple(int(c) for c in np.unique(clips.labels))
    kinds = text_kinds(fitting.text)
    tables = [table for of_kind in encode_texts(texts, kinds, fitting.encoding).values() for table in of_kind]
    whole = Phase("whole", clips, clips, seen, ())
    parts = folds(whole, recipe.fold_classes, HELD_OUT_SHARE, np.random.default_rng(fitting.seed))
    weights = text_weights([kind for kind in kinds for _ in fitting.encoding.encoder], tables, parts, recipe)
    problems = [pose(phase, tables, recipe, weights) for phase in (whole, *parts)]
    generator = torch.Generator().manual_seed(fitting.seed)
    report = (lambda done, total: progress("alignment", done, total)) if progress else None
    alignments = align([problem.pairs()[0] for problem in problems], recipe, generator, report)
    cycle, known = _best_cycle(problems[1:], [one.checkpoints for one in alignments[1:]], recipe)
    gate, calibration = _fit(known)
    vae = alignments[0].checkpoints[cycle]
    revisions = tuple(load_encoder(name, fitting.encoding.template).revision for name in fitting.encoding.encoder)
    classes = _classes(problems[0], vae, texts, tables, recipe)
    told = {**(about or {}), "scores": _honest(known), "versions": versions(), "clips": len(clips), "cycle": cycle}
    told["classes"] = {
        kind: [one.text.label for one in classes if one.seen == is_seen]
        for kind, is_seen in (("seen", True), ("unseen", False))
    }
    space, text_space = problems[0].space, problems[0].text_spaces[0]
    kept = Parts(encoder, space, text_space, vae, gate, calibration, kinds, fitting.encoding, revisions, told)
    return Recognizer(kept, classes)


def _check(clips: FeatureSet, texts: ClassTexts, encoder: Encoder | None) -> None:
    seen = np.unique(clips.labels)
    if seen[0] < 0 or seen[-1] >= len(texts):
        raise DataError(
            f"labels of clips should be rows of the {len(texts)} class texts, counted from 0, but label "
            f"{seen[0] if seen[0] < 0 else seen[-1]} came: add its texts, or leave its clips out."
        )
    if len(seen) < FEWEST_CLASSES:
        raise DataError(
            f"fitting needs clips of at least {FEWEST_CLASSES} classes, some of which play unseen meanwhile, but there "
            f"are clips of {len(seen)}: bring clips of more classes."
        )
    keys = [label_key(_label(text, k)) for k, text in enumerate(texts)]
    if len(set(keys)) < len(keys):
        raise TextError("classes are told apart by their labels, but two have the same one: rename one of them.")
    if not np.isfinite(clips.features).all():
        raise DataError("features to fit on should be finite, but some are NaN or infinite: make them again.")
    width = clips.features.shape[1]
    if encoder is not None and (own := encoder.network.classifier.in_features) != width:
        raise DataError(
            f"the skeleton encoder should be the one that made the features, but its features have width {own} and "
            f"these {width}: name that encoder, or none."
        )


def _best_cycle(
    problems: Sequence[Problem], checkpoints: Sequence[Sequence[Any]], recipe: Recipe
) -> tuple[int, list[Known]]:
    """The cycle with the highest ZSL accuracy, averaged over the folds, and what each fold says then."""
    by_cycle = [
        [_known(problem, vaes[cycle], recipe) for problem, vaes in zip(problems, checkpoints, strict=True)]
        for cycle in range(recipe.cycles)
    ]
    best = int(np.argmax([np.mean([fold.zsl_accuracy for fold in known]) for known in by_cycle]))
    return best, by_cycle[best]


def _known(problem: Problem, vae: Any, recipe: Recipe) -> Known:
    phase = problem.phase
    one = PhaseRecognizer(problem, (Expert(vae, problem.texts[0], phase.unseen, recipe, 0),), recipe)
    features = problem.space(phase.test.features)
    is_seen = phase.test_is_seen
    column = np.where(
        is_seen, np.searchsorted(phase.seen, phase.test.labels), np.searchsorted(phase.unseen, phase.test.labels)
    )
    return Known(one.nearest_mean.scores(features), one.experts[0].log_densities(features), is_seen, column)


def _fit(known: Sequence[Known]) -> tuple[Gate, Calibration]:
    sets = [GateSet(distance_inputs(k.unseen, k.seen), k.is_seen.astype(np.int64)) for k in known]
    gate = fit_gate(sets, balanced=True)
    return gate, fit_calibration(known, gate)


def _honest(known: Sequence[Known]) -> dict[str, float]:
    """Each fold judged by the gate and the calibration of the others, of which there is one at least; the mean over
    folds."""
    judged = [judge(fold, *_fit([*known[:k], *known[k + 1 :]])) for k, fold in enumerate(known)]
    return {key: float(np.mean([scores[key] for scores in judged])) for key in judged[0]}


def _classes(
    problem: Problem, vae: Any, texts: ClassTexts, tables: Sequence[TextFeatures], recipe: Recipe
) -> list[KnownClass]:
    phase = problem.phase
    unseen = tuple(k for k in range(len(texts)) if k not in phase.seen)
    one = PhaseRecognizer(problem, (Expert(vae, problem.texts[0], unseen, recipe, 0),), recipe)
    centres = dict(zip(phase.seen, one.nearest_mean.means, strict=True))
    if unseen:
        centres |= dict(zip(unseen, one.experts[0].prototypes(), strict=True))
    rows = [replace(text, label=_label(text, k)) for k, text in enumerate(texts)]
    return [
        KnownClass(rows[k], k in phase.seen, tuple(table[k] for table in tables), centres[k]) for k in sorted(centres)
    ]


def _label(text: ClassText, k: int) -> str:
    return text.label or f"class {k}"
