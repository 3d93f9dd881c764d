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

BENCHES = ("mix43", "UTD-MHAD", "UTD-MHAD-joint", "MSR-Action3D", "NW-UCLA")
METHODS = ("default", "ridge", "msf", "eszsl", "cca", "sae", "conse", "cada-vae", "smie", "flora", "true-mean")
"""Of those with all splits, the ones that README.md shows."""

ROWS = [(recipe, selection) for recipe, selections in SELECTIONS.items() for selection in selections]


def readme(text: str) -> str:
    """README.md with its blocks filled anew.

    Args:
        text: as it stands, each block between ``<!-- NAME -->`` and ``<!-- end of NAME -->``.
    """
    blocks = {
        "demo output": _printed("demo"),
        "test output": _printed("tests"),
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


def _printed(script: str) -> list[str]:
    """What readme.py kept, and where and when it was printed."""
    if (result := read(script)) is None:
        return []
    where = "" if is_present(script, result) else f" at {result['commit']}, by source that has changed since,"
    machine = result["machine"].removesuffix(", one thread per seed")
    return ["```text", *result["text"].splitlines(), "```", "", f"Printed{where} on {result['date']} ({machine})."]


def _expect() -> list[str]:
    """What practitioners can expect, on people that no model has seen."""
    shipped, few, fitted = read("shipped-model"), read("few-clips"), read("recognizer")
    if not (shipped and few and fitted):
        return []
    known = {name: percent(shipped[name]["known"]["right"]) for name in ("nw_ucla.npz", "msr_action3d.npz")}
    own, mark_own = percent(shipped["new performers"]["right"]), mark("shipped-model", shipped)
    shown = few["rows"]["27 classes, weights alone, accuracy | texts and clips"]
    one, five, none = (percent(shown[count]["mean"]) for count in ("1", "5", "0"))
    h = " ± ".join(map(percent, fitted["rows"]["four streams | all"]["well"]["harmonic_mean"]))
    return [
        "| model | asked about | right, % |",
        "|---|---|---:|",
        f"| the one that comes along{mark_own} | its 27 actions, its own sensor | {own} |",
        f"| | the same actions, two other sensors | {known['msr_action3d.npz']} and {known['nw_ucla.npz']} |",
        f"| published encoders, no clips{mark('few-clips', few)} | 27 actions that are only described | {none} |",
        f"| | the same with 1 clip shown of each, and with 5 | {one} and {five} |",
        f"| published encoders, 22 actions{mark('recognizer', fitted)} | those and 5 that are described, H | {h} |",
    ]


def _benches() -> list[str]:
    """H of methods on each benchmark, over random class splits, and what the default has more."""
    kept = {name: json.loads((RESULTS / f"bench-{name}.json").read_text()) for name in BENCHES}
    rows = {name: bench_rows(result) for name, result in kept.items()}
    found = {name: estimates(some) for name, some in rows.items()}
    more = {name: {one["b"]: one for one in differences(some) if _is_headline(one)} for name, some in rows.items()}
    heads = [f"{name}{mark('bench', result)}" for name, result in kept.items()]
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
    return [*_named(names), *_seconds(names), *_utd(), *_recognizer(), *_latency()]


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
    about = (
        "On the five class splits of mix43 that have names, whose test figures were read while `default` was developed"
    )
    return [f"- {about}, mean H: {'; '.join(told)}."]


def _seconds(names: list[str]) -> list[str]:
    told = []
    for recipe in SELECTIONS:
        seeds = [seed for name in names for seed in seeds_of(name, recipe)]
        median = statistics.median(seed["validation"]["seconds"] for seed in seeds)
        told.append(f"`{recipe}` {median:.2g} s{mark('run', *seeds)}")
    return [f"- A seed on one core, median: {', '.join(told)}."]


def _utd() -> list[str]:
    if (result := read("utd")) is None:
        return []
    rows = [encoders["NTU-120 weights"] for encoders in result["splits"].values()]
    recipes, h = {row["recipe"] for row in rows}, _listed(row["harmonic_mean"] for row in rows)
    about = f"22 seen and 5 unseen classes, {len(rows)} class splits drawn at random, `{'`, `'.join(recipes)}`"
    return [f"- UTD-MHAD from recordings, {about}, NTU-120 weights{mark('utd', *rows)}: H {h}."]


def _recognizer() -> list[str]:
    if (result := read("recognizer")) is None:
        return []
    rows, splits = result["rows"], result["splits"]
    h = {name: " ± ".join(map(percent, kinds["well"]["harmonic_mean"])) for name, kinds in rows.items()}
    about = f"`gzssar fit` on 22 classes of UTD-MHAD, 5 typed in, new performers, {splits} random class splits"
    told = f"H {h['four streams | all']}, and {h['four streams | no near twins']} without near twins of the 5"
    return [f"- {about}, four NTU-120 encoders and their classifiers{mark('recognizer', result)}: {told}."]


def _latency() -> list[str]:
    if (result := read("latency")) is None:
        return []
    clips = "encoder of 2 bodies, clips of one body"
    long, short = (result[f"{clips}{frames}"]["one clip, PyTorch: ms"] for frames in (", 300 frames", ""))
    marked = mark("latency", result)
    return [f"- From a clip to its answer on one core{marked}: {long:.0f} ms, or {short:.0f} ms with `--frames 64`."]


def _listed(pairs: Any) -> str:
    """Means, ``57.8, 61.5 and 71.2``."""
    *some, last = [percent(mean) for mean, _ in pairs]
    return f"{', '.join(some)} and {last}"
