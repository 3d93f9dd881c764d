"""A bench on the toy world, whose skeleton features are a linear image of the texts."""

import csv
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import gzssar
import gzssar.bench.cells as cells
import gzssar.bench.run as run_module
from gzssar import provenance
from gzssar.bench.config import BenchConfig
from gzssar.bench.cuts import find_cuts
from gzssar.bench.program import DECISIVE
from gzssar.bench.run import bench
from gzssar.cli import main
from gzssar.errors import ConfigError, DataError, GzssarError, MissingExtraError, OutputError
from gzssar.evaluation.paired import METRICS
from gzssar.experiment import story
from gzssar.experiment.story import run_seed
from gzssar.features.features import FeatureSet
from gzssar.features.files import save_features
from gzssar.methods.recipe import recipe_for
from gzssar.provenance import source_hash
from gzssar.reports.bench import bench_markdown
from gzssar.texts.classes import write_class_texts
from recognizer_world import LABELS, TEXTS, clips_of, fake_text_encoders
from synse_folder import write_synse_folder

ROW = ["method", "data", "split", "seed", *METRICS, "seconds"]


WRITE_REPORT = run_module.write_bench_report


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    """Texts are encoded at once, and pictures are drawn where they are looked at."""
    monkeypatch.setattr(run_module, "write_bench_report", lambda *_: None)
    with fake_text_encoders():
        yield


@pytest.fixture
def config(tmp_path):
    """Twelve classes in the file's own order, three of them unseen in each of two splits."""
    write_class_texts(tmp_path / "texts.csv", TEXTS)
    save(tmp_path / "toy.npz")
    return BenchConfig(
        tmp_path / "bench",
        features=(tmp_path / "toy.npz",),
        texts=(str(tmp_path / "texts.csv"),),
        methods=("ridge", "weak=ridge"),
        set=("ridge.fold_classes=3", "weak.fold_classes=3", "weak.penalty=100"),
        unseen=3,
        splits=2,
    )


def save(path, order=range(12), subjects=True):
    """The toy's clips, whose classes are numbered in another order than the texts' rows are."""
    clips, place = clips_of(range(12)), np.argsort(order)
    who = clips.subjects if subjects else None
    names = {"class_names": [LABELS[k] for k in order]}
    save_features(path, FeatureSet(clips.features, place[clips.labels], provenance=names, subjects=who))


def silent(sentence):
    raise AssertionError(sentence)


@pytest.fixture
def ran(monkeypatch):
    """Which recipes and seeds really run."""
    ran = []
    monkeypatch.setattr(cells, "run_seed", lambda one, seed: ran.append((one.recipe.name, seed)) or run_seed(one, seed))
    return ran


def test_what_a_bench_leaves_behind(config, monkeypatch):
    monkeypatch.setattr(run_module, "write_bench_report", WRITE_REPORT)
    rows = bench(config, silent)
    told = json.loads((config.out / "bench.json").read_text())
    assert told["rows"] == rows
    assert [list(row) for row in rows] == [ROW] * 4
    assert [(row["method"], row["data"], row["split"], row["seed"]) for row in rows] == [
        ("ridge", "toy", 0, 0), ("weak", "toy", 0, 0), ("ridge", "toy", 1, 0), ("weak", "toy", 1, 0)
    ]  # fmt: skip
    assert all(0 <= row[metric] <= 1 for row in rows for metric in METRICS)
    h = [row["harmonic_mean"] for row in rows]
    assert told["methods"]["ridge"]["mean"]["harmonic_mean"] == pytest.approx((h[0] + h[2]) / 2)
    (pair,) = [one for one in told["paired"] if one["metric"] == "harmonic_mean"]
    assert (pair["a"], pair["b"], pair["splits"]) == ("ridge", "weak", 2)
    assert pair["mean"] == pytest.approx((h[0] - h[1] + h[2] - h[3]) / 2)
    assert told["methods"]["ridge"]["mean"]["zsl_accuracy"] > 0.6  # chance: a third
    with (config.out / "bench.csv").open() as file:
        assert [float(row["ausuc"]) for row in csv.DictReader(file)] == [row["ausuc"] for row in rows]
    page = (config.out / "bench.md").read_text()
    assert "mean ± standard error over class splits (2 of toy)" in page
    assert "| ridge − weak |" in page
    assert all((config.out / "figures" / f"{name}.png").stat().st_size > 5000 for name in ("intervals", "curves"))


def test_a_second_call_runs_only_what_is_missing(config, ran):
    first = bench(config, silent)
    assert len(ran) == 4
    assert bench(config, silent) == first
    assert len(ran) == 4
    more = bench(replace(config, splits=3, seeds=2), silent)
    assert len(ran) == 12  # 2 methods, 3 splits, 2 seeds
    assert [row for row in more if row["split"] < 2 and row["seed"] == 0] == first
    assert bench(replace(config, methods=("ridge",), set=config.set[:1]), silent) == first[::2]
    assert len(ran) == 12


def test_cells_of_two_machines_are_told_apart(config, monkeypatch):
    told = []
    monkeypatch.setattr(story, "machine", lambda: "Old")
    bench(config, told.append)
    assert told == []
    monkeypatch.setattr(story, "machine", lambda: "New")
    bench(replace(config, splits=3), told.append)
    assert told == ["Cells of 2 machines stand side by side, which may differ in the last bits: Old; New."]
    there = json.loads((config.out / "bench.json").read_text())
    assert there["notes"] == told
    assert there["environment"]["machine"] == "Old; New"


def test_a_kill_loses_one_cell(config, ran, monkeypatch):
    def killed(one, seed):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(seed)
        return run_seed(one, seed)

    with monkeypatch.context() as patch:
        patch.setattr(cells, "run_seed", killed)
        with pytest.raises(KeyboardInterrupt):
            bench(config, silent)
    assert not (config.out / "bench.json").exists()
    bench(config, silent)
    assert len(ran) == 4


@pytest.mark.parametrize("change", ["features", "texts", "set", "source"])
def test_another_input_recipe_or_source_runs_anew(config, ran, change, monkeypatch):
    bench(config, silent)
    if change == "features":
        clips = clips_of(range(12), seed=1)
        save_features(config.features[0], replace(clips, provenance={"class_names": list(LABELS)}))
    elif change == "texts":
        write_class_texts(
            config.out.parent / "texts.csv", replace(TEXTS, rows=(replace(TEXTS[0], action="?"), *TEXTS[1:]))
        )
    elif change == "set":
        config = replace(config, set=("ridge.fold_classes=3", "weak.fold_classes=3"))  # which makes weak what ridge is
    else:
        monkeypatch.setattr(run_module, "program", lambda: {"source": "another"})
    bench(config, silent)
    assert len(ran) == (4 if change == "set" else 8)


def test_several_cores_give_the_same_numbers(config):
    one = bench(config, silent)
    two = bench(replace(config, out=config.out.with_name("two"), jobs=2), silent)
    assert [{**row, "seconds": 0} for row in one] == [{**row, "seconds": 0} for row in two]


def test_a_split_is_drawn_from_seed_classes_unseen_and_number_alone(config):
    def drawn(**changes):
        return [cut.load(False).benchmark.split for cut in find_cuts(replace(config, **changes), silent)]

    few = drawn()
    assert [split.unseen for split in few] == [
        split.unseen for split in drawn(splits=5, methods=("default",), set=())[:2]
    ]
    assert few[0].unseen != few[1].unseen
    assert few[0].unseen != drawn(split_seed=1)[0].unseen
    assert len(drawn(unseen=4)[0].unseen) == 4
    order = np.random.default_rng((0, 12, 3, 1)).permutation(12)
    assert few[1].unseen == tuple(sorted(order[:3].tolist()))
    assert few[1].validation_unseen == tuple(sorted(order[3:6].tolist()))


def test_odd_performers_train_and_even_ones_are_judged(config):
    def performers(**changes):
        test = find_cuts(replace(config, **changes), silent)[0].load(False).benchmark.test
        return set(test.train.subjects.tolist()), set(test.test.subjects.tolist())

    assert performers() == ({1, 3}, {0, 2})
    assert performers(train_subjects=(0, 1, 2)) == ({0, 1, 2}, {3})


def test_texts_are_found_by_the_classes_names(config):
    order = (5, 3, 1, 0, 2, 4, 11, 10, 9, 8, 7, 6)
    save(config.features[0], order)
    data = find_cuts(config, silent)[0].load(False)
    assert data.benchmark.class_names == tuple(LABELS[k] for k in order)
    straight = replace(config, features=(config.features[0].with_name("straight.npz"),))
    save(straight.features[0])
    assert np.array_equal(data.texts["md"][0], find_cuts(straight, silent)[0].load(False).texts["md"][0][list(order)])


def test_classes_without_clips_do_not_count(config):
    clips = clips_of([k for k in range(12) if k != 4])
    save_features(config.features[0], replace(clips, provenance={"class_names": list(LABELS)}))
    data = find_cuts(config, silent)[0].load(False)
    assert data.benchmark.class_names == (*LABELS[:4], *LABELS[5:])
    assert len(data.texts["lb"][0]) == 11


def test_unknown_performers_are_said_so(config, monkeypatch):
    monkeypatch.setattr(run_module, "write_bench_report", WRITE_REPORT)
    save(config.features[0], subjects=False)
    told = []
    bench(replace(config, splits=1), told.append)
    assert "toy.npz: no clip says who performs it" in told[0]
    assert json.loads((config.out / "bench.json").read_text())["notes"] == told
    assert f"- {told[0]}" in (config.out / "bench.md").read_text()


def test_an_encoder_that_knows_the_classes_is_said_so(config):
    about = {"class_names": list(LABELS), "encoder": {"class_names": list(LABELS)}, "encoder_classes": [2, 5]}
    save_features(config.features[0], replace(clips_of(range(12)), provenance=about))
    told = []
    find_cuts(config, told.append)
    assert "its encoder was trained on 2 of the classes, such as bow, so" in told[0]


@dataclass(frozen=True)
class Spy:
    """Ridge, which looks whether it is given logits."""

    needs_logits: bool
    name: str = "spy"

    def fit(self, tasks, seed, progress=None):
        scorers = recipe_for("ridge").method.fit(tasks, seed)
        return [[Looking(one, self.needs_logits) for one in of_task] for of_task in scorers]


@dataclass(frozen=True)
class Looking:
    scorer: object
    needs_logits: bool

    def score(self, clips):
        assert (clips.logits is not None) == self.needs_logits
        return self.scorer.score(clips)


def test_logits_are_given_to_methods_that_need_them_whatever_the_company(config):
    recipes = {
        name: replace(recipe_for("ridge"), name=name, method=Spy(needs), held_out="validation")
        for name, needs in (("needs", True), ("does not", False))
    }
    one, other = bench(replace(config, splits=1), silent, recipes=recipes)
    assert one["harmonic_mean"] == other["harmonic_mean"]


def test_synse_folders_side_by_side_are_splits_of_one_benchmark(tmp_path):
    folders = tuple(write_synse_folder(tmp_path / "world" / name, seed=k) for k, name in enumerate(("s1", "s2")))
    arguments = ["--synse", *map(str, folders), "--text-features", str(folders[0] / "texts")]
    main(["bench", *arguments, "--methods", "ridge", "--set", "ridge.fold_classes=3", "-o", str(tmp_path / "out")])
    rows = json.loads((tmp_path / "out" / "bench.json").read_text())["rows"]
    assert [(row["data"], row["split"]) for row in rows] == [("world", "s1"), ("world", "s2")]


def test_two_benchmarks_have_tables_of_their_own(config):
    other = config.features[0].with_name("other.npz")
    save(other)
    rows = bench(replace(config, features=(config.features[0], other)), silent)
    told = json.loads((config.out / "bench.json").read_text())
    assert list(told["by_data"]) == ["toy", "other"]
    assert told["by_data"]["toy"]["methods"]["ridge"]["mean"].keys() == {*METRICS, "seconds"}
    assert "## other" in bench_markdown(rows)


def test_on_the_command_line(config, capsys):
    arguments = ["bench", "--features", str(config.features[0]), "--texts", *config.texts, "--unseen", "3"]
    main([*arguments, "--splits", "2", "--methods", "ridge", "--set", *config.set[:1], "-o", str(config.out)])
    said = capsys.readouterr().out
    assert "ridge" in said
    assert "AUSUC" in said


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda c: replace(c, unseen=6), DataError, "6 unseen classes and as many validation-unseen ones should leave"),
        (lambda c: replace(c, features=c.features * 2), ConfigError, "told apart by name, but toy comes twice"),
        (
            lambda c: replace(c, train_subjects=(9,)),
            DataError,
            "toy: each class needs clips of performers who train, but clap and 11 more",
        ),
        (lambda c: replace(c, features=(c.out.parent / "no.npz",)), DataError, "there is no such file"),
        (lambda c: replace(c, out=c.out.parent), OutputError, "should be a new or empty folder"),
    ],
)
def test_what_cannot_run_is_refused_by_a_sentence(config, change, error, message):
    with pytest.raises(GzssarError, match=message) as caught:
        bench(change(config), silent)
    assert isinstance(caught.value, error)


def test_a_damaged_cell_is_named(config):
    bench(config, silent)
    cell = next((config.out / "cells").iterdir())
    cell.write_text("{")
    with pytest.raises(OutputError, match=f"{cell.name} should hold the scores"):
        bench(config, silent)


def test_on_nodes_of_a_cluster(config):
    ray = pytest.importorskip("ray", reason="Ray Data is not installed: the extra ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    rows = bench(replace(config, engine="ray"), silent)
    ray.shutdown()
    alone = replace(config, out=config.out.with_name("alone"))
    assert [{**row, "seconds": 0} for row in rows] == [{**row, "seconds": 0} for row in bench(alone, silent)]


def test_a_bench_on_a_cluster_needs_ray(config, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"gzssar\[ray\]"):
        bench(replace(config, engine="ray"), silent)


def test_the_source_that_decides_is_hashed_and_no_other(tmp_path, monkeypatch):
    assert all((Path(gzssar.__file__).parent / part).exists() for part in DECISIVE)
    for name in ("methods/ridge.py", "web/server.py", "splits.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    before = source_hash("methods", "splits.py"), source_hash()
    (tmp_path / "web" / "server.py").write_text("2")
    after = source_hash("methods", "splits.py"), source_hash()
    assert before[0] == after[0]
    assert before[1] != after[1]
    (tmp_path / "splits.py").write_text("2")
    assert source_hash("methods", "splits.py") != after[0]
