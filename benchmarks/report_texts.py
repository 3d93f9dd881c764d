"""The sections of RESULTS.md on class texts, and on a recognizer that classes are typed into."""

import statistics
from typing import Any

from results import heading, mark, origins, read

COLUMNS = ("held_out_zsl_accuracy", "zsl_accuracy", "harmonic_mean", "oracle_gate_harmonic_mean")
HEADS = ("held-out ZSL", "ZSL", "H", "oracle H")
FAMILIES = ("mix43", "utd_mhad")
KINDS = ("lb", "ad", "md")


def texts() -> list[str]:
    """Text set × fusion × encoder, and the NTU texts beside the paper's CLIP features."""
    if (result := read("texts")) is None:
        return []
    heads = [f"{family} {head}" for family in ("mix43", "UTD") for head in HEADS]
    lines = [
        "## Class texts",
        "",
        "`python benchmarks/texts.py`: recipe msf except for the fusion, selection by *validation*. The accuracies are",
        "in %, as the mean over the class splits (mix43: s11 to s15; UTD-MHAD: three drawn ones, NTU-120 weights) ±",
        "the sample standard deviation of that mean over seeds. *held-out ZSL*: accuracy on seen classes that are held",
        "out of training, by which you can compare combinations without test clips. Up to commit 67f9355 these are the",
        "classes of the validation phase; since then, it is the mean over folds. *minilm*: all-MiniLM-L6-v2; *mpnet*:",
        "all-mpnet-base-v2. *before*: the first texts of the project. The fusions *mean*, *experts* and *weighted,",
        "fitted* have been removed since.",
        "",
        f"| texts | fusion | encoder | seeds | {' | '.join(heads)} |",
        "| --- | --- | --- | ---: |" + " ---: |" * (2 * len(HEADS)),
    ]
    most = max(map(len, result["scores"].values()))
    whole = {key: splits for key, splits in result["scores"].items() if len(splits) == most}
    for key, splits in sorted(whole.items(), key=lambda item: _order(item[0])):
        edition, text, fusion, encoder = key.split(" · ")
        seeds, cells = _cells(splits)
        name = text if edition == "now" else f"{text}, {edition}"
        fusion = fusion if "+" in text or "+" in encoder else "–"
        marked = mark("texts", result["made"][key])
        lines.append(f"| {name}{marked} | {fusion} | {encoder} | {seeds} | {' | '.join(cells)} |")
    return [*lines, "", *origins(*result["made"].values()), "", *_ntu(result)]


def _order(key: str) -> tuple[int, str, str, str]:
    edition, text, fusion, encoder = key.split(" · ")
    return (2 if edition != "now" else int(encoder != "minilm"), f"{text.count('+')}{text}", fusion, encoder)


def _cells(splits: dict[str, Any]) -> tuple[int, list[str]]:
    """How many seeds every split has, and a cell per family and column."""
    done = sorted(set.intersection(*(set(seeds) for seeds in splits.values())))
    cells = []
    for family in FAMILIES:
        of_family = [seeds for name, seeds in splits.items() if name.startswith(family)]
        for column in COLUMNS:
            means = [100 * statistics.mean(seeds[seed][column] for seeds in of_family) for seed in done]
            spread = f" ± {statistics.stdev(means):.1f}" if len(means) > 1 else ""
            cells.append(f"{statistics.mean(means):.1f}{spread}")
    return len(done), cells


def _ntu(result: dict[str, Any]) -> list[str]:
    """Pairs above .95, agreement and correlation, per kind of text."""
    heads = [f"{what} {kind}" for what in ("pairs > .95", "same neighbour", "rank corr.") for kind in KINDS]
    lines = [
        *heading("NTU RGB+D texts", "texts", result, level=3),
        "This table compares the similarities of our texts with those of the paper's CLIP ViT-B/32 features. For each",
        "kind of text, it has the number of pairs with a cosine above .95, the share of classes with the same nearest",
        "neighbour, and Spearman's rank correlation over all pairs. *before*: the first draft, before it was edited",
        "with `gzssar texts check`.",
        "",
        f"| classes · encoder · edition | {' | '.join(heads)} |",
        "| --- |" + " ---: |" * 9,
    ]
    for name, kinds in result["ntu"].items():
        cells = [str(kinds[kind]["pairs above .95"]) for kind in KINDS]
        for key in ("nearest neighbour agreement", "rank correlation"):
            cells += [f"{kinds[kind][key]:.2f}" if key in kinds[kind] else "–" for kind in KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def recognizer() -> list[str]:
    """UTD-MHAD: fitted on 22 classes, five typed in."""
    if (result := read("recognizer")) is None:
        return []
    heads = {
        "zsl_accuracy": "ZSL",
        "seen_accuracy": "S",
        "unseen_accuracy": "U",
        "harmonic_mean": "H",
        "calibration_error": "calibration error",
    }
    lines = [
        *heading("A recognizer with classes typed in", "recognizer", result),
        f"`python benchmarks/recognizer.py`: `gzssar fit`, recipe {result['recipe']}, on 22 classes of UTD-MHAD by",
        "performers with odd ids. `add_class` adds the other five classes. The test is on performers with even ids,",
        f"and all 27 classes compete. Mean ± standard error over {result['splits']} random class splits, those of",
        "`gzssar bench`. The encoders have the published weights of NTU-120 and read 100 frames. *knows*: which of",
        "the encoder's own 120 classes take part in the fit: all, those that are no near twins of a typed class, or",
        "none. (A near twin has a label or a motion text that is similar to that of the typed class; decision 19 has",
        "the bound.) *well*: typed with the packaged action and motion texts. *vaguely*: typed with a sentence that",
        "would fit anything. *held-out folds*: the scores of the model card, from training performers alone.",
        "*calibration error*: the expected calibration error of the highest class probability.",
        "",
        f"| encoders | knows | typed | {' | '.join(heads.values())} |",
        "| --- | --- | --- |" + " ---: |" * len(heads),
    ]
    for name, kinds in result["rows"].items():
        for typed, scores in kinds.items():
            cells = [f"{100 * scores[key][0]:.1f} ± {100 * scores[key][1]:.1f}" for key in heads]
            lines.append(f"| {name} | {typed} | {' | '.join(cells)} |")
    adding = statistics.median(kinds["well"]["add_class_ms"][0] for kinds in result["rows"].values())
    fitting = statistics.median(kinds["well"]["fit_s"][0] for kinds in result["rows"].values())
    told = f"- a class is added in {adding:.0f} ms, after its texts are encoded; a fit takes {fitting:.1f} s"
    return [*lines, "", told, *origins(result), ""]
