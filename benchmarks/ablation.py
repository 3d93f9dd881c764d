"""The ablation from `paper` to `default`, a field at a time, on class splits drawn at random.

    python benchmarks/ablation.py --features F.npz --texts TABLE --unseen 8 -o DIR NAME
    python benchmarks/report.py

Each step keeps what the steps before it changed. What is there of it in DIR stays, so that a stopped call goes on. The
result is kept as results/ablation-NAME.json.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from gzssar.bench.config import BenchConfig
from gzssar.bench.run import bench
from gzssar.files import write_text
from gzssar.methods.recipe import RECIPES, Recipe
from keep_bench import kept
from results import RESULTS, commit

FROM_PAPER = {
    "rate": ("learning_rate=1e-3",),
    "short": ("cross_from=330", "cycle_steps=400", "cycles=3"),
    "constant": ("cross_from=1400", "schedule='constant'"),
    "by class": ("sampling='classes'",),
    "whitened": ("skeleton_space='whitened'",),
    "weighted texts": ("fusion='weighted'",),
    "centred texts": ("text_space='centred'",),
    "likelihood": ("reconstruction='likelihood'",),
    "text noise": ("text_noise=0.15",),
    "free noise": ("noise='independent'",),
    "linear": ("output='linear'",),
    "latent 64": ("latent_width=64",),
    "seen means": ("seen_classifier='nearest-mean'",),
    "prototypes": ("samples_per_class=200", "unseen_classifier='nearest-prototype'"),
    "best scores": ("gate_temperature=1.0", "gate_input='best-scores'"),
    "folds": ("held_out='folds'",),
    "balanced": ("gate_weighting='balanced'",),
    "threshold": ("threshold=None",),
    "msf": ("routing='soft'",),
}
"""What each step from `paper` changes; the last one is `msf`. Its first step trains faster, so that the second can be
short."""

FROM_RIDGE = {
    "cosine": ("nearness='cosine'",),
    "roots": ("roots=True",),
    "words": ("words=True",),
    "motion thrice": ("text_weights=(1.0,1.0,3.0)",),
    "default": ("fold_count=10",),
}
"""What each step from a ridge regression in `msf`'s spaces changes; the last one is `default`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--unseen", type=int, required=True)
    parser.add_argument("--splits", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("name")
    asked = parser.parse_args()
    methods, settings = chain()
    config = BenchConfig(
        out=asked.out,
        features=(asked.features,),
        texts=(asked.texts,),
        unseen=asked.unseen,
        splits=asked.splits,
        jobs=asked.jobs,
        methods=methods,
        set=settings,
    )
    check(config.recipes())
    made_at = commit()
    bench(config, print)
    result = json.loads((asked.out / "bench.json").read_text(encoding="utf-8"))
    write_text(RESULTS / f"ablation-{asked.name}.json", kept(result, made_at))


def chain() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Recipes by name, in order, and all their settings."""
    methods, settings = [], []
    for base, steps in (("paper", FROM_PAPER), ("ridge", FROM_RIDGE)):
        methods.append(base)
        fields: list[str] = []
        for step, changed in steps.items():
            fields += changed
            methods.append(f"{step}={base}")
            settings += [f"{step}.{one}" for one in fields]
    return tuple(methods), tuple(settings)


def check(recipes: dict[str, Recipe]) -> None:
    """The steps end where they are said to end."""
    for name in ("msf", "default"):
        assert replace(recipes[name], name=name) == RECIPES[name], (recipes[name], RECIPES[name])


if __name__ == "__main__":
    main()
