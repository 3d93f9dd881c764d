"""Writes RESULTS.md, and the blocks of README.md that show numbers, from the files under ``results/``.

    python benchmarks/report.py [--check]

A row that the present source did not make is marked with the commit that made it. ``--check`` writes nothing, and ends
with 1 where one of the two files is not what would be written.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterable
from typing import Any

from gzssar.evaluation.summary import percent
from gzssar.files import write_text
from report_ablation import ablation
from report_bench import random_splits
from report_few_clips import few_clips
from report_readme import readme
from report_robustness import abstention, robustness
from report_shipped import shipped_model
from report_texts import recognizer, texts
from results import CHECKOUT, HERE, RESULTS, SELECTIONS, heading, mark, origins, read, seeds_of

COLUMNS = {
    "ZSL": "zsl_accuracy",
    "S": "seen_accuracy",
    "U": "unseen_accuracy",
    "H": "harmonic_mean",
    "mean-class H": "mean_class_harmonic_mean",
    "oracle H": "oracle_gate_harmonic_mean",
    "gate AUC": "gate_auc",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where something would change")
    check = parser.parse_args().check
    wanted = {HERE / "RESULTS.md": results(), CHECKOUT / "README.md": readme((CHECKOUT / "README.md").read_text())}
    stale = {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}
    if check and stale:
        names = " and ".join(path.relative_to(CHECKOUT).as_posix() for path in stale)
        sys.exit(
            f"{names} should be as `python benchmarks/report.py` writes them, but they are not: run it again, since "
            "a change of source turns rows into history, which it marks with the commits that made them."
        )
    for path, text in stale.items():
        write_text(path, text)


def results() -> str:
    """RESULTS.md."""
    sections = (
        _head,
        _recipes,
        _gate,
        random_splits,
        ablation,
        _utd,
        texts,
        recognizer,
        few_clips,
        robustness,
        abstention,
        shipped_model,
        _speed,
    )
    return "\n".join([*(line for section in sections for line in section()), (HERE / "notes.md").read_text()])


def _head() -> list[str]:
    return [
        "# Results",
        "",
        "The scripts in this folder measured these results (each section names its script), and",
        "`python benchmarks/report.py` wrote this page. Only the notes at the end (`notes.md`) are written by hand.",
        "",
        "**(at COMMIT)** after a row, or under a heading, marks an older result. It was measured at that commit, and",
        "the source code that affects it has changed since, so it might be different today. Results without this mark",
        "come from source that is the same as the present one, except for comments and formatting.",
        "",
        "Accuracies are per sample, in %, as mean ± sample standard deviation over seeds, unless a section says",
        "otherwise. *validation*: nothing was chosen on test clips, but test results were read while the default was",
        "developed (see the notes). *paper-test-selected*: the training cycle was chosen on the unseen test clips, as",
        "in the authors' code; these rows are for comparison with numbers that were selected in the same way.",
        "",
        "[The protocol](../docs/protocol.md#metrics) and [benches](../docs/bench.md#what-it-writes) define the",
        "metrics, [methods](../docs/methods.md) lists the methods, and the [glossary](../docs/glossary.md) explains",
        "the words. mix43 is a benchmark of 43 classes from UTD-MHAD, MSR Action3D and NW-UCLA ([how it is",
        "made](../docs/reproducing.md#mix43-from-its-sources)); s11 to s15 are its five named class splits.",
        "",
    ]


def _recipes() -> list[str]:
    lines = ["## Accuracy", "", "`python benchmarks/run.py`: one class split in each row; texts lb+ad+md.", ""]
    rows = {path.stem: json.loads(path.read_text()) for path in sorted((HERE / "rows").glob("*.json"))}
    heads = ["split", "recipe · selection", "seeds", *COLUMNS]
    lines += [f"| {' | '.join(heads)} |", "| --- | --- |" + " ---: |" * (len(heads) - 2)]
    done: dict[str, list[float]] = {}
    behind: dict[str, list[dict[str, Any]]] = {}
    for name, row in rows.items():
        published = row["published"]
        results = {recipe: seeds_of(name, recipe) for recipe in row["recipes"]}
        if not any(results.values()):
            continue
        for recipe, seeds in ((recipe, seeds) for recipe, seeds in results.items() if seeds):
            for selection in SELECTIONS[recipe]:
                values = [[100 * seed[selection][key] for seed in seeds] for key in COLUMNS.values()]
                cells = [_spread(column) for column in values]
                kind = f"{recipe} · {selection}"
                lines.append(f"| {name} | {kind}{mark('run', *seeds)} | {len(seeds)} | {' | '.join(cells)} |")
                done.setdefault(kind, []).append(statistics.mean(values[3]))
                behind.setdefault(kind, []).extend(seeds)
        cells = [f"{published[key]:.2f}" for key in ("ZSL", "S", "U", "H")]
        lines.append(f"| {name} | authors' code ¹ | 1 | {' | '.join(cells)} | – | – | – |")
    lines += ["", f"¹ {next(iter(rows.values()))['published']['source']}.", ""]
    for kind, means in done.items():
        lines.append(
            f"- {kind}{mark('run', *behind[kind])}: mean H over the {len(means)} splits "
            f"{statistics.mean(means):.1f}, lowest {min(means):.1f}"
        )
    skipped = [name for name in rows if not any(seeds_of(name, recipe) for recipe in rows[name]["recipes"])]
    every = [seed for seeds in behind.values() for seed in seeds]
    return [*lines, *origins(*every), f"- not run, because we lack the features: {', '.join(skipped)}", ""]


def _gate() -> list[str]:
    """How the paper's gate spreads: the largest p_seen any test clip gets."""
    about = "The recipe `paper`, by *validation*: the gate's p_seen for the test clips. The gate's threshold is .5."
    lines = [
        "## The paper's gate",
        "",
        about,
        "",
        "| split | largest p_seen of a test clip | median p_seen | gate AUC |",
    ]
    lines += ["| --- | ---: | ---: | ---: |"]
    for folder in sorted(RESULTS.glob("mix43-*-paper")):
        name = folder.name.removesuffix("-paper")
        seeds = seeds_of(name, "paper")
        keys = ("largest_p_seen", "median_p_seen", "gate_auc")
        cells = [_spread([seed["validation"][key] for seed in seeds], 2) for key in keys]
        lines.append(f"| {name}{mark('run', *seeds)} | {' | '.join(cells)} |")
    return [*lines, ""]


def _utd() -> list[str]:
    """UTD-MHAD from recordings to scores, with two encoders."""
    if (result := read("utd")) is None:
        return []
    lines = [
        "## UTD-MHAD, from recordings",
        "",
        "`python benchmarks/utd.py`: 861 clips with 22 seen and 5 unseen classes; the number of the split is the seed",
        "of the draw. Selection is by *validation*, and the texts are lb+ad+md. The encoder with NTU-120 weights",
        "never saw these people, but some of its 120 classes are similar to the unseen classes here. The other",
        "encoder saw only the training clips of the seen classes.",
        "",
        "| split | encoder | recipe | ZSL | S | U | H | oracle H |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for split, encoders in result["splits"].items():
        for encoder, scores in encoders.items():
            cells = [percent(*value) for value in scores.values() if isinstance(value, list)]
            lines.append(f"| {split} | {encoder}{mark('utd', scores)} | {scores['recipe']} | {' | '.join(cells)} |")
    every = [scores for encoders in result["splits"].values() for scores in encoders.values()]
    return [*lines, "", *origins(*every), f"- encoder: {result['encoder']}", ""]


SPEEDS = {
    "speed": (
        "Experiments",
        "`python benchmarks/speed.py`: one thread; medians. A *problem* is a phase or a fold and has its own model.",
    ),
    "growth": (
        "Growth",
        (
            "`python benchmarks/growth.py`: one seed of `default` on random features; one thread, measured once. *of "
            "it before*: memory that the process had taken before the seed, with the features in it."
        ),
    ),
    "encoder-cpu": ("Skeleton encoder", "`python benchmarks/encoder.py`: one thread; medians; full width."),
    "encoder-cuda": ("Skeleton encoder on a GPU", "`python benchmarks/encoder.py --device cuda`."),
    "latency": (
        "From clip to scores",
        (
            "`python benchmarks/latency.py`: one thread; medians; full width; 64 frames unless a row names another "
            "number. *load*: the machine's load average, the number of processes that run or wait for a core."
        ),
    ),
    "serving": (
        "The web page's routes",
        "`python benchmarks/serving.py`: 200 requests from 16 clients on loopback.",
    ),
    "uploads": (
        "Expensive uploads",
        "`python benchmarks/uploads.py`: four expensive uploads at a time; beside them, ordinary requests in sequence.",
    ),
    "endurance": (
        "Mixed load for a long time",
        "`python benchmarks/endurance.py`: clients that ask, send damaged or expensive files, or disconnect.",
    ),
    "kills": (
        "Kills",
        (
            "`python benchmarks/kills.py`: saves of a model and commands that can continue are killed at random times. "
            "*wrong*: the number of damaged models, of results that differ from the undisturbed run, and of files that "
            "are left over."
        ),
    ),
    "parsing": ("Parsing NTU RGB+D text", "`python benchmarks/parsing.py`: one core; generated files."),
}


def _speed() -> list[str]:
    lines = ["## Speed and memory", ""]
    for name, (title, about) in SPEEDS.items():
        if result := read(name):
            values = [f"| {n} | {v} |" for n, v in _flat({key: one for key, one in result.items() if key != "source"})]
            lines += heading(title, name.split("-")[0], result, level=3)
            lines += [about, "", "| what | value |", "| --- | ---: |", *values, ""]
    return [*lines, *_readers()]


def _readers() -> list[str]:
    if not (result := read("readers-cost")):
        return []
    lines = heading("What the worst files cost to read", "readers", result, level=3)
    lines += ["`python benchmarks/readers_cost.py`: memory above that of the process before it reads; one core."]
    lines += ["All clips at the command line, and one clip as an upload, which may take 20 times its size.", ""]
    lines += ["| file | size, MiB | peak, MiB | seconds | outcome | as an upload, MiB | times its size | outcome |"]
    lines += ["| --- | ---: | ---: | ---: | --- | ---: | ---: | --- |"]
    for name, costs in result["files"].items():
        read_all, uploaded = costs["commanded"], costs["uploaded"]
        numbers = [f"{costs['mib']:.2f}", f"{read_all['peak']:.1f}", f"{read_all['seconds']:.2f}", _outcome(read_all)]
        numbers += [f"{uploaded['peak']:.1f}", f"{uploaded['peak'] / costs['mib']:.1f}", _outcome(uploaded)]
        lines.append(f"| {name} | {' | '.join(numbers)} |")
    return [*lines, "", *origins(result), ""]


def _outcome(cost: dict[str, Any]) -> str:
    return "read" if cost["outcome"] == "read" else "refused"


def _flat(values: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}: ")
        else:
            small = isinstance(value, float) and 0 < abs(value) < 0.005
            yield prefix + name, f"{value:.0e}" if small else f"{value:.2f}" if isinstance(value, float) else str(value)


def _spread(values: list[float], digits: int = 1) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


if __name__ == "__main__":
    main()
