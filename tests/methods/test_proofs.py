"""What must hold for every method that has a name here, and for every recipe: no answer leans on what a zero-shot
method may not know, nor on the company that a clip is in."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.experiment.story import Experiment, Trained, judge, train
from gzssar.features.features import FeatureSet, Unlabelled
from gzssar.features.synse import read_synse
from gzssar.methods import METHODS
from gzssar.methods.peers import gaussian_latents
from gzssar.methods.recipe import RECIPES, Recipe
from gzssar.texts.features import read_text_tables
from peers_world import quick
from recipes import changed
from synse_folder import CLASSES, write_synse_folder

NAMES = list(dict.fromkeys([*METHODS, *RECIPES]))
TOLD = pytest.mark.xfail(raises=AssertionError, strict=True, reason="it is told the unseen classes' test clips")
ZERO_SHOT = [pytest.param(name, marks=[TOLD] if name == "true-mean" else []) for name in NAMES]
"""All of them; that the upper reference breaks the proof shows that the proof sees what it should."""

FEW = {"steps": 4, "cycles": 2, "width": 8}
FOLDS = {"fold_classes": 4, "fold_count": 2}
OF_RECIPES = {
    "default": FOLDS,
    "msf": {"cycles": 2, "cycle_steps": 4, **FOLDS},
    "paper": {"cycles": 2, "cycle_steps": 4, "cross_from": 2, "classifier_steps": 4, "samples_per_class": 5},
}


def few_steps(name: str) -> Recipe:
    """The recipe, trained for a moment: how well it learns does not matter here."""
    return changed(RECIPES[name], **OF_RECIPES[name]) if name in RECIPES else Recipe(name, quick(name, **FEW), **FOLDS)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = write_synse_folder(tmp_path_factory.mktemp("toy"), per_class=4)
    tables = read_text_tables(root / "texts", ("lb", "ad", "md"), CLASSES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaussian_latents, "SOFTMAX_STEPS", 2)
        yield read_synse(root), {kind: (table,) for kind, table in tables.items()}


@pytest.fixture(scope="module")
def trained(toy):
    """Each method trained once."""
    done: dict[str, Trained] = {}

    def of(name: str) -> Trained:
        if name not in done:
            done[name] = train(Experiment(*toy, few_steps(name)), 3)
        return done[name]

    return of


def with_test(one: Experiment, clips: FeatureSet) -> Experiment:
    benchmark = one.benchmark
    return replace(one, benchmark=replace(benchmark, test=replace(benchmark.test, test=clips)))


def answers_of(trained: Trained):
    return judge(trained, "validation").answers


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_shuffled_labels_of_test_clips_change_no_answer(trained, name):
    one = trained(name).experiment
    clips = one.benchmark.test.test
    shuffled = replace(clips, labels=np.random.default_rng(0).permutation(clips.labels))
    other, same = answers_of(train(with_test(one, shuffled), 3)), answers_of(trained(name))
    assert np.array_equal(other.labels, shuffled.labels)
    assert other.routing.tobytes() == same.routing.tobytes()
    assert np.array_equal(other.routed(), same.routed())
    assert other.threshold == same.threshold


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_noise_in_place_of_unseen_test_clips_changes_nothing_that_is_learned(trained, name):
    """Bit by bit: the real clips come back when it is asked."""
    one = trained(name).experiment
    phase = one.benchmark.test
    noise = np.random.default_rng(0).normal(size=phase.test.features.shape).astype(np.float32)
    features = np.where(phase.test_is_seen[:, None], phase.test.features, 9 * noise)
    blind = train(with_test(one, replace(phase.test, features=features)), 3)
    asked = answers_of(replace(blind, fitted=replace(blind.fitted, phase=phase)))
    same = answers_of(trained(name))
    assert asked.routing.tobytes() == same.routing.tobytes()
    assert np.array_equal(asked.routed(), same.routed())
    assert asked.threshold == same.threshold


COMPANIES = {
    "another order": lambda count: np.random.default_rng(0).permutation(count),
    "twice": lambda count: np.tile(np.arange(count), 2),
    "seven times in a row": lambda count: np.repeat(np.arange(count), 7),
    "one alone": lambda count: np.array([count // 2]),
    "the last alone": lambda count: np.array([count - 1]),
}


@pytest.mark.parametrize("company", COMPANIES.values(), ids=COMPANIES)
@pytest.mark.parametrize("name", NAMES)
def test_a_clip_is_scored_alike_in_any_company(trained, name, company):
    clips = trained(name).fitted.phase.test.unlabelled
    which = company(len(clips.features))
    logits = None if clips.logits is None else clips.logits[which]
    for scorer in trained(name).fitted.scorers:
        everyone, some = scorer.score(clips), scorer.score(Unlabelled(clips.features[which], logits))
        for expected, found in zip(everyone, some, strict=True):
            scale = np.abs(expected).max()
            np.testing.assert_allclose(found, expected[which], rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_test_clips_and_their_doubles_change_no_answer(trained, name):
    phase, same = trained(name).fitted.phase, answers_of(trained(name))
    which = np.concatenate([COMPANIES["another order"](len(phase.test)), np.arange(9)])
    clips = FeatureSet(phase.test.features[which], phase.test.labels[which], phase.test.logits[which])
    fitted = replace(trained(name).fitted, phase=replace(phase, test=clips))
    other = answers_of(replace(trained(name), fitted=fitted))
    assert np.array_equal(other.routed(), same.routed()[which])
    np.testing.assert_allclose(other.routing, same.routing[which], rtol=1e-4, atol=1e-6)
