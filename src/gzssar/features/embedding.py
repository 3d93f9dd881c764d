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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gzssar.encoders.encoder import Encoder, load_encoder
from gzssar.encoders.training.distributed import device_kind
from gzssar.errors import DataError, MissingExtraError, OutputError
from gzssar.features.files import FeatureRows, check_suffix, write_rows
from gzssar.files import hash_file, write_json, writing
from gzssar.running import Steps
from gzssar.skeletons.ntu_protocols import read_missing, without
from gzssar.skeletons.readers import ClipSource, ReadOptions, open_clips, read_clips
from gzssar.skeletons.sequence import SkeletonSequence

_UNKNOWN = -1
"""Label and subject of a clip that has none."""


@dataclass(frozen=True)
class EmbedJob:
    """What to encode, with what, and how; plain values, so that every worker can open it by itself."""

    clips: Path
    weights: Path
    out: Path
    options: ReadOptions
    missing: Path | None
    """A list of samples to leave out."""
    batch_size: int
    shard_size: int
    skip_bad: bool
    device: str
    frames: int | None = None
    """T that clips are brought to; None for the encoder's own."""

    @property
    def shards(self) -> Path:
        """Where finished shards wait for the others."""
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


def embed(job: EmbedJob, engine: str = "loop", progress: Steps | None = None) -> Embedded:
    """Encode all clips into ``job.out``; the same call goes on where a kill stopped it.

    Args:
        job: what to encode.
        engine: ``"loop"``, or ``"ray"`` for Ray Data.
        progress: told (done, total) shards.

    Raises:
        DataError: the clips or the weights are unusable, or a clip is and ``skip_bad`` is off.
        OutputError: the output's shards belong to another job, or cannot be written.
        MissingExtraError: Ray is asked for and not installed.
    """
    check_suffix(job.out)
    rank, world = own_rank(), int(os.environ.get("WORLD_SIZE", 1))
    if rank and job.out.exists():
        return Embedded(0, {}, 0, 0.0)  # the first process was quicker: all shards were there already
    worker = ShardWorker(job)
    count = worker.shard_count
    _claim(job, worker)
    mine = range(rank, count, world)
    missing = [shard for shard in mine if not _shard_path(job, shard).exists()]
    if engine == "ray":
        _run_on_ray(job, missing)
    else:
        for done, shard in enumerate(missing, start=1):
            worker.encode(shard)
            if progress:
                progress(done, len(missing))
    if rank:
        return worker.done
    _wait_for_others(job, count)
    summary = _summary(job, range(count), worker.left_out)
    if not summary.clip_count:
        raise DataError(f"{job.clips} should hold clips to encode, but all {len(summary.bad)} of them are malformed.")
    write_rows(
        job.out,
        (_load(_shard_path(job, shard)) for shard in range(count)),
        {**worker.about(), "malformed": summary.bad},
    )
    shutil.rmtree(job.shards)
    return summary


def own_rank() -> int:
    """Which of torchrun's processes this is; the first one alone writes what all have made."""
    return int(os.environ.get("RANK", 0))


def encode_batch(encoder: Encoder, clips: Sequence[SkeletonSequence]) -> FeatureRows:
    """Prepare and encode recordings that are at hand."""
    return _encode_prepared(encoder, [encoder.prepare(clip) for clip in clips], clips)


def _encode_prepared(
    encoder: Encoder, prepared: Sequence[Float[np.ndarray, "C T V M"]], clips: Sequence[SkeletonSequence]
) -> FeatureRows:
    encoded = encoder.encode(np.stack(prepared))
    return FeatureRows(
        encoded.features,
        encoded.logits[:, list(encoder.classes)],
        ids([clip.label for clip in clips]),
        ids([clip.subject for clip in clips]),
        np.array([clip.name for clip in clips]),
    )


def ids(values: Sequence[int | None]) -> Int[np.ndarray, "N"]:
    """As an array, with -1 for what is unknown."""
    return np.array([_UNKNOWN if value is None else value for value in values], dtype=np.int64)


class ShardWorker:
    """Encodes shards of a job; opened once per process."""

    def __init__(self, job: EmbedJob) -> None:
        self.job = job
        self.encoder = load_encoder(job.weights).with_frames(job.frames)
        self.encoder.network.to(_device(job.device))
        self.source, self.left_out = open_clips(job.clips, job.options), 0
        if job.missing:
            self.source, self.left_out = without(self.source, read_missing(job.missing))
        self.shard_count = -(-len(self.source.entries) // job.shard_size)
        self.done = Embedded(0, {}, self.left_out, 0.0)
        """What this process has encoded."""

    def encode(self, shard: int) -> None:
        """Encode one shard into a file of its own."""
        size = self.job.shard_size
        part = ClipSource(self.source.kind, self.source.entries[shard * size : (shard + 1) * size])
        bad: dict[str, str] = {}
        batches, seconds = [], 0.0
        for clips, prepared in self._batches(part, bad):
            started = time.perf_counter()
            batches.append(_encode_prepared(self.encoder, prepared, clips))
            seconds += time.perf_counter() - started
        rows = FeatureRows.join(batches) if batches else None
        arrays = rows._asdict() if rows else {}
        about = np.array(json.dumps({"bad": bad, "seconds": seconds}))
        clip_count, before, missing, spent = self.done
        self.done = Embedded(clip_count + (len(rows.label) if rows else 0), before | bad, missing, spent + seconds)
        try:
            with writing(_shard_path(self.job, shard)) as file:
                np.savez(file, about=about, **arrays)
        except OSError as error:
            raise OutputError(f"{self.job.shards} cannot be written ({error}): name another output.") from error

    def about(self) -> dict[str, Any]:
        """What the features are, for the output's provenance."""
        return {
            "clips": str(self.job.clips),
            "kind": self.source.kind,
            "class_names": list(self.source.class_names),
            "encoder_classes": list(self.encoder.classes),
            "encoder": dict(self.encoder.provenance),
            "frames": self.encoder.frames,
            "stream": self.encoder.stream,
            "weights_sha256": hash_file(self.job.weights),
            "job": self.fingerprint(),
        }

    def identity(self) -> dict[str, Any]:
        """What must be equal for two calls to be the same job."""
        return {
            "clips": _files(self.job.clips),
            "names": [entry.name for entry in self.source.entries],
            "weights": hash_file(self.job.weights),
            "frames": self.encoder.frames,
            "reading": asdict(self.job.options),
            "shard_size": self.job.shard_size,
            "skip_bad": self.job.skip_bad,
        }

    def fingerprint(self) -> str:
        """SHA-256 of the identity."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def _batches(
        self, part: ClipSource, bad: dict[str, str]
    ) -> Iterator[tuple[list[SkeletonSequence], list[Float[np.ndarray, "C T V M"]]]]:
        """Clips and their preparation, a batch at a time."""

        def note(name: str, error: DataError) -> None:
            bad[name] = str(error)

        clips: list[SkeletonSequence] = []
        prepared: list[Float[np.ndarray, "C T V M"]] = []
        for clip in read_clips(part, note if self.job.skip_bad else None):
            try:
                prepared.append(self.encoder.prepare(clip))
            except DataError as error:
                if not self.job.skip_bad:
                    raise DataError(f"{clip.name}: {error}", option=error.option) from error
                note(clip.name, error)
                continue
            clips.append(clip)
            if len(clips) == self.job.batch_size:
                yield clips, prepared
                clips, prepared = [], []
        if clips:
            yield clips, prepared


def _device(name: str) -> str:
    kind = device_kind(name)
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if kind == "cuda" else kind


def _files(path: Path) -> str:
    """SHA-256 of the names, sizes and times of change of a file, or of all files below a folder."""
    found = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    listed = [f"{file.relative_to(path)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in found]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def _claim(job: EmbedJob, worker: ShardWorker) -> None:
    """Make the folder of shards this job's, or check that it is.

    Raises:
        OutputError: the output is there already, or the shards are another job's.
    """
    if job.out.exists():
        raise OutputError(f"{job.out} is there already: delete it, or name another output.")
    identity, path = worker.identity(), job.shards / "job.json"
    if not path.exists():
        try:
            write_json(path, identity)
        except OSError as error:
            raise OutputError(f"{job.shards} cannot be written ({error}): name another output.") from error
        return
    there = json.loads(path.read_text())
    if there == {**identity, "skip_bad": False}:  # its shards hold no malformed clip, and so are right either way
        write_json(path, identity)
        return
    if differs := [key for key in identity if there.get(key) != identity[key]]:
        raise OutputError(
            f"{job.shards} holds shards of another job, which differs in {', '.join(differs)}: delete that folder, or "
            "name another output."
        )


def _shard_path(job: EmbedJob, shard: int) -> Path:
    return job.shards / f"{shard:06d}.npz"


def _load(path: Path) -> FeatureRows | None:
    """A shard's rows; None where all of its clips were bad."""
    with np.load(path, allow_pickle=False) as file:
        return FeatureRows(*(file[name] for name in FeatureRows._fields)) if "feature" in file else None


def _wait_for_others(job: EmbedJob, count: int) -> None:
    """Other ranks finish their shards in their own time; where one dies, torchrun ends them all."""
    while not all(_shard_path(job, shard).exists() for shard in range(count)):
        time.sleep(0.2)


def _summary(job: EmbedJob, shards: Sequence[int], missing: int) -> Embedded:
    clip_count, seconds = 0, 0.0
    bad: dict[str, str] = {}
    for shard in shards:
        with np.load(_shard_path(job, shard), allow_pickle=False) as file:
            about: Mapping[str, Any] = json.loads(str(file["about"]))
            clip_count += len(file["label"]) if "label" in file else 0
        seconds += about["seconds"]
        bad |= about["bad"]
    return Embedded(clip_count, bad, missing, seconds)


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
