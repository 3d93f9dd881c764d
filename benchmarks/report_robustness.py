"""The section of RESULTS.md on clips as people have them, from results/robustness.json."""

import json
from typing import Any

from run import HERE

_SENSORS = {"nw_ucla.npz": "NW-UCLA (Kinect v1, 12 fps)", "msr_action3d.npz": "MSR Action3D (15 fps)"}
_COLUMNS = ("clips", "right as frames come", "right", "given", "wrong of given", "wrong ones held back")


def robustness() -> list[str]:
    """What a recognizer says about clips that are not as its training clips were."""
    path = HERE / "results" / "robustness.json"
    if not path.exists():
        return []
    result = json.loads(path.read_text())
    lines = [
        "## Clips as people have them",
        "",
        "`python benchmarks/robustness.py`: a recognizer of all 27 classes of UTD-MHAD, fitted on performers with",
        f"odd ids (NTU-120 joint weights, {result['frames']} frames), asked about {result['clips']} clips of two",
        "others, as recorded and changed. One fit; a clip more or less is 1.9 points. What finds the action and what",
        "abstains was developed on clips of these three sets, test performers included: nothing here is kept back.",
        "",
        "*as frames come*: the same model without resampling, trimming and choosing bodies.",
        "",
        "| clips | right | share of as recorded | as frames come |",
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
        f"- Features of the same clips at other frame rates, cosine to those at 30, nothing trimmed: {cosines}.",
        f"- Somebody just stands: {still['named']} of {still['clips']} clips get a class.",
        (
            f"- Warned of as mirrored: {mirrored['warned']} of {mirrored['clips']} that are, {plainly['warned']} of "
            f"{plainly['clips']} that are not."
        ),
        "",
        "The same recognizer asked about other sensors, with abstention at its usual bound of a fifth wrong. *right*:",
        "the best class, whether given or not; *others*: clips of classes that it does not know, where every answer is",
        "wrong.",
        "",
        f"| clips of | {' | '.join(_COLUMNS)} |",
        "| --- |" + " ---: |" * len(_COLUMNS),
        _row("new performers of UTD-MHAD", result["abstaining"]["new performers"]),
    ]
    for file, name in _SENSORS.items():
        for kind, told in (("known", "classes that UTD-MHAD has"), ("other", "others")):
            lines.append(_row(f"{name}, {told}", result["sensors"][file][kind]))
    return [*lines, "", *(f"- {key}: {result[key]}" for key in ("commit", "machine")), ""]


def _row(name: str, scores: dict[str, Any]) -> str:
    cells = [f"{100 * scores[column]:.1f}" if column in scores else "–" for column in _COLUMNS[1:]]
    cells = [str(scores["clips"]), *cells]
    return f"| {name} | {' | '.join(cells)} |"
