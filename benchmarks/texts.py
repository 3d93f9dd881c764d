"""Text set × fusion × encoder on mix43 and UTD-MHAD, and our NTU texts beside the paper's CLIP features.

    python benchmarks/texts.py [--data ../shared/data] [--seeds 5] [--jobs 2] [--mpnet NAME_OR_DIR] [--editions DIR …]
    python benchmarks/report.py

UTD-MHAD's features are made by the NTU-120 weights, three class splits drawn by their number (as in utd.py). Seeds that
the present source has done stay in results/texts.json; a kill loses those that run. `--editions` names folders with
other editions of the packaged tables (mix43.csv, utd_mhad.csv, ntu60.csv, ntu120.csv) to compare with.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from gzssar.errors import TextError
from gzssar.experiment.story import Experiment, run_seed
from gzssar.features.class_cut import ZeroShot
from gzssar.features.synse import read_synse
from gzssar.methods.msf.method import Msf
from gzssar.methods.problem import Spaces
from gzssar.methods.recipe import Recipe
from gzssar.texts.authoring.checking import Similarity, similarity
from gzssar.texts.classes import find_class_texts
from gzssar.texts.encoding import Encoding, encode_texts, load_text_encoders, text_kinds
from gzssar.texts.features import read_text_tables
from results import HERE, is_present, keyed, origin, read, write
from utd import ntu_features

KINDS = ("lb", "ad", "md")
ALL = "lb+ad+md"

FUSIONS: dict[str, Recipe] = {
    name: Recipe(name, Msf(spaces))
    for name, spaces in {
        "concatenation": Spaces(fusion="concatenation"),
        "standardised": Spaces(fusion="standardised"),
        "weighted 1:1:2": Spaces(fusion="weighted", text_weights=(1.0, 1.0, 2.0)),
    }.items()
}


@dataclass(frozen=True)
class Row:
    """One combination."""

    edition: str
    """``now``: the packaged tables; else the name of a folder with others."""
    text: str
    fusion: str
    encoder: str

    def key(self) -> str:
        return " · ".join((self.edition, self.text, self.fusion, self.encoder))


def rows(editions: list[Path]) -> list[Row]:
    kinds = [Row("now", kind, "standardised", "minilm") for kind in KINDS]
    sets = [Row("now", "ad+md", "weighted 1:1:2", "minilm")]
    fusions = [Row("now", ALL, fusion, "minilm") for fusion in FUSIONS]
    encoders = [Row("now", ALL, "weighted 1:1:2", encoder) for encoder in ("mpnet", "minilm+mpnet")]
    others = [Row(folder.name, ALL, "weighted 1:1:2", "minilm") for folder in editions]
    return kinds + sets + fusions + encoders + others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mpnet", default="mpnet", help="all-mpnet-base-v2, by name or as a folder")
    parser.add_argument("--editions", type=Path, nargs="*", default=[])
    parser.add_argument("--work", type=Path, default=Path("runs") / "utd")
    arguments = parser.parse_args()
    about = origin("texts")
    result = (read("texts") or {"made": {}, "scores": {}}) | about
    for key in [row.key() for row in rows(arguments.editions)]:
        if not is_present("texts", result["made"].get(key, {})):
            result["made"][key], result["scores"][key] = about, {}
    result["ntu"] = ntu(arguments.data, arguments.mpnet, arguments.editions)
    write("texts", result)
    tasks = list(missing(result["scores"], arguments))
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        futures = {pool.submit(score, *task, arguments.mpnet, arguments.editions): task for task in tasks}
        for done, future in enumerate(as_completed(futures), start=1):
            folder, table, row, seed = futures[future]
            result["scores"][row.key()].setdefault(name_of(folder, table), {})[str(seed)] = future.result()
            write("texts", result)
            print(f"{done}/{len(tasks)}", row.key(), name_of(folder, table), seed, flush=True)


def missing(scores: dict[str, Any], arguments: argparse.Namespace) -> Iterator[tuple[Path, str, Row, int]]:
    """What has yet to run, seed by seed, so that a part of it is a table too."""
    folders = [(arguments.data / "mix43" / f"s{number}", "mix43") for number in range(11, 16)]
    for number in range(3):
        folder = keyed(arguments.work / f"{number}-NTU-120-weights")
        if not folder.exists():
            ntu_features(arguments.data, folder, ZeroShot(unseen_count=5, split_seed=number))
        folders.append((folder, "utd_mhad"))
    for seed in range(arguments.seeds):
        for folder, table in folders:
            for row in rows(arguments.editions):
                if str(seed) not in scores[row.key()].get(name_of(folder, table), {}):
                    yield folder, table, row, seed


def name_of(folder: Path, table: str) -> str:
    return f"{table} {folder.name.split('-')[0]}"


def score(folder: Path, table: str, row: Row, seed: int, mpnet: str, editions: list[Path]) -> dict[str, float]:
    """One seed of one combination on one class split."""
    folders = {folder.name: folder for folder in editions}
    source = table if row.edition == "now" else f"{folders[row.edition]}/{table}.csv"
    encoders = tuple(mpnet if name == "mpnet" else name for name in row.encoder.split("+"))
    texts = encoded(source, encoders)
    experiment = Experiment(
        benchmark(folder), {kind: texts[kind] for kind in text_kinds(row.text)}, FUSIONS[row.fusion]
    )
    record = run_seed(experiment, seed)
    return {
        "held_out_zsl_accuracy": record.extra["held_out_zsl_accuracy"],
        "zsl_accuracy": record.scores.zsl_accuracy,
        "harmonic_mean": record.scores.harmonic_mean,
        "oracle_gate_harmonic_mean": record.scores.oracle_gate_harmonic_mean,
    }


@cache
def encoded(source: str, encoders: tuple[str, ...]) -> Any:
    return encode_texts(find_class_texts(source), KINDS, load_text_encoders(Encoding(encoders)))


@cache
def benchmark(folder: Path) -> Any:
    return read_synse(folder)


def ntu(data: Path, mpnet: str, others: list[Path]) -> dict[str, Any]:
    """How near our NTU texts are to the paper's by what is similar to what, per kind of text."""
    editions = {"now": lambda count: f"ntu{count}"}
    for folder in (folder for folder in others if (folder / "ntu60.csv").exists()):
        editions[folder.name] = lambda count, folder=folder: f"{folder}/ntu{count}.csv"
    table: dict[str, Any] = {}
    for count in (60, 120):
        theirs = read_text_tables(data / "ntu_reference" / "clip_vit_b32", KINDS, count)
        table[f"{count} · CLIP ViT-B/32, the paper's"] = {
            kind: {"pairs above .95": near_pairs(similarity(theirs[kind]))} for kind in KINDS
        }
        for edition, source in editions.items():
            for encoder, name in (("minilm", "minilm"), ("mpnet", mpnet)):
                ours = encode_texts(find_class_texts(source(count)), KINDS, load_text_encoders(Encoding((name,))))
                table[f"{count} · {encoder} · {edition}"] = {
                    kind: compared(similarity(ours[kind][0]), similarity(theirs[kind])) for kind in KINDS
                }
    return table


def compared(ours: Any, theirs: Any) -> dict[str, float]:
    pairs = np.triu_indices(len(ours), 1)
    return {
        "pairs above .95": near_pairs(ours),
        "nearest neighbour agreement": float((nearest(ours) == nearest(theirs)).mean()),
        "rank correlation": float(spearmanr(ours[pairs], theirs[pairs]).statistic),
    }


def nearest(similarities: Any) -> Any:
    """Each class's most similar other class."""
    return (similarities - 3 * np.eye(len(similarities))).argmax(axis=1)


def near_pairs(similarities: Any) -> int:
    """Pairs of classes with a cosine above .95."""
    return int((similarities[np.triu_indices(len(similarities), 1)] > 0.95).sum())


def nearest_neighbour_agreement(a: Similarity, b: Similarity) -> float:
    """Share of the classes whose most similar other class is the same in `a` and in `b`; ties go to the lower id.

    Raises:
        TextError: there is one class only.
    """
    if len(a) < 2:
        raise TextError(f"nearest neighbours need at least 2 classes, but there is {len(a)}.")
    nearest = [np.where(np.eye(len(one), dtype=bool), -np.inf, one).argmax(axis=1) for one in (a, b)]
    return float(np.mean(nearest[0] == nearest[1]))


def rank_correlation(a: Similarity, b: Similarity) -> float:
    """Spearman's rank correlation over the K(K-1)/2 pairs of classes; ties share their mean rank.

    Returns:
        In [-1, 1]; NaN where all pairs of `a` or of `b` are equally similar.

    Raises:
        TextError: there are fewer than 3 classes.
    """
    if len(a) < 3:
        raise TextError(f"a rank correlation needs at least 3 classes, but there are {len(a)}.")
    pairs = np.triu_indices(len(a), 1)
    first, second = (ranks - ranks.mean() for ranks in (_ranks(a[pairs]), _ranks(b[pairs])))
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale else float("nan")


def _ranks(values: Float[np.ndarray, "P"]) -> Float[np.ndarray, "P"]:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


if __name__ == "__main__":
    main()
