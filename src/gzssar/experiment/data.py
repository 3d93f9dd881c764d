"""From an experiment's arguments to its data: skeleton features and text features, and a hash of each input."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from gzssar.errors import DataError, TextError
from gzssar.experiment.config import ExperimentConfig
from gzssar.features.features import Benchmark
from gzssar.features.synse import read_synse
from gzssar.files import hash_file
from gzssar.recipe import Recipe, recipe_for
from gzssar.running import Progress, one_thread
from gzssar.shapes import TextFeatures
from gzssar.synthetic.benchmark import SYNTHETIC_TRAINING, synthetic_benchmark
from gzssar.synthetic.world import SyntheticWorld
from gzssar.texts.classes import find_class_texts, load_packaged_texts
from gzssar.texts.encoders import load_encoder
from gzssar.texts.encoding import Encoding, encode_texts, text_kinds
from gzssar.texts.features import read_class_names, read_text_tables


@dataclass(frozen=True)
class ExperimentData:
    """What an experiment stands on, whatever texts it fuses."""

    benchmark: Benchmark
    texts: dict[str, tuple[TextFeatures, ...]]
    """By kind (lb, ad, md): one table per encoder."""

    def of_set(self, text: str) -> dict[str, tuple[TextFeatures, ...]]:
        """The texts of a set such as ``ad+md``."""
        return {kind: self.texts[kind] for kind in text_kinds(text)}


@one_thread()
def load_data(config: ExperimentConfig, kinds: tuple[str, ...], progress: Progress | None = None) -> ExperimentData:
    """Read the SynSE folders an experiment names, or make the embedded default.

    Args:
        config: names the data.
        kinds: which texts are needed: lb, ad, md.
        progress: told what takes a while.

    Raises:
        GzssarError: an input is missing or malformed, contradicts another, or does not suit the recipe.
    """
    if config.synse is None:
        texts = encode_texts(load_packaged_texts("synthetic"), kinds, config.encoding)
        return ExperimentData(synthetic_benchmark(SyntheticWorld(), SYNTHETIC_TRAINING, progress), texts)
    benchmark = read_synse(config.synse, config.split, config.unseen_count)
    _check_gate(benchmark, recipe_for(config.recipe, config.split))
    count = benchmark.split.class_count
    if config.class_names:
        benchmark = replace(benchmark, class_names=read_class_names(config.class_names, count))
    if config.texts is None:
        folders = [read_text_tables(folder, kinds, count) for folder in config.text_features]
        return ExperimentData(benchmark, {kind: tuple(tables[kind] for tables in folders) for kind in kinds})
    words = find_class_texts(config.texts)
    if config.class_names and words.has("label"):
        words = words.matched_to(benchmark.class_names)
    if len(words) != count:
        raise TextError(f"{config.texts} should describe the {count} classes of the split, but it has {len(words)}.")
    if not config.class_names and words.has("label"):
        benchmark = replace(benchmark, class_names=words.of_kind("label"))
    return ExperimentData(benchmark, encode_texts(words, kinds, config.encoding))


def _check_gate(benchmark: Benchmark, recipe: Recipe) -> None:
    """A gate on the k = U largest probabilities must find as many in both phases: say so before training."""
    if recipe.gate_input != "probabilities" or benchmark.validation is None:
        return
    wanted, held_out = len(benchmark.test.unseen), len(benchmark.validation.unseen)
    known = min(len(benchmark.test.seen), len(benchmark.validation.seen))
    if held_out != wanted or known < wanted:
        raise DataError(
            f"the gate of the recipe {recipe.name} needs, for {wanted} unseen classes, {wanted} validation-unseen ones "
            f"and at least {wanted} seen ones in each phase, but there are {held_out} validation-unseen classes and "
            f"{known} seen ones: cut the split so, or use the default recipe."
        )


def input_hashes(config: ExperimentConfig) -> dict[str, str]:
    """SHA-256 of every array file below the folders an experiment names, by path inside them.

    Raises:
        DataError: a folder does not exist, or a file in it cannot be read.
    """
    if config.synse is None:
        texts = _hash_texts("synthetic", config.encoding)
        return {"synthetic world": repr(SyntheticWorld()), "encoder": repr(SYNTHETIC_TRAINING), **texts}
    folders = {"synse": config.synse}
    folders |= {f"text_features {i}": folder for i, folder in enumerate(config.text_features)}
    named = {"class_names": hash_file(config.class_names)} if config.class_names else {}
    if config.texts:
        named |= _hash_texts(config.texts, config.encoding)
    return named | {
        f"{name}/{path.relative_to(folder)}": hash_file(path)
        for name, folder in folders.items()
        for path in _arrays(folder)
    }


def _hash_texts(name: str, encoding: Encoding) -> dict[str, str]:
    """Of the texts, and the revision of each encoder."""
    revisions = {f"text encoder {spec}": load_encoder(spec, encoding.template).revision for spec in encoding.encoder}
    return {"texts": hashlib.sha256(repr(find_class_texts(name)).encode()).hexdigest(), **revisions}


def _arrays(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder with features, but there is no such folder.")
    return sorted(folder.rglob("*.npy"))
