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

ROWS = [(recipe, selection) for recipe, selections in SELECTIONS.items() for selection in selections]


def readme(text: str) -> str:
    """README.md with its blocks filled anew.

    Args:
        text: as it stands, each block between ``<!-- NAME -->`` and ``<!-- end of NAME -->``.
    """
    blocks = {
        "demo output": _printed("demo"),
        "test output": _printed("tests"),
        "benches": _benches(),
        "scores": _scores(),
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


def _benches() -> list[str]:
    """H of each method on each benchmark, over random class splits, and what the default has more."""
    paths = [path for path in sorted(RESULTS.glob("bench-*.json")) if "ablation" not in path.stem]
    kept = {path.stem.removeprefix("bench-"): json.loads(path.read_text()) for path in paths}
    rows = {name: bench_rows(result) for name, result in kept.items()}
    found = {name: estimates(some) for name, some in rows.items()}
    more = {name: {one["b"]: one for one in differences(some) if _is_headline(one)} for name, some in rows.items()}
    heads = [f"{name}{mark('bench', result)}" for name, result in kept.items()]
    lines = [f"| H | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for method in dict.fromkeys(method for some in found.values() for method in some):
        cells = []
        for name in kept:
            one, ahead = found[name].get(method), more[name].get(method)
            cell = percent(one["mean"]["harmonic_mean"], one["se"]["harmonic_mean"]) if one else "–"
            cells.append(f"{cell} ({points(ahead)})" if ahead else f"**{cell}**" if one else cell)
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return lines if kept else []


def _is_headline(one: Difference) -> bool:
    return (one["a"], one["metric"]) == ("default", "harmonic_mean")


def _scores() -> list[str]:
    """Recipes by class splits, then single figures."""
    names = [path.stem for path in sorted((HERE / "rows").glob("mix43-*.json"))]
    published = [json.loads((HERE / "rows" / f"{name}.json").read_text())["published"]["H"] for name in names]
    lines = [f"| | {' | '.join(name.removeprefix('mix43-') for name in names)} |", "|---|" + "---:|" * len(names)]
    lines.append(_row(names, "ZSL", "zsl_accuracy", *ROWS[0], ""))
    for recipe, selection in ROWS:
        style = "*" if selection != "validation" else "**" if recipe == "default" else ""
        lines.append(_row(names, "H", "harmonic_mean", recipe, selection, style))
    cells = [f"*{one:.2f}*" for one in published]
    lines.append(f"| *H, authors' code, one seed, test-selected* | {' | '.join(cells)} |")
    return [*lines, "", *_seconds(names), *_utd(), *_recognizer(), *_latency()]


def _row(names: list[str], head: str, metric: str, recipe: str, selection: str, style: str) -> str:
    seeds = {name: seeds_of(name, recipe) for name in names}
    marked = mark("run", *(seed for some in seeds.values() for seed in some))
    cells = [f"{style}{head}, `{recipe}` · {selection}{marked}{style}"]
    for some in seeds.values():
        values = [seed[selection][metric] for seed in some]
        cells.append(f"{style}{percent(statistics.mean(values), statistics.stdev(values))}{style}")
    return f"| {' | '.join(cells)} |"


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
