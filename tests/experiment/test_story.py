"""The story end to end on a toy world small enough to run in seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gzssar
from full_disk import room_for
from gzssar import cli
from gzssar.decision.learning import fit_phase
from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import ConfigError, OutputError
from gzssar.experiment import data as data_module, run as run_module, story
from gzssar.experiment.config import SELECTIONS, ExperimentConfig
from gzssar.experiment.data import Sources
from gzssar.experiment.folder import finished_records
from gzssar.experiment.run import run
from gzssar.experiment.story import Experiment, judge, run_seed, run_seed_by_each, train
from gzssar.methods.recipe import DEFAULT, PAPER, RECIPES, Recipe
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.synthetic.benchmark import SeededBenchmark
from gzssar.synthetic.world import SyntheticWorld
from gzssar.texts.classes import ClassText, ClassTexts
from gzssar.texts.encoding import TEXT_SETS, words_of
from gzssar.texts.words import count_words
from recipes import changed
from synse_folder import CLASSES, write_synse_folder

QUICK = {"cycles": 2, "cycle_steps": 60}
SOFTMAX = {"classifier_steps": 60, "samples_per_class": 50}


@pytest.fixture
def quick(monkeypatch):
    """Both recipes with few steps."""
    monkeypatch.setitem(RECIPES, "default", changed(DEFAULT, fold_classes=3, fold_count=3))
    monkeypatch.setitem(RECIPES, "paper", changed(PAPER, **QUICK, **SOFTMAX, learning_rate=2e-3, cross_from=30))


@pytest.fixture
def unread(monkeypatch):
    """Runs whose reports nobody looks at: drawing one takes longer than a toy world's seed."""
    monkeypatch.setattr(run_module, "write_report", lambda *arguments: None)


@pytest.fixture
def toy(tmp_path, quick) -> ExperimentConfig:
    root = write_synse_folder(tmp_path / "toy")
    return ExperimentConfig(synse=root, text_features=(root / "texts",), seeds=2, out=tmp_path / "run")


def experiment_of(toy: ExperimentConfig, recipe: Recipe) -> Experiment:
    data = Sources(toy).load(("lb", "ad", "md"))
    return Experiment(data.benchmark, data.of_set("lb+ad+md"), recipe)


def scores(folder: Path) -> dict:
    return json.loads((folder / "scores.json").read_text())


@pytest.mark.parametrize("recipe", ["default", "paper"])
def test_the_toy_world_is_learned_far_above_chance(toy, recipe):
    result = run(replace(toy, recipe=recipe, out=None))
    assert result.summary["mean"]["zsl_accuracy"] > 0.6  # chance: a third
    assert result.summary["mean"]["oracle_gate_harmonic_mean"] > 0.6


def test_a_run_leaves_config_scores_and_report(toy):
    run(toy)
    there = scores(toy.out)
    assert [seed["seed"] for seed in there["seeds"]] == [0, 1]
    assert 0 <= there["mean"]["harmonic_mean"] <= 1
    about = json.loads((toy.out / "config.json").read_text())
    assert about["seeds"] == [0, 1]
    assert about["recipe"]["name"] == "default"
    assert all(len(digest) == 64 for digest in about["inputs"].values())
    assert about["environment"]["torch"]
    assert about["environment"]["threads"] == "1"
    assert f"torch {torch.backends.cpu.get_cpu_capability()}, numpy " in about["environment"]["machine"]
    assert {seed["machine"] for seed in there["seeds"]} == {about["environment"]["machine"]}
    assert "<html" in (toy.out / "report.html").read_text()


@pytest.mark.parametrize("recipe", ["default", "paper"])
def test_equal_seeds_give_equal_numbers_bit_for_bit(toy, recipe):
    one = experiment_of(toy, RECIPES[recipe])
    a, b, other = (run_seed(one, seed) for seed in (3, 3, 4))
    assert a.scores == b.scores
    assert a.answers.routing.tobytes() == b.answers.routing.tobytes()
    assert a.latents.tobytes() == b.latents.tobytes()
    assert a.answers.routing.tobytes() != other.answers.routing.tobytes()


def test_jobs_do_not_change_the_numbers(tmp_path):
    # a quick method by its name: workers are fresh processes, which a patched recipe does not reach
    root = write_synse_folder(tmp_path / "toy")
    toy = ExperimentConfig(root, (root / "texts",), text="lb", seeds=2, recipe="ridge")
    one, two = run(toy), run(replace(toy, jobs=2))
    assert [r.scores for r in one.records] == [r.scores for r in two.records]


def test_labels_of_test_clips_choose_nothing(toy):
    """Shuffled test labels change the scores, but not one answer."""
    one = experiment_of(toy, RECIPES["default"])
    phase = one.benchmark.test
    rng = np.random.default_rng(0)
    shuffled = replace(phase, test=replace(phase.test, labels=rng.permutation(phase.test.labels)))
    other = replace(one, benchmark=replace(one.benchmark, test=shuffled))
    a, b = run_seed(one, 0), run_seed(other, 0)
    assert np.array_equal(a.answers.routed(), b.answers.routed())
    assert a.scores != b.scores


def test_the_papers_rule_looks_at_test_clips_and_validation_does_not(toy):
    trained = train(experiment_of(toy, RECIPES["paper"]), 0)
    honest, peeking = judge(trained, "validation"), judge(trained, "paper-test-selected")
    benchmark = trained.experiment.benchmark
    for phase, judged in ((benchmark.validation, honest), (benchmark.test, peeking)):
        known = fit_phase(benchmark.test, phase, trained.experiment.texts, trained.experiment.recipe, 0).evidence
        assert (
            judged.extra["checkpoint"] == np.argmax([one.zsl_accuracy for one in known[0]]) or phase is benchmark.test
        )
    assert peeking.scores.zsl_accuracy >= honest.scores.zsl_accuracy
    assert peeking.scores.zsl_accuracy == max(
        np.mean(np.array(phase.unseen)[scorer.score(clips.unlabelled).unseen.argmax(axis=1)] == clips.labels)
        for phase in (benchmark.test,)
        for clips in (phase.test.of(phase.unseen),)
        for scorer in trained.fitted.scorers
    )


def test_both_rules_judge_one_training(toy, unread, monkeypatch, capsys):
    trained = []
    ours = story.train
    monkeypatch.setattr(story, "train", lambda *given: trained.append(given[1]) or ours(*given))
    arguments = f"run --synse {toy.synse} --text-features {toy.text_features[0]} --recipe paper --out {toy.out}".split()
    cli.main([*arguments, "--selection", "both", "--seeds", "2"])
    assert trained == [0, 1]
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"recipe paper · selection {rule} · 2 seeds" in told for rule in SELECTIONS)
    inner = toy.out / "paper-test-selected"
    assert [scores(folder)["selection"] for folder in (toy.out, inner)] == [*SELECTIONS]
    both = {rule: scores(folder)["seeds"] for rule, folder in zip(SELECTIONS, (toy.out, inner), strict=True)}
    cli.main([*arguments, "--seeds", "2"])
    cli.main([*arguments[:-1], str(inner), "--selection", "paper-test-selected", "--seeds", "2"])
    assert trained == [0, 1]  # each folder is that of its own rule
    for rule in SELECTIONS:
        alone = run(replace(toy, recipe="paper", selection=rule, out=None))
        assert [record.scores.harmonic_mean for record in alone.records] == [s["harmonic_mean"] for s in both[rule]]


def test_an_ablation_is_by_one_rule(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["ablate", "--selection", "both"])
    assert stop.value.code == cli.USAGE_ERROR
    assert "an ablation writes one table" in capsys.readouterr().err


def test_both_rules_go_on_where_one_has_run(toy, unread):
    toy = replace(toy, recipe="paper")
    run(replace(toy, seeds=1))
    result = run(replace(toy, selection="both"))
    assert (result.header.selection, result.peeking.header.selection) == SELECTIONS
    for folder in (toy.out, toy.out / "paper-test-selected"):
        assert [seed["seed"] for seed in scores(folder)["seeds"]] == [0, 1]
    assert result.header.command.endswith(f"--recipe paper --selection both --seeds 2 --out {toy.out}")


def test_a_recipe_that_chooses_on_the_validation_phase_needs_one(toy):
    paper, ours = (experiment_of(toy, RECIPES[name]) for name in ("paper", "default"))
    blind = replace(paper.benchmark, validation=None)
    with pytest.raises(ConfigError, match="chooses on validation-unseen classes, but the split holds none out"):
        run_seed(replace(paper, benchmark=blind), 0)
    assert run_seed(replace(ours, benchmark=blind), 0).scores == run_seed(ours, 0).scores


def test_a_recipe_of_ones_own(toy):
    few, many = (
        run(replace(toy, recipe=replace(RECIPES["default"], fold_classes=k), seeds=1, out=None)) for k in (3, 4)
    )
    assert few.header.recipe == "default"
    assert few.records[0].answers.threshold != many.records[0].answers.threshold


class TextTables:
    """A language encoder that looks each text up in a table: the class's number is its text."""

    name, revision, dimension, token_limit = "tables", "1", 6, 77

    def __init__(self, tables):
        self.tables = tables

    def token_count(self, text):
        return 2

    def fitting(self, text):
        return text

    def encode(self, texts, truncate=False):
        kinds, rows = zip(*(text.split() for text in texts), strict=True)
        return np.stack([self.tables[kind][int(row)] for kind, row in zip(kinds, rows, strict=True)])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recognizer_of_the_training_part_answers_as_the_experiment_does(toy, monkeypatch, seed):
    """Clip by clip: one decision, one selection, one centre."""
    one = experiment_of(toy, RECIPES["default"])
    encoder = TextTables({kind: table for kind, (table,) in one.texts.items()})
    monkeypatch.setattr("gzssar.texts.encoding.load_text_encoder", lambda name, template, cache: encoder)
    texts = ClassTexts(tuple(ClassText(f"lb {k}", f"ad {k}", f"md {k}") for k in range(CLASSES)))
    counted = {words_of(kind): (count_words([f"{kind} {k}" for k in range(CLASSES)]),) for kind in one.texts}
    one = replace(one, texts={**one.texts, **counted})
    phase = one.benchmark.test
    recognizer = fit_recognizer(phase.train, texts, None, Fitting(recipe=RECIPES["default"], seed=seed))
    answers = run_seed(one, seed).answers
    predictions = recognizer.predict_features(phase.test.features)
    assert [int(p.label.split()[1]) for p in predictions] == answers.routed().tolist()
    assert 0.2 < np.mean([p[0]["seen"] for p in predictions]) < 1  # both kinds are answered
    assert recognizer.parts.decision.calibration.threshold == answers.threshold


def test_a_second_run_does_only_what_is_missing(toy, unread, monkeypatch):
    run(toy)
    first = scores(toy.out)
    ran = []
    ours = run_seed_by_each
    monkeypatch.setattr(run_module, "run_seed_by_each", lambda e, seed, _: ran.append(seed) or ours(e, seed))
    run(toy)
    assert ran == []
    run(replace(toy, seeds=3))
    assert ran == [2]
    assert scores(toy.out)["seeds"][:2] == first["seeds"]


def test_an_interrupted_run_keeps_its_finished_seeds(toy, unread, monkeypatch, capsys):
    def interrupted(e, seed, progress=None):
        if seed == 1:
            raise KeyboardInterrupt
        return run_seed_by_each(e, seed)

    monkeypatch.setattr(run_module, "run_seed_by_each", interrupted)
    arguments = f"run --synse {toy.synse} --text-features {toy.text_features[0]} --seeds 2 --out {toy.out}".split()
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == cli.INTERRUPTED
    assert "run the same command again to continue" in capsys.readouterr().err
    assert (toy.out / "seeds" / "0.npz").exists()
    assert not (toy.out / "scores.json").exists()
    monkeypatch.setattr(run_module, "run_seed_by_each", run_seed_by_each)
    cli.main(arguments)
    assert len(scores(toy.out)["seeds"]) == 2


def test_a_killed_run_resumes(tmp_path, unread, capsys):
    """kill -9 after the first seed; the same command then ends with the numbers of an undisturbed run."""
    root = write_synse_folder(tmp_path / "toy")
    out, seeds = tmp_path / "run", 15
    command = ["run", "--synse", str(root), "--text-features", str(root / "texts")]
    command += ["--text", "lb", "--recipe", "ridge", "--seeds", str(seeds), "--out", str(out)]
    started = subprocess.Popen([sys.executable, "-m", "gzssar", *command])
    deadline = time.monotonic() + 120
    while not (out / "seeds" / "0.npz").exists() and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert not (out / "scores.json").exists()
    cli.main(command)
    again = run(ExperimentConfig(root, (root / "texts",), text="lb", recipe="ridge", seeds=seeds))
    assert [seed["harmonic_mean"] for seed in scores(out)["seeds"]] == [r.scores.harmonic_mean for r in again.records]


def test_ablate_makes_one_row_per_text_set(toy, unread, capsys):
    folders = f"--synse {toy.synse} --text-features {toy.text_features[0]} --out {toy.out}"
    arguments = f"ablate {folders} --recipe ridge --seeds 1".split()
    cli.main(arguments)
    table = (toy.out / "ablation.md").read_text()
    assert [row for row in TEXT_SETS if f"| {row} |" in table.replace("*", "")] == list(TEXT_SETS)
    assert "lb+ad+md" in capsys.readouterr().out


class Letters(TextTables):
    """A language encoder that counts letters."""

    def encode(self, texts, truncate=False):
        return np.array([[1 + text.count(letter) for letter in "aeinot"] for text in texts], dtype=np.float32)


@pytest.fixture
def small_world(tmp_path, unread, monkeypatch) -> ExperimentConfig:
    """The embedded default, tiny."""
    monkeypatch.setattr(data_module, "SyntheticWorld", lambda: SyntheticWorld(0, 8, 8, 8))
    monkeypatch.setattr(data_module, "SYNTHETIC_TRAINING", EncoderTraining(width=4, frames=8, epochs=1))
    monkeypatch.setattr(data_module, "SYNTHETIC_STREAMS", ("joint",))
    monkeypatch.setattr("gzssar.texts.encoding.load_text_encoder", lambda name, template, cache: Letters({}))
    return ExperimentConfig(text="lb", recipe="ridge", seeds=2, out=tmp_path / "run")


@pytest.fixture
def trained(monkeypatch) -> list[int]:
    """The seeds of the encoders that are trained, in order."""
    seeds: list[int] = []
    of_seed = SeededBenchmark.of_seed

    def spy(self, seed, progress=None):
        seeds.extend([seed] * (seed not in self.made))
        return of_seed(self, seed, progress)

    monkeypatch.setattr(SeededBenchmark, "of_seed", spy)
    return seeds


def test_each_seed_trains_encoders_of_its_own(small_world, trained):
    both = run(small_world)
    assert trained == [0, 1]
    again = run(replace(small_world, first_seed=1, seeds=1, out=None))
    assert again.records[0].scores == both.records[1].scores
    assert both.header.encoder_seeded


def test_encoders_of_finished_seeds_are_not_trained_again(small_world, trained):
    first = run(replace(small_world, seeds=1))
    more = run(small_world)
    run(small_world)
    assert trained == [0, 1]
    assert more.records[0].scores == first.records[0].scores


def test_encoders_trained_side_by_side_are_the_same(small_world):
    config = replace(small_world, out=None)
    two = Sources(config).load(("lb",)).encoded(range(2), 2, None)
    assert [r.scores for r in run(config, data=two).records] == [r.scores for r in run(config).records]


def test_ablate_trains_each_seeds_encoders_once(small_world, trained):
    cli.main(f"ablate --recipe ridge --seeds 2 --out {small_world.out}".split())
    assert trained == [0, 1]


@pytest.mark.parametrize(("recipe", "wanted"), [("ridge", False), ("paper", True)])
def test_a_validation_phase_is_made_for_recipes_that_look_at_it(small_world, recipe, wanted):
    benchmark = Sources(replace(small_world, recipe=recipe)).load(("lb",)).benchmark
    assert isinstance(benchmark, SeededBenchmark)
    assert benchmark.with_validation == wanted


def test_another_experiment_may_not_use_the_folder(toy, unread):
    run(replace(toy, seeds=1))
    with pytest.raises(OutputError, match="holds the results of another run, which differs in experiment"):
        run(replace(toy, seeds=1, text="lb"))


def test_a_folder_belongs_to_the_data_that_are_handed_over(toy, unread):
    """Equal ones go on; those that differ in clips, in texts or in the split do not, though `config` is the same."""
    data = Sources(toy).load(("lb", "ad", "md"))
    run(replace(toy, seeds=1), data=data)
    assert len(run(toy, data=Sources(toy).load(("lb", "ad", "md"))).records) == 2
    phase = data.benchmark.test
    louder = replace(phase, test=replace(phase.test, features=phase.test.features + np.float32(0.5)))
    mirrored = {kind: tuple(-table for table in tables) for kind, tables in data.texts.items()}
    renamed = tuple(f"class {name}" for name in data.benchmark.class_names)
    for other in (
        replace(data, benchmark=replace(data.benchmark, test=louder)),
        replace(data, benchmark=replace(data.benchmark, validation=None)),
        replace(data, benchmark=replace(data.benchmark, class_names=renamed)),
        replace(data, texts=mirrored),
    ):
        with pytest.raises(OutputError, match="holds the results of another run, which differs in inputs"):
            run(toy, data=other)


def test_seeds_of_two_machines_are_told_apart(toy, monkeypatch, capsys):
    """In the terminal, in the report and in scores.json; those of one machine are worth no word."""
    arguments = f"run --synse {toy.synse} --text-features {toy.text_features[0]} --recipe ridge --out {toy.out}".split()
    monkeypatch.setattr(story, "machine", lambda: "Old, 2 cores, torch AVX2, numpy X86_V3")
    cli.main([*arguments, "--seeds", "1"])
    assert "stand side by side" not in capsys.readouterr().err
    assert "stand side by side" not in (toy.out / "report.md").read_text()
    monkeypatch.setattr(story, "machine", lambda: "New, 2 cores, torch AVX512, numpy X86_V4")
    cli.main([*arguments, "--seeds", "2"])
    both = "Old, 2 cores, torch AVX2, numpy X86_V3; New, 2 cores, torch AVX512, numpy X86_V4"
    told = f"Seeds of 2 machines stand side by side, which may differ in the last bits: {both}."
    assert f"gzssar: {told}\n" in capsys.readouterr().err
    page = (toy.out / "report.md").read_text()
    assert told in page.replace("\\_", "_")
    assert f"| machine | {both} |" in page.replace("\\_", "_")
    assert [seed["machine"] for seed in scores(toy.out)["seeds"]] == both.split("; ")


def test_data_that_are_handed_over_are_hashed_as_far_as_they_are_read(toy):
    data = Sources(toy).load(("lb", "ad", "md"))
    others = replace(data, texts={**data.texts, "md": tuple(2 * table for table in data.texts["md"])})
    assert data.hashes("lb+ad") == others.hashes("lb+ad")
    assert [part for part, digest in data.hashes("md").items() if others.hashes("md")[part] != digest] == ["texts"]
    phase = data.benchmark.test
    moved = replace(phase.train, provenance={"file": "elsewhere"})
    told = replace(data, benchmark=replace(data.benchmark, test=replace(phase, train=moved)))
    assert told.hashes("lb") == data.hashes("lb")


def test_a_disk_that_is_full_leaves_the_former_report_and_whole_scores(toy):
    toy = replace(toy, recipe="ridge")
    run(replace(toy, seeds=1))
    before = {path: path.read_bytes() for path in toy.out.rglob("*") if path.suffix in (".png", ".md", ".html")}
    assert len(before) > 5
    largest = max(before, key=lambda path: len(before[path]))
    with room_for(int(0.9 * len(before[largest]))), pytest.raises(OutputError) as told:
        run(toy)
    assert str(told.value).startswith(f"{largest} cannot be written (")
    assert {path: path.read_bytes() for path in before} == before
    assert len(scores(toy.out)["seeds"]) == 2
    assert [record.seed for record in finished_records(toy.out)] == [0, 1]
    assert not list(toy.out.rglob("*.part"))
    run(toy)  # once there is room
    assert "2 seeds" in (toy.out / "report.md").read_text()


def test_real_features_beat_chance(shared_data, quick):
    """Few steps on one split of mix43: far above the eighth that guessing gives."""
    mix43 = shared_data / "mix43"
    result = run(ExperimentConfig(mix43 / "s14", (mix43 / "text_feats" / "minilm",), seeds=1))
    assert result.summary["mean"]["zsl_accuracy"] > 0.35


def test_importing_the_package_costs_no_torch():
    code = "import sys, gzssar, gzssar.cli; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_every_public_name_exists():
    assert all(getattr(gzssar, name) is not None for name in gzssar.__all__)
    assert len(gzssar.__all__) == len(set(gzssar.__all__))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = gzssar.nothing_of_the_kind
