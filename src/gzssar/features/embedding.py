"""Encodes any number of clips into one file of features: shard by shard, so that a kill loses one shard.

Memory holds one batch of clips, however many there are. Several processes share the work by rank: each takes every
n-th shard (``RANK`` and ``WORLD_SIZE`` in the environment, as torchrun sets them), and rank 0 joins the shards at the
end. With ``engine="ray"`` Ray Data spreads the shards over a cluster that shares the output's file system.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from itertools import islice
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gzssar.encoders.streams import SkeletonEncoder, load_encoders, weights_hashes
from gzssar.encoders.training.distributed import device_kind
from gzssar.encoders.weights import StreamWeights
from gzssar.errors import DataError, MissingExtraError, OutputError
from gzssar.features.features import FeatureSet, check_class_names
from gzssar.features.files import load_features, require_suffix, write_features
from gzssar.features.labelling import Labelling, labelled
from gzssar.files import hash_file, require_free, writing
from gzssar.running import Steps, one_thread
from gzssar.skeletons.moving import find_action
from gzssar.skeletons.ntu_protocols import read_missing, without
from gzssar.skeletons.readers import ClipSource, ReadOptions, open_clips, read_clips
from gzssar.skeletons.recordings import Notes, note, summarise
from gzssar.skeletons.sequence import SkeletonSequence

_UNKNOWN = -1
"""Label and subject of a clip that has none."""
_ARRAYS = ("features", "labels", "logits", "subjects", "names")
"""What a shard holds of a feature set."""


Prepared = Float[np.ndarray, "C T V M"]
OnBad = Callable[[str, DataError], None]
"""Told of a malformed clip, by name, and what is wrong with it."""


@dataclass(frozen=True)
class EmbedJob:
    """What to encode, with what, and how; plain values, so that every worker can open it by itself."""

    clips: Path
    weights: tuple[StreamWeights, ...]
    """One encoder, or one per stream."""
    out: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    missing: Path | None = None
    """A list of samples to leave out."""
    labelling: Labelling = field(default_factory=Labelling)
    """Where classes come from that files do not state."""
    skip_bad: bool = False
    device: str = "auto"
    trim: bool = False
    """Encode the frames and the bodies that move alone."""
    frames: int | None = None
    """T that clips are brought to; None for the encoder's own."""
    batch_size: int = 64
    """Clips encoded at a time."""
    shard_size: int = 256
    """Clips in a shard."""

    @property
    def shards(self) -> Path:
        """Where finished shards wait for the others, in a folder for each job."""
        return self.out.with_name(f"{self.out.name}.shards")


class Embedded(NamedTuple):
    """What came out."""

    clip_count: int
    bad: dict[str, str]
    """What is wrong with each clip that was left out, by name."""
    missing: int
    """Clips that were left out by the list of missing samples."""
    encoder_seconds: float
    """Time inside the encoder, summed over all processes; reading and preparing clips not included."""
    told: tuple[str, ...] = ()
    """What the user should know about the classes, in sentences."""
    recordings: Mapping[str, Any] | None = None
    """What the clips are like: see :mod:`gzssar.skeletons.recordings`."""


@one_thread()
def embed_clips(job: EmbedJob, engine: str = "loop", progress: Steps | None = None) -> Embedded:
    """Encode all clips into ``job.out``; the same call goes on where a kill stopped it. The first process tells what
    came out.

    Args:
        job: what to encode.
        engine: ``"loop"``, or ``"ray"`` for Ray Data.
        progress: told (done, total) shards.

    Raises:
        DataError: the clips or the weights are unusable, or a clip is and ``skip_bad`` is off.
        OutputError: the output or its shards cannot be written.
        MissingExtraError: Ray is asked for and not installed.
    """
    require_suffix(job.out)
    rank, world = own_rank(), int(os.environ.get("WORLD_SIZE", 1))
    if rank and job.out.exists():
        return Embedded(0, {}, 0, 0.0)  # the first process was quicker: all shards were there already
    worker = ShardWorker(job)
    shards = range(worker.shard_count)
    require_free(job.out)
    missing = [shard for shard in shards[rank::world] if not worker.path(shard).exists()]
    if engine == "ray":
        _run_on_ray(job, missing)
    else:
        for done, shard in enumerate(missing, start=1):
            worker.encode(shard)
            if progress:
                progress(done, len(missing))
    if rank:
        return Embedded(0, {}, 0, 0.0)
    paths = [worker.path(shard) for shard in shards]
    _wait_for_others(paths)
    summary = _summary(paths, worker.left_out)
    _check(job, summary)
    parts = (_load(path, worker.encoder.streams) for path in paths)
    known = {"malformed": summary.bad, "recordings": summary.recordings}
    write_features(job.out, parts, {**worker.about(), **known})
    shutil.rmtree(job.shards)
    return summary._replace(told=worker.source.told)


def embed_once(job: EmbedJob, engine: str = "loop", progress: Steps | None = None) -> Embedded:
    """As :func:`embed_clips`, where ``job.out`` is a step of something larger: what a killed call has left there is
    taken as it is, and what another job has left there goes."""
    if job.out.exists() and not own_rank():
        there = load_features(job.out).provenance
        bad = there.get("malformed", {})
        if there.get("job") == ShardWorker(job).fingerprint() and (job.skip_bad or not bad):
            return Embedded(0, bad, 0, 0.0, tuple(there.get("labelling", ())), there.get("recordings"))
        job.out.unlink()
    return embed_clips(job, engine, progress)


def own_rank() -> int:
    """Which of torchrun's processes this is; the first one alone writes what all have made."""
    return int(os.environ.get("RANK", 0))


def prepared_clips(
    source: ClipSource, prepare: Callable[[SkeletonSequence], Prepared], on_bad: OnBad | None, trim: bool = False
) -> Iterator[tuple[SkeletonSequence, Prepared]]:
    """Read clip after clip, and what an encoder reads of it.

    Args:
        source: the clips.
        prepare: from a recording to what an encoder reads.
        on_bad: told of clips that cannot be read or prepared; they are left out.
        trim: cut clips to where somebody moves first.

    Raises:
        DataError: there is one, and `on_bad` is None.
    """
    for whole in read_clips(source, on_bad):
        clip = find_action(whole).clip if trim else whole
        try:
            prepared = prepare(clip)
        except DataError as error:
            if on_bad is None:
                error.where = clip.name
                raise
            on_bad(clip.name, error)
        else:
            yield clip, prepared


def encode_batch(
    encoder: SkeletonEncoder, clips: Sequence[SkeletonSequence], prepared: Sequence[Prepared]
) -> FeatureSet:
    """Encode recordings that are prepared; logits over the classes that the encoder knows."""
    encoded = encoder.encode(np.stack(prepared))
    return FeatureSet(
        encoded.features,
        ids([clip.label for clip in clips]),
        encoded.logits[:, list(encoder.classes)],
        subjects=ids([clip.subject for clip in clips]),
        names=np.array([clip.name for clip in clips]),
        streams=encoder.streams,
    )


def ids(values: Sequence[int | None]) -> Int[np.ndarray, "N"]:
    """As an array, with -1 for what is unknown."""
    return np.array([_UNKNOWN if value is None else value for value in values], dtype=np.int64)


class ShardWorker:
    """Encodes shards of a job; opened once per process."""

    def __init__(self, job: EmbedJob) -> None:
        self.job = job
        self.encoder = load_encoders(job.weights).with_frames(job.frames)
        self.encoder.to(_device(job.device))
        self.source, self.left_out = open_clips(job.clips, job.options), 0
        if job.missing:
            self.source, self.left_out = without(self.source, read_missing(job.missing))
        self.source = labelled(self.source, job.clips, job.labelling)
        check_class_names(self.source.class_names)
        self.folder = job.shards / self.fingerprint()[:16]
        """What another job has left beside it, such as one that was refused for a malformed clip, is not ours."""
        self.shard_count = -(-len(self.source.entries) // job.shard_size)

    def path(self, shard: int) -> Path:
        """Where a shard's features lie once it is encoded."""
        return self.folder / f"{shard:06d}.npz"

    def encode(self, shard: int) -> None:
        """Encode one shard into a file of its own."""
        size = self.job.shard_size
        part = ClipSource(self.source.kind, self.source.entries[shard * size : (shard + 1) * size])
        bad: dict[str, str] = {}
        notes: list[Notes] = []
        batches, seconds = [], 0.0
        for clips, prepared in self._batches(part, bad):
            notes += map(note, clips)
            started = time.perf_counter()
            batches.append(encode_batch(self.encoder, clips, prepared))
            seconds += time.perf_counter() - started
        whole = reduce(add, batches) if batches else None
        arrays = {name: getattr(whole, name) for name in _ARRAYS} if whole else {}
        about = np.array(json.dumps({"bad": bad, "seconds": seconds, "notes": notes}))
        try:
            with writing(self.path(shard)) as file:
                np.savez(file, about=about, **arrays)
        except OSError as error:
            raise OutputError(f"{self.job.shards} cannot be written ({error}): name another output.") from error

    def about(self) -> dict[str, Any]:
        """What the features are, for the output's provenance."""
        return {
            "clips": str(self.job.clips),
            "kind": self.source.kind,
            "class_names": list(self.source.class_names),
            "labelling": list(self.source.told),
            "encoder_classes": list(self.encoder.classes),
            "frames": self.encoder.frames,
            "fps": self.encoder.fps,
            "trim": self.job.trim,
            **self._origin(),
            "job": self.fingerprint(),
        }

    def _origin(self) -> dict[str, Any]:
        """Of one encoder its training, stream and weights; of several the same in lists."""
        trainings, hashes = [dict(one.provenance) for one in self.encoder.members], weights_hashes(self.encoder)
        if len(trainings) == 1:
            return {"encoder": trainings[0], "stream": self.encoder.streams[0], "weights_sha256": hashes[0]}
        return {"encoder": trainings, "streams": list(self.encoder.streams), "weights_sha256": hashes}

    def identity(self) -> dict[str, Any]:
        """What must be equal for two calls to be the same job."""
        return {
            "clips": _files(self.job.clips),
            "names": [entry.name for entry in self.source.entries],
            "class_names": list(self.source.class_names),
            "labels": self.job.labelling.table and hash_file(self.job.labelling.table),
            "weights": _identified(self.encoder, self.job.weights),
            "frames": self.encoder.frames,
            "fps": self.encoder.fps,
            "trim": self.job.trim,
            "reading": asdict(self.job.options),
            "shard_size": self.job.shard_size,
        }

    def fingerprint(self) -> str:
        """SHA-256 of the identity."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def _batches(
        self, part: ClipSource, bad: dict[str, str]
    ) -> Iterator[tuple[list[SkeletonSequence], list[Prepared]]]:
        """Clips and their preparation, a batch at a time."""

        def leave_out(name: str, error: DataError) -> None:
            bad[name] = str(error)

        on_bad = leave_out if self.job.skip_bad else None
        clips = prepared_clips(part, self.encoder.prepare, on_bad, self.job.trim)
        while batch := list(islice(clips, self.job.batch_size)):
            yield [clip for clip, _ in batch], [prepared for _, prepared in batch]


def _identified(encoder: SkeletonEncoder, weights: Sequence[StreamWeights]) -> str | list[str]:
    """One file's hash; where files are named for streams, or are several, each stream with its hash."""
    hashes = weights_hashes(encoder)
    if len(weights) == 1 and weights[0].stream is None:
        return hashes[0]
    return [f"{stream} {digest}" for stream, digest in zip(encoder.streams, hashes, strict=True)]


def _device(name: str) -> str:
    kind = device_kind(name)
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if kind == "cuda" else kind


def _files(path: Path) -> str:
    """SHA-256 of the names, sizes and times of change of a file, or of all files below a folder."""
    found = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    listed = [f"{file.relative_to(path)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in found]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def _load(path: Path, streams: tuple[str, ...]) -> FeatureSet | None:
    """A shard's clips; None where all of them were bad."""
    with np.load(path, allow_pickle=False) as file:
        return FeatureSet(**{name: file[name] for name in _ARRAYS}, streams=streams) if "labels" in file else None


def _wait_for_others(shards: Sequence[Path]) -> None:
    """Other ranks finish their shards in their own time; where one dies, torchrun ends them all."""
    while not all(shard.exists() for shard in shards):
        time.sleep(0.2)


def _summary(shards: Sequence[Path], missing: int) -> Embedded:
    clip_count, seconds = 0, 0.0
    bad: dict[str, str] = {}
    notes: list[Notes] = []
    for shard in shards:
        with np.load(shard, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            clip_count += len(file["labels"]) if "labels" in file else 0
        seconds += about["seconds"]
        bad |= about["bad"]
        notes += about["notes"]
    return Embedded(clip_count, bad, missing, seconds, recordings=summarise(notes))


def _check(job: EmbedJob, summary: Embedded) -> None:
    if summary.bad and not job.skip_bad:  # shards of a call before, which left clips out
        name, reason = next(iter(summary.bad.items()))
        raise DataError(reason, where=name)
    if not summary.clip_count:
        raise DataError(f"{job.clips} should hold clips to encode, but all {len(summary.bad)} of them are malformed.")


def _run_on_ray(job: EmbedJob, shards: Sequence[int]) -> None:
    """Ray Data maps over the numbers of the shards; each actor opens job and encoder once."""
    try:
        import ray
    except ImportError:
        raise MissingExtraError('the engine ray needs Ray Data: pip install "gzssar[ray]".') from None
    if not shards:
        return
    numbers = ray.data.from_items([{"shard": shard} for shard in shards])
    numbers.map_batches(
        _RayWorker, fn_constructor_args=(job,), batch_size=1, concurrency=(1, len(shards))
    ).materialize()


class _RayWorker:
    """An actor on some machine of the cluster."""

    def __init__(self, job: EmbedJob) -> None:
        import torch

        torch.set_num_threads(1)  # Ray schedules one core an actor
        self.worker = ShardWorker(job)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for shard in batch["shard"]:
            self.worker.encode(int(shard))
        return batch
