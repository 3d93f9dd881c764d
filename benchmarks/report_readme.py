"""The blocks of README.md that show numbers and printed output."""

import json
import re
import statistics
from typing import Any

from gzssar.evaluation.paired import Difference, differences, estimates
from gzssar.evaluation.summary import percent
from gzssar.reports.bench import points
from report_bench import bench_rows
from results import HERE, RESULTS, SELECTIONS, is_present, mark, read, seeds_of

BENCHES = {"mix43": "35/8", "UTD-MHAD": "22/5", "UTD-MHAD-joint": "22/5", "MSR-Action3D": "16/4", "NW-UCLA": "8/2"}
"""By name: how many classes are seen, and how many unseen."""
METHODS = ("default", "ridge", "msf", "cca", "sae", "true-mean")
"""The methods that README.md shows. RESULTS.md has all of them."""

ROWS = [(recipe, selection) for recipe, selections in SELECTIONS.items() for selection in selections]


def readme(text: str) -> str:
    """README.md with its blocks filled anew.

    Args:
        text: as it stands, each block between ``<!-- NAME -->`` and ``<!-- end of NAME -->``.
    """
    blocks = {
        "demo output": _demo(),
        "test output": _tests(),
        "expect": _expect(),
        "benches": _benches(),
        "figures": _figures(),
    }
    for name, lines in blocks.items():
        if not lines:  # nothing was kept yet
            continue
        block = re.compile(f"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", re.DOTALL)
        text = block.sub("".join(f"{line}\n" for line in lines).replace("\\", r"\\"), text)
    return text


def _demo() -> list[str]:
    """The table that scripts/demo prints, with what its ± covers."""
    if (result := read("demo")) is None:
        return []
    table, _, _ = result["text"].partition("Synthetic data:")  # the rest names the report's folder
    return ["```text", *table.splitlines(), "```", "", f"Printed{_made('demo', result)}."]


def _tests() -> list[str]:
    """The last line that scripts/test prints."""
    if (result := read("tests")) is None:
        return []
    return [f"`{result['text'].splitlines()[-1]}`, printed{_made('tests', result)}."]


def _made(script: str, result: dict[str, Any]) -> str:
    """When and on which machine readme.py kept an output, and at which commit where the source has changed since."""
    where = "" if is_present(script, result) else f" at {result['commit']}, by source that has changed since,"
    machine = result["machine"].removesuffix(", one thread per seed")
    return f"{where} on {result['date']} ({machine})"


def _expect() -> list[str]:
    """What practitioners can expect, for people whom the model has not seen."""
    shipped, few, fitted = read("shipped-model"), read("few-clips"), read("recognizer")
    if not (shipped and few and fitted):
        return []
    known = {name: percent(shipped[name]["known"]["right"]) for name in ("nw_ucla.npz", "msr_action3d.npz")}
    own, mark_own = percent(shipped["new performers"]["right"]), mark("shipped-model", shipped)
    shown = few["rows"]["27 classes, weights alone, accuracy | texts and clips"]
    one, five, none = (percent(shown[count]["mean"]) for count in ("1", "5", "0"))
    h = " ± ".join(map(percent, fitted["rows"]["four streams | all"]["well"]["harmonic_mean"]))
    return [
        "| model | clips | right, % |",
        "|---|---|---:|",
        f"| packaged{mark_own} | its 27 actions, recorded by the sensor of its training clips | {own} |",
        f"| | its actions, recorded by two other sensors | {known['msr_action3d.npz']} and {known['nw_ucla.npz']} |",
        f"| published encoders, no clips{mark('few-clips', few)} | 27 actions, known by description only | {none} |",
        f"| | the same actions, after 1 clip of each was shown, and after 5 | {one} and {five} |",
        f"| published encoders and 22 actions{mark('recognizer', fitted)} | those and 5 by description: H | {h} |",
    ]


def _benches() -> list[str]:
    """H of methods on each benchmark, over random class splits, and what the default has more."""
    kept = {name: json.loads((RESULTS / f"bench-{name}.json").read_text()) for name in BENCHES}
    rows = {name: bench_rows(result) for name, result in kept.items()}
    found = {name: estimates(some) for name, some in rows.items()}
    more = {name: {one["b"]: one for one in differences(some) if _is_headline(one)} for name, some in rows.items()}
    heads = [f"{name} {BENCHES[name]}{mark('bench', result)}" for name, result in kept.items()]
    lines = [f"| H | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for method in METHODS:
        cells = []
        for name in kept:
            one, ahead = found[name].get(method), more[name].get(method)
            cell = percent(one["mean"]["harmonic_mean"], one["se"]["harmonic_mean"]) if one else "–"
            cells.append(f"{cell} ({points(ahead)})" if ahead else f"**{cell}**" if one else cell)
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return lines


def _is_headline(one: Difference) -> bool:
    return (one["a"], one["metric"]) == ("default", "harmonic_mean")


def _figures() -> list[str]:
    """Single figures."""
    names = [path.stem for path in sorted((HERE / "rows").glob("mix43-*.json"))]
    return [*_named(names), *_seconds(names)]


def _named(names: list[str]) -> list[str]:
    """H on the class splits that have names."""
    told = []
    for recipe, selection in ROWS:
        if selection == "validation":
            means = [
                statistics.mean(seed[selection]["harmonic_mean"] for seed in seeds_of(name, recipe)) for name in names
            ]
            every = [seed for name in names for seed in seeds_of(name, recipe)]
            told.append(
                f"`{recipe}` {percent(statistics.mean(means))}, lowest {percent(min(means))}{mark('run', *every)}"
            )
    about = "Mean H on the five named class splits of mix43, whose test figures we read while we developed `default`"
    return [f"- {about}: {'; '.join(told)}."]


def _seconds(names: list[str]) -> list[str]:
    told = []
    for recipe in SELECTIONS:
        seeds = [seed for name in names for seed in seeds_of(name, recipe)]
        median = statistics.median(seed["validation"]["seconds"] for seed in seeds)
        told.append(f"`{recipe}` {median:.2g} s{mark('run', *seeds)}")
    return [f"- Time on one core: for one seed, median, {', '.join(told)}{_latency()}."]


def _latency() -> str:
    if (result := read("latency")) is None:
        return ""
    clips = "encoder of 2 bodies, clips of one body"
    long, short = (result[f"{clips}{frames}"]["one clip, PyTorch: ms"] for frames in (", 300 frames", ""))
    marked = mark("latency", result)
    return f"; for the answer to one clip{marked}, {long:.0f} ms, or {short:.0f} ms with `--frames 64`"
