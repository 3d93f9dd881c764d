"""From the synthetic motion world's raw clips to the features of a generalized zero-shot experiment.

The protocol is SynSE's: one encoder per phase, trained on that phase's seen classes alone; performers with odd ids
train, those with even ids test; in the validation phase some of the training performers are held out.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from gzssar.encoders.encoder import prepare
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.features.benchmark import zero_shot_benchmark
from gzssar.features.class_cut import ClassCut
from gzssar.features.features import Benchmark, FeatureSet
from gzssar.running import Progress
from gzssar.shapes import Clips
from gzssar.synthetic.catalogue import SYNTHETIC_SPLIT
from gzssar.synthetic.world import FPS, SyntheticClips, SyntheticWorld

SYNTHETIC_TRAINING = EncoderTraining(
    width=16, frames=16, encoder_fps=FPS, epochs=32, batch_size=24, learning_rate=2e-2, stream="joint motion"
)
"""A small encoder, trained in half a minute. The validation phase's seen classes chose it (docs/log.md, 2026-11-23)."""


def synthetic_benchmark(
    world: SyntheticWorld, training: EncoderTraining, progress: Progress | None = None
) -> Benchmark:
    """Draw the world's clips, train an encoder per phase, and encode.

    Args:
        world: what to draw.
        training: how to train both encoders.
        progress: told which encoder trains, and how far it is.
    """
    split, drawn = SYNTHETIC_SPLIT, world.clips()
    clips = prepared(drawn, range(len(drawn)), training)
    cut = ClassCut(split, world.labels, drawn.subjects % 2 == 1, drawn.subjects % 8 == 1)

    def encoded(phase: str) -> FeatureSet:
        seen, trains = cut.phase(phase)
        train = trains & np.isin(drawn.labels, seen)
        steps = partial(progress, f"{phase} encoder") if progress else None
        encoder = fit_encoder(clips[train], drawn.labels[train], seen, training, progress=steps)
        features, logits = encoder.encode(clips)
        known = logits[:, list(seen)]
        return FeatureSet(features, drawn.labels, known, encoder.provenance, drawn.subjects)

    description = (
        f"Synthetic motion world (made up, nobody was recorded): {len(drawn)} clips of {len(world.labels)} actions by "
        f"{world.subject_count} performers, seed {world.seed}"
    )
    test, validation = encoded("test"), encoded("validation")
    columns = cut.phase("test")[0], cut.phase("validation")[0]
    return replace(zero_shot_benchmark(test, validation, columns, cut, description), synthetic=True)


def prepared(drawn: SyntheticClips, rows: Iterable[int], training: EncoderTraining) -> Clips:
    """Some of the world's clips as an encoder of this training reads them."""
    return np.stack(
        [prepare(drawn.sequence(row), training.encoder_fps, training.frames, training.stream, 1) for row in rows]
    )
