"""Fits a recognizer to keep: stages ① to ④ on all seen clips, and what leave-classes-out folds say about it.

An experiment holds classes out to judge a method; here every class with clips is seen. Groups of them still play
unseen, fold by fold, while some performers (or clips) are held out: the gate, the temperatures and the threshold are
chosen there, and the honest scores of the model card come from there too, each fold judged by what was fitted on the
others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gzssar.decision.abstention import covered, fit_abstention
from gzssar.decision.evidence import Evidence
from gzssar.decision.learning import fit_phase
from gzssar.decision.selection import decisions_of_others, fit_decision, held_out_scores
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import ConfigError, DataError, TextError
from gzssar.features.class_cut import HELD_OUT_SHARE
from gzssar.features.features import FeatureSet, Phase
from gzssar.methods.method import EncoderClasses, Task
from gzssar.methods.recipe import DEFAULT, Recipe
from gzssar.methods.ridge import Ridge, RidgeScorer
from gzssar.provenance import versions
from gzssar.recognizer.encoder_classes import encoder_classes
from gzssar.recognizer.held_out import held_out_answers
from gzssar.recognizer.labels import require_label
from gzssar.recognizer.parts import EncoderTexts, KnownClass, Parts
from gzssar.recognizer.recognizer import Recognizer
from gzssar.recognizer.shown import fit_prior
from gzssar.running import Progress, one_thread
from gzssar.shapes import TextFeatures
from gzssar.texts.classes import ClassText, ClassTexts, label_key
from gzssar.texts.encoders.encoder import TextEncoder
from gzssar.texts.encoding import Encoding, encode_texts, load_text_encoders, text_kinds, vectors_and_words

FEWEST_CLASSES = 4
"""Seen classes a fit needs: half of them play unseen in a fold, and two others have texts that differ."""
FEWEST_CLIPS = round(1 / HELD_OUT_SHARE)
"""Clips that the largest class needs, so that a share of them can be held out."""


@dataclass(frozen=True)
class Fitting:
    """The settings of a fit."""

    text: str = "lb+ad+md"
    encoding: Encoding = field(default_factory=Encoding)
    recipe: Recipe = DEFAULT
    seed: int = 0
    encoder_texts: ClassTexts | None = None
    """The texts of the classes on which others trained the skeleton encoder, in the order of its classes. If they are
    given, the fit also uses the encoder's own classifier. See
    :func:`~gzssar.recognizer.encoder_classes.texts_of_authors`."""


@one_thread()
def fit_recognizer(
    clips: FeatureSet,
    texts: ClassTexts,
    encoder: SkeletonEncoder | None,
    fitting: Fitting,
    about: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Recognizer:
    """Fit a recognizer.

    Args:
        clips: features of clips of the seen classes; a label is the number of a row of `texts`.
        texts: the texts of all classes; classes without clips are unseen.
        encoder: the encoder that made the features; None if the recognizer will take features only.
        fitting: the settings.
        about: information about the data, which the recognizer keeps.
        progress: called with the progress of the fit.

    Raises:
        ConfigError: no recognizer can be made from the recipe, or the recipe selects on a validation phase; or there is
            not a text for each of the encoder's own classes.
        DataError: there are too few classes or clips, or the features are not finite, not from this encoder, or of
            other streams.
        TextError: a class lacks a text, a text is longer than the encoder reads, two classes have the same label, or a
            label holds control or zero-width characters.
    """
    _check(clips, texts, encoder)
    recipe, encoding, kinds = fitting.recipe, fitting.encoding, text_kinds(fitting.text)
    _check_recipe(recipe)
    encoders = load_text_encoders(encoding)
    tables = encode_texts(texts, kinds, encoders, encoding.truncate)
    seen = tuple(int(c) for c in np.unique(clips.labels))
    report = (lambda done, total: progress("fitting on folds", done, total)) if progress else None
    whole = Phase("whole", clips, clips, seen, ())
    own = _own_classes(encoder, fitting, kinds, encoders)
    learned = fit_phase(whole, None, tables, recipe, fitting.seed, report, own).choose()
    scorer = learned.scorer
    assert isinstance(scorer, RidgeScorer)  # _check_recipe saw to it
    classes = _classes(scorer, texts, [table for kind in kinds for table in tables[kind]])
    answers = [held_out_answers(one, learned.decision) for one in learned.evidence]
    told = {**(about or {}), "scores": _scores(learned.evidence, recipe), "versions": versions()}
    if own:
        alone = fit_phase(whole, None, tables, recipe, fitting.seed).choose()
        told["scores_without_encoder_classes"] = _scores(alone.evidence, recipe)
    told |= {"clips": len(clips), "checkpoint": learned.checkpoint}
    told["fold_classes"] = max(one.scores.unseen.shape[1] for one in learned.evidence)
    told["classes"] = {
        kind: [one.text.label for one in classes if one.seen == is_seen]
        for kind, is_seen in (("seen", True), ("unseen", False))
    }
    kept = Parts(
        encoder,
        scorer.problem.space,
        scorer.problem.text_space,
        scorer.weights,
        learned.decision,
        fit_abstention(answers),
        fit_prior(scorer, clips),
        kinds,
        scorer.problem.spaces.words,
        encoding,
        tuple(encoder.revision for encoder in encoders),
        EncoderTexts(own.labels, tuple(table for kind in kinds for table in own.texts[kind])) if own else None,
        told,
    )
    return Recognizer(kept, classes)


def calibrated(recognizer: Recognizer, phases: Sequence[Phase], texts: ClassTexts, fitting: Fitting) -> Recognizer:
    """The same recognizer with a gate, temperatures, a threshold, limits of abstention and scores of these phases.

    An encoder finds clips that it learned from easier than those of strangers, and classes that it learned easier to
    tell from others. So where it learned from the recognizer's own clips, their folds say too much.

    Args:
        recognizer: fitted with `fitting`.
        phases: of features by other encoders, trained in the same way, which saw neither the people nor the unseen
            classes of a phase's test clips; two at least.
        texts: of all classes.
        fitting: which texts are read, and the recipe.
    """
    recipe, encoding = fitting.recipe, fitting.encoding
    tables = encode_texts(texts, text_kinds(fitting.text), load_text_encoders(encoding), encoding.truncate)
    read = vectors_and_words(tables)
    scorers = recipe.method.fit(
        [Task(one.name, one.train, one.seen, one.unseen, *read) for one in phases], fitting.seed
    )
    evidence = [Evidence.of(phase, of_phase[0]) for phase, of_phase in zip(phases, scorers, strict=True)]
    decision = fit_decision(evidence, recipe)
    answers = [held_out_answers(one, decision) for one in evidence]
    told = {**recognizer.parts.about, "scores": _scores(evidence, recipe), "encoders_left_out": True}
    told["fold_classes"] = max(len(phase.unseen) for phase in phases)
    parts = replace(recognizer.parts, decision=decision, abstention=fit_abstention(answers), about=told)
    return Recognizer(parts, recognizer.known)


def _own_classes(
    encoder: SkeletonEncoder | None, fitting: Fitting, kinds: Sequence[str], encoders: Sequence[TextEncoder]
) -> EncoderClasses | None:
    """What the skeleton encoder's own classifier knows, if it is to take part.

    Raises:
        ConfigError: there are texts of its classes, but no encoder.
    """
    if fitting.encoder_texts is None:
        return None
    if encoder is None:
        raise ConfigError(
            "texts of an encoder's classes need the encoder itself, because its classifier knows them: give both."
        )
    return encoder_classes(encoder, fitting.encoder_texts, kinds, encoders, fitting.encoding.truncate)


def _scores(evidence: Sequence[Evidence], recipe: Recipe) -> dict[str, float]:
    """Each fold judged by what was fitted on the others; the mean over them."""
    others = decisions_of_others(evidence, recipe)
    answers = [held_out_answers(one, decision) for one, decision in zip(evidence, others, strict=True)]
    return held_out_scores(evidence, others) | covered(answers)


def _check_recipe(recipe: Recipe) -> None:
    """A recognizer keeps one centre per class in the whitened space, and has no validation phase to choose on.

    Raises:
        ConfigError: the recipe wants something else.
    """
    method = recipe.method
    wanted = {
        "method ridge": isinstance(method, Ridge),
        'held_out="folds"': recipe.held_out == "folds",
        'gate_input="best-scores"': recipe.gate_input == "best-scores",
    }
    if isinstance(method, Ridge):
        wanted |= {
            'skeleton_space="whitened"': method.spaces.skeleton_space == "whitened",
            'nearness="cosine"': method.nearness == "cosine",
        }
    if lacking := [choice for choice, there in wanted.items() if not there]:
        raise ConfigError(
            f"a recognizer to keep needs {', '.join(lacking)}, but the recipe {recipe.name!r} has others: use the "
            "default recipe, or one with these choices."
        )


def _check(clips: FeatureSet, texts: ClassTexts, encoder: SkeletonEncoder | None) -> None:
    seen = np.unique(clips.labels)
    if seen[0] < 0 or seen[-1] >= len(texts):
        raise DataError(
            f"labels of clips should be rows of the {len(texts)} class texts, counted from 0, but label "
            f"{seen[0] if seen[0] < 0 else seen[-1]} is not among them: add its texts, or leave its clips out."
        )
    if len(seen) < FEWEST_CLASSES:
        raise DataError(
            f"fitting needs clips of at least {FEWEST_CLASSES} classes, some of which play unseen, but there "
            f"are clips of {len(seen)}: add clips of more classes."
        )
    most = int(np.unique(clips.labels, return_counts=True)[1].max())
    if most < FEWEST_CLIPS:
        raise DataError(
            f"fitting needs a class with at least {FEWEST_CLIPS} clips, one of which is held out, but no "
            f"class has more than {most}: add clips, if possible of each class."
        )
    for k, text in enumerate(texts):
        require_label(_label(text, k))
    keys = [label_key(_label(text, k)) for k, text in enumerate(texts)]
    if len(set(keys)) < len(keys):
        raise TextError("each class needs a label of its own, but two classes have the same one: rename one of them.")
    if not np.isfinite(clips.features).all():
        raise DataError("features to fit on should be finite, but some are NaN or infinite: make them again.")
    width = clips.features.shape[1]
    if encoder is None:
        return
    if (clips.streams or encoder.streams[1:]) and clips.streams != encoder.streams:
        raise DataError(
            f"the skeleton encoder should read the streams of the features, {_listed(clips.streams)}, but it reads "
            f"{_listed(encoder.streams)}: name the weights of each stream, as in bone=FILE."
        )
    if (own := encoder.feature_width) != width:
        raise DataError(
            f"the skeleton encoder should be the one that made the features, but its features have width {own} and "
            f"these {width}: name that encoder, or none."
        )


def _classes(scorer: RidgeScorer, texts: ClassTexts, tables: Sequence[TextFeatures]) -> list[KnownClass]:
    problem = scorer.problem
    seen = problem.task.seen
    unseen = [k for k in range(len(texts)) if k not in seen]
    centres = dict(zip(seen, problem.means, strict=True)) | {k: scorer.expected[k] for k in unseen}
    rows = [replace(text, label=_label(text, k)) for k, text in enumerate(texts)]
    counts = np.bincount(problem.task.train.labels, minlength=len(texts))
    return [
        KnownClass(rows[k], k in seen, tuple(table[k] for table in tables), centres[k], int(counts[k]))
        for k in sorted(centres)
    ]


def _listed(streams: tuple[str, ...]) -> str:
    return ", ".join(streams) or "one that they do not name"


def _label(text: ClassText, k: int) -> str:
    return text.label or f"class {k}"
