import numpy as np
import pytest

from gzssar.encoders.encoder import NEVER_TRAINED
from gzssar.encoders.training.options import EncoderTraining
from gzssar.synthetic import SYNTHETIC_SPLIT, SyntheticWorld, benchmark
from gzssar.synthetic.benchmark import SYNTHETIC_TRAINING, synthetic_benchmark

WORLD = SyntheticWorld(clips_per_class=4, frames=8, subject_count=4)
QUICK = EncoderTraining(width=4, frames=8, epochs=1)


@pytest.fixture
def trainings(monkeypatch):
    """What reached the training of encoders: (labels, classes) of each call."""
    calls = []

    def spy(clips, labels, classes, training, **options):
        calls.append((labels, classes, options))
        return fit(clips, labels, classes, training, **options)

    fit = benchmark.fit_encoder
    monkeypatch.setattr(benchmark, "fit_encoder", spy)
    return calls


def test_no_clip_of_an_unseen_class_reaches_an_encoder(trainings):
    synthetic_benchmark(WORLD, QUICK)
    split = SYNTHETIC_SPLIT
    for (labels, classes, options), seen in zip(trainings, (split.seen, split.validation_seen), strict=True):
        assert set(labels.tolist()) == set(classes) == set(seen)
        assert not set(labels.tolist()) & set(split.unseen)
        assert options.get("held_out") is None
    assert not set(trainings[1][0].tolist()) & set(split.validation_unseen)


def test_the_phases_are_those_of_the_split():
    both = synthetic_benchmark(WORLD, QUICK)
    assert (both.test.seen, both.test.unseen) == (SYNTHETIC_SPLIT.seen, SYNTHETIC_SPLIT.unseen)
    assert len(both.test.train) == 40 * 2  # odd performers, seen classes
    assert len(both.test.test) == 48 * 2
    assert len(both.validation.train) == 32  # without performer 1
    assert len(both.validation.test) == 32 + 8 * 2
    assert both.test.train.features.shape == (80, 16)
    assert both.test.test.provenance["width"] == "4"


def test_encoders_know_the_seen_classes_of_their_phase_alone():
    both = synthetic_benchmark(WORLD, QUICK)
    for phase in (both.test, both.validation):
        never = (phase.test.logits == NEVER_TRAINED).all(axis=0)
        assert np.flatnonzero(~never).tolist() == list(phase.seen)


def test_progress_names_the_encoder():
    told = []
    synthetic_benchmark(WORLD, QUICK, lambda what, done, total: told.append((what, done, total)))
    assert told == [("test encoder", 1, 2), ("test encoder", 2, 2), ("validation encoder", 1, 1)]


def test_the_default_reads_the_worlds_clips():
    assert SYNTHETIC_TRAINING.patience == 0  # nothing is held out
    assert SYNTHETIC_TRAINING.frames <= SyntheticWorld().frames
