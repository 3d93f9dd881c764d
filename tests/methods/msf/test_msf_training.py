from dataclasses import replace

import numpy as np
import pytest
import torch

from gzssar.errors import DataError
from gzssar.methods.msf import training
from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.msf.training import Pairs, align

QUICK = MsfSettings(latent_width=4, cycles=2, cycle_steps=20, batch_size=8)
D, E = 5, 6


def pairs(seed=0, classes=(0, 2, 3), clips=20, shift=0.0):
    """Clips of some of five classes; features are a linear image of the class's text, plus noise."""
    rng = np.random.default_rng(seed)
    texts = rng.normal(size=(5, E))
    labels = rng.permutation(np.resize(np.array(classes, dtype=np.int64), clips))
    features = texts[labels] @ rng.normal(size=(E, D)) + 0.1 * rng.normal(size=(clips, D)) + shift
    return Pairs(features.astype(np.float32), labels, texts.astype(np.float32))


def run(problems, settings=QUICK, seed=0, **more):
    return align(problems, settings, torch.Generator().manual_seed(seed), **more)


def weights(alignment, cycle=-1):
    return [parameter.detach() for parameter in alignment.checkpoints[cycle].parameters()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("settings", [QUICK, replace(QUICK, text_noise=0.0, noise="shared", sampling="clips")])
def test_equal_generators_give_equal_models_bit_for_bit(settings):
    one, other = run([pairs()], settings)[0], run([pairs()], settings)[0]
    assert same(weights(one), weights(other))
    assert all(np.array_equal(one.curves[name], other.curves[name]) for name in one.curves)
    assert not same(weights(one), weights(run([pairs()], settings, seed=1)[0]))


def test_a_step_moves_every_weight():
    alignment = run([pairs()], replace(QUICK, cycles=2, cycle_steps=1))[0]
    for before, after in zip(weights(alignment, 0), weights(alignment, 1), strict=True):
        assert (before != after).all()


def test_the_loss_falls():
    curves = run([pairs()], replace(QUICK, cycle_steps=200, learning_rate=0.01))[0].curves
    assert np.array_equal(curves["step"], np.arange(len(curves["step"])) * training.LOG_EVERY)
    for name in ("skeleton reconstruction", "skeleton from text", "text reconstruction", "text from skeleton"):
        assert curves[name][-1] < 0.5 * curves[name][0]
    assert (np.stack([values for name, values in curves.items() if name != "step"]) >= 0).all()


def test_problems_in_a_stack_do_not_touch_each_other():
    first = pairs(0)
    near, far = pairs(1), pairs(1, shift=3.0)
    one, other = run([first, near]), run([first, far])
    assert same(weights(one[0]), weights(other[0]))
    assert not same(weights(one[1]), weights(other[1]))


def test_large_models_train_one_after_the_other(monkeypatch):
    monkeypatch.setattr(training, "_STACK_BYTES", 0)
    problems = [pairs(0), pairs(1, clips=30)]
    together = run(problems)
    generator = torch.Generator().manual_seed(0)
    apart = [align([problem], QUICK, generator)[0] for problem in problems]
    assert all(same(weights(a), weights(b)) for a, b in zip(together, apart, strict=True))


def test_progress_reaches_the_end_of_each_model_in_order(monkeypatch):
    monkeypatch.setattr(training, "_STACK_BYTES", 0)
    told = []
    run([pairs(0), pairs(1)], replace(QUICK, cycle_steps=60), progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 240), (100, 240), (120, 240), (220, 240)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(value):
    broken = pairs()
    broken.skeletons[:, 1] = value
    with pytest.raises(DataError, match="left the finite numbers: lower the learning rate, or check the features"):
        run([broken])


BATCHES = {
    "one text per clip, with noise": (replace(QUICK, text_noise=1e-4), False),
    "each text once": (replace(QUICK, text_noise=0.0), True),
    "as many texts as clips": (replace(QUICK, text_noise=0.0, batch_size=4), False),
}


@pytest.mark.parametrize(("settings", "once"), BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("sampling", ["classes", "clips"])
def test_each_clip_meets_the_text_of_its_class(settings, once, sampling):
    problems = [pairs(0, classes=(0, 2, 3, 4)), pairs(1, classes=(1, 3), clips=30)]
    for m, problem in enumerate(problems):  # features that tell problem and class
        problem.skeletons[:, 0], problem.skeletons[:, 1] = m, problem.labels
    batches = training.Batches(problems, replace(settings, sampling=sampling), torch.Generator().manual_seed(0))
    for rows in batches.rows(10):
        batch = batches.draw(rows)
        assert (batch.text_of_clip is not None) == once
        encoded = batch.encoded_texts if batch.text_of_clip is None else batch.text_of_clip @ batch.encoded_texts
        for m, problem in enumerate(problems):
            assert (batch.skeletons[m, :, 0] == m).all()
            assert (batch.skeletons[m, :, -1] == 1).all()
            texts = torch.from_numpy(problem.texts[batch.skeletons[m, :, 1].long().numpy()])
            assert torch.equal(batch.texts[m], texts)
            torch.testing.assert_close(encoded[m, :, :-1], texts, rtol=0, atol=1e-3)
            assert (encoded[m, :, -1] == 1).all()


@pytest.mark.parametrize(("sampling", "share"), [("classes", 0.5), ("clips", 0.1)])
def test_batches_draw_classes_or_clips(sampling, share):
    problem = pairs(clips=100)
    problem.labels[:] = np.repeat([3, 0], [10, 90])
    batches = training.Batches([problem], replace(QUICK, sampling=sampling), torch.Generator().manual_seed(0))
    rows = batches.rows(500).numpy()
    assert set(np.unique(rows)) == set(range(100))
    drawn = batches.labels[0][rows]
    assert np.mean(drawn == 3) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("noise", "width"), [("shared", 1), ("independent", 4)])
def test_latent_noise_is_shared_or_not(noise, width):
    batches = training.Batches([pairs()], replace(QUICK, noise=noise), torch.Generator().manual_seed(0))
    batch = batches.draw(batches.rows(1)[0])
    assert batch.skeleton_noise.shape == batch.text_noise.shape == (1, 8, width)
    assert not torch.equal(batch.skeleton_noise, batch.text_noise)
