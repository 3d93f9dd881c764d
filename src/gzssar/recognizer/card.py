"""The model card: what a recognizer is, what it was made from, how good it is, and what it is not for."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

import yaml

from gzssar.decision.abstention import MOST_WRONG
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.models import known_models
from gzssar.recognizer.encoder_classes import near_twins
from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.skeletons.oddities import counted
from gzssar.skeletons.recordings import doubts_told

_SCORES = {
    "zsl_accuracy": "accuracy on clips of unseen classes if only unseen classes may be the answer (ZSL)",
    "seen_accuracy": "accuracy on clips of seen classes if every class may be the answer (S)",
    "unseen_accuracy": "accuracy on clips of unseen classes if every class may be the answer (U)",
    "harmonic_mean": "harmonic mean of S and U (H)",
    "calibration_error": "expected calibration error of the top score",
    "seen_coverage": f"clips of seen classes with an answer, if at most {MOST_WRONG:g} of the answers may be wrong",
    "seen_accuracy_where_covered": "accuracy of the answers to these clips of seen classes",
    "unseen_coverage": "clips of unseen classes with an answer, if as many answers may be wrong",
    "unseen_accuracy_where_covered": "accuracy of the answers to these clips of unseen classes",
}
_LONGEST = 300
"""Characters of what is said of an encoder's origin."""


def card(parts: Parts, known: Sequence[KnownClass]) -> str:
    """The card of a recognizer made of these, as Markdown."""
    about = parts.about
    seen = [one.text.label or "" for one in known if one.seen]
    unseen = [one.text.label or "" for one in known if not one.seen]
    lines = ["# A gzssar recognizer", ""]
    if about.get("synthetic"):
        lines += [
            "**Synthetic:** this model learned from made-up motions, of no real people. Use it only to try things out.",
            "",
        ]
    clips = f"{about.get('clips', '?')} clips, fingerprint {about.get('fingerprint', 'unknown')}"
    if malformed := len(about.get("malformed", {})):
        clips += f"; without {counted(malformed, 'malformed clip')}"
    source = about.get("data", "features")
    encoders = f"{' + '.join(parts.encoding.encoder)} ({', '.join(parts.revisions)})"
    lines += [
        f"This model recognizes {len(known)} actions in skeleton recordings. {_sources(parts, known)} You can",
        "add more.",
        "",
        f"- clips: {'none' if about.get('weights_alone') else f'{source} ({clips})'}",
        *(f"- noticed: {sentence}" for sentence in doubts_told(about.get("recordings"))),
        f"- seen: {', '.join(sorted(seen)) or 'none'}",
        f"- unseen: {', '.join(unseen) or 'none'}",
        *_shown(known),
        f"- texts: {' + '.join(parts.kinds)}, encoded by {encoders}",
        f"- skeleton encoder: {_encoder(parts.encoder)}",
        *_origin(about),
        f"- versions: {_listed(about.get('versions', {}))}",
        "",
        *(_untested() if about.get("weights_alone") else _tested(parts, known)),
        *_recalibrated(about),
        "",
        "## Limits",
        "",
        "The model sees joints, but no objects, fingers or faces, so it confuses actions that move alike. It",
        "recognizes a class that it knows only from texts less reliably than a class with clips. Every score is lower",
        "for performers, sensors and frame rates that differ from those of the training clips. Never let the model",
        "alone decide about people.",
        "",
    ]
    return "\n".join(lines)


def _sources(parts: Parts, known: Sequence[KnownClass]) -> str:
    """From what it knows its classes."""
    seen = sum(one.seen for one in known)
    source = "from clips"
    if parts.about.get("weights_alone"):
        source = "from the weights of its encoder" + " or from clips" * any(one.shown for one in known)
    if seen == len(known):
        return f"It learned all of them {source}."
    if not seen:
        return "It knows all of them only from their texts."
    return f"It learned {seen} of them {source} and knows {len(known) - seen} only from their texts."


def shared_card(parts: Parts, known: Sequence[KnownClass], name: str, license: str | None) -> str:
    """The card of a recognizer as the repository `name` of the Hugging Face hub, which reads the YAML at its head."""
    head: dict[str, Any] = {"library_name": "gzssar", "tags": ["skeleton", "action-recognition", "zero-shot"]}
    if license:
        head["license"] = license
    use = [
        "## Use",
        "",
        "```python",
        "from gzssar import Recognizer  # pip install 'gzssar[hub]'",
        "",
        f'recognizer = Recognizer.from_pretrained("{name}")',
        "```",
        "",
    ]
    return "\n".join(
        ["---", f"{yaml.safe_dump(head, sort_keys=False)}---", "", card(parts, known), *use, *_terms(parts)]
    )


def _terms(parts: Parts) -> list[str]:
    """What binds those who use the weights of a ready model."""
    named = [one.provenance.get("weights") for one in (parts.encoder.members if parts.encoder else ())]
    models = [model for model in known_models() if any(file.name in named for file in model.files)]
    told = [f"- {one.what}: {one.licence}; {one.terms}. Cite {'; '.join(one.citations)}" for one in models]
    return ["## Terms of the skeleton encoder's weights", "", *told, ""] if told else []


def _origin(about: Mapping[str, Any]) -> list[str]:
    """The commit on the hub that it was loaded from."""
    return [f"- loaded from: {hub['repository']} at {hub['commit']}"] if (hub := about.get("hub")) else []


def _shown(known: Sequence[KnownClass]) -> list[str]:
    """Which of the seen classes were shown later, and by how many clips."""
    told = ", ".join(f"{one.text.label} ({one.clips})" for one in known if one.shown)
    return [f"- taught after the fit, with the number of clips: {told}"] if told else []


def _untested() -> list[str]:
    """What a model says that no clip took part in."""
    return [
        "## Scores",
        "",
        "There are none, because this model was made without clips. It knows the classes that the skeleton encoder",
        "was trained on from the weights of the encoder's classifier. Clips were simulated around these weights. The",
        "gate, the temperatures and the limits of abstention were fitted on such simulated clips. Nothing was tested",
        "on people. Teach the model some clips of your own, and test it on others.",
    ]


def _tested(parts: Parts, known: Sequence[KnownClass]) -> list[str]:
    head = ["## Scores on held-out classes", ""]
    return [*head, *_changes(parts, known), *_scores(parts.about), *_twins(parts, known)]


def _changes(parts: Parts, known: Sequence[KnownClass]) -> list[str]:
    """Which classes came and went since the scores were taken."""
    fitted = parts.about.get("classes")
    before = {(label, kind == "seen") for kind, labels in (fitted or {}).items() for label in labels}
    now = {(one.text.label or "", one.seen) for one in known}
    if fitted is None or now == before:
        return []
    changes = [(f"added {label}", label) for label, _ in now - before]
    changes += [(f"removed {label}", label) for label, _ in before - now]
    told = ", ".join(text for text, _ in sorted(changes, key=lambda change: change[1]))
    return [f"**The scores were measured before the classes changed** ({told}). They may differ now.", ""]


def _recalibrated(about: Mapping[str, Any]) -> list[str]:
    """By which clips of a user it was calibrated anew since it was fitted."""
    if not (by := about.get("recalibrated")):
        return []
    counts = f"{by['seen']} of seen, {by['unseen']} of unseen and {by['unknown']} of unknown classes"
    return [
        "",
        "## Recalibrated",
        "",
        "The gate, the temperatures, the threshold and the limits of abstention were fitted anew to clips of",
        f"{by['data']}. Numbers of clips: {counts}. The clips show {by['classes']} of the model's classes. All scores",
        "above, and the report of the test on these clips, describe the model before that. The model was not tested",
        "since.",
    ]


def _scores(about: Mapping[str, Any]) -> list[str]:
    scores, alone = about.get("scores", {}), about.get("scores_without_encoder_classes", {})
    rows = [
        f"| {' | '.join([text, *(f'{one[key]:.3f}' if key in one else '–' for one in (scores, alone) if one)])} |"
        for key, text in _SCORES.items()
        if key in scores
    ]
    heads = ["| what | value |", "| --- | ---: |"]
    if alone:
        heads = ["| what | value | without the encoder's own classes |", "| --- | ---: | ---: |"]
    seen_by_encoder = [
        "If the skeleton encoder was trained on the same classes, the scores of the classes that play the unseen ones",
        "are too high.",
    ]
    if about.get("encoders_left_out"):
        seen_by_encoder = ["Each fold has encoders of its own, which saw none of the clips that the fold is scored on."]
    count = f"about {about['fold_classes']}" if "fold_classes" in about else "some"
    told = [
        f"The scores come from folds. In each fold, {count} of the seen classes play the unseen ones: all their clips",
        "are held out. Of the other classes, the clips of some performers are held out, or some clips if the",
        "performers are unknown. Each fold is scored with a gate, a calibration and limits that were fitted on the",
        "other folds. ZSL is easier if fewer classes play the unseen ones.",
        *seen_by_encoder,
    ]
    return [*told, "", *heads, *rows]


def _twins(parts: Parts, known: Sequence[KnownClass]) -> list[str]:
    """What the encoder's own classifier has to do with it, and for which classes most."""
    if parts.encoder_texts is None:
        return []
    twins = near_twins(parts, known)
    unseen = [one.text.label or "" for one in known if not one.seen]
    near = [f"{label} ({twins[label]})" for label in unseen if label in twins]
    far = [label for label in unseen if label not in twins]
    told = [
        "",
        "## What the encoder's own classifier knows",
        "",
        f"Others trained the encoder on {len(parts.encoder_texts.labels)} classes. The regression was also fitted to",
        "the texts of these classes and to the weights of the encoder's classifier, but to none of their clips. So",
        "the model is better at a class that it knows only from texts if one of the encoder's classes is nearly the",
        "same. This is not zero-shot recognition in the strict sense.",
        "",
        f"- unseen classes with a similar class: {', '.join(near) or 'none'}",
        f"- unseen classes without a similar class: {', '.join(far) or 'none'}",
    ]
    seen = [one.text.label or "" for one in known if one.seen]
    count = sum(label in twins for label in seen)
    return [*told, f"- {count} of the {len(seen)} seen classes, which play the unseen ones in the folds, have one too"]


def _encoder(encoder: SkeletonEncoder | None) -> str:
    if encoder is None:
        return "none, because the model takes features"
    return "; ".join(
        f"Shift-GCN, {one.frames} frames, {one.stream} stream "
        f"({shorten(_listed(one.provenance), _LONGEST, placeholder=' …', break_on_hyphens=False)})"
        for one in encoder.members
    )


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {str(value).splitlines()[0] if str(value) else ''}" for name, value in values.items())
