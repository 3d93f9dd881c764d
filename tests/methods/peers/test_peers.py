"""What holds for every peer."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.run import run
from gzssar.experiment.story import Experiment, run_seed
from gzssar.features.features import FeatureSet, Unlabelled
from gzssar.methods.method import Method, Task, ToldTask, is_upper_reference
from gzssar.methods.peers import gaussian_latents
from gzssar.methods.recipe import Recipe, recipe_for
from peers_world import LEARNERS, PEERS, experiment, quick, toy_world
from synse_folder import write_synse_folder


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return toy_world(tmp_path_factory.mktemp("toy"))


FEW = {"steps": 4, "cycles": 2}
"""Where it does not matter how well a method learns."""


@pytest.fixture
def few(monkeypatch):
    """Short training of the last layer too."""
    monkeypatch.setattr(gaussian_latents, "SOFTMAX_STEPS", 2)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_toy_world_is_learned(toy, name):
    scores = run_seed(experiment(name, *toy), 0).scores
    assert scores.zsl_accuracy > 0.65  # chance: a third
    assert scores.harmonic_mean > 0.4  # chance: a twelfth


def test_chance_prefers_no_class(toy):
    benchmark, texts = toy
    phase = benchmark.test
    [[scorer]] = quick("chance").fit([Task("toy", phase.train, phase.seen, phase.unseen, texts)], 0)
    features = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)
    for kind, classes in zip(scorer.score(Unlabelled(features)), (phase.seen, phase.unseen), strict=True):
        share = np.bincount(kind.argmax(axis=1), minlength=len(classes)) / 1500
        np.testing.assert_allclose(share, 1 / len(classes), atol=0.05)


def with_test(one: Experiment, clips: FeatureSet) -> Experiment:
    benchmark = one.benchmark.of_seed(0)
    return replace(one, benchmark=replace(benchmark, test=replace(benchmark.test, test=clips)))


@pytest.mark.parametrize("name", [name for name in PEERS if name != "true-mean"])
def test_test_clips_and_their_labels_change_nothing_that_is_learned(toy, few, name):
    """Shuffled labels and noise for half of the clips: the other half is answered as before, bit for bit."""
    one = experiment(name, *toy, **FEW)
    clips = one.benchmark.of_seed(0).test.test
    rng = np.random.default_rng(0)
    noisy = np.arange(len(clips)) % 2 == 0
    features = np.where(noisy[:, None], rng.normal(size=clips.features.shape), clips.features).astype(np.float32)
    other = run_seed(with_test(one, replace(clips, features=features, labels=rng.permutation(clips.labels))), 0)
    same = run_seed(one, 0)
    assert np.array_equal(other.answers.routed()[~noisy], same.answers.routed()[~noisy])
    assert other.answers.threshold == same.answers.threshold


@pytest.mark.parametrize("name", PEERS)
def test_each_clip_is_scored_by_itself_and_each_seed_repeats(toy, few, name):
    benchmark, texts = toy
    phase = benchmark.test
    task = ToldTask("toy", phase.train, phase.seen, phase.unseen, texts, unseen_clips=phase.test.of(phase.unseen))
    [[*scorers]], [[*again]] = (quick(name, **FEW).fit([task], 3) for _ in range(2))
    clips = phase.test.unlabelled
    for scorer, twin in zip(scorers, again, strict=True):
        together = scorer.score(clips)
        assert [kind.tobytes() for kind in together] == [kind.tobytes() for kind in twin.score(clips)]
        alone = [scorer.score(Unlabelled(clips.features[k : k + 1])) for k in (0, 7, 40)]
        for kind in range(2):
            there = np.concatenate([one[kind] for one in alone])
            np.testing.assert_allclose(there, together[kind][[0, 7, 40]], rtol=1e-3, atol=1e-3)


def test_the_upper_reference_alone_is_told_the_unseen_clips(toy):
    given = {}

    class Spy:
        """Notes what it is given."""

        def __init__(self, method: Method, told: bool) -> None:
            self.name, self.method, self.upper_reference = method.name, method, told

        def fit(self, tasks, seed, progress=None):
            given[self.name] = tasks
            return self.method.fit(tasks, seed, progress)

    for name in ("true-mean", "eszsl"):
        method = quick(name)
        one = Experiment(*toy, Recipe(name, Spy(method, is_upper_reference(method)), fold_classes=10))
        run_seed(one, 0)
    assert all(type(task) is Task for task in given["eszsl"])
    assert [np.unique(task.unseen_clips.labels).tolist() for task in given["true-mean"]] == [
        list(task.unseen) for task in given["true-mean"]
    ]
    assert [name for name in PEERS if is_upper_reference(quick(name))] == ["true-mean"]


def test_the_upper_reference_says_so_in_every_report(tmp_path):
    root = write_synse_folder(tmp_path / "toy")
    config = ExperimentConfig(root, (root / "texts",), seeds=1, recipe="true-mean", out=tmp_path / "run")
    assert run(config).header.recipe == "true-mean, an upper reference"
    assert "true-mean, an upper reference" in (tmp_path / "run" / "report.md").read_text()
    assert replace(recipe_for("true-mean"), fold_classes=3).title == "true-mean, changed, an upper reference"


def test_the_upper_reference_is_no_method_where_nobody_knows_the_answers(toy):
    benchmark, texts = toy
    phase = benchmark.test
    with pytest.raises(ConfigError, match="true-mean is an upper reference that needs the unseen classes' clips"):
        quick("true-mean").fit([Task("toy", phase.train, phase.seen, phase.unseen, texts)], 0)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_is_a_recipe_by_its_name(name):
    recipe = recipe_for(name)
    assert recipe.method.name == name
    assert recipe.title.split(",")[0] == name
    assert "changed" not in recipe.title
    assert recipe.described()["method"]["name"] == name
