from dataclasses import replace

import numpy as np
import pytest
import torch

from gzssar.errors import DataError
from gzssar.features.features import FeatureSet
from gzssar.features.synse import read_synse
from gzssar.methods.msf.scorer import Expert, PhaseRecognizer, pose
from gzssar.methods.msf.training import align
from gzssar.recipe import DEFAULT, PAPER
from gzssar.texts.features import read_text_tables
from gzssar.texts.fusion import concatenation
from synse_folder import CLASSES, UNSEEN, write_synse_folder

QUICK = replace(DEFAULT, latent_width=8, cycles=1, cycle_steps=1000, learning_rate=5e-3, classifier_learning_rate=0.01)
OF_PAPER = replace(PAPER, latent_width=8, cycles=1, cycle_steps=5, samples_per_class=5, classifier_steps=5)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The toy world's test phase and its three tables of texts."""
    root = write_synse_folder(tmp_path_factory.mktemp("toy"))
    kinds = ("lb", "ad", "md")
    return read_synse(root).test, tuple(read_text_tables(root / "texts", kinds, CLASSES).values())


def recognizer(world, recipe, seed=0):
    problem = pose(*world, recipe)
    aligned = align(problem.pairs(), recipe, torch.Generator().manual_seed(seed))
    experts = tuple(
        Expert(one.checkpoints[-1], texts, problem.phase.unseen, recipe, seed)
        for one, texts in zip(aligned, problem.texts, strict=True)
    )
    return PhaseRecognizer(problem, experts, recipe)


@pytest.fixture(scope="module")
def ours(world):
    return recognizer(world, QUICK)


def test_classes_nobody_saw_are_told_from_their_texts(world, ours):
    clips = world[0].test.of(UNSEEN)
    predictions = ours.predict_unseen(clips)
    assert set(predictions.tolist()) <= set(UNSEEN)
    assert np.mean(predictions == clips.labels) > 0.8


def test_the_default_takes_the_nearest_prototype_and_the_papers_its_softmax(world, ours):
    clips = world[0].test
    features = ours.problem.space(clips.features)
    distances = np.square(features[:, None] - ours.experts[0].prototypes()[None]).sum(axis=2)
    assert np.array_equal(ours.predict_unseen(clips), np.array(UNSEEN)[distances.argmin(axis=1)])
    trained = [replace(expert, recipe=replace(QUICK, unseen_classifier="softmax")) for expert in ours.experts]
    softmax = replace(ours, experts=tuple(trained))
    logits = trained[0].classifier(torch.from_numpy(ours.latents(clips)))
    assert np.array_equal(softmax.predict_unseen(clips), np.array(UNSEEN)[logits.argmax(dim=1).numpy()])


def test_seen_classes_are_told_by_both_classifiers(world, ours):
    clips = world[0].test.of(world[0].seen)
    for by in ("encoder", "nearest-mean"):
        assert np.mean(ours.predict_seen(clips, by) == clips.labels) > 0.9


def test_the_gates_distances_tell_seen_clips_from_unseen_ones(world, ours):
    one = ours.gate_set()
    assert one.inputs.shape == (len(world[0].test), 2)
    assert one.is_seen.tolist() == world[0].test_is_seen.astype(int).tolist()
    nearer_seen = one.inputs[:, 0] > one.inputs[:, 1]
    assert np.mean(nearer_seen == (one.is_seen == 1)) > 0.9


def test_probabilities_over_the_unseen_classes(world, ours):
    probabilities = ours.unseen_probabilities(world[0].test)
    assert probabilities.shape == (len(world[0].test), len(UNSEEN))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_the_papers_gate_reads_the_largest_probabilities(world):
    inputs = recognizer(world, OF_PAPER).gate_set().inputs
    assert inputs.shape == (len(world[0].test), 2 * len(UNSEEN))
    for half in (inputs[:, :3], inputs[:, 3:]):
        assert (np.diff(half, axis=1) <= 0).all()
    np.testing.assert_allclose(inputs[:, :3].sum(axis=1), 1)  # all three unseen classes are among the three largest
    assert (inputs[:, 3:].sum(axis=1) < 1).all()


def test_latents_of_skeletons_and_texts(world, ours):
    assert ours.latents(world[0].test).shape == (len(world[0].test), 8)
    texts = ours.text_latents()
    assert texts.shape == (CLASSES, 8)
    means = ours.experts[0].vae.text.posterior(torch.from_numpy(ours.problem.texts[0][list(UNSEEN)])).mean
    np.testing.assert_allclose(texts[list(UNSEEN)], means, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", ["unseen_probabilities", "gate_inputs"])
def test_answers_do_not_depend_on_what_was_asked_before(world, ours, first):
    again = PhaseRecognizer(ours.problem, tuple(replace(expert) for expert in ours.experts), ours.recipe)
    getattr(again, first)(world[0].test)
    assert np.array_equal(again.unseen_probabilities(world[0].test), ours.unseen_probabilities(world[0].test))
    assert np.array_equal(again.gate_inputs(world[0].test), ours.gate_inputs(world[0].test))


def test_our_gate_needs_no_encoder_logits_and_the_papers_does(world):
    clips = world[0].test
    blind = FeatureSet(clips.features, clips.labels)
    assert recognizer(world, replace(QUICK, cycle_steps=5)).gate_inputs(blind).shape == (len(clips), 2)
    with pytest.raises(DataError, match="logits of these clips are not known"):
        recognizer(world, OF_PAPER).gate_inputs(blind)


def test_a_raw_space_leaves_features_and_texts_alone(world):
    problem = pose(*world, OF_PAPER)
    [pairs] = problem.pairs()
    assert np.array_equal(pairs.skeletons, world[0].train.features)
    assert np.array_equal(pairs.texts, concatenation(world[1])(world[1]))


def test_experts_answer_as_one_with_the_mean_of_their_logarithms(world):
    several = recognizer(world, replace(QUICK, fusion="experts"))
    assert len(several.experts) == 3
    clips, features = world[0].test, several.problem.space(world[0].test.features)
    logs = [expert.log_probabilities(features) for expert in several.experts]
    product = np.exp(sum(logs) / 3)
    expected = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(several.unseen_probabilities(clips), expected, rtol=1e-9)
    assert np.mean(several.predict_unseen(clips.of(UNSEEN)) == clips.of(UNSEEN).labels) > 0.8
    assert several.gate_inputs(clips).shape == (len(clips), 2)
    assert several.latents(clips).shape == (len(clips), 3 * 8)
    assert several.text_latents().shape == (CLASSES, 3 * 8)
