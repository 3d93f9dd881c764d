"""The sections of RESULTS.md on clips as people have them and on abstention."""

from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from results import heading, origins, read

_SENSORS = {"nw_ucla.npz": "NW-UCLA (Kinect v1, 12 fps)", "msr_action3d.npz": "MSR Action3D (15 fps)"}
_COLUMNS = ("clips", "right as frames come", "right", "given", "wrong of given", "wrong ones held back")


def robustness() -> list[str]:
    """What a recognizer says about clips that are not as its training clips were."""
    if (result := read("robustness")) is None:
        return []
    lines = [
        *heading("Clips as people have them", "robustness", result),
        "`python benchmarks/robustness.py`: a recognizer of all 27 classes of UTD-MHAD, fitted on performers with odd",
        f"ids (NTU-120 joint weights, {result['frames']} frames), tested on {result['clips']} clips of two other",
        "performers, as recorded and changed. There is one fit; one clip is 1.9 points. The rules that find the",
        "action and the rules for abstention were developed on clips of UTD-MHAD, NW-UCLA and MSR Action3D, test",
        "performers included. So no data here were kept back.",
        "",
        "*as frames come*: the same model without resampling, without cutting the clip to the action, and without",
        "leaving out bodies that do not move.",
        "",
        "| clips | right | relative to as recorded | as frames come |",
        "| --- | ---: | ---: | ---: |",
    ]
    plain = result["right"]["as recorded"]
    for name, right in result["right"].items():
        cells = f"{100 * right:.1f} | {right / plain:.2f} | {100 * result['right as frames come'][name]:.1f}"
        lines.append(f"| {name} | {cells} |")
    cosines = ", ".join(f"{value:.3f} at {fps}" for fps, value in result["cosine"].items())
    still, mirrored, plainly = (result[name] for name in ("still", "mirrored", "not mirrored"))
    lines += [
        "",
        f"- Cosine between features of the same clips at another frame rate and at 30, without trimming: {cosines}.",
        f"- If a person just stands, {still['named']} of {still['clips']} clips get a class.",
        (
            f"- The warning of mirrored sides comes for {mirrored['warned']} of {mirrored['clips']} mirrored clips and "
            f"for {plainly['warned']} of {plainly['clips']} others."
        ),
        "",
        "The same recognizer is tested on other sensors, with the default bound for abstention: at most a fifth of",
        "the answers may be wrong. *right*: the best class is right, whether it is given as an answer or not.",
        "*others*: clips of classes that the recognizer does not know, for which every answer is wrong. *wrong ones",
        "held back*: the share of the clips whose best class is wrong that get no answer.",
        "",
        f"| clips of | {' | '.join(_COLUMNS)} |",
        "| --- |" + " ---: |" * len(_COLUMNS),
        _row("new performers of UTD-MHAD", result["abstaining"]["new performers"]),
    ]
    for file, name in _SENSORS.items():
        for kind, told in (("known", "classes that UTD-MHAD has"), ("other", "others")):
            lines.append(_row(f"{name}, {told}", result["sensors"][file][kind]))
    return [*lines, "", *origins(result), ""]


def abstention() -> list[str]:
    """Whether the bound on wrong answers holds."""
    if (result := read("abstention")) is None:
        return []
    lines = [
        *heading("The bound on wrong answers", "abstention", result),
        f"`python benchmarks/abstention.py`: {result['repeats']} recognizers of each size with random classes of",
        "UTD-MHAD, fitted on performers with odd ids and tested on all clips of the others. *given*: the share of the",
        "clips of seen and of typed classes that get an answer. *wrong*: the share of wrong answers among the answers",
        "to clips of known classes, as the mean over the recognizers; *largest*: the largest of these shares. *with",
        "strangers*: the mean share of wrong answers if clips of unknown classes are added, weighted as if there were",
        "as many of them as of known ones. All columns except the numbers of classes are in %.",
        "",
        "| bound | seen classes | typed | given of seen | given of typed | wrong | largest | with strangers |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    key = itemgetter("bound", "seen", "typed")
    for (bound, seen, typed), group in groupby(sorted(result["rows"], key=key), key):
        rows = list(group)
        names = ("given of seen", "given of typed", "wrong of given", "wrong of given, as many strangers")
        given, unseen, wrong, strange = (100 * np.array([row[name] for row in rows]) for name in names)
        cells = (
            f"{given.mean():.0f} | {unseen.mean():.0f} | {wrong.mean():.1f} | {wrong.max():.1f} | {strange.mean():.1f}"
        )
        lines.append(f"| {100 * bound:g} | {seen} | {typed} | {cells} |")
    return [*lines, "", *origins(result), ""]


def _row(name: str, scores: dict[str, Any]) -> str:
    cells = [f"{100 * scores[column]:.1f}" if column in scores else "–" for column in _COLUMNS[1:]]
    cells = [str(scores["clips"]), *cells]
    return f"| {name} | {' | '.join(cells)} |"
