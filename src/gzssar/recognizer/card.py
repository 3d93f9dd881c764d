"""The model card: what a recognizer is, what it was made from, how good it is, and what it is not for."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from gzssar.decision.abstention import MOST_WRONG
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.models import known_models
from gzssar.recognizer.encoder_classes import near_twins
from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.skeletons.recordings import doubts_told

_SCORES = {
    "zsl_accuracy": "right class of clips of unseen classes, among the unseen ones (ZSL)",
    "seen_accuracy": "right class of clips of seen classes, among all (S)",
    "unseen_accuracy": "right class of clips of unseen classes, among all (U)",
    "harmonic_mean": "harmonic mean of S and U (H)",
    "calibration_error": "expected calibration error of the top score",
    "seen_coverage": f"clips of seen classes that are answered, if no more than {MOST_WRONG:g} may be wrong",
    "seen_accuracy_where_covered": "right class of those",
    "unseen_coverage": "clips of unseen classes that are answered then",
    "unseen_accuracy_where_covered": "right class of those, too",
}


def card(parts: Parts, known: Sequence[KnownClass]) -> str:
    """The card of a recognizer made of these, as Markdown."""
    about = parts.about
    seen = [one.text.label or "" for one in known if one.seen]
    unseen = [one.text.label or "" for one in known if not one.seen]
    lines = ["# A gzssar recognizer", ""]
    if about.get("synthetic"):
        lines += [
            "**Synthetic:** it learned from made-up motions; nobody was recorded. It is for trying things out.",
            "",
        ]
    counts = f"{len(seen)} it has seen clips of, {len(unseen)} it knows from their texts"
    clips = f"{about.get('clips', '?')} clips, fingerprint {about.get('fingerprint', 'unknown')}"
    if malformed := len(about.get("malformed", {})):
        clips += f"; {malformed} malformed ones were left out"
    source = about.get("data", "features")
    encoders = f"{' + '.join(parts.encoding.encoder)} ({', '.join(parts.revisions)})"
    lines += [
        f"Recognizes {len(seen) + len(unseen)} actions in skeleton recordings: {counts}. More can be added by text.",
        "",
        f"- clips: {'none' if about.get('weights_alone') else f'{source} ({clips})'}",
        *(f"- noticed: {sentence}" for sentence in doubts_told(about.get("recordings"))),
        f"- seen: {', '.join(sorted(seen)) or 'none any more'}",
        f"- unseen: {', '.join(unseen) or 'none yet'}",
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
        "It sees joints, not objects or faces; two actions that move alike are told apart badly. A class known from",
        "its texts is recognized less surely than one with clips. Performers, sensors and frame rates unlike those it",
        "learned from lower every score. Nothing about people should be decided by it alone.",
        "",
    ]
    return "\n".join(lines)


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
    return [f"- made from: {hub['repository']} at {hub['commit']}"] if (hub := about.get("hub")) else []


def _shown(known: Sequence[KnownClass]) -> list[str]:
    """Which of the seen classes were shown later, and by how many clips."""
    told = ", ".join(f"{one.text.label} ({one.clips})" for one in known if one.shown)
    return [f"- shown by a few clips, after the fit: {told}"] if told else []


def _untested() -> list[str]:
    """What a model says that no clip took part in."""
    return [
        "## Scores",
        "",
        "There are none. No clip took part: the seen classes are those that the skeleton encoder was trained on, known",
        "from its classifier's weights, and clips were simulated around these. Gate, temperatures and limits come from",
        "simulated clips too. None of it was tested on people. Teach it clips of your own, and try it on others.",
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
    return [f"**Taken before classes were changed** ({told}); with the classes it has now, they may differ.", ""]


def _recalibrated(about: Mapping[str, Any]) -> list[str]:
    """By which clips of a user it was calibrated anew since it was fitted."""
    if not (by := about.get("recalibrated")):
        return []
    counts = f"{by['seen']} clips of seen classes, {by['unseen']} of unseen ones and {by['unknown']} of unknown ones"
    return [
        "",
        "## Calibrated anew",
        "",
        f"By {by['data']}: {counts}",
        f"chose its gate, temperatures, threshold and limits of abstention; they are of {by['classes']} classes of its",
        "own. All scores above, and the report of the test on these clips, are of the recognizer before. Nothing has",
        "been measured since.",
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
        "play unseen. The training cycle was chosen on these folds. Where the skeleton encoder was trained on these",
        "very classes, the scores of those that played unseen are too good.",
    ]
    if about.get("encoders_left_out"):
        seen_by_encoder = [
            "play unseen. Each fold had encoders of its own, which saw none of the clips that it was judged by."
        ]
    told = [
        f"Of folds in which about {about.get('fold_classes', 'some')} of the seen classes played unseen (clips of all",
        "performers) and some performers' clips of the other classes (or some of the clips) were held out; each fold",
        "was judged by a gate, a calibration and limits fitted on the others. ZSL is easier the fewer classes",
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
    told = [
        "",
        "## What the encoder's own classifier knows",
        "",
        f"The encoder was trained by others on {len(parts.encoder_texts.labels)} classes. Their texts and the weights",
        "of its classifier took part in the regression, without clips. So a class known from its texts alone is",
        "recognized better where those classes hold a near twin of it, which is not zero-shot in the strict sense.",
        "",
        f"- unseen classes with a near twin: {', '.join(near) or 'none'}",
        f"- unseen classes without: {', '.join(label for label in unseen if label not in twins) or 'none'}",
    ]
    seen = [one.text.label or "" for one in known if one.seen]
    count = sum(label in twins for label in seen)
    return [*told, f"- {count} of the {len(seen)} seen classes, which played unseen for the scores, have one"]


def _encoder(encoder: SkeletonEncoder | None) -> str:
    if encoder is None:
        return "none; it takes features"
    return "; ".join(
        f"Shift-GCN, {one.frames} frames, {one.stream} stream ({_listed(one.provenance)[:300]})"
        for one in encoder.members
    )


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {str(value).splitlines()[0] if str(value) else ''}" for name, value in values.items())
