from dataclasses import replace

import numpy as np
import pytest

from gzssar.encoders.encoder import NEVER_TRAINED
from gzssar.encoders.training.options import EncoderTraining
from gzssar.skeletons.preprocess import STREAMS
from gzssar.synthetic import SYNTHETIC_SPLIT, SyntheticWorld, benchmark
from gzssar.synthetic.benchmark import SYNTHETIC_STREAMS, SYNTHETIC_TRAINING, SeededBenchmark

WORLD = SyntheticWorld(clips_per_class=4, frames=8, subject_count=4)
QUICK = EncoderTraining(width=4, frames=8, epochs=1)
SMALL = SeededBenchmark(WORLD, QUICK, ("joint",))


@pytest.fixture
def trainings(monkeypatch):
    """What reached the training of encoders: (labels, classes) of each call."""
    calls = []

    def spy(clips, labels, classes, training, **options):
        calls.append((labels, classes, {**options, "seed": training.seed}))
        return fit(clips, labels, classes, training, **options)

    fit = benchmark.fit_encoder
    monkeypatch.setattr(benchmark, "fit_encoder", spy)
    return calls


def test_no_clip_of_an_unseen_class_reaches_an_encoder(trainings):
    SMALL.of_seed(0)
    split = SYNTHETIC_SPLIT
    for (labels, classes, options), seen in zip(trainings, (split.seen, split.validation_seen), strict=True):
        assert set(labels.tolist()) == set(classes) == set(seen)
        assert not set(labels.tolist()) & set(split.unseen)
        assert options.get("held_out") is None
    assert not set(trainings[1][0].tolist()) & set(split.validation_unseen)


def test_the_phases_are_those_of_the_split():
    both = SMALL.of_seed(0)
    assert (both.test.seen, both.test.unseen) == (SYNTHETIC_SPLIT.seen, SYNTHETIC_SPLIT.unseen)
    assert len(both.test.train) == 40 * 2  # odd performers, seen classes
    assert len(both.test.test) == 48 * 2
    assert len(both.validation.train) == 32  # without performer 1
    assert len(both.validation.test) == 32 + 8 * 2
    assert both.test.train.features.shape == (80, 16)
    assert both.test.test.provenance["encoders"][0]["width"] == "4"


def test_encoders_know_the_seen_classes_of_their_phase_alone():
    both = SMALL.of_seed(0)
    for phase in (both.test, both.validation):
        never = (phase.test.logits == NEVER_TRAINED).all(axis=0)
        assert np.flatnonzero(~never).tolist() == list(phase.seen)


def test_progress_names_the_encoder():
    told = []
    SMALL.of_seed(3, lambda what, done, total: told.append((what, done, total)))
    assert told == [
        ("seed 3, test phase, joint", 1, 2),
        ("seed 3, test phase, joint", 2, 2),
        ("seed 3, validation phase, joint", 1, 1),
    ]


def test_the_seed_is_that_of_the_encoders(trainings):
    one, same, other = (SMALL.of_seed(seed).test.train for seed in (1, 1, 2))
    assert [options["seed"] for _, _, options in trainings] == [1, 1, 1, 1, 2, 2]
    assert one.features.tobytes() == same.features.tobytes() != other.features.tobytes()
    assert one.labels.tobytes() == other.labels.tobytes()


def test_each_stream_has_an_encoder_of_its_own():
    alone = [replace(SMALL, streams=(name,)).of_seed(0).test.test for name in ("joint", "bone motion")]
    both = replace(SMALL, streams=("bone motion", "joint")).of_seed(0).test.test
    assert both.streams == ("joint", "bone motion")
    assert np.array_equal(both.features, np.concatenate([one.features for one in alone], axis=1))
    assert [one["stream"] for one in both.provenance["encoders"]] == ["'joint'", "'bone motion'"]


def test_without_a_validation_phase_one_encoder_does(trainings):
    both, test = SMALL.of_seed(0), replace(SMALL, with_validation=False).of_seed(0)
    assert len(trainings) == 3
    assert test.validation is None
    assert test.test.train.features.tobytes() == both.test.train.features.tobytes()


def test_a_benchmark_that_is_made_is_not_made_again(trainings):
    made = SMALL.of_seed(0)
    assert replace(SMALL, made={0: made}).of_seed(0) is made
    assert len(trainings) == 2


def test_what_a_report_says_is_known_before_a_seed():
    made = SMALL.of_seed(0)
    for name in ("split", "class_names", "description", "synthetic"):
        assert getattr(made, name) == getattr(SMALL, name)
    assert SMALL.encoder_seeded
    assert not made.encoder_seeded


def test_the_default_reads_the_worlds_clips():
    assert SYNTHETIC_TRAINING.patience == 0  # nothing is held out
    assert SYNTHETIC_TRAINING.frames <= SyntheticWorld().frames
    assert set(SYNTHETIC_STREAMS) <= set(STREAMS)
