"""Clips that the page offers: a folder's, or some of the synthetic world's."""

from collections.abc import Iterator, Mapping
from itertools import chain, count, islice
from pathlib import Path

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers import ReadOptions, read_clips
from gzssar.skeletons.readers.registry import recognized
from gzssar.skeletons.sequence import SkeletonSequence

Samples = Mapping[str, SkeletonSequence]
"""What each is called → the clip."""

_MOST = 24
_SYNTHETIC = ("hand waving", "squat down", "side kick", "jumping jack", "phone call while marching", "wave both hands")
"""Three seen and three unseen actions."""
_SEED = 20_230_916  # another draw than the one that `gzssar fit` trains on


def load_samples(folder: Path) -> dict[str, SkeletonSequence]:
    """Read the first clips of a folder, by name of file; each is called after its class, else after its file.

    Plain tables are taken to have the joints of ntu25.

    Raises:
        DataError: there is no such folder, it holds no clip, or one is malformed.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} should be a folder of clips to offer, but it is not a folder.")
    samples: dict[str, SkeletonSequence] = {}
    for name, clip in islice(_named_clips(folder), _MOST):
        names = chain([name], (f"{name} ({number})" for number in count(2)))
        samples[next(free for free in names if free not in samples)] = clip
    if not samples:
        raise DataError(f"{folder} should hold clips to offer, but it holds none.")
    return samples


def synthetic_samples() -> dict[str, SkeletonSequence]:
    """A few actions of the synthetic world by a made-up performer that the embedded model never saw."""
    from gzssar.synthetic import SyntheticWorld

    world = SyntheticWorld(seed=_SEED, clips_per_class=1, subject_count=2)
    clips = world.clips()
    ids = {label: k for k, label in enumerate(world.labels)}
    return {label: clips.sequence(ids[label]) for label in _SYNTHETIC}


def _named_clips(folder: Path) -> Iterator[tuple[str, SkeletonSequence]]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    for path, reader in recognized(files):
        try:
            source = reader.open(path, ReadOptions())
        except ConfigError:  # a plain table, which does not say what its joints are
            source = reader.open(path, ReadOptions(layout=NTU25.name))
        for clip in read_clips(source):
            named = clip.label is not None and clip.label < len(source.class_names)
            yield (source.class_names[clip.label or 0] if named else path.stem), clip
