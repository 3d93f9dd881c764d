"""Times the recipes on one thread and measures peak memory at NTU-120 size; writes ``results/speed.json``.

    python benchmarks/speed.py [--data ../shared/data]

The step of the ``paper`` recipe is timed against plain autograd on the same loss in the same run, since machines are
shared: believe the ratio rather than the milliseconds.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.data import Sources
from gzssar.experiment.story import Experiment, judge, train
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.methods.method import Task
from gzssar.methods.msf.losses import loss_terms, total
from gzssar.methods.msf.schedule import weights_at
from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.msf.training import Pairs, align
from gzssar.methods.msf.vae import CrossModalVae
from gzssar.methods.problem import Problem, pose
from gzssar.methods.recipe import DEFAULT, MSF, PAPER, recipe_for
from gzssar.splits import PUBLISHED_SPLITS
from results import HERE, origin, write

REPEATS = 5
RECIPES = ("default", "msf", "ridge", "paper")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--ntu120", choices=RECIPES, help="only this recipe at NTU-120 size")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.ntu120:
        print(json.dumps(ntu120(arguments.ntu120)))
        return
    result = origin("speed") | {"torch": torch.__version__}
    experiment = mix43(arguments.data)
    result["paper step"] = steps(experiment)
    for recipe in (DEFAULT, MSF, recipe_for("ridge"), PAPER):
        one = replace(experiment, recipe=recipe)
        times = [seed_seconds(one, seed) for seed in range(1 if recipe is PAPER else 3)]
        result[f"{recipe.name} seed, seconds"] = statistics.median(times)
    for recipe in RECIPES:
        done = subprocess.run(
            [sys.executable, __file__, "--ntu120", recipe], capture_output=True, text=True, check=True
        )
        result[f"{recipe} at NTU-120 size"] = json.loads(done.stdout.splitlines()[-1])
    write("speed", result)
    print(json.dumps(result, indent=2))


def mix43(data_root: Path) -> Experiment:
    folder = data_root / "mix43"
    config = ExperimentConfig(folder / "s11", (folder / "text_feats" / "minilm",))
    data = Sources(config).load(("lb", "ad", "md"))
    return Experiment(data.benchmark, data.of_set(config.text), DEFAULT)


def seed_seconds(experiment: Experiment, seed: int) -> float:
    return judge(train(experiment, seed), "validation").seconds


def steps(experiment: Experiment) -> dict[str, float]:
    """Milliseconds of a step of the paper recipe, averaged over a cycle: ours and plain autograd, taken in turn."""
    settings = replace(paper_settings(), cycles=1)
    pairs = pairs_of(posed(experiment, settings))

    def ours() -> None:
        align([pairs], settings, torch.Generator().manual_seed(0))

    def plain() -> None:
        autograd_cycle(pairs, settings)

    times: dict[str, list[float]] = {"closed form, ms": [], "autograd, ms": []}
    for _ in range(REPEATS):
        for name, function in zip(times, (ours, plain), strict=True):
            times[name].append(seconds(function) / settings.cycle_steps * 1000)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {**medians, "autograd / closed form": medians["autograd, ms"] / medians["closed form, ms"]}


def paper_settings() -> MsfSettings:
    assert isinstance(PAPER.method, MsfSettings)
    return PAPER.method


def posed(experiment: Experiment, settings: MsfSettings) -> Problem:
    """The test phase in the method's spaces."""
    phase = experiment.benchmark.of_seed(0).test
    return pose(Task(phase.name, phase.train, phase.seen, phase.unseen, experiment.texts), settings.spaces)


def pairs_of(problem: Problem) -> Pairs:
    return Pairs(problem.features, problem.task.train.labels, problem.texts)


def autograd_cycle(pairs: Pairs, settings: MsfSettings) -> None:
    """One cycle as one would first write it: the readable loss, autograd, fused Adam; data in one tensor."""
    torch.manual_seed(0)
    skeletons, texts = torch.from_numpy(pairs.skeletons), torch.from_numpy(pairs.texts)
    labels = torch.from_numpy(pairs.labels)
    widths = skeletons.shape[1], texts.shape[1]
    vae = CrossModalVae(*widths, settings.latent_width, rectified=True)
    adam = torch.optim.Adam(vae.parameters(), settings.learning_rate, fused=True)
    for step in range(settings.cycle_steps):
        rows = torch.randint(len(skeletons), (settings.batch_size,))
        text = texts[labels[rows]]
        noise = torch.randn(settings.batch_size, 1), torch.randn(settings.batch_size, 1)
        terms = loss_terms(vae, skeletons[rows], text, text, *noise)
        adam.zero_grad()
        total(terms, weights_at(settings, 0, step, *widths)).backward()
        adam.step()


def seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def ntu120(name: str) -> dict[str, float]:
    """A whole seed on random features of NTU-120's size, with few steps: peak memory, and time per step."""
    rng = np.random.default_rng(0)
    split = PUBLISHED_SPLITS["ntu120-110-10"]

    def clips(classes: tuple[int, ...], count: int) -> FeatureSet:
        labels = rng.permutation(np.resize(classes, count))
        features = rng.random((count, 256), dtype=np.float32)
        return FeatureSet(features, labels, rng.random((count, split.class_count), dtype=np.float32))

    every = tuple(range(split.class_count))
    test = Phase(
        "test", replace(clips(split.seen, 63_000), logits=None), clips(every, 50_000), split.seen, split.unseen
    )
    known = split.validation_seen + split.validation_unseen
    judged = clips(known, 12_000)
    train_set = replace(clips(split.validation_seen, 45_000), logits=None)
    validation = Phase("validation", train_set, judged, split.validation_seen, split.validation_unseen)
    benchmark = Benchmark(split, test, validation, "random", tuple(map(str, every)))
    tables = {kind: (rng.standard_normal((split.class_count, 512), dtype=np.float32),) for kind in ("lb", "ad", "md")}
    recipe = recipe_for(name, split.name)
    if isinstance(recipe.method, MsfSettings):
        recipe = replace(recipe, method=replace(recipe.method, cycles=1, cycle_steps=200))
    experiment = Experiment(benchmark, tables, recipe)
    started = time.perf_counter()
    judge(train(experiment, 0), "validation")
    whole = time.perf_counter() - started
    result = {"peak memory, GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}
    if isinstance(recipe.method, MsfSettings):
        return result | {"one problem's step, ms": step_ms(pairs_of(posed(experiment, recipe.method)), recipe.method)}
    return result | {"seed, seconds": whole}


def step_ms(pairs: Pairs, settings: MsfSettings) -> float:
    """One problem's step, as the difference of a longer and a shorter training: what is done once cancels out."""

    def cycle(steps: int) -> float:
        longer = replace(settings, cycle_steps=steps)
        return seconds(lambda: align([pairs], longer, torch.Generator().manual_seed(0)))

    return statistics.median((cycle(300) - cycle(100)) / 200 * 1000 for _ in range(3))


if __name__ == "__main__":
    main()
