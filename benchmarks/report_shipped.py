"""The section of RESULTS.md on the model that comes with the package."""

from typing import Any

from results import heading, origins, read

_SENSORS = {"nw_ucla.npz": "NW-UCLA", "msr_action3d.npz": "MSR Action3D"}
_COLUMNS = ("clips", "right", "given", "wrong of given")


def shipped_model() -> list[str]:
    """What the packaged model answers to people and sensors that it does not know."""
    if (result := read("shipped-model")) is None:
        return []
    low, high = result["new performers"]["interval"]
    lines = [
        *heading("The model that comes with the package", "shipped-model", result),
        "`python benchmarks/shipped_model.py`: two streams of a narrow Shift-GCN and a recognizer of 27 classes, all",
        "trained on performers 1 to 6 of UTD-MHAD. Performers 7 and 8 took no part in any choice. The clips of other",
        "sensors are of performers with even ids; those with odd ids helped to choose streams and variations.",
        "*right*: the best class is right, whether it is given as an answer or not. *given*: clips that get an answer",
        "at the default bound of a fifth wrong answers. *others*: clips of classes that the model does not know, for",
        "which every answer is wrong.",
        "",
        f"| clips of | {' | '.join(_COLUMNS)} |",
        "| --- |" + " ---: |" * len(_COLUMNS),
        _row("performers 7 and 8 of UTD-MHAD", result["new performers"]),
    ]
    for file, name in _SENSORS.items():
        lines.append(_row(f"{name}, classes that UTD-MHAD has", result[file]["known"]))
        lines.append(_row(f"{name}, others", result[file]["other"]))
    lines += [
        "",
        f"- 95 % interval of *right* for performers 7 and 8, by resampling clips: {100 * low:.1f} to {100 * high:.1f}.",
    ]
    for file, name in _SENSORS.items():
        typed = result[file]["typed"]
        lines.append(
            f"- {name}, with {typed['classes']} other classes typed in: of their {typed['clips']} clips, "
            f"{100 * typed['right among themselves']:.1f} % are right among the typed classes and "
            f"{100 * typed['right']:.1f} % among all; of the clips of seen classes, "
            f"{100 * typed['seen ones right']:.1f} % are right."
        )
    lines.append(
        f"- {1000 * result['seconds per clip']:.0f} ms from a clip in memory to its answer, one thread, median; "
        f"the folder has {result['bytes'] / 1e6:.2f} MB."
    )
    return [*lines, *origins(result), ""]


def _row(name: str, scores: dict[str, Any]) -> str:
    cells = " | ".join(f"{100 * scores[column]:.1f}" for column in _COLUMNS[1:])
    return f"| {name} | {scores['clips']} | {cells} |"
