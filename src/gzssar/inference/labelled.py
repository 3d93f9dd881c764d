"""Labelled recordings to features of a recognizer's encoder, for a test; memory holds one batch of clips."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import add

import numpy as np

from gzssar.errors import ConfigError, DataError
from gzssar.features.class_cut import HOW_TO_LABEL
from gzssar.features.embedding import Prepared, encode_batch
from gzssar.features.features import FeatureSet
from gzssar.recognizer import Recognizer
from gzssar.recognizer.clips import trimmed
from gzssar.recognizer.own_test import is_silent
from gzssar.running import Steps, one_thread
from gzssar.shapes import Mask
from gzssar.skeletons.oddities import counted
from gzssar.skeletons.readers import ClipEntry, ClipSource
from gzssar.skeletons.recordings import Tally, count_doubts
from gzssar.skeletons.sequence import SkeletonSequence


@dataclass(frozen=True)
class LabelledClips:
    """Encoded clips, each with a class."""

    features: FeatureSet
    silent: Mask | None
    """Nobody moves, or the clip is too short; None where features alone are known, which do not tell."""
    left_out: dict[str, str]
    """What is wrong with each clip that was left out, by name."""
    doubts: Tally
    """What speaks against the others."""


class _Reading:
    """Reads clips, and remembers what is wrong with some and what is odd about others."""

    def __init__(self, recognizer: Recognizer, performers: Collection[int], trim: bool) -> None:
        self._recognizer, self._wanted, self._trim = recognizer, performers, trim
        self.silent: list[bool] = []
        self.left_out: dict[str, str] = {}
        self.doubts: Tally = {}
        self.others: set[int] = set()
        """Performers whose clips were passed over."""

    def clips(self, source: ClipSource, progress: Steps | None) -> Iterator[tuple[SkeletonSequence, Prepared]]:
        """Each clip that counts, and what the encoder reads of it."""
        for number, entry in enumerate(source.entries):
            if progress:
                progress(number, len(source.entries))
            try:
                one = self._read(entry)
            except DataError as error:
                self.left_out[entry.name] = str(error)
            else:
                if one is not None:
                    yield one

    def _read(self, entry: ClipEntry) -> tuple[SkeletonSequence, Prepared] | None:
        """One clip; None where it is of another performer.

        Raises:
            DataError: it is malformed or has no class.
        """
        whole = entry.read()
        if self._wanted and whole.subject not in self._wanted:
            self.others |= set() if whole.subject is None else {whole.subject}
            return None
        if whole.label is None:
            raise DataError(f"it should state its class, but it does not: {HOW_TO_LABEL}.")
        clip = trimmed(whole, self._trim)
        prepared = self._recognizer.encoder.prepare(clip)
        self.silent.append(is_silent(clip))
        count_doubts(self.doubts, clip.name, self._recognizer.doubts(clip))
        return clip, prepared


@one_thread()
def encode_labelled(
    recognizer: Recognizer,
    source: ClipSource,
    performers: Collection[int] = (),
    trim: bool = True,
    batch_size: int = 32,
    progress: Steps | None = None,
) -> LabelledClips:
    """Read and encode all clips; those that are malformed or state no class are left out.

    Args:
        recognizer: whose encoder reads them.
        source: the clips.
        performers: whose clips count; all of them without it.
        trim: cut clips to where somebody moves.
        batch_size: clips encoded at a time.
        progress: told (done, total) clips.

    Raises:
        DataError: no clip is left, or the recognizer takes features alone.
        ConfigError: no clip is of these performers.
    """
    encoder, reading, batches = recognizer.encoder, _Reading(recognizer, performers, trim), list[FeatureSet]()
    clips = reading.clips(source, progress)
    while batch := list(islice(clips, batch_size)):
        batches.append(encode_batch(encoder, [clip for clip, _ in batch], [prepared for _, prepared in batch]))
    if not batches:
        raise _none_left(reading)
    return LabelledClips(reduce(add, batches), np.array(reading.silent), reading.left_out, reading.doubts)


def _none_left(reading: _Reading) -> DataError | ConfigError:
    if reading.others:
        there = ", ".join(map(str, sorted(reading.others)))
        return ConfigError(f"no clip is of the performers that --subjects names: the clips are of {there}.")
    if not reading.left_out:
        return DataError("there should be a clip to test on at least, but there is none: name recordings with classes.")
    name, reason = next(iter(reading.left_out.items()))
    return DataError(f"no clip can be tested on: {counted(len(reading.left_out), 'clip')} left out; {name}: {reason}")
