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
        "`python benchmarks/shipped_model.py`: two streams of a narrow Shift-GCN and a recognizer of 27 classes, both",
        "of performers 1 to 6 of UTD-MHAD. Performers 7 and 8 took no part in any choice. Clips of other sensors",
        "are of performers with even ids; those with odd ids helped to choose streams and variations.",
        "*right*: the best class, whether given or not; *given*: at the usual bound of a fifth wrong;",
        "*others*: clips of classes that it does not know, where every answer is wrong.",
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
        f"- Of performers 7 and 8, 95 % of resamples of clips have between {100 * low:.1f} and {100 * high:.1f} right.",
    ]
    for file, name in _SENSORS.items():
        typed = result[file]["typed"]
        lines.append(
            f"- {name}, {typed['classes']} other classes typed in, {typed['clips']} clips: right among themselves "
            f"{100 * typed['right among themselves']:.1f}, among all {100 * typed['right']:.1f}; clips of seen classes "
            f"beside them {100 * typed['seen ones right']:.1f}."
        )
    lines.append(
        f"- {1000 * result['seconds per clip']:.0f} ms from a clip in memory to its answer, one thread, median; "
        f"the folder has {result['bytes'] / 1e6:.2f} MB."
    )
    return [*lines, *origins(result), ""]


def _row(name: str, scores: dict[str, Any]) -> str:
    cells = " | ".join(f"{100 * scores[column]:.1f}" for column in _COLUMNS[1:])
    return f"| {name} | {scores['clips']} | {cells} |"
