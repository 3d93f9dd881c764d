import inspect

import numpy as np
import pytest
import torch
from synthetic_clips import small_world

from gzssar.errors import DataError
from gzssar.skeletons.motion_encoder import MotionEncoder
from gzssar.skeletons.preprocess import normalise
from gzssar.skeletons.training import NEVER_TRAINED, EncoderTraining, encode, fit_encoder

CLASSES = (2, 7, 19, 20)
QUICK = EncoderTraining(epochs=8, batch_size=8)


def clips_of(classes):
    world = small_world()
    chosen = np.isin(world.labels, classes)
    return normalise(world.joints[chosen], 16), world.labels[chosen]


def narrow(class_count):
    return MotionEncoder(class_count, width=8, feature_width=32)


def fit(classes=CLASSES, training=QUICK, **options):
    return fit_encoder(*clips_of(classes), classes, training, build=narrow, **options)


def test_it_learns_its_training_clips():
    clips, labels = clips_of(CLASSES)
    encoded = encode(fit(training=EncoderTraining(epochs=40, batch_size=8)), clips, 48)
    assert (encoded.logits.argmax(axis=1) == labels).mean() > 0.8


def test_the_same_seed_gives_the_same_bits_whatever_came_before():
    first = fit()
    torch.rand(3)
    again, other = fit(), fit(training=EncoderTraining(seed=1, epochs=8, batch_size=8))
    weights, repeated, different = (e.network.state_dict() for e in (first, again, other))
    assert all(torch.equal(weights[name], repeated[name]) for name in weights)
    assert not torch.equal(weights["classifier.weight"], different["classifier.weight"])


def test_fitting_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    fit()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_columns_of_classes_never_trained_are_very_low():
    clips, _ = clips_of((0, *CLASSES))
    encoded = encode(fit(), clips, 48)
    assert encoded.features.shape == (20, 32)
    assert encoded.logits.shape == (20, 48)
    foreign = np.setdiff1d(np.arange(48), CLASSES)
    assert (encoded.logits[:, foreign] == NEVER_TRAINED).all()
    assert (encoded.logits[:, list(CLASSES)] > NEVER_TRAINED).all()


def test_batches_do_not_change_the_answer():
    encoder, (clips, _) = fit(), clips_of(CLASSES)
    np.testing.assert_allclose(encode(encoder, clips, 48, 3).logits, encode(encoder, clips, 48).logits, atol=1e-4)


def test_an_unseen_clip_never_reaches_training():
    clips, labels = clips_of((0, *CLASSES))
    with pytest.raises(DataError, match=r"clips of its own classes only, but clips of the classes \[0\] came"):
        fit_encoder(clips, labels, CLASSES, QUICK, build=narrow)


def test_progress_counts_every_step():
    seen = []
    fit(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(step, 16) for step in range(1, 17)]


def test_a_class_without_clips_is_refused():
    clips, labels = clips_of(CLASSES)
    with pytest.raises(DataError, match=r"the classes \[30\] have none"):
        fit_encoder(clips, labels, (*CLASSES, 30), QUICK, build=narrow)


def test_less_than_a_batch_is_refused():
    with pytest.raises(DataError, match="at least one batch of 64 clips, but there are 16"):
        fit(training=EncoderTraining())


def test_labels_that_do_not_match_the_clips_are_refused():
    clips, labels = clips_of(CLASSES)
    unchecked = inspect.unwrap(fit_encoder)  # the shapes in its signature are checked in tests only
    with pytest.raises(DataError, match="16 clips and 15 labels"):
        unchecked(clips, labels[:-1], CLASSES, QUICK, build=narrow)


def test_clips_that_are_not_finite_end_in_a_sentence():
    clips, labels = clips_of(CLASSES)
    with pytest.raises(DataError, match="loss became nan"):
        fit_encoder(clips * np.float32("nan"), labels, CLASSES, QUICK, build=narrow)


def test_too_few_classes_announced_are_refused():
    with pytest.raises(DataError, match="classes up to 20, but only 20 classes were announced"):
        encode(fit(), clips_of(CLASSES)[0], 20)


def test_nothing_to_encode_is_refused():
    with pytest.raises(DataError, match="at least one clip"):
        encode(fit(), clips_of(CLASSES)[0][:0], 48)
