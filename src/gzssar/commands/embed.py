"""What the commands on recordings do: train an encoder, encode, cut features into a benchmark, draw, inspect."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gzssar.commands.options import EmbedConfig, InspectConfig, Reading, ShowConfig, TrainEncoderConfig, ZeroShot
from gzssar.encoders.encoder import Encoder, prepare, save_encoder
from gzssar.errors import ConfigError, DataError, OutputError
from gzssar.features.benchmark import drawn_split, held_out, zero_shot_benchmark
from gzssar.features.embedding import Embedded, EmbedJob, ShardWorker, ids, own_rank
from gzssar.features.embedding import embed as embed_clips
from gzssar.features.features import FeatureSet
from gzssar.features.files import FeatureRows, read_rows
from gzssar.features.synse_writer import check_target, write_synse
from gzssar.running import Progress, one_thread
from gzssar.shapes import Labels, Mask
from gzssar.skeletons.ntu_protocols import is_training, read_missing, without
from gzssar.skeletons.readers import ClipSource, ReadOptions, open_clips, read_clips
from gzssar.skeletons.readers.ntu import sample_ids
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.splits import ClassSplit, Ids, published_split

if TYPE_CHECKING:
    from gzssar.skeletons.inspection import Inspection


@one_thread()
def embed(config: EmbedConfig, progress: Progress | None = None) -> Embedded:
    """Encode recordings into one file, or into SynSE folders of both phases.

    Raises:
        GzssarError: something about the clips, the weights, the arguments or the output.
    """
    if config.out is not None:
        return _embed(config, config.weights, config.out, "clips", progress)
    assert config.synse is not None  # EmbedConfig checked
    if not own_rank():
        check_target(config.synse)
    working = config.synse.with_name(f".{config.synse.name}.work")  # stays after a kill, to go on from
    encoders = {"test": config.weights, "validation": config.validation_weights}
    files = {name: working / f"{name}.npz" for name, weights in encoders.items() if weights}
    done = [
        _embed(config, weights, files[name], f"{name} encoder", progress, again=True)
        for name, weights in encoders.items()
        if weights
    ]
    if own_rank():
        return done[0]
    parts = [read_rows(file) for file in files.values()]
    _write_benchmark(config, parts)
    shutil.rmtree(working)
    bad = {name: reason for part in done for name, reason in part.bad.items()}
    missing = max((part.missing for part in done), default=0)
    return Embedded(len(parts[0][0].label), bad, missing, sum(part.encoder_seconds for part in done))


def _embed(
    config: EmbedConfig, weights: Path, out: Path, what: str, progress: Progress | None, again: bool = False
) -> Embedded:
    """Encode with one encoder; with `again`, unless a killed call has left it."""
    job = job_of(config, weights, out)
    if again and not own_rank() and is_left(job):
        return Embedded(0, {}, 0, 0.0)
    return embed_clips(job, config.engine, (lambda done, total: progress(what, done, total)) if progress else None)


def job_of(config: EmbedConfig, weights: Path, out: Path) -> EmbedJob:
    """What is encoded, by which weights, into which file."""
    return EmbedJob(
        config.clips,
        weights,
        out,
        read_options(config.reading),
        config.reading.missing,
        config.batch_size,
        config.shard_size,
        config.reading.skip_bad,
        config.device,
        config.frames,
    )


def is_left(job: EmbedJob) -> bool:
    """Whether a call before has left what this job writes; features of another job, which lie in its place, go."""
    if not job.out.exists():
        return False
    if read_rows(job.out)[1].get("job") == ShardWorker(job).fingerprint():
        return True
    job.out.unlink()
    return False


def _write_benchmark(config: EmbedConfig, parts: list[tuple[FeatureRows, dict[str, Any]]]) -> None:
    (rows, about), (validation_rows, validation_about) = parts[0], parts[-1]
    if not np.array_equal(rows.name, validation_rows.name):
        raise DataError("both encoders should have encoded the same clips, but their names differ: start again.")
    names = class_names(tuple(about["class_names"]), rows.label)
    split = class_split(config.zero_shot, len(names))
    train = trains(config.zero_shot, rows.name.tolist(), rows.subject)
    columns = _columns(about, names), _columns(validation_about, names)
    assert split.validation_seen is not None  # set by ClassSplit
    _check_encoder("test", about, columns[0], split.seen, rows.subject[train])
    kept = train & ~held_out(train, rows.subject, rows.label)
    _check_encoder("validation", validation_about, columns[1], split.validation_seen, rows.subject[kept])
    benchmark = zero_shot_benchmark(
        _features(rows, about),
        _features(validation_rows, validation_about),
        columns,
        split,
        train,
        names,
        f"{about['kind']}: {len(rows.label)} clips of {config.clips.name}",
    )
    assert config.synse is not None
    write_synse(config.synse, benchmark, {"test": about, "validation": validation_about})


def _features(rows: FeatureRows, about: dict[str, Any]) -> FeatureSet:
    return FeatureSet(rows.feature, rows.label, rows.logits, {"clips": about["clips"]}, rows.subject)


def _columns(about: dict[str, Any], names: tuple[str, ...]) -> Ids:
    """Classes of the logits' columns; none where the encoder was trained on another list of classes."""
    same = tuple(about["encoder"].get("class_names", "").split("\n")) == names
    return tuple(about["encoder_classes"]) if same else ()


def _check_encoder(phase: str, about: dict[str, Any], columns: Ids, seen: Ids, performers: Labels) -> None:
    """An encoder of these very classes must have seen no class and no performer that the phase keeps from it.

    Raises:
        DataError: it has.
    """
    if not columns:
        return
    if foreign := sorted(set(columns) - set(seen)):
        raise DataError(
            f"the encoder of the {phase} phase should know its seen classes alone, but it was trained on {foreign}: "
            f"train one with the same class split and --phase {phase}."
        )
    trained_on = {int(performer) for performer in about["encoder"].get("performers", "").split()}
    if foreign := sorted(trained_on - set(performers.tolist())):
        raise DataError(
            f"the encoder of the {phase} phase should have seen its training performers alone, but it saw {foreign}: "
            f"train one with the same --train-subjects or --protocol, and --phase {phase}."
        )


def train_encoder(config: TrainEncoderConfig, progress: Progress | None = None) -> Encoder:
    """Train an encoder for one phase of a zero-shot benchmark, and write it; the same call goes on after a kill.

    Clips of unseen classes and of test performers are read, since their files lie among the others, and left out
    before anything is learned.

    Raises:
        GzssarError: something about the clips, the arguments or the output.
    """
    from gzssar.encoders.training.fit import fit_encoder

    if config.out.exists():
        raise OutputError(f"{config.out} is there already: delete it, or name another output.")
    training, source = config.training, _open(config.clips, config.reading)
    bad: dict[str, str] = {}
    read = list(_readable(source, config, bad))
    labels, subjects = (ids([getattr(clip, key) for clip in read]) for key in ("label", "subject"))
    names = class_names(source.class_names, labels)
    split = class_split(config.zero_shot, len(names))
    train = trains(config.zero_shot, [clip.name for clip in read], subjects)
    seen = split.seen if config.phase == "test" else split.validation_seen
    assert seen is not None  # set by ClassSplit
    if config.phase == "validation":
        train &= ~held_out(train, subjects, labels)
    train &= np.isin(labels, seen)
    judged = held_out(train, subjects, labels) if training.patience else np.zeros_like(train)

    def prepared(mask: Mask) -> np.ndarray:
        chosen = [clip for clip, kept in zip(read, mask, strict=True) if kept]
        return np.stack([prepare(clip, training.frames, training.stream, config.body_count) for clip in chosen])

    checkpoint = config.out.with_name(f"{config.out.name}.checkpoint")
    encoder = fit_encoder(
        prepared(train & ~judged),
        labels[train & ~judged],
        seen,
        training,
        held_out=(prepared(judged), labels[judged]) if judged.any() else None,
        checkpoint=checkpoint,
        log=config.log,
        progress=(lambda done, total: progress(f"{config.phase} encoder", done, total)) if progress else None,
    )
    about = {"clips": config.clips.name, "split": split.name, "phase": config.phase, "class_names": "\n".join(names)}
    performers = " ".join(map(str, np.unique(subjects[train])))
    about |= {"performers": performers, "malformed clips left out": str(len(bad))}
    encoder = replace(encoder, provenance={**encoder.provenance, **about})
    if not own_rank():
        save_encoder(config.out, encoder)
        checkpoint.unlink(missing_ok=True)
    return encoder


def _readable(source: ClipSource, config: TrainEncoderConfig, bad: dict[str, str]) -> Iterator[SkeletonSequence]:
    """Clips that can be prepared; the others stop the command or, with ``--skip-bad``, are noted."""

    def note(name: str, error: DataError) -> None:
        if not config.reading.skip_bad:
            raise DataError(f"{name}: {error}", option=error.option) from error
        bad[name] = str(error)

    for clip in read_clips(source, note if config.reading.skip_bad else None):
        try:
            prepare(clip, 1, "joint", config.body_count)
        except DataError as error:
            note(clip.name, error)
        else:
            yield clip


def show(config: ShowConfig) -> str:
    """Draw one clip into a file, and say which.

    Raises:
        ConfigError: there is no clip of that number, or the picture has another suffix than .png or .gif.
        DataError: the clip is malformed.
    """
    from gzssar.skeletons.drawing import save_picture

    source = _open(config.clips, config.reading)
    if not 0 <= config.index < len(source.entries):
        raise ConfigError(f"{config.clips} holds {len(source.entries)} clips, counted from 0, but not {config.index}.")
    clip = source.entries[config.index].read()
    save_picture(clip, config.out, config.frames, config.numbers)
    return clip.name


def inspect(config: InspectConfig, progress: Progress | None = None) -> "Inspection":
    """Read every clip and note what is odd; malformed ones are counted.

    Raises:
        DataError: there are no clips.
    """
    from gzssar.skeletons.inspection import inspect_clips

    source = _open(config.clips, config.reading)
    return inspect_clips(source, (lambda done, total: progress("clips", done, total)) if progress else None)


def _open(path: Path, reading: Reading) -> ClipSource:
    source = open_clips(path, read_options(reading))
    return without(source, read_missing(reading.missing))[0] if reading.missing else source


def read_options(reading: Reading) -> ReadOptions:
    """The part of the arguments that readers see."""
    return ReadOptions(reading.layout, reading.fps, reading.fill_gaps)


def class_split(zero_shot: ZeroShot, class_count: int) -> ClassSplit:
    """The class split that was named, listed or drawn.

    Raises:
        SplitError: the ids are no split of these classes, or no published split has the name.
        DataError: there are too few classes to draw from.
    """
    if zero_shot.split:
        split = published_split(zero_shot.split)
        if split.class_count != class_count:
            raise DataError(f"{split.name} splits {split.class_count} classes, but the clips have {class_count}.")
        return split
    if zero_shot.unseen_count:
        u, seed = zero_shot.unseen_count, zero_shot.split_seed
        return drawn_split(f"{class_count - u}-{u}-seed{seed}", class_count, u, seed)
    name = f"{class_count - len(zero_shot.unseen)}-{len(zero_shot.unseen)}"
    return ClassSplit(name, class_count, zero_shot.unseen, zero_shot.validation_unseen)


def class_names(named: tuple[str, ...], labels: Labels) -> tuple[str, ...]:
    """Names of all classes; those the source does not name are numbered.

    Raises:
        DataError: a clip has no class.
    """
    if unknown := int((labels < 0).sum()):
        raise DataError(
            f"a zero-shot benchmark needs the class of every clip, but {unknown} of {len(labels)} clips have none."
        )
    return named + tuple(f"class {k}" for k in range(len(named), int(labels.max()) + 1))


def trains(zero_shot: ZeroShot, names: Sequence[str], subjects: Labels) -> Mask:
    """Which clips train: by protocol, by performer, or those of performers with odd ids.

    Raises:
        DataError: clips do not say who performs them, or are no samples of the protocol's data set.
    """
    if zero_shot.protocol:
        ids = [sample_ids(Path(name).stem) for name in names]
        if unknown := [name for name, one in zip(names, ids, strict=True) if one is None]:
            raise DataError(
                f"{zero_shot.protocol} needs clips named as NTU RGB+D does, SsssCcccPpppRrrrAaaa, but {unknown[0]!r} "
                f"and {len(unknown) - 1} others are not."
            )
        return np.array([is_training(zero_shot.protocol, one) for one in ids if one is not None])
    if unknown_count := int((subjects < 0).sum()):
        raise DataError(
            f"training and test clips are parted by performer, but {unknown_count} of {len(subjects)} clips do not say "
            "who performs them."
        )
    chosen = zero_shot.train_subjects or tuple(s for s in np.unique(subjects).tolist() if s % 2 == 1)
    return np.isin(subjects, chosen)
