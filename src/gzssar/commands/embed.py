"""`gzssar embed`: recordings to features in one file, or to SynSE folders of both phases."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import tyro

from gzssar.choices import check_positive
from gzssar.commands.console import name_malformed, progress_bar, warn
from gzssar.commands.options import OUT, Classes, ClipsPath, Reading, Weights, embed_job, labelling, warn_of_streams
from gzssar.encoders.weights import parse_weights
from gzssar.errors import ConfigError, DataError
from gzssar.features.class_cut import UNKNOWN_PERFORMERS, ZeroShot, cut_classes, performers_unknown
from gzssar.features.files import load_features
from gzssar.files import require_free
from gzssar.running import Progress, one_thread
from gzssar.shapes import Labels
from gzssar.skeletons.recordings import doubts_told
from gzssar.splits import Ids

if TYPE_CHECKING:
    from gzssar.features.embedding import Embedded, EmbedJob
    from gzssar.features.features import Benchmark, FeatureSet


@dataclass(frozen=True)
class EmbedConfig:
    """From recordings to features, by a trained encoder."""

    clips: ClipsPath
    """A file or a folder of recordings; the content decides how it is read."""

    weights: Weights
    """Encoder weights: a file of `gzssar train-encoder`, or the Shift-GCN authors' .pt files. Authors' files are taken
    as the joint stream unless you name another one: bone=FILE. If you give several files, one for each stream, their
    features are concatenated: joint=FILE bone=FILE "joint motion=FILE" "bone motion=FILE". A NAME that `gzssar models`
    lists stands for all its streams, and joint=NAME for one of them; a file of that name has precedence."""

    out: Annotated[Path | None, OUT] = None
    """Features of all clips in one file: .npz (feature, logits, label, subject, name, class_names) or .safetensors."""

    synse: Path | None = None
    """A folder instead of --out, for SynSE features of both phases, which `gzssar run --synse` and other methods
    read."""

    validation_weights: Weights = ()
    """With --synse: the encoder of the validation phase, trained without its unseen classes, or one for each stream. By
    default, --weights serves both phases, which is right only if those weights saw none of the classes that play
    unseen."""

    frames: int | None = None
    """The number of frames that the encoder reads: shorter clips are repeated, longer ones are thinned out. By default,
    as many as the weights were trained on (300 for the authors'). The time is proportional to this number."""

    trim: bool = False
    """Encode only the frames in which somebody moves, and the bodies that move, as `gzssar fit` and `gzssar predict`
    do."""

    engine: Literal["loop", "ray"] = "loop"
    """A plain loop (several processes under torchrun share the clips), or Ray Data on a cluster."""

    batch_size: int = 64
    """Clips encoded at a time."""

    shard_size: int = 256
    """Clips in a shard. A kill loses at most one shard."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """cpu, cuda, or auto, which is cuda if there is one."""

    texts: str | None = None
    """A table of class texts, or the name of a packaged one. Class names from --labels or from folders are matched with
    its labels, and its rows number the classes. Without it, names are numbered in alphabetical order."""

    classes: Classes = field(default_factory=Classes)
    reading: Reading = field(default_factory=Reading)
    zero_shot: ZeroShot = field(default_factory=ZeroShot)

    def __post_init__(self) -> None:
        if (self.out is None) == (self.synse is None):
            raise ConfigError(
                "features are written to one file (-o FILE) or to SynSE folders (--synse DIR): give one of them."
            )
        if self.synse is not None and not self.zero_shot.given:
            raise ConfigError(
                "SynSE folders need a class split: name it with --split, or with --unseen and --validation-unseen, "
                "or draw one with --unseen-count."
            )
        if self.synse is None and (self.zero_shot.given or self.validation_weights):
            raise ConfigError("a class split and --validation-weights need --synse DIR.")
        check_positive(self, "frames", "batch_size", "shard_size")
        parse_weights(self.weights)
        if self.validation_weights:
            parse_weights(self.validation_weights)

    def job(self, weights: Sequence[str], out: Path) -> "EmbedJob":
        """What the encoders of one phase do."""
        labels = labelling(self.classes, self.texts)
        job = embed_job(self.clips, parse_weights(weights), out, self.reading, labels)
        job = replace(job, device=self.device, frames=self.frames, trim=self.trim)
        return replace(job, batch_size=self.batch_size, shard_size=self.shard_size)


def embed(config: Annotated[EmbedConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Turn recordings into features, with your own encoder or with the Shift-GCN authors' weights."""
    from gzssar.features.embedding import embed_clips, own_rank

    if not own_rank():
        for weights in filter(None, (config.weights, config.validation_weights)):
            warn_of_streams(parse_weights(weights))
    with progress_bar() as progress:
        if config.out is not None:
            job = config.job(config.weights, config.out)
            progress("encoding clips", 0, 1)  # from now on, since a large file takes long to open
            done = embed_clips(job, config.engine, partial(progress, "encoding clips"))
        else:
            assert config.synse is not None  # EmbedConfig checked
            done = _embed_both(config, config.synse, progress)
    if own_rank():
        return  # torchrun's first process speaks for all
    name_malformed(done.bad)
    for sentence in done.told:
        warn(f"{sentence}.")
    for sentence in doubts_told(done.recordings):
        warn(sentence)
    left_out = [f"{len(done.bad)} malformed"] * bool(done.bad) + [f"{done.missing} missing"] * bool(done.missing)
    print(f"{done.clip_count} clips encoded in {done.encoder_seconds:.1f} s; left out: {', '.join(left_out) or 'none'}")
    print(f"Features: {config.out or config.synse}")


@one_thread()
def _embed_both(config: EmbedConfig, root: Path, progress: Progress) -> "Embedded":
    """Encode for both phases, and write SynSE folders."""
    from gzssar.features.embedding import Embedded, embed_once, own_rank
    from gzssar.features.synse_writer import write_synse

    if not own_rank():
        require_free(root, folder=True)
    working = root.with_name(f".{root.name}.work")  # stays after a kill, to go on from
    encoders = {"test": config.weights, "validation": config.validation_weights}
    jobs = {phase: config.job(weights, working / f"{phase}.npz") for phase, weights in encoders.items() if weights}
    done = [embed_once(job, config.engine, partial(progress, f"{phase} encoder")) for phase, job in jobs.items()]
    if own_rank():
        return done[0]
    parts = [load_features(job.out) for job in jobs.values()]
    test, validation = parts[0], parts[-1]
    write_synse(
        root, _benchmark(config, test, validation), {"test": test.provenance, "validation": validation.provenance}
    )
    shutil.rmtree(working)
    bad = {name: reason for part in done for name, reason in part.bad.items()}
    missing = max(part.missing for part in done)
    return Embedded(len(test), bad, missing, sum(part.encoder_seconds for part in done), *done[0][4:])


def _benchmark(config: EmbedConfig, test: "FeatureSet", validation: "FeatureSet") -> "Benchmark":
    """Both phases of the class split, whose encoders saw nothing that they are judged on."""
    from gzssar.features.benchmark import zero_shot_benchmark

    assert test.names is not None  # embed writes names and performers
    assert validation.names is not None
    assert test.subjects is not None
    if not np.array_equal(test.names, validation.names):
        raise DataError(
            "both encoders should have encoded the same clips, but their names differ: run the command again."
        )
    cut = cut_classes(config.zero_shot, test.provenance["class_names"], test.names.tolist(), test.labels, test.subjects)
    if performers_unknown(test.subjects):
        warn(f"{UNKNOWN_PERFORMERS}.")
    columns = _columns(test, cut.class_names), _columns(validation, cut.class_names)
    for phase, features, known in zip(("test", "validation"), (test, validation), columns, strict=True):
        seen, trains = cut.phase(phase)
        _check_encoder(phase, features, known, seen, test.subjects[trains])
    description = f"{test.provenance['kind']}: {len(test)} clips of {config.clips.name}"
    return zero_shot_benchmark(test, validation, columns, cut, description)


def _columns(features: "FeatureSet", names: tuple[str, ...]) -> Ids:
    """Classes of the logits' columns; none where an encoder was trained on another list of classes."""
    same = all(tuple(training.get("class_names", ())) == names for training in _trainings(features))
    return tuple(features.provenance["encoder_classes"]) if same else ()


def _trainings(features: "FeatureSet") -> list[dict[str, Any]]:
    """What is known of how the encoder of each stream was trained."""
    told = features.provenance["encoder"]
    return told if isinstance(told, list) else [told]


def _check_encoder(phase: str, features: "FeatureSet", columns: Ids, seen: Ids, performers: Labels) -> None:
    """An encoder of these very classes must have seen no class and no performer that the phase keeps from it.

    Raises:
        DataError: it has.
    """
    if not columns:
        return
    if foreign := sorted(set(columns) - set(seen)):
        raise DataError(
            f"the encoder of the {phase} phase should know only its seen classes, but it was trained on {foreign}: "
            f"train one with the same class split and --phase {phase}."
        )
    trained_on = {performer for training in _trainings(features) for performer in training.get("performers", ())}
    if foreign := sorted(trained_on - set(performers.tolist())):
        raise DataError(
            f"the encoder of the {phase} phase should have seen only its training performers, but it saw {foreign}: "
            f"train one with the same --train-subjects or --protocol, and --phase {phase}."
        )
