"""From an experiment's arguments to its data: skeleton features and text features, and a hash of each input."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gzssar.config import ExperimentConfig, text_kinds
from gzssar.errors import DataError
from gzssar.shapes import TextFeatures
from gzssar.skeletons.features import Benchmark
from gzssar.skeletons.readers.synthetic.benchmark import synthetic_benchmark
from gzssar.skeletons.readers.synthetic.world import SyntheticWorld
from gzssar.skeletons.synse import read_synse
from gzssar.skeletons.training import EncoderTraining
from gzssar.texts.classes import TextKind, load_packaged_texts
from gzssar.texts.encoders import MiniLM
from gzssar.texts.fusion import fuse
from gzssar.texts.tables import read_text_tables

Progress = Callable[[str, int, int], None]
"""Told (what, done, total)."""

_KINDS: dict[str, TextKind] = {"lb": "label", "ad": "action", "md": "motion"}


@dataclass(frozen=True)
class ExperimentData:
    """What an experiment stands on, whatever texts it fuses."""

    benchmark: Benchmark
    texts: dict[str, TextFeatures]
    """By kind: lb, ad, md."""

    def fused(self, text: str) -> TextFeatures:
        """The texts of a set such as ``lb+ad+md``, fused."""
        return fuse([self.texts[kind] for kind in text_kinds(text)])


def load_data(config: ExperimentConfig, kinds: tuple[str, ...], progress: Progress | None = None) -> ExperimentData:
    """Read the SynSE folders an experiment names, or make the embedded default.

    Args:
        config: names the data.
        kinds: which texts are needed: lb, ad, md.
        progress: told what takes a while.
    """
    if config.synse is None:
        benchmark = synthetic_benchmark(SyntheticWorld(), EncoderTraining(), progress)
        packaged, encoder = load_packaged_texts("synthetic"), MiniLM()
        return ExperimentData(benchmark, {kind: encoder.encode(packaged.of_kind(_KINDS[kind])) for kind in kinds})
    assert config.text_features is not None  # ExperimentConfig checked
    benchmark = read_synse(config.synse, config.split, config.unseen_count)
    return ExperimentData(benchmark, read_text_tables(config.text_features, kinds, benchmark.split.class_count))


def input_hashes(config: ExperimentConfig) -> dict[str, str]:
    """SHA-256 of every array file below the folders an experiment names, by path inside them."""
    if config.synse is None:
        return {"synthetic world": repr(SyntheticWorld()), "encoder": repr(EncoderTraining())}
    folders = {"synse": config.synse, "text_features": config.text_features}
    return {
        f"{name}/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for name, folder in folders.items()
        if folder is not None
        for path in _arrays(folder)
    }


def _arrays(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder with features, but there is no such folder.")
    return sorted(folder.rglob("*.npy"))
