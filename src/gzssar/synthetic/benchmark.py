"""From the synthetic motion world's raw clips to the features of a generalized zero-shot experiment.

The protocol is SynSE's: one encoder per phase, trained on that phase's seen classes alone; performers with odd ids
train, those with even ids test; in the validation phase some of the training performers are held out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np

from gzssar.encoders.encoder import prepare
from gzssar.encoders.streams import joined
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining, Stream
from gzssar.features.benchmark import zero_shot_benchmark
from gzssar.features.class_cut import ClassCut
from gzssar.features.features import Benchmark, FeatureSet
from gzssar.running import Progress, Steps, one_thread
from gzssar.shapes import Clips
from gzssar.skeletons.preprocess import STREAMS
from gzssar.splits import ClassSplit
from gzssar.synthetic.catalogue import SYNTHETIC_SPLIT
from gzssar.synthetic.world import FPS, SyntheticClips, SyntheticWorld

SYNTHETIC_STREAMS: tuple[Stream, ...] = ("bone", "joint motion")
"""Two, so that scores depend less on the encoders' seed (docs/decisions/0020)."""

SYNTHETIC_TRAINING = EncoderTraining(width=16, frames=16, encoder_fps=FPS, epochs=16, batch_size=24, learning_rate=2e-2)
"""Small encoders, each trained in a minute. The validation phase's seen classes chose width and rate (docs/log.md,
2026-11-23)."""


@dataclass(frozen=True)
class SeededBenchmark:
    """The world's benchmark before a seed is known: the seed of an experiment is that of its encoders, too."""

    world: SyntheticWorld
    training: EncoderTraining
    """How to train the encoders, but for seed and stream."""
    streams: tuple[Stream, ...]
    """Each has an encoder of its own; their features stand side by side."""
    with_validation: bool = True
    """Whether there is a validation phase, which takes an encoder of its own."""
    made: Mapping[int, Benchmark] = field(default_factory=dict)
    """Seeds whose encoders are trained already."""

    synthetic: ClassVar = True
    encoder_seeded: ClassVar = True

    @property
    def split(self) -> ClassSplit:
        """Which classes are seen."""
        return SYNTHETIC_SPLIT

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.world.labels

    @property
    def description(self) -> str:
        """One sentence on the clips."""
        count = self.world.clips_per_class * len(self.world.labels)
        return (
            f"Synthetic motion world (made up, nobody was recorded): {count} clips of {len(self.world.labels)} "
            f"actions by {self.world.subject_count} performers, seed {self.world.seed}"
        )

    @one_thread()
    def of_seed(self, seed: int, progress: Progress | None = None) -> Benchmark:
        """Draw the world's clips, train the encoders of each phase, and encode; nothing where that is done already.

        Args:
            seed: of the encoders; the clips are the same for all.
            progress: told which encoder trains, and how far it is.
        """
        if seed in self.made:
            return self.made[seed]
        drawn = self.world.clips()
        trainings = [replace(self.training, seed=seed, stream=name) for name in STREAMS if name in self.streams]
        clips = [prepared(drawn, range(len(drawn)), training) for training in trainings]
        cut = ClassCut(self.split, self.class_names, drawn.subjects % 2 == 1, drawn.subjects % 8 == 1)

        def told(phase: str, stream: str) -> Steps | None:
            return partial(progress, f"seed {seed}, {phase} phase, {stream}") if progress else None

        def encoded(phase: str) -> FeatureSet:
            seen, trains = cut.phase(phase)
            train = trains & np.isin(drawn.labels, seen)
            members = [
                fit_encoder(read[train], drawn.labels[train], seen, training, progress=told(phase, training.stream))
                for read, training in zip(clips, trainings, strict=True)
            ]
            encoder = joined(members)
            features, logits = encoder.encode(np.concatenate(clips, axis=1))
            known, provenance = logits[:, list(seen)], {"encoders": [dict(one.provenance) for one in members]}
            return FeatureSet(features, drawn.labels, known, provenance, drawn.subjects, streams=encoder.streams)

        test, validation = encoded("test"), encoded("validation") if self.with_validation else None
        columns = cut.phase("test")[0], cut.phase("validation")[0]
        return replace(zero_shot_benchmark(test, validation, columns, cut, self.description), synthetic=True)


def prepared(drawn: SyntheticClips, rows: Iterable[int], training: EncoderTraining) -> Clips:
    """Some of the world's clips as an encoder of this training reads them."""
    return np.stack(
        [prepare(drawn.sequence(row), training.encoder_fps, training.frames, training.stream, 1) for row in rows]
    )
