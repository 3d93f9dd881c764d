from dataclasses import replace

import numpy as np
import pytest
import torch

from gzssar.errors import DataError
from gzssar.features.features import Unlabelled
from gzssar.features.synse import read_synse
from gzssar.methods.method import Mapped, Task
from gzssar.methods.msf.method import Msf
from gzssar.methods.msf.scorer import decode_prototypes
from gzssar.methods.problem import pose
from gzssar.methods.recipe import PAPER
from gzssar.texts.features import read_text_tables
from gzssar.texts.fusion import concatenation
from synse_folder import CLASSES, UNSEEN, write_synse_folder

QUICK = Msf(latent_width=8, cycles=1, cycle_steps=1000, learning_rate=5e-3)
OF_PAPER = replace(PAPER.method, latent_width=8, cycles=1, cycle_steps=5, samples_per_class=5, classifier_steps=5)


@pytest.fixture(scope="module")
def phase(tmp_path_factory):
    """The toy world's test phase, and its texts."""
    root = write_synse_folder(tmp_path_factory.mktemp("toy"))
    tables = read_text_tables(root / "texts", ("lb", "ad", "md"), CLASSES)
    return read_synse(root).test, {kind: (table,) for kind, table in tables.items()}


def task_of(phase):
    test, texts = phase
    return Task("test", test.train, test.seen, test.unseen, texts)


def scorer(phase, method, seed=0):
    [[one]] = method.fit([task_of(phase)], seed)
    return one


@pytest.fixture(scope="module")
def ours(phase):
    return scorer(phase, QUICK)


def best(scores, classes):
    return np.array(classes)[scores.argmax(axis=1)]


def test_classes_nobody_saw_are_told_from_their_texts(phase, ours):
    clips = phase[0].test.of(UNSEEN)
    assert np.mean(best(ours.score(clips.unlabelled).unseen, UNSEEN) == clips.labels) > 0.8


def test_by_default_the_unseen_scores_are_distances_to_decoded_prototypes(phase, ours):
    clips = phase[0].test.unlabelled
    texts = torch.from_numpy(ours.problem.texts[list(UNSEEN)])
    prototypes = ours.vae.skeleton.decode(ours.vae.text.posterior(texts).mean).numpy()
    features = ours.problem.space(clips.features)
    distances = np.square(features[:, None] - prototypes[None]).sum(axis=2)
    np.testing.assert_allclose(ours.score(clips).unseen, -distances / 2, atol=1e-3)
    np.testing.assert_allclose(ours.prototypes, prototypes, atol=1e-6)


def test_the_papers_unseen_scores_are_its_softmax(phase, ours):
    clips = phase[0].test.unlabelled
    softmax = replace(ours, settings=replace(QUICK, unseen_classifier="softmax", classifier_learning_rate=0.01))
    scores = softmax.score(clips).unseen
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1)
    logits = softmax.classifier(torch.from_numpy(softmax.latents(clips)))
    assert np.array_equal(scores.argmax(axis=1), logits.argmax(dim=1).numpy())


def test_seen_classes_are_told_by_both_classifiers(phase, ours):
    clips = phase[0].test.of(phase[0].seen)
    for by in ("encoder", "nearest-mean"):
        scores = replace(ours, settings=replace(QUICK, seen_classifier=by)).score(clips.unlabelled).seen
        assert np.mean(best(scores, phase[0].seen) == clips.labels) > 0.9


def test_the_encoders_scores_are_its_logits(phase):
    clips = phase[0].test.unlabelled
    scores = scorer(phase, OF_PAPER).score(clips).seen
    assert np.array_equal(scores, clips.logits[:, list(phase[0].seen)])


def test_a_prototype_of_one_text_is_that_of_all(ours):
    texts = ours.problem.texts[list(UNSEEN)]
    alone = np.concatenate([decode_prototypes(ours.vae, row[None]) for row in texts])
    np.testing.assert_allclose(alone, decode_prototypes(ours.vae, texts), rtol=1e-5)


def test_latents_of_skeletons_and_texts(phase, ours):
    assert isinstance(ours, Mapped)
    assert ours.latents(phase[0].test.unlabelled).shape == (len(phase[0].test), 8)
    texts = ours.text_latents()
    assert texts.shape == (CLASSES, 8)
    means = ours.vae.text.posterior(torch.from_numpy(ours.problem.texts[list(UNSEEN)])).mean
    np.testing.assert_allclose(texts[list(UNSEEN)], means, rtol=1e-4, atol=1e-5)
    assert "skeleton reconstruction" in ours.curves


@pytest.mark.parametrize("method", [QUICK, OF_PAPER], ids=["ours", "the paper's"])
def test_scores_do_not_depend_on_what_was_asked_before(phase, method):
    one = scorer(phase, replace(method, cycle_steps=5))
    again = replace(one)
    again.score(phase[0].test.of(UNSEEN).unlabelled)
    both = one.score(phase[0].test.unlabelled), again.score(phase[0].test.unlabelled)
    assert np.array_equal(both[0].seen, both[1].seen)
    assert np.array_equal(both[0].unseen, both[1].unseen)


def test_our_scores_need_no_encoder_logits_and_the_papers_do(phase):
    blind = Unlabelled(phase[0].test.features)
    assert scorer(phase, replace(QUICK, cycle_steps=5)).score(blind).seen.shape == (len(phase[0].test), 9)
    with pytest.raises(DataError, match="logits of these clips are not known"):
        scorer(phase, OF_PAPER).score(blind)


def test_a_raw_space_leaves_features_and_texts_alone(phase):
    problem = pose(task_of(phase), OF_PAPER.spaces)
    assert np.array_equal(problem.features, phase[0].train.features)
    tables = [table for (table,) in phase[1].values()]
    assert np.array_equal(problem.texts, concatenation(tables)(tables))


def test_tasks_side_by_side_have_softmaxes_of_their_own(phase):
    method = replace(OF_PAPER, cycles=2)
    [first, second] = method.fit([task_of(phase)] * 2, 0)
    assert len({one.stream for one in (*first, *second)}) == 4
